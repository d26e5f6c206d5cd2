// People that a platform knows under more than one id, e.g. a WhatsApp number and a LID: which ids are one person's, and under
// which of them their direct chat is remembered. Durable; answers come from memory. Opened by the wiring, which learns.
import { z } from 'zod';
import type { InboundMessage } from '../core/message.ts';
import type { ChannelId } from '../core/route.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';

type Sender = InboundMessage['sender'];

const knownSchema = z.object({
  id: z.string(),
  /** Other ids, as the platform told last. */
  aka: z.array(z.string()),
  /** Id in the key of their direct session: what was said before another id was known goes on. */
  home: z.string(),
  /** Id whose own session is still at work, and is joined to that of `home` when it has ended. */
  left: z.string().optional(),
});
type Known = z.infer<typeof knownSchema>;

export class Persons {
  readonly #store: KeyedStore<Known>;
  /** By `<channel>:<id>` of the present id, and of the others. */
  readonly #known = new Map<string, Known>();
  readonly #byOther = new Map<string, Known>();

  private constructor(store: KeyedStore<Known>) {
    this.#store = store;
  }

  static async open(stores: StoreFactory): Promise<Persons> {
    const persons = new Persons(stores('persons', knownSchema));
    for await (const [key, known] of persons.#store.entries()) persons.#remember(key.slice(0, key.indexOf(':')), known);
    return persons;
  }

  /** The sender with their present id and every other one. */
  whole(channel: ChannelId, sender: Sender): Sender {
    if (this.#known.size === 0) return sender;
    const known = this.#byOther.get(`${channel}:${sender.id}`) ?? this.#known.get(`${channel}:${sender.id}`);
    if (known === undefined || (sender.aka !== undefined && known.id === sender.id)) return sender;
    return { ...sender, id: known.id, aka: known.aka };
  }

  /** Whether there is nothing to learn of this sender, and nothing left to be joined. */
  settled(channel: ChannelId, { id, aka = [] }: Sender): boolean {
    if (aka.length === 0) return true;
    const known = this.#known.get(`${channel}:${id}`);
    return known?.left === undefined && aka.every((other) => known?.aka.includes(other) === true);
  }

  of(channel: ChannelId, id: string): Known | undefined {
    return this.#known.get(`${channel}:${id}`);
  }

  /** Id under which a person's direct session is. */
  home(channel: ChannelId, id: string): string {
    const key = `${channel}:${id}`;
    return (this.#byOther.get(key) ?? this.#known.get(key))?.home ?? id;
  }

  /** Resolves once it is on disk. An id that was somebody else's is this person's from now on. */
  async set(channel: ChannelId, known: Known): Promise<void> {
    const key = `${channel}:${known.id}`;
    for (const other of known.aka) {
      const before = this.#byOther.get(`${channel}:${other}`);
      if (before === undefined || before.id === known.id) continue;
      const rest = { ...before, aka: before.aka.filter((each) => each !== other) };
      await this.#store.set(`${channel}:${before.id}`, rest);
      this.#remember(channel, rest);
    }
    await this.#store.set(key, known);
    this.#remember(channel, known);
  }

  #remember(channel: string, known: Known): void {
    const key = `${channel}:${known.id}`;
    for (const other of this.#known.get(key)?.aka ?? []) this.#byOther.delete(`${channel}:${other}`);
    this.#known.set(key, known);
    for (const other of known.aka) this.#byOther.set(`${channel}:${other}`, known);
  }
}
