// Discord on loopback: REST and a gateway the real discord.js logs in to as if they were Discord's, with people, guilds,
// channels and threads that tests move, faults and limits. What a test sees of it is DiscordTwin.
import { type Clock, systemClock } from '../../../src/infra/clock.ts';
import { ApplicationCommands } from './commands.ts';
import type { Fault } from './faults.ts';
import { Gateway } from './gateway.ts';
import type { Privileged } from './intents.ts';
import { type Deadlines, Interactions } from './interactions.ts';
import { Messages } from './messages.ts';
import { Person } from './people.ts';
import type { Permission } from './permissions.ts';
import { addGuild, type GuildPlace, type Place } from './places.ts';
import { Rates } from './rates.ts';
import { routes } from './routes.ts';
import { type TwinCall, TwinServer } from './server.ts';
import { Threads } from './threads.ts';
import { type Fits, type SeenMessage, View } from './view.ts';
import { type Violation, Violations } from './violations.ts';
import { Webhooks } from './webhooks.ts';
import { type User, type Wire, World } from './world.ts';

export interface DiscordTwinOptions {
  /** For ids, rates, deadlines, archives and outages; heartbeats are in real time. Default: the system's. */
  readonly clock?: Clock;
  readonly token?: string;
  /** Default 3 s and 15 min. */
  readonly deadlines?: Partial<Deadlines>;
  /** Switches of the developer portal; default: message content on, the others off. */
  readonly privileged?: Partial<Privileged>;
  /** Default 41,250. */
  readonly heartbeatMs?: number;
  /** Milliseconds between two IDENTIFYs that are no restart in order; default 5000. */
  readonly identifyMs?: number;
  /** Milliseconds a session can be resumed after its connection is gone; default two minutes. */
  readonly sessionMs?: number;
  /** 401, 403 and 429 in ten minutes that are one too many; default 10,000. */
  readonly mostInvalid?: number;
}

export interface GuildOptions {
  readonly name?: string;
  /** What the bot's role grants; default all but `Administrator`. */
  readonly botPermissions?: readonly Permission[] | 'all';
  readonly members?: readonly Person[];
}

export interface DiscordTwin {
  /** The API root; the library appends `/v10`. */
  readonly url: string;
  readonly token: string;
  readonly bot: User;
  readonly gateway: Gateway;
  person(name: string, how?: { readonly bot?: boolean }): Person;
  guild(options?: GuildOptions): GuildPlace;
  /** The bot's texts people see now, oldest first; a person stands for the direct messages with them. */
  shown(place: Place): string[];
  /** What all have said, as `Ann: hello`. */
  transcript(place: Place): string[];
  messages(place: Place): readonly SeenMessage[];
  /** The next message of the bot's that fits and was not taken before; waits in real time, at most 5 s. */
  next(place: Place, fits: Fits): Promise<SeenMessage>;
  /** What only this person sees. */
  ephemeral(person: { readonly id: string }): readonly SeenMessage[];
  typing(place: Place): boolean;
  /** Registered commands of a guild, or the global ones. */
  commands(scope: GuildPlace | 'global'): readonly Wire[];
  readonly calls: readonly TwinCall[];
  /** Calls of one route, `POST /channels/:id/messages`. */
  called(route: string): readonly TwinCall[];
  readonly violations: readonly Violation[];
  /** Calls answered with 401, 403 or 429 in the last ten minutes. */
  readonly invalidRequests: number;
  /** Natural limits; on at first. */
  limits(on: boolean): void;
  /** Hits the next `times` calls of a route (`*`: any); default: 1. */
  fault(route: string, fault: Fault, times?: number): void;
  /** Takes faults back. */
  heal(route?: string): void;
  /** The switch for the content of messages, for REST and for IDENTIFY. */
  messageContent(on: boolean): void;
  /** The token is revoked: 401 and 4004 from here on. */
  revokeToken(): void;
  /** REST and gateway: connections break and new ones are refused, until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function discordTwin(options: DiscordTwinOptions = {}): Promise<DiscordTwin> {
  const parts = assemble(options);
  const { world, gateway, server, rates, interactions } = parts;
  const up = async (): Promise<void> => void (await Promise.all([server.up(), gateway.up()]));
  const down = async (): Promise<void> => void (await Promise.all([server.down(), gateway.outage()]));
  await up();
  world.filesUrl = `${server.url}/attachments`;
  return {
    ...{ url: `${server.url}/api`, token: gateway.token, bot: world.bot, gateway, up, down },
    ...{ calls: server.calls, violations: world.violations.all, ...peopling(parts), ...looking(parts) },
    called: (route) => server.calls.filter((call) => call.route === route),
    get invalidRequests() {
      return rates.invalid;
    },
    limits: (on) => {
      rates.enabled = on;
    },
    fault: (route, fault, times = 1) => server.faults.plan(route, fault, times),
    heal: (route) => server.faults.clear(route),
    messageContent: (on) => {
      world.messageContent = on;
      gateway.privileged.messageContent = on;
    },
    revokeToken: () => {
      gateway.token = '';
      gateway.drop(4004);
    },
    close: async () => {
      interactions.close();
      await down();
    },
  };
}

interface Parts {
  readonly world: World;
  readonly gateway: Gateway;
  readonly server: TwinServer;
  readonly rates: Rates;
  readonly commands: ApplicationCommands;
  readonly interactions: Interactions;
}

function assemble(options: DiscordTwinOptions): Parts {
  const { clock = systemClock, token = 'twin.discord.token', deadlines = {}, mostInvalid = 10_000 } = options;
  const { heartbeatMs = 41_250, identifyMs = 5000, sessionMs = 120_000 } = options;
  const privileged = { messageContent: true, members: false, presences: false, ...options.privileged };
  const bot = { id: '1100000000000000001', username: 'switchyard', name: 'Switchyard', bot: true };
  const world = new World(clock, bot, new Violations(clock));
  world.messageContent = privileged.messageContent;
  const gateway = new Gateway(world, { token, privileged, heartbeatMs, identifyMs, sessionMs });
  world.tell = (occasion) => gateway.tell(occasion);
  const interactions = new Interactions(world, { ackMs: 3000, tokenMs: 900_000, ...deadlines });
  const commands = new ApplicationCommands(world);
  const webhooks = new Webhooks(world, interactions);
  const [messages, threads] = [new Messages(world), new Threads(world)];
  const rates = new Rates(clock, world.violations, mostInvalid);
  const describe = (): Wire => gateway.describe();
  const server = new TwinServer({
    ...{ clock, rates },
    routes: routes({ world, messages, threads, commands, interactions, webhooks, gateway: describe }),
    authorized: (given) => given === gateway.token,
    file: (id) => fileIn(world, id),
    faulted: ({ route, ids: [id = ''] }) => {
      if (route.startsWith('POST /interactions/')) interactions.excuse(id);
    },
  });
  return { world, gateway, server, rates, commands, interactions };
}

function peopling(parts: Parts): Pick<DiscordTwin, 'person' | 'guild'> {
  const { world } = parts;
  return {
    person: (name, { bot = false } = {}) => {
      const user: User = { id: world.ids.next(), username: name.toLowerCase(), name, bot };
      world.people.set(user.id, { user, closed: false });
      return new Person(parts, user);
    },
    guild: ({ name = 'Lab', botPermissions = 'all', members = [] } = {}) => {
      const guild = addGuild(world, name, botPermissions);
      guild.joins(...members);
      return guild;
    },
  };
}

function looking({
  world,
  commands,
}: Parts): Pick<DiscordTwin, 'shown' | 'transcript' | 'messages' | 'next' | 'ephemeral' | 'typing' | 'commands'> {
  const view = new View(world);
  return {
    shown: (place) => view.shown(place),
    transcript: (place) => view.transcript(place),
    messages: (place) => view.messages(place),
    next: (place, fits) => view.next(place, fits),
    ephemeral: (person) => view.ephemeral(person),
    typing: (place) => view.typing(place),
    commands: (scope) => commands.in(typeof scope === 'string' ? scope : scope.id),
  };
}

function fileIn(world: World, id: string) {
  for (const { messages } of world.channels.values())
    for (const { files } of messages.values()) {
      const found = files.find((file) => file.id === id);
      if (found !== undefined) return found;
    }
  return undefined;
}
