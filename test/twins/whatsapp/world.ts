// The state all parts of the twin share: the account and its linked devices, people, groups, and what each chat shows.
import type { Clock } from '../../../src/infra/clock.ts';
import { Chat } from './chats.ts';
import type { DeviceKeys } from './device-keys.ts';
import { Faults } from './faults.ts';
import { type Form, isAddressOf, jidOf, type Numbers, parse } from './jids.ts';
import type { Line } from './line.ts';
import type { Mailbox } from './mailbox.ts';
import { type Node, node } from './nodes.ts';
import { SignalParty } from './signal.ts';
import { Violations } from './violations.ts';

/** A person, or the account's owner at their phone. */
export interface Human extends Numbers {
  readonly name: string;
  readonly party: SignalParty;
  /** How others see them addressed, unless they say otherwise. */
  form: Form;
  /** Nobody is told that number and LID are of one person. */
  discreet: boolean;
  /** Texts from before any device was linked; they are history and no news. */
  readonly wrote: readonly string[];
  /** The direct chat with the account; the owner's is the chat with themselves. */
  readonly chat: Chat;
  /** Devices that have this person's key of a group, by the group's jid. */
  readonly shared: Map<string, Set<number>>;
}

export interface GroupRoom {
  readonly jid: string;
  subject: string;
  /** The owner is not among them and always a member. */
  readonly members: Set<Human>;
  readonly form: Form;
  /** Seconds after which messages disappear. */
  expiration: number;
  /** Unix time in milliseconds. */
  readonly created: number;
  readonly chat: Chat;
}

export interface Device {
  readonly number: number;
  readonly noiseKey: Buffer;
  readonly keys: DeviceKeys;
  readonly mailbox: Mailbox;
  /** The phone has told it what was before. */
  told: boolean;
  /** Of its latest login, while that stands. */
  line: Line | undefined;
}

export class World {
  readonly clock: Clock;
  readonly violations: Violations;
  readonly faults = new Faults();
  readonly devices = new Map<number, Device>();
  readonly people: Human[] = [];
  readonly groups = new Map<string, GroupRoom>();
  #owner: Human | undefined;
  #ids = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.violations = new Violations(clock);
  }

  get owner(): Human {
    if (this.#owner === undefined) throw new Error('twin: there is no phone yet');
    return this.#owner;
  }

  set owner(human: Human) {
    if (this.#owner !== undefined) throw new Error('twin: the account has a phone already');
    this.#owner = human;
  }

  seconds(at = this.clock.now()): string {
    return String(Math.floor(at / 1000));
  }

  /** A number that was not given before, for ids. */
  next(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /** As phones make them. */
  messageId(): string {
    return `3A${this.next().toString(16).toUpperCase().padStart(18, '0')}`;
  }

  human(name: string, numbers: Numbers, how: { readonly form: Form; readonly wrote?: readonly string[] }): Human {
    const { form, wrote = [] } = how;
    return {
      ...{ name, pn: numbers.pn, lid: numbers.lid, form, wrote, discreet: false },
      ...{ party: new SignalParty(), shared: new Map(), chat: new Chat(name, this.violations) },
    };
  }

  /** The person or the owner an address belongs to. */
  at(jid: string | undefined): Human | undefined {
    if (this.#owner !== undefined && isAddressOf(this.#owner, jid)) return this.#owner;
    return this.people.find((person) => isAddressOf(person, jid));
  }

  /** The account's linked device of that address. */
  deviceAt(jid: string | undefined): Device | undefined {
    return this.#owner !== undefined && isAddressOf(this.#owner, jid) ? this.devices.get(parse(jid).device) : undefined;
  }

  chatAt(jid: string | undefined): Chat | undefined {
    return this.groups.get(jid ?? '')?.chat ?? this.at(jid)?.chat;
  }

  link(device: Device): void {
    this.#tellDevices();
    this.devices.set(device.number, device);
  }

  /** @param last what the device still hears */
  unlink(device: Device, last?: Node): void {
    this.devices.delete(device.number);
    device.line?.end(last);
    this.#tellDevices();
  }

  /** Who is linked has changed: devices forget what they know of it. */
  #tellDevices(): void {
    const changed = (['pn', 'lid'] as const).map((form) => node('device', { jid: jidOf(this.owner, form) }));
    for (const { mailbox } of this.devices.values()) {
      const attrs = { id: String(this.next()), from: jidOf(this.owner, 'pn'), type: 'devices', t: this.seconds() };
      mailbox.post(node('notification', attrs, [node('update', {}, changed)]));
    }
  }
}
