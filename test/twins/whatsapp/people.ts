// A person in front of their own phone: says, quotes, reacts, edits, loses messages. Made by twin.ts; what it does reaches
// the linked devices sealed.
import type { proto } from '@whiskeysockets/baileys';
import type { Chat } from './chats.ts';
import { type Form, jidOf } from './jids.ts';
import type { Mail } from './mail.ts';
import type { MediaHost } from './media.ts';
import type { Receipts } from './receipts.ts';
import { compose, correction, deletion, keyOf, letter, type MessageRef, type Saying, type Sending } from './speech.ts';
import type { Human, World } from './world.ts';

export interface PersonParts {
  readonly world: World;
  readonly mail: Mail;
  readonly receipts: Receipts;
  readonly media: MediaHost;
}

export interface FileSaying extends Saying {
  readonly data: Uint8Array;
  readonly mime: string;
  readonly name?: string;
  readonly caption?: string;
}

export class Person {
  readonly human: Human;
  readonly #parts: PersonParts;

  constructor(parts: PersonParts, human: Human) {
    this.#parts = parts;
    this.human = human;
  }

  get name(): string {
    return this.human.name;
  }

  /** The direct chat with the account. */
  get chat(): Chat {
    return this.human.chat;
  }

  /** Whether others learn that number and LID are of one person. */
  set discreet(yes: boolean) {
    this.human.discreet = yes;
  }

  jid(form: Form = this.human.form): string {
    return jidOf(this.human, form);
  }

  /** Writes; resolves once it is on its way. */
  says(text: string, how: Saying = {}): Promise<MessageRef> {
    const [chat, form] = [how.in?.room.chat ?? this.chat, how.in?.room.form ?? how.as ?? this.human.form];
    return this.sends(compose(this.#parts.world, text, { ...how, chat, form }), how);
  }

  /** Sends any content: a sticker, a poll, a protocol message. */
  async sends(content: proto.IMessage, how: Sending = {}): Promise<MessageRef> {
    const { world, mail } = this.#parts;
    const made = letter(world, this.human, content, how);
    await mail.send(made);
    return { id: made.id };
  }

  /** Sends a picture, a voice message, a document..., by its type. */
  async sendsFile({ data, mime, name, caption, ...how }: FileSaying): Promise<MessageRef> {
    return this.sends(this.#parts.media.message({ data, mime, name, caption }), how);
  }

  /** Reacts to a message; '' takes the reaction back. */
  reacts(emoji: string, to: MessageRef, how: Sending = {}): Promise<MessageRef> {
    const key = this.#key(to, how);
    return this.sends({ reactionMessage: { key, text: emoji, senderTimestampMs: this.#parts.world.clock.now() } }, how);
  }

  edits(ref: MessageRef, text: string, how: Sending = {}): Promise<MessageRef> {
    return this.sends(correction(this.#key(ref, how), text), how);
  }

  deletes(ref: MessageRef, how: Sending = {}): Promise<MessageRef> {
    return this.sends(deletion(this.#key(ref, how)), how);
  }

  /** Could not open a message of a linked device and asks for it again. */
  asksRetry(ref: MessageRef, how: Sending & { readonly count?: number } = {}): void {
    const { world, receipts } = this.#parts;
    const to = how.in?.room.jid ?? this.jid(how.as);
    for (const device of world.devices.values())
      receipts.askAgain(device, this.human, { id: ref.id, to, count: how.count ?? 1 });
  }

  /** The network delivers a message of theirs once more: the same ciphertext, or sealed anew under the same id. */
  repeats(ref: MessageRef, how: 'ciphertext' | 'reencrypted' = 'ciphertext'): Promise<void> {
    return this.#parts.mail.repeat(ref.id, how);
  }

  /** Between two people, the other end of a chat is the account. */
  #key(ref: MessageRef, how: Sending): proto.IMessageKey {
    const { world } = this.#parts;
    const jid = how.in?.room.jid ?? jidOf(world.owner, how.as ?? this.human.form);
    return keyOf(how.in?.room.chat ?? this.chat, ref, { by: this.human, jid });
  }
}
