// Receipts both ways: what devices say about letters, and what recipients say about messages. Used by session.ts,
// outgoing.ts and people.ts.
import { bundleIn } from './device-keys.ts';
import { jidOf, other, parse } from './jids.ts';
import type { Line } from './line.ts';
import type { Mail } from './mail.ts';
import { bigEndian, child, children, type Node, node } from './nodes.ts';
import type { Device, Human, World } from './world.ts';

export interface SeenReceipt {
  readonly id: string;
  /** '' for delivered while online, `inactive`, `sender`, `retry`, `read`, ... */
  readonly type: string;
}

/** A message somebody waits for. */
export interface Unreadable {
  readonly id: string;
  readonly chat: string;
  readonly person: string;
}

/** A message of a device, as it addressed it. */
export interface About {
  readonly id: string;
  readonly to: string;
}

const mostRetries = 3;

export class Receipts {
  /** What devices confirmed, oldest first. */
  readonly seen: SeenReceipt[] = [];
  readonly #world: World;
  readonly #mail: Mail;
  readonly #complaints = new Map<string, Unreadable & { count: number }>();

  constructor(world: World, mail: Mail) {
    this.#world = world;
    this.#mail = mail;
  }

  get unreadable(): readonly Unreadable[] {
    return [...this.#complaints.values()].map(({ id, chat, person }) => ({ id, chat, person }));
  }

  async take(device: Device, line: Line, stanza: Node): Promise<void> {
    const { id = '', type = '', to, participant } = stanza.attrs;
    const ids = [id, ...children(child(stanza, 'list'), 'item').map(({ attrs }) => attrs.id ?? '')];
    this.seen.push(...ids.map((each) => ({ id: each, type })));
    if (!type.startsWith('read') && type !== 'hist_sync')
      for (const each of ids) device.mailbox.settle('message', each);
    line.send(node('ack', { class: 'receipt', id, from: to, participant, type: type === '' ? undefined : type }));
    const count = child(stanza, 'retry')?.attrs.count;
    if (type === 'retry' && count !== undefined)
      await this.#mail.again(id, device, { count, bundle: bundleIn(stanza) });
  }

  /** The recipient's phone has it. */
  confirm(device: Device, human: Human, about: About): void {
    this.#complaints.delete(`${about.id} ${human.name}`);
    // The owner's phone keeps to itself what it got from its own devices.
    if (human === this.#world.owner) return;
    device.mailbox.post(node('receipt', { ...this.#origin(human, about), t: this.#world.seconds() }));
  }

  /** The recipient's phone has it and cannot open it. */
  complain(device: Device, human: Human, about: About & { readonly chat: string }): void {
    const key = `${about.id} ${human.name}`;
    const count = (this.#complaints.get(key)?.count ?? 0) + 1;
    this.#complaints.set(key, { id: about.id, chat: about.chat, person: human.name, count });
    if (count > mostRetries)
      this.#world.violations.note('unreadable', `${about.id} in ${about.chat} for ${human.name}`);
    else this.askAgain(device, human, { ...about, count });
  }

  /** Asks the device for a message again, with keys for a new session. */
  askAgain(device: Device, human: Human, about: About & { readonly count: number }): void {
    const { party } = human;
    const t = this.#world.seconds();
    device.mailbox.post(
      node('receipt', { ...this.#origin(human, about), t, type: 'retry' }, [
        node('retry', { count: String(about.count), id: about.id, t, v: '1' }),
        node('registration', {}, bigEndian(party.registrationId, 4)),
        node('keys', {}, [...party.bundle()]),
      ]),
    );
  }

  #origin(human: Human, { id, to }: About): Record<string, string> {
    const room = this.#world.groups.get(to);
    const form = room?.form ?? parse(to).form ?? 'pn';
    const jid = jidOf(human, form);
    if (room === undefined) return human === this.#world.owner ? { id, from: jid, recipient: to } : { id, from: jid };
    return { id, from: to, participant: jid, [`participant_${other(form)}`]: jidOf(human, other(form)) };
  }
}
