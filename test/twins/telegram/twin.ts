// Telegram on loopback: a server the real grammY library talks to as if it were the Bot API, with people, groups and topics
// that tests move, faults and limits. What a test sees of it is TelegramTwin.
import type { BotCommand, User } from 'grammy/types';
import { type Clock, systemClock } from '../../../src/infra/clock.ts';
import { Callbacks } from './callbacks.ts';
import type { Fault } from './faults.ts';
import { Files } from './files.ts';
import { Group, type GroupOptions, standing } from './groups.ts';
import { Limits } from './limits.ts';
import { Menus } from './menus.ts';
import { Messages } from './messages.ts';
import { type Method, methods } from './methods.ts';
import { idOf, Person, type PersonParts, type Place } from './people.ts';
import { bare, Refusal } from './refusal.ts';
import { World } from './rooms.ts';
import { type Backend, type TwinCall, TwinServer } from './server.ts';
import { Topics } from './topics.ts';
import { Updates } from './updates.ts';
import { type Fits, type SeenMessage, View } from './view.ts';
import { Webhook } from './webhook.ts';

export interface TelegramTwinOptions {
  /** For dates, rates, held polls and slow answers; default: the system's. */
  readonly clock?: Clock;
  readonly token?: string;
  /** The bot's username; default `switchyard_bot`. */
  readonly botName?: string;
  /** Privacy mode; default on. */
  readonly privacy?: boolean;
  /** Private chats may have topics; default no. */
  readonly topicsInDms?: boolean;
  /** The first update id; default 1000. */
  readonly firstUpdateId?: number;
}

export interface TelegramTwin {
  /** The API root. */
  readonly url: string;
  readonly token: string;
  readonly bot: User;
  /** Somebody new. The bot cannot write to them before they wrote to it, unless they `started` it long ago. */
  person(id: number, name: string, more?: Partial<User> & { readonly started?: boolean }): Person;
  group(id: number, options?: GroupOptions): Group;
  /** The bot's texts people see now, oldest first. */
  shown(place: Place, topic?: Place): string[];
  /** What all have said, as `Ann: hello`. */
  transcript(place: Place, topic?: Place): string[];
  messages(place: Place, topic?: Place): readonly SeenMessage[];
  /** The next message of the bot's that fits and was not taken before; waits in real time, at most 5 s. */
  next(place: Place, fits: Fits, topic?: Place): Promise<SeenMessage>;
  /** The commands offered to a person who types `/` there; default: in private. */
  menu(person: Person, place?: Place): readonly BotCommand[];
  readonly calls: readonly TwinCall[];
  readonly polls: { readonly open: number; readonly overlaps: number; readonly answered409: number };
  /** Updates that are not confirmed. */
  readonly unconfirmed: number;
  /** Calls refused by the natural limits. */
  readonly rejected429: number;
  /** Natural limits; off at first. */
  limits(on: boolean): void;
  privacy(on: boolean): void;
  /** Hits the next `times` calls of a method (`*`: any; `download`: files); default: 1. */
  fault(method: string, fault: Fault, times?: number): void;
  /** Takes faults back. */
  heal(method?: string): void;
  restartUpdateIds(at: number): void;
  /** The token is revoked: every call answers 401. */
  revokeToken(): void;
  /** Connections break and new ones are refused, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function telegramTwin(options: TelegramTwinOptions = {}): Promise<TelegramTwin> {
  const { clock = systemClock, token = '4242:twin-token', botName = 'switchyard_bot' } = options;
  const bot: User = { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Switchyard', username: botName };
  const world = new World(clock, bot);
  world.privacy = options.privacy ?? true;
  world.topicsInDms = options.topicsInDms ?? false;
  const updates = new Updates(clock, options.firstUpdateId ?? 1000);
  world.tell = (kind, payload) => updates.add(kind, payload);
  const [files, callbacks, limits, menus] = [new Files(), new Callbacks(clock), new Limits(clock), new Menus(world)];
  const webhook = new Webhook(clock, updates);
  const messages = new Messages(world, files);
  const topics = new Topics(world);
  const table = methods({ world, updates, webhook, messages, topics, menus, callbacks, files });
  const door = { token, revoked: false };
  const server = new TwinServer(clock, backend(door, { table, limits, files }));
  const view = new View(world);
  await server.up();
  return {
    ...{ url: server.url, token, bot, calls: server.calls, polls: server.polls },
    person: (id, name, { started = false, ...more } = {}) => {
      const user: User = { id, is_bot: false, first_name: name, ...more };
      return addPerson({ world, callbacks, files }, user, started);
    },
    group: (id, how = {}) => addGroup(world, id, how),
    shown: (place, topic) => view.shown(place, topic),
    transcript: (place, topic) => view.transcript(place, topic),
    messages: (place, topic) => view.messages(place, topic),
    next: (place, fits, topic) => view.next(place, fits, topic),
    menu: (person, place = person) => menus.seenBy(person.id, roomAt(world, place)),
    get unconfirmed() {
      return updates.waiting.length;
    },
    get rejected429() {
      return limits.refused;
    },
    limits: (on) => {
      limits.enabled = on;
    },
    privacy: (on) => {
      world.privacy = on;
    },
    fault: (method, fault, times = 1) => server.faults.plan(method, fault, times),
    heal: (method) => server.faults.clear(method),
    restartUpdateIds: (at) => updates.restartIds(at),
    revokeToken: () => {
      door.revoked = true;
    },
    down: () => server.down(),
    up: () => server.up(),
    close: async () => {
      webhook.close();
      callbacks.close();
      await server.down();
    },
  };
}

function backend(
  door: { readonly token: string; readonly revoked: boolean },
  parts: { readonly table: ReadonlyMap<string, Method>; readonly limits: Limits; readonly files: Files },
): Backend {
  const { table, limits, files } = parts;
  return {
    token: door.token,
    answer: async (method, params, gone) => {
      if (door.revoked) throw bare(401);
      const carryOut = table.get(method);
      if (carryOut === undefined) throw new Refusal(404, 'Not Found: method not found');
      limits.check(method, params.text('chat_id'));
      return carryOut(params, gone);
    },
    file: (path) => files.at(path),
  };
}

function addPerson(parts: PersonParts, user: User, started: boolean): Person {
  const { world } = parts;
  world.people.set(user.id, { user, started, met: started, blocked: false, gone: false });
  world.addRoom({ id: user.id, type: 'private', title: '' });
  return new Person(parts, user);
}

function addGroup(world: World, id: number, how: GroupOptions): Group {
  const { title = 'Group', members = [], admins = [], forum = false, botRights = 'member', type = 'supergroup' } = how;
  const room = world.addRoom({ id, type, title, forum, username: how.username, bot: standing(botRights) });
  for (const person of members) room.members.set(person.id, 'member');
  for (const person of admins) room.members.set(person.id, 'administrator');
  return new Group(world, room);
}

function roomAt(world: World, place: Place) {
  const room = world.rooms.get(idOf(place));
  if (room === undefined) throw new Error(`twin: there is no chat ${idOf(place)}`);
  return room;
}
