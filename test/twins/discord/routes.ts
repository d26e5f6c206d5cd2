// Which part answers which call of the REST API. Asked by server.ts for every call.
import type { ApplicationCommands, Where } from './commands.ts';
import type { Interactions } from './interactions.ts';
import type { Messages } from './messages.ts';
import { guildOf } from './permissions.ts';
import { invalid, refuse } from './refusal.ts';
import { type Answer, type Handler, ok, type Request, text } from './request.ts';
import type { Threads } from './threads.ts';
import type { Webhooks } from './webhooks.ts';
import { wireChannel, wireGuild, wireMember, wireUser } from './wire.ts';
import type { Wire, World } from './world.ts';

export interface Parts {
  readonly world: World;
  readonly messages: Messages;
  readonly threads: Threads;
  readonly commands: ApplicationCommands;
  readonly interactions: Interactions;
  readonly webhooks: Webhooks;
  /** GET /gateway/bot */
  readonly gateway: () => Wire;
}

export interface Route {
  /** `POST /channels/:id/messages`: the parts with a colon are variable. */
  readonly name: string;
  readonly pattern: RegExp;
  /** Needs no token of the bot: the path has one of its own. */
  readonly open: boolean;
  readonly handle: Handler;
}

export function find(routes: readonly Route[], asked: string): { route: Route; ids: readonly string[] } | undefined {
  // The library writes the @ of `@original` as it has to be written.
  const path = asked.replace('%40original', '@original');
  for (const route of routes) {
    const match = route.pattern.exec(path);
    if (match !== null) return { route, ids: match.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

export function routes(parts: Parts): readonly Route[] {
  const table = { ...about(parts), ...channels(parts), ...commands(parts), ...answers(parts) };
  return Object.entries(table).map(([name, handle]) => ({
    ...{ name, handle, open: / \/(interactions|webhooks)\/:id\/:token/.test(name) },
    pattern: new RegExp(`^${name.replace(/:\w+/g, '([^/]+)')}$`),
  }));
}

type Table = Readonly<Record<string, Handler>>;

function about({ world, gateway }: Parts): Table {
  const application = (): Answer => ok(applicationOf(world));
  return {
    'GET /gateway/bot': () => ok(gateway()),
    'GET /gateway': () => ok({ url: gateway().url }),
    'GET /users/@me': () => ok(wireUser(world.bot)),
    'GET /users/@me/guilds': () =>
      ok([...world.guilds.values()].filter((one) => one.present).map(({ id, name }) => ({ id, name }))),
    'POST /users/@me/channels': (request) => openDm(world, request),
    'GET /users/:id': ({ ids: [id = ''] }) => ok(wireUser(userOf(world, id))),
    'GET /applications/@me': application,
    'GET /oauth2/applications/@me': application,
    'GET /guilds/:id': ({ ids: [id = ''] }) => ok(wireGuild(world, guildOf(world, id))),
    'GET /guilds/:id/channels': ({ ids: [id = ''] }) => {
      const guild = guildOf(world, id);
      const all = [...world.channels.values()].filter((one) => one.guild === guild && !one.deleted);
      return ok(all.filter(({ kind }) => kind !== 'thread').map((one) => wireChannel(world, one)));
    },
    'GET /guilds/:id/members/:id': ({ ids: [id = '', userId = ''] }) => {
      const guild = guildOf(world, id);
      const user = userId === world.bot.id ? world.bot : userOf(world, userId);
      return ok({ ...wireMember(guild, user), user: wireUser(user) });
    },
  };
}

function channels({ messages, threads, webhooks }: Parts): Table {
  const emoji = '/channels/:id/messages/:id/reactions/:emoji/@me';
  return {
    'POST /channels/:id/messages': (request) => messages.send(request),
    'GET /channels/:id/messages': (request) => messages.list(request),
    'GET /channels/:id/messages/:id': (request) => messages.get(request),
    'PATCH /channels/:id/messages/:id': (request) => messages.edit(request),
    'DELETE /channels/:id/messages/:id': (request) => messages.delete(request),
    [`PUT ${emoji}`]: (request) => messages.react(request),
    [`DELETE ${emoji}`]: (request) => messages.unreact(request),
    'POST /channels/:id/typing': (request) => messages.type(request),
    'POST /channels/:id/messages/:id/threads': (request) => threads.fromMessage(request),
    'POST /channels/:id/threads': (request) => threads.open(request),
    'GET /channels/:id': (request) => threads.get(request),
    'PATCH /channels/:id': (request) => threads.change(request),
    'DELETE /channels/:id': (request) => threads.delete(request),
    'GET /guilds/:id/threads/active': (request) => threads.active(request),
    'GET /channels/:id/threads/archived/public': (request) => threads.archived(request),
    'PUT /channels/:id/thread-members/:id': (request) => threads.member(request, true),
    'DELETE /channels/:id/thread-members/:id': (request) => threads.member(request, false),
    'POST /channels/:id/webhooks': (request) => webhooks.create(request),
    'GET /channels/:id/webhooks': (request) => webhooks.list(request),
    'DELETE /webhooks/:id': (request) => webhooks.delete(request),
  };
}

function commands({ commands: registry }: Parts): Table {
  const one = (path: string, where: Where): Table => ({
    [`GET ${path}`]: (request) => registry.list(request, where),
    [`PUT ${path}`]: (request) => registry.replace(request, where),
    [`POST ${path}`]: (request) => registry.create(request, where),
    [`GET ${path}/:id`]: (request) => registry.get(request, where),
    [`PATCH ${path}/:id`]: (request) => registry.change(request, where),
    [`DELETE ${path}/:id`]: (request) => registry.delete(request, where),
  });
  return { ...one('/applications/:id/commands', 'global'), ...one('/applications/:id/guilds/:id/commands', 'guild') };
}

function answers({ interactions, webhooks }: Parts): Table {
  const original = '/webhooks/:id/:token/messages/@original';
  const message = '/webhooks/:id/:token/messages/:id';
  return {
    'POST /interactions/:id/:token/callback': (request) => interactions.callback(request),
    [`GET ${original}`]: (request) => webhooks.getOriginal(request),
    [`PATCH ${original}`]: (request) => webhooks.editOriginal(request),
    [`DELETE ${original}`]: (request) => webhooks.deleteOriginal(request),
    [`GET ${message}`]: (request) => webhooks.get(request),
    [`PATCH ${message}`]: (request) => webhooks.edit(request),
    [`DELETE ${message}`]: (request) => webhooks.deleteMessage(request),
    'POST /webhooks/:id/:token': (request) => webhooks.execute(request),
  };
}

function userOf(world: World, id: string) {
  const user = id === '@me' ? world.bot : world.people.get(id)?.user;
  if (user === undefined) throw refuse(10013);
  return user;
}

function openDm(world: World, { body }: Request): Answer {
  const id = text(body, 'recipient_id');
  if (id === undefined) throw invalid('recipient_id', 'BASE_TYPE_REQUIRED', 'This field is required');
  const user = world.people.get(id)?.user;
  if (user === undefined || user.bot) throw refuse(50033);
  return ok(wireChannel(world, world.dm(user)));
}

/** https://discord.com/developers/docs/resources/application#application-object-application-flags */
const messageContentFlag = 1 << 19;

export const applicationOf = (world: World): Wire => ({
  ...{ id: world.bot.id, name: world.bot.name, icon: null, description: '', bot_public: false, verify_key: '00' },
  ...{ bot_require_code_grant: false, flags: world.messageContent ? messageContentFlag : 0, summary: '', team: null },
  bot: wireUser(world.bot),
});
