// The account owner's phone: links and unlinks devices, writes to itself and to others. Made by twin.ts.
import type { proto } from '@whiskeysockets/baileys';
import type { Chat } from './chats.ts';
import { type Form, jidOf } from './jids.ts';
import { removed } from './line.ts';
import type { LinkCodes } from './link-code.ts';
import type { Pairing } from './pairing.ts';
import type { Person, PersonParts } from './people.ts';
import { compose, keyOf, letter, type MessageRef, type Saying, type Sending } from './speech.ts';
import { type Place, type SeenMessage, View } from './view.ts';
import type { Human } from './world.ts';

export interface PhoneParts extends PersonParts {
  readonly pairing: Pairing;
  readonly codes: LinkCodes;
}

/** To somebody, in a group, or by default in the chat with oneself. */
export type PhoneSending<S extends Sending> = S & { readonly to?: Person | undefined };

export class Phone {
  readonly human: Human;
  readonly #parts: PhoneParts;

  constructor(parts: PhoneParts, human: Human) {
    this.#parts = parts;
    this.human = human;
  }

  /** "Message yourself". */
  get chat(): Chat {
    return this.human.chat;
  }

  /** Numbers of the linked devices. */
  get linked(): readonly number[] {
    return [...this.#parts.world.devices.keys()];
  }

  jid(form: Form = 'pn', device = 0): string {
    return jidOf(this.human, form, device);
  }

  /** Scans a QR code; resolves with the device's number once it is linked and told to connect anew. */
  async scan(qr: string): Promise<number> {
    return (await this.#parts.pairing.scan(qr)).number;
  }

  /** Types the code a device shows; resolves like `scan`. */
  async enterCode(code: string): Promise<number> {
    return (await this.#parts.codes.enter(code.replaceAll('-', '').toUpperCase())).number;
  }

  /** Removes a linked device, by default all: they are told if they listen, and cannot log in any more. */
  unlink(number?: number): void {
    const { world } = this.#parts;
    for (const device of [...world.devices.values()])
      if (number === undefined || device.number === number) world.unlink(device, removed());
  }

  says(text: string, how: PhoneSending<Saying> = {}): Promise<MessageRef> {
    const chat = how.in?.room.chat ?? how.to?.chat ?? this.chat;
    const form = how.in?.room.form ?? how.as ?? this.human.form;
    return this.sends(compose(this.#parts.world, text, { ...how, chat, form }), how);
  }

  async sends(content: proto.IMessage, how: PhoneSending<Sending> = {}): Promise<MessageRef> {
    const { world, mail } = this.#parts;
    const { to, ...rest } = how;
    const made = letter(world, this.human, content, { ...rest, to: to?.human ?? this.human });
    await mail.send(made);
    return { id: made.id };
  }

  /** Reacts to a message; '' takes the reaction back. */
  reacts(emoji: string, ref: MessageRef, how: PhoneSending<Sending> = {}): Promise<MessageRef> {
    const place = how.in?.room ?? how.to?.human ?? this.human;
    const jid = 'jid' in place ? place.jid : jidOf(place, how.as ?? this.human.form);
    const found = keyOf(place.chat, ref, { by: this.human, jid });
    // For the phone, what its linked devices wrote is its own as well.
    const key = { ...found, fromMe: place.chat.entry(ref.id)?.mine === true || found.fromMe === true };
    return this.sends({ reactionMessage: { key, text: emoji, senderTimestampMs: this.#parts.world.clock.now() } }, how);
  }

  /** What linked devices wrote, as the phone shows it; by default in the chat with oneself. */
  sees(place: Place = this): readonly SeenMessage[] {
    return new View().shown(place);
  }

  /** Stanzas that linked devices have not confirmed, by default of all of them. */
  waiting(number?: number): number {
    const devices = [...this.#parts.world.devices.values()];
    return devices
      .filter((device) => number === undefined || device.number === number)
      .reduce((sum, { mailbox }) => sum + mailbox.waiting.length, 0);
  }
}
