// Whether the bot may act in a chat and in which topic it lands: rights, blocks, moved groups, closed topics. Called by
// messages.ts and topics.ts.
import type { Params } from './params.ts';
import { badRequest, forbidden, Refusal } from './refusal.ts';
import type { Room, RoomMessage, Topic, World } from './rooms.ts';

const kinds = { group: 'group chat', supergroup: 'supergroup chat', channel: 'channel chat', private: 'chat' } as const;

/** The room named by `chat_id`, known to the bot or not. */
export function knownRoom(world: World, params: Params): Room {
  const named = params.text('chat_id') ?? '';
  if (named === '') throw badRequest('chat_id is empty');
  const byName = [...world.rooms.values()].find(({ username }) => username !== undefined && named === `@${username}`);
  const room = byName ?? world.rooms.get(Number(named));
  if (room === undefined) throw badRequest('chat not found');
  if (room.type === 'private' && !world.human(room.id).met) throw badRequest('chat not found');
  return room;
}

/** The room named by `chat_id`. @throws Refusal unless the bot may act in it */
export function reachable(world: World, params: Params): Room {
  const room = knownRoom(world, params);
  if (room.movedTo !== undefined)
    throw new Refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: room.movedTo,
    });
  if (room.type === 'private') {
    const { gone, blocked, started } = world.human(room.id);
    if (gone) throw forbidden('user is deactivated');
    if (blocked) throw forbidden('bot was blocked by the user');
    if (!started) throw forbidden("bot can't initiate conversation with a user");
    return room;
  }
  if (room.bot.status === 'kicked') throw forbidden(`bot was kicked from the ${kinds[room.type]}`);
  if (room.bot.status === 'left') throw forbidden(`bot is not a member of the ${kinds[room.type]}`);
  return room;
}

export const may = (room: Room, right: string): boolean =>
  room.bot.status === 'administrator' && room.bot.rights.has(right);

/**
 * The topic a message lands in; undefined is General or a chat without topics. Topic 1 and the ids of reply chains are
 * no topics (https://core.telegram.org/api/forum).
 */
export function topicFor(room: Room, params: Params, replied: RoomMessage | undefined): Topic | undefined {
  const id = params.integer('message_thread_id');
  if (id === undefined && replied?.topic === undefined) {
    if (room.generalClosed && !may(room, 'can_manage_topics')) throw badRequest('TOPIC_CLOSED');
    return undefined;
  }
  const topic = id === undefined ? replied?.topic : room.topics.get(id);
  if (topic === undefined) throw badRequest('message thread not found');
  if (topic.deleted) {
    // A private chat is there without its topics: what was for a deleted one lands in the chat itself.
    if (room.type === 'private') return undefined;
    throw badRequest('TOPIC_DELETED');
  }
  if (topic.closed && !may(room, 'can_manage_topics')) throw badRequest('TOPIC_CLOSED');
  return topic;
}

/** The message named by `reply_parameters` (or the older `reply_to_message_id`). */
export function repliedTo(room: Room, params: Params): RoomMessage | undefined {
  const reply = params.object<{ message_id: number; allow_sending_without_reply?: boolean }>('reply_parameters');
  const id = reply?.message_id ?? params.integer('reply_to_message_id');
  if (id === undefined) return undefined;
  const message = room.messages.get(id);
  if (message !== undefined && !message.deleted) return message;
  if (reply?.allow_sending_without_reply ?? params.flag('allow_sending_without_reply')) return undefined;
  throw badRequest('message to be replied not found');
}
