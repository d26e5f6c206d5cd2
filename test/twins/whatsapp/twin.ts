// WhatsApp on loopback: a server the real Baileys library links with and logs in to, with the owner's phone, people and groups
// that tests move, Signal encryption both ways, and faults. What a test sees of it is WhatsAppTwin.
import { type Clock, systemClock } from '../../../src/infra/clock.ts';
import { Chat } from './chats.ts';
import { Disconnects } from './disconnects.ts';
import { Group } from './groups.ts';
import type { Form, Numbers } from './jids.ts';
import { LinkCodes } from './link-code.ts';
import { Mail } from './mail.ts';
import { MediaHost } from './media.ts';
import { Outgoing } from './outgoing.ts';
import { Pace } from './pace.ts';
import { Pairing } from './pairing.ts';
import { Person } from './people.ts';
import { Phone } from './phone.ts';
import { Queries } from './queries.ts';
import { Receipts, type SeenReceipt, type Unreadable } from './receipts.ts';
import { Door } from './server.ts';
import { Session } from './session.ts';
import { type Fits, type Place, type SeenMessage, View } from './view.ts';
import type { Violation } from './violations.ts';
import { type GroupRoom, World } from './world.ts';

export interface WhatsAppTwinOptions {
  /** For dates, the life of codes and the pace; default: the system's. */
  readonly clock?: Clock;
  /** QR codes per connection; default 6. */
  readonly refs?: number;
  /** Milliseconds a code is good for; default: the first 60 s, each next 20 s. */
  readonly refMs?: { readonly first: number; readonly next: number };
  /** How people are addressed unless they say otherwise; default `lid`. */
  readonly addressing?: Form;
  /** Messages to one chat within a second that are no violation; default 2. Infinity: any number. */
  readonly perSecond?: number;
  /** A new device uploads 812 keys, as in earnest, or only five, which saves a second; default `many`. */
  readonly firstKeys?: 'many' | 'few';
  /** The phone tells a new device of earlier chats; without it the client holds events back for 20 s. Default: true. */
  readonly history?: boolean;
}

export interface PersonOptions extends Partial<Numbers> {
  /** How others see them addressed. */
  readonly as?: Form;
  /** They have written to the account before. */
  readonly known?: boolean;
  /** That number and LID are one person is not told, until `discreet` is taken back. */
  readonly discreet?: boolean;
  /** What they wrote before any device was linked, which makes them known. */
  readonly wrote?: readonly string[];
}

export interface GroupOptions {
  readonly subject?: string;
  readonly members?: readonly Person[];
  /** How members are addressed; default `lid`. */
  readonly as?: Form;
  /** Seconds after which messages disappear. */
  readonly expiration?: number;
  /** The account was written to there before. */
  readonly known?: boolean;
}

export interface WhatsAppTwin {
  /** For `waWebSocketUrl`. */
  readonly url: string;
  /** The owner's phone; an account has one. */
  phone(owner?: Partial<Numbers> & { readonly name?: string }): Phone;
  person(name: string, how?: PersonOptions): Person;
  group(how?: GroupOptions): Group;
  /** What linked devices wrote, as people see it now, oldest first. A phone stands for the chat with oneself. */
  shown(place: Place): readonly SeenMessage[];
  messages(place: Place): readonly SeenMessage[];
  /** What all have said, as `Ann: hello`. */
  transcript(place: Place): string[];
  /** The next message of a linked device that fits and was not taken before; waits in real time. */
  next(place: Place, fits: Fits): Promise<SeenMessage>;
  typing(place: Place): boolean;
  /** Faults of every kind. */
  readonly disconnects: Disconnects;
  readonly violations: readonly Violation[];
  /** Messages of linked devices that somebody still cannot open. */
  readonly unreadable: readonly Unreadable[];
  /** The host of files. */
  readonly media: MediaHost;
  /** What linked devices confirmed. */
  readonly receipts: readonly SeenReceipt[];
  /** What linked devices asked, as `encrypt count`. */
  readonly asked: readonly string[];
  /** Connections that stand, logged in or not. */
  readonly connections: number;
  /** Upgrades asked for and logins that succeeded, ever. */
  readonly knocks: number;
  readonly logins: number;
  /** How often a device asked to be linked by a typed code. */
  readonly codesAsked: number;
  /** One-time keys a device uploaded, over all devices. */
  readonly keysUploaded: number;
  /** Messages to one chat within a second that are no violation. */
  pace(perSecond: number): void;
  /** Connections break and new ones are refused, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Resolves once everything said so far is with the devices or waits for them. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function whatsappTwin(options: WhatsAppTwinOptions = {}): Promise<WhatsAppTwin> {
  const { clock = systemClock, refs = 6, refMs = { first: 60_000, next: 20_000 }, addressing = 'lid' } = options;
  const world = new World(clock);
  const [media, view] = [new MediaHost(), new View()];
  const mail = new Mail(world);
  const receipts = new Receipts(world, mail);
  const pace = new Pace(world, options.perSecond ?? 2);
  const pairing = new Pairing(world, { refs, refMs });
  const codes = new LinkCodes(world, pairing);
  const queries = new Queries(world, {
    ...{ media, firstKeys: options.firstKeys ?? 'many' },
    listening: (device) => {
      if (options.history !== false) void mail.welcome(device);
    },
  });
  const session = new Session({
    world,
    pairing,
    codes,
    queries,
    receipts,
    outgoing: new Outgoing(world, receipts, pace),
  });
  const door = new Door(world.faults, session);
  const parts = { world, mail, receipts, media, pairing, codes };
  const [url] = await Promise.all([door.open(), media.open()]);
  return {
    ...{ url, media, asked: queries.asked, receipts: receipts.seen, violations: world.violations.all },
    disconnects: new Disconnects(world, door.lines),
    phone: ({ name = 'Owner', pn = '4915100000', lid = '900000000' } = {}) => {
      world.owner = world.human(name, { pn, lid }, { form: 'pn' });
      return new Phone(parts, world.owner);
    },
    person: (name, how = {}) => new Person(parts, addPerson(world, name, { as: addressing, ...how })),
    group: (how = {}) => new Group(world, mail, addGroup(world, { as: 'lid', ...how })),
    shown: (place) => view.shown(place),
    messages: (place) => view.messages(place),
    transcript: (place) => view.transcript(place),
    next: (place, fits) => view.next(place, fits),
    typing: ({ chat }) => chat.typing,
    get connections() {
      return door.lines.size;
    },
    get knocks() {
      return door.knocks;
    },
    get logins() {
      return session.logins;
    },
    get codesAsked() {
      return codes.asked;
    },
    get keysUploaded() {
      return [...world.devices.values()].reduce((sum, { keys }) => sum + keys.uploaded, 0);
    },
    pace: (perSecond) => {
      pace.perSecond = perSecond;
    },
    get unreadable() {
      return receipts.unreadable;
    },
    down: () => door.close(),
    up: async () => void (await door.open()),
    settled: () => mail.settled(),
    close: async () => {
      await Promise.all([door.close(), media.close()]);
    },
  };
}

function addPerson(world: World, name: string, how: PersonOptions & { readonly as: Form }) {
  const number = world.next();
  const numbers = { pn: how.pn ?? `49151${20_000 + number}`, lid: how.lid ?? `${700_000_000 + number}` };
  const human = world.human(name, numbers, { form: how.as, wrote: how.wrote ?? [] });
  human.discreet = how.discreet ?? false;
  human.chat.opened = how.known ?? human.wrote.length > 0;
  world.people.push(human);
  return human;
}

function addGroup(world: World, how: GroupOptions & { readonly as: Form }): GroupRoom {
  const { subject = 'Group', members = [], expiration = 0, known = true } = how;
  const chat = new Chat(subject, world.violations);
  chat.opened = known;
  const room: GroupRoom = {
    ...{ jid: `1203630000${world.next()}@g.us`, subject, expiration, chat, form: how.as },
    ...{ created: world.clock.now(), members: new Set(members.map(({ human }) => human)) },
  };
  world.groups.set(room.jid, room);
  return room;
}
