// Letters from people and from the owner's phone to the linked devices: sealed for each device, put into its mailbox, and
// sent anew when a device could not open one. Used by people.ts, groups.ts and receipts.ts.
import { encodeWAMessage, getContentType, normalizeMessageContent, type proto } from '@whiskeysockets/baileys';
import { firstWords } from './history.ts';
import { type Form, jidOf, other } from './jids.ts';
import { type Node, node, server } from './nodes.ts';
import type { Bundle, Sealed } from './signal.ts';
import type { Device, GroupRoom, Human, World } from './world.ts';

export interface Letter {
  readonly author: Human;
  /** A group, or whom the direct chat is with. */
  readonly to: GroupRoom | Human;
  readonly content: proto.IMessage;
  readonly id: string;
  readonly form: Form;
  /** Unix time in milliseconds. */
  readonly at: number;
}

interface Sent {
  readonly letter: Letter;
  /** By device. */
  readonly stanzas: Map<number, Node>;
}

/** With fewer one-time keys than this left, a device is asked for more. */
const fewKeys = 5;

export class Mail {
  readonly #world: World;
  readonly #sent = new Map<string, Sent>();
  #work: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  /** Letters arrive in the order in which they were sent. */
  send(letter: Letter): Promise<void> {
    return this.#inOrder(async () => {
      const { author, to, id, content, at } = letter;
      to.chat.add({ id, from: author.name, mine: false, author: jidOf(author, formIn(letter)), content, at });
      const sent: Sent = { letter, stanzas: new Map() };
      this.#sent.set(id, sent);
      for (const device of this.#world.devices.values()) {
        const stanza = this.#stanza(letter, await this.#seal(letter, device));
        sent.stanzas.set(device.number, stanza);
        device.mailbox.post(stanza);
      }
    });
  }

  /** A device could not open it: a new session, and everything in one piece. */
  again(
    id: string,
    device: Device,
    how: { readonly count: string; readonly bundle: Bundle | undefined },
  ): Promise<void> {
    return this.#inOrder(async () => {
      const sent = this.#sent.get(id);
      if (sent === undefined) return;
      const { letter } = sent;
      await letter.author.party.meet(device.number, how.bundle ?? this.#bundleOf(device));
      const sealed = await this.#sealPair(letter, device);
      const stanza = this.#stanza(letter, [enc(sealed, { count: how.count })]);
      sent.stanzas.set(device.number, stanza);
      device.mailbox.post(stanza);
    });
  }

  /** The network delivers a letter once more, as it was or sealed anew under the same id. */
  repeat(id: string, how: 'ciphertext' | 'reencrypted'): Promise<void> {
    return this.#inOrder(async () => {
      const sent = this.#sent.get(id);
      if (sent === undefined) throw new Error(`twin: nobody wrote ${id}`);
      for (const device of this.#world.devices.values()) {
        const before = sent.stanzas.get(device.number);
        if (how === 'ciphertext' && before !== undefined) device.mailbox.post(before);
        else device.mailbox.post(this.#stanza(sent.letter, await this.#seal(sent.letter, device)));
      }
    });
  }

  /** The phone tells a new device what was before. */
  welcome(device: Device): Promise<void> {
    return this.#inOrder(async () => {
      if (device.told) return;
      device.told = true;
      const { owner } = this.#world;
      await this.#meet(owner, device);
      for (const content of firstWords(this.#world)) {
        const sealed = await owner.party.seal(device.number, encodeWAMessage(content));
        const attrs = { id: this.#world.messageId(), from: jidOf(owner, 'pn'), t: this.#world.seconds() };
        device.mailbox.post(node('message', { ...attrs, type: 'text', category: 'peer' }, [enc(sealed)]));
      }
    });
  }

  /** Anything else for the devices, in order with the letters. */
  notify(stanza: Node): Promise<void> {
    return this.#inOrder(async () => {
      for (const { mailbox } of this.#world.devices.values()) mailbox.post(stanza);
    });
  }

  /** Resolves once all letters so far are in the mailboxes. */
  settled(): Promise<void> {
    return this.#inOrder(async () => {});
  }

  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => {});
    return done;
  }

  async #seal(letter: Letter, device: Device): Promise<readonly Node[]> {
    const { author, to, content } = letter;
    await this.#meet(author, device);
    const parts = 'members' in to ? await this.#sealGroup(letter, to, device) : [await this.#sealPair(letter, device)];
    const hidden = normalizeMessageContent(content)?.reactionMessage ? { 'decrypt-fail': 'hide' } : {};
    return parts.map((sealed) => enc(this.#world.faults.takeCorruption() ? corrupted(sealed) : sealed, hidden));
  }

  /** The sender's key goes along until the device has it. */
  async #sealGroup(letter: Letter, room: GroupRoom, device: Device): Promise<readonly Sealed[]> {
    const { party, shared } = letter.author;
    const holders = shared.get(room.jid) ?? new Set();
    shared.set(room.jid, holders);
    const distribution = await party.distribution(room.jid);
    const sealed = await party.sealGroup(room.jid, encodeWAMessage(letter.content));
    if (holders.has(device.number)) return [sealed];
    holders.add(device.number);
    return [await party.seal(device.number, encodeWAMessage(keyFor(room, distribution))), sealed];
  }

  async #sealPair(letter: Letter, device: Device): Promise<Sealed> {
    const { author, to, content } = letter;
    if ('members' in to) {
      const key = keyFor(to, await author.party.distribution(to.jid));
      return author.party.seal(device.number, encodeWAMessage({ ...content, ...key }));
    }
    const mine = author === this.#world.owner;
    const whole = mine ? { deviceSentMessage: { destinationJid: jidOf(to, letter.form), message: content } } : content;
    return author.party.seal(device.number, encodeWAMessage(whole));
  }

  async #meet({ party }: Human, device: Device): Promise<void> {
    if (!party.knows(device.number)) await party.meet(device.number, this.#bundleOf(device));
  }

  /** Uses up a one-time key; a device whose keys run out is told so. */
  #bundleOf({ keys, mailbox }: Device): Bundle {
    const bundle = keys.take();
    if (keys.count < fewKeys && !keys.warned) {
      keys.warned = true;
      const attrs = { id: String(this.#world.next()), from: server, type: 'encrypt', t: this.#world.seconds() };
      mailbox.post(node('notification', attrs, [node('count', { value: String(keys.count) })]));
    }
    return bundle;
  }

  #stanza(letter: Letter, content: readonly Node[]): Node {
    const { author, to, id, at } = letter;
    const form = formIn(letter);
    const common = { id, t: this.#world.seconds(at), type: typeOf(letter.content), addressing_mode: form };
    const names = { ...common, notify: author.name };
    const suffix = other(form);
    const [mine, alt] = [jidOf(author, form), author.discreet ? undefined : jidOf(author, suffix)];
    if ('members' in to)
      return node('message', { ...names, from: to.jid, participant: mine, [`participant_${suffix}`]: alt }, [
        ...content,
      ]);
    if (author !== this.#world.owner)
      return node('message', { ...names, from: mine, [`sender_${suffix}`]: alt }, [...content]);
    const recipient = {
      recipient: jidOf(to, form),
      [`peer_recipient_${suffix}`]: to.discreet ? undefined : jidOf(to, suffix),
    };
    return node('message', { ...names, from: mine, ...recipient }, [...content]);
  }
}

const formIn = ({ to, form }: Letter): Form => ('members' in to ? to.form : form);

const keyFor = (room: GroupRoom, distribution: Buffer): proto.IMessage => ({
  senderKeyDistributionMessage: { groupId: room.jid, axolotlSenderKeyDistributionMessage: distribution },
});

const enc = ({ type, body }: Sealed, attrs: Readonly<Record<string, string>> = {}): Node =>
  node('enc', { v: '2', type, ...attrs }, body);

function corrupted(sealed: Sealed): Sealed {
  const body = Buffer.from(sealed.body);
  const last = body.length - 1;
  body.writeUInt8(body.readUInt8(last) ^ 0xff, last);
  return { ...sealed, body };
}

function typeOf(content: proto.IMessage): string {
  const plain = normalizeMessageContent(content);
  const kind = getContentType(plain);
  if (kind === 'reactionMessage') return 'reaction';
  if (kind === 'pollCreationMessage' || kind === 'pollCreationMessageV3') return 'poll';
  return kind !== undefined && /^(image|video|audio|document|sticker)Message$/.test(kind) ? 'media' : 'text';
}
