// Messages from a linked device: opened at each recipient's end, checked, shown, acknowledged. Asked by session.ts.
//   1. a planned nack ends it  2. each copy is opened by whom it is for  3. what it says is shown in the chat
//   4. the server acknowledges  5. recipients confirm, or ask for what they could not open
import { normalizeMessageContent, proto, unpadRandomMax16 } from '@whiskeysockets/baileys';
import type { Chat } from './chats.ts';
import { jidOf, parse } from './jids.ts';
import type { Line } from './line.ts';
import { bytesOf, child, children, type Node, node } from './nodes.ts';
import type { Pace } from './pace.ts';
import type { Receipts } from './receipts.ts';
import type { Device, GroupRoom, Human, World } from './world.ts';

/** One recipient's view of a message. */
interface Reading {
  readonly human: Human;
  /** Missing when it could not be opened. */
  readonly content: proto.IMessage | undefined;
}

interface Delivery {
  readonly device: Device;
  readonly stanza: Node;
  readonly to: GroupRoom | Human;
}

export class Outgoing {
  readonly #world: World;
  readonly #receipts: Receipts;
  readonly #pace: Pace;

  constructor(world: World, receipts: Receipts, pace: Pace) {
    this.#world = world;
    this.#receipts = receipts;
    this.#pace = pace;
  }

  async take(device: Device, line: Line, stanza: Node): Promise<void> {
    const { id = '', to: jid, participant } = stanza.attrs;
    const ack = { class: 'message', id, from: jid, participant, t: this.#world.seconds() };
    const to = this.#world.groups.get(jid ?? '') ?? this.#world.at(jid);
    const error = to === undefined ? '404' : this.#world.faults.takeNack();
    if (to === undefined) this.#world.violations.note('no such recipient', `${jid}`);
    if (to === undefined || error !== undefined) {
      line.send(node('ack', { ...ack, error }));
      return;
    }
    const delivery: Delivery = { device, stanza, to };
    const readings = await this.#open(delivery);
    if (stanza.attrs.category !== 'peer') this.#show(delivery, readings);
    // The client takes a receipt for an acknowledgement, so both stay away.
    if (this.#world.faults.takeSwallow()) return;
    line.send(node('ack', ack));
    for (const reading of readings) this.#answer(delivery, reading);
  }

  async #open(delivery: Delivery): Promise<readonly Reading[]> {
    const { device, stanza, to } = delivery;
    const readings = new Map<Human, Reading>();
    const put = (human: Human, content: proto.IMessage | undefined): void => {
      const before = readings.get(human)?.content;
      readings.set(human, { human, content: content === undefined ? undefined : { ...before, ...content } });
    };
    for (const copy of children(child(stanza, 'participants'), 'to')) {
      const human = this.#recipient(delivery, copy);
      const sealed = child(copy, 'enc');
      if (human !== undefined && sealed !== undefined) put(human, await this.#openPair(delivery, human, sealed));
    }
    const whole = child(stanza, 'enc');
    if (whole === undefined) return [...readings.values()];
    if (whole.attrs.type !== 'skmsg') {
      const human = this.#world.at(stanza.attrs.participant ?? stanza.attrs.to);
      if (human !== undefined) put(human, await this.#openPair(delivery, human, whole));
    } else if ('members' in to) {
      for (const human of [...to.members, this.#world.owner])
        put(human, await attempt(() => human.party.openGroup(to.jid, device.number, bytesOf(whole))));
    }
    return [...readings.values()];
  }

  /** A copy for another linked device is passed on sealed. */
  #recipient({ device, stanza }: Delivery, copy: Node): Human | undefined {
    const { jid } = copy.attrs;
    const sibling = this.#world.deviceAt(jid);
    const human = this.#world.at(jid);
    if (sibling !== undefined && human !== undefined) {
      const { id, to, type } = stanza.attrs;
      const from = jidOf(human, parse(jid).form ?? 'pn', device.number);
      const attrs = { id, type, from, recipient: to, t: this.#world.seconds() };
      sibling.mailbox.post(node('message', attrs, [...children(copy, 'enc')]));
      return undefined;
    }
    // A device the owner removed a moment ago may still be in the list.
    const gone = human === this.#world.owner && parse(jid).device !== 0;
    if (!gone && (human === undefined || parse(jid).device !== 0))
      this.#world.violations.note('no such recipient', `${jid}`);
    return parse(jid).device === 0 ? human : undefined;
  }

  async #openPair({ device, to }: Delivery, human: Human, sealed: Node): Promise<proto.IMessage | undefined> {
    const content = await attempt(() => human.party.open(device.number, sealed.attrs.type ?? '', bytesOf(sealed)));
    const key = content?.senderKeyDistributionMessage?.axolotlSenderKeyDistributionMessage;
    if (key && 'members' in to) await human.party.learnGroup(to.jid, device.number, key);
    return content?.deviceSentMessage?.message ?? content;
  }

  /** 3. The chat shows what the first who could open it read. */
  #show(delivery: Delivery, readings: readonly Reading[]): void {
    const { stanza, to } = delivery;
    const { id = '' } = stanza.attrs;
    const content = readings.find((reading) => says(reading.content))?.content;
    if (content === undefined) return;
    const { owner, clock } = this.#world;
    const form = 'members' in to ? to.form : (parse(stanza.attrs.to).form ?? 'pn');
    const author = jidOf(owner, form);
    if (!to.chat.add({ id, from: mineName, mine: true, author, content, at: clock.now() })) return;
    to.chat.typing = false;
    this.#check(delivery, readings);
    if (!normalizeMessageContent(content)?.reactionMessage) this.#pace.count(to.chat);
  }

  /** A first sending has to reach all, and must not be the first word in a chat. */
  #check({ stanza, to }: Delivery, readings: readonly Reading[]): void {
    const { violations, owner } = this.#world;
    if (!to.chat.opened && to !== owner) violations.note('first contact', `${to.chat.name} never wrote`);
    if (stanza.attrs.participant !== undefined || child(stanza, 'participants') === undefined) return;
    const expected: readonly Human[] = 'members' in to ? [...to.members, owner] : [...new Set([to, owner])];
    for (const human of expected)
      if (!readings.some((reading) => reading.human === human))
        violations.note('incomplete', `${stanza.attrs.id} has no copy for ${human.name}`);
  }

  /** 5. */
  #answer({ device, stanza, to }: Delivery, { human, content }: Reading): void {
    const chat: Chat = to.chat;
    const about = { id: stanza.attrs.id ?? '', to: stanza.attrs.to ?? '' };
    if (content !== undefined) this.#receipts.confirm(device, human, about);
    else this.#receipts.complain(device, human, { ...about, chat: chat.name });
  }
}

/** How linked devices are called in a chat. */
export const mineName = 'Switchyard';

async function attempt(open: () => Promise<Uint8Array>): Promise<proto.IMessage | undefined> {
  try {
    return proto.Message.decode(unpadRandomMax16(await open()));
  } catch {
    return undefined;
  }
}

/** More than keys. */
function says(content: proto.IMessage | undefined): boolean {
  if (content === undefined) return false;
  return Object.entries(content).some(
    ([name, value]) => value && name !== 'senderKeyDistributionMessage' && name !== 'messageContextInfo',
  );
}
