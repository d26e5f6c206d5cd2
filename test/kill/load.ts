// People who write all the time, in many chats of several platforms, and what they must see of it: every message answered once, in
// the order in which it was said. Used by restarts.ts.
// The platforms take less than people can say: one message a second in a chat of Telegram and thirty in all, five in five seconds in
// a channel of Discord, twenty a minute on WhatsApp. So there are many chats, and WhatsApp gets a small share.
import { pass } from './moments.ts';
import type { PlaceName, Room } from './places.ts';
import type { World } from './trials.ts';

/** Chats of each platform, and messages to WhatsApp in a second; the others share the rest. */
const chats: Readonly<Record<PlaceName, number>> = { discord: 60, telegram: 60, whatsapp: 5 };
const toWhatsapp = 0.2;

interface Chat {
  readonly room: Room;
  /** Words that were said, each to be answered, in order. */
  readonly said: string[];
}

export interface Loaded {
  readonly place: PlaceName;
  readonly said: number;
  readonly lost: readonly string[];
  /** Shown more than once. */
  readonly doubled: readonly string[];
  /** Shown behind one that was said later. */
  readonly misplaced: readonly string[];
}

export class Load {
  readonly #chats = new Map<PlaceName, readonly Chat[]>();
  #said = 0;
  #ended = false;

  constructor(places: readonly Pick<World, 'name' | 'place'>[]) {
    for (const { name, place } of places) {
      const rooms = Array.from({ length: chats[name] }, (_, index) => place.room(`load-${index}`));
      this.#chats.set(
        name,
        rooms.map((room) => ({ room, said: [] })),
      );
    }
  }

  /** Says so many messages a second until `stop`. */
  async run(perSecond: number): Promise<void> {
    const begun = performance.now();
    const rates = this.#rates(perSecond);
    const sent = new Map<PlaceName, number>();
    while (!this.#ended) {
      const seconds = (performance.now() - begun) / 1_000;
      for (const [place, rate] of rates)
        for (let count = sent.get(place) ?? 0; count < rate * seconds; count += 1) {
          await this.#say(place, count);
          sent.set(place, count + 1);
        }
      await pass(10);
    }
  }

  stop(): void {
    this.#ended = true;
  }

  get said(): number {
    return this.#said;
  }

  /** Everything that was said is answered. */
  get answered(): boolean {
    return [...this.#chats.values()].flat().every(({ room, said }) => {
      const shown = room.shown().join('\n');
      return said.every((word) => shown.includes(word));
    });
  }

  /** What can be seen now. @param marked whether a word is in a message that is marked as unknown */
  judge(marked: (word: string) => boolean): readonly Loaded[] {
    return [...this.#chats].map(([place, all]) => {
      const each = all.map(judgeChat);
      return {
        place,
        said: all.reduce((sum, { said }) => sum + said.length, 0),
        lost: each.flatMap(({ lost }) => lost).filter((word) => !marked(word)),
        doubled: each.flatMap(({ doubled }) => doubled),
        misplaced: each.flatMap(({ misplaced }) => misplaced),
      };
    });
  }

  async #say(place: PlaceName, count: number): Promise<void> {
    const all = this.#chats.get(place) ?? [];
    const chat = all[count % all.length];
    if (chat === undefined) return;
    this.#said += 1;
    const word = `w${this.#said}z`;
    chat.said.push(word);
    await chat.room.says(`say ${word}`);
  }

  #rates(perSecond: number): ReadonlyMap<PlaceName, number> {
    const names = [...this.#chats.keys()];
    const small = names.includes('whatsapp') ? Math.min(toWhatsapp, perSecond) : 0;
    const others = names.filter((name) => name !== 'whatsapp');
    return new Map(
      names.map((name) => [name, name === 'whatsapp' ? small : (perSecond - small) / others.length] as const),
    );
  }
}

function judgeChat({ room, said }: Chat): Pick<Loaded, 'lost' | 'doubled' | 'misplaced'> {
  const shown = room.shown().flatMap((text) => text.match(/w\d+z/g) ?? []);
  const first = said.map((word) => shown.indexOf(word));
  return {
    lost: said.filter((_word, index) => first[index] === -1),
    doubled: said.filter((word) => shown.filter((one) => one === word).length > 1),
    misplaced: said.filter((_word, index) => {
      const at = first[index] ?? -1;
      return at !== -1 && first.slice(index + 1).some((later) => later !== -1 && later < at);
    }),
  };
}
