// How a message looks on the wire: the one place that makes Telegram's JSON of what rooms.ts keeps. Called by messages.ts,
// people.ts and speech.ts.
import { mediaKinds } from './files.ts';
import { chatOf, type Room, type RoomMessage, type Wire, type World } from './rooms.ts';

const hasMedia = (message: RoomMessage): boolean => mediaKinds.some((kind) => kind in message.more);

export function wireMessage(world: World, room: Room, message: RoomMessage): Wire {
  const quoted = quotedBy(room, message);
  return {
    ...bare(world, room, message),
    ...(quoted === undefined ? {} : { reply_to_message: bare(world, room, quoted) }),
  };
}

/** Without the message it answers: Telegram nests one level. */
function bare(world: World, room: Room, message: RoomMessage): Wire {
  const { text, entities, from, markup } = message;
  const field = hasMedia(message) ? 'caption' : 'text';
  return {
    message_id: message.id,
    ...(room.type === 'channel' ? {} : { from: from.user }),
    ...(from.chat === undefined ? {} : { sender_chat: from.chat }),
    chat: chatOf(world, room),
    date: Math.floor(message.at / 1000),
    ...thread(room, message),
    ...(message.edits === 0 ? {} : { edit_date: world.seconds() }),
    ...message.more,
    ...(text === '' ? {} : { [field]: text }),
    ...(text === '' || entities.length === 0 ? {} : { [field === 'text' ? 'entities' : 'caption_entities']: entities }),
    ...(markup === undefined ? {} : { reply_markup: markup }),
  };
}

/** A plain message in a topic answers the service message that opened it. */
function quotedBy(room: Room, message: RoomMessage): RoomMessage | undefined {
  const id = message.replyTo ?? (message.topic?.id === message.id ? undefined : message.topic?.id);
  const quoted = id === undefined ? undefined : room.messages.get(id);
  return quoted?.deleted === true ? undefined : quoted;
}

/** In supergroups a chain of replies has an id as well, that of its first message; it is no topic. */
function thread(room: Room, message: RoomMessage): Wire {
  if (message.topic !== undefined) return { message_thread_id: message.topic.id, is_topic_message: true };
  if (room.type !== 'supergroup' || message.replyTo === undefined) return {};
  let root = room.messages.get(message.replyTo);
  for (let above = root; above !== undefined; above = room.messages.get(above.replyTo ?? 0)) root = above;
  return root === undefined ? {} : { message_thread_id: root.id };
}
