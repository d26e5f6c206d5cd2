// Which part answers which method of the Bot API. Called by twin.ts for every call that carries the right token.
import type { Callbacks } from './callbacks.ts';
import type { Files } from './files.ts';
import { botMember, setBot } from './membership.ts';
import type { Menus } from './menus.ts';
import type { Messages } from './messages.ts';
import type { Params } from './params.ts';
import { knownRoom, reachable } from './reach.ts';
import { badRequest } from './refusal.ts';
import { chatOf, type Room, type Wire, type World } from './rooms.ts';
import type { Topics } from './topics.ts';
import type { Updates } from './updates.ts';
import type { Webhook } from './webhook.ts';

export interface Parts {
  readonly world: World;
  readonly updates: Updates;
  readonly webhook: Webhook;
  readonly messages: Messages;
  readonly topics: Topics;
  readonly menus: Menus;
  readonly callbacks: Callbacks;
  readonly files: Files;
}

/** @param gone aborts when the caller closes its connection */
export type Method = (params: Params, gone: AbortSignal) => unknown;

export function methods(parts: Parts): ReadonlyMap<string, Method> {
  const { world, updates, webhook, messages, topics, menus, callbacks, files } = parts;
  const table: Readonly<Record<string, Method>> = {
    getMe: () => me(world),
    getUpdates: (params, gone) => updates.poll(params, gone),
    setWebhook: (params) => webhook.set(params),
    deleteWebhook: (params) => webhook.delete(params),
    getWebhookInfo: () => webhook.info(),
    sendMessage: (params) => messages.send(params),
    sendDocument: (params) => messages.sendDocument(params),
    sendPhoto: (params) => messages.sendPhoto(params),
    editMessageText: (params) => messages.editText(params),
    editMessageReplyMarkup: (params) => messages.editMarkup(params),
    deleteMessage: (params) => messages.delete(params),
    setMessageReaction: (params) => messages.react(params),
    sendChatAction: (params) => messages.act(params),
    answerCallbackQuery: (params) => callbacks.answer(params),
    setMyCommands: (params) => menus.set(params),
    getMyCommands: (params) => menus.get(params),
    deleteMyCommands: (params) => menus.delete(params),
    createForumTopic: (params) => topics.create(params),
    editForumTopic: (params) => topics.edit(params),
    closeForumTopic: (params) => topics.set(params, true),
    reopenForumTopic: (params) => topics.set(params, false),
    deleteForumTopic: (params) => topics.delete(params),
    // A person who blocked the bot can still be looked up.
    getChat: (params) =>
      fullInfo(world, Number(params.text('chat_id')) > 0 ? knownRoom(world, params) : reachable(world, params)),
    getChatMember: (params) => member(world, reachable(world, params), params),
    getFile: (params) => files.describe(params),
    leaveChat: (params) => leave(world, knownRoom(world, params)),
  };
  return new Map(Object.entries(table));
}

function me(world: World): Wire {
  return {
    ...world.bot,
    can_join_groups: true,
    can_read_all_group_messages: !world.privacy,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
    has_topics_enabled: world.topicsInDms,
    allows_users_to_create_topics: world.topicsInDms,
    can_manage_bots: false,
    supports_join_request_queries: false,
  };
}

const fullInfo = (world: World, room: Room): Wire => ({
  ...{ ...chatOf(world, room), accent_color_id: 0, max_reaction_count: 11 },
  accepted_gift_types: {
    unlimited_gifts: false,
    limited_gifts: false,
    unique_gifts: false,
    premium_subscription: false,
  },
});

function member(world: World, room: Room, params: Params): Wire {
  const id = params.integer('user_id') ?? 0;
  if (id === world.bot.id) return botMember(world, room.bot);
  const human = world.people.get(id);
  if (human === undefined) throw badRequest('member not found');
  const status = room.type === 'private' ? 'member' : (room.members.get(id) ?? 'left');
  return { user: human.user, status };
}

function leave(world: World, room: Room): true {
  if (room.type === 'private') throw badRequest("chat member status can't be changed in private chats");
  setBot(world, room, { status: 'left', rights: new Set() }, world.bot);
  return true;
}
