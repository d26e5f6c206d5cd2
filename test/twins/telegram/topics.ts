// Forum topics, made and changed by the bot (https://core.telegram.org/bots/api#createforumtopic). Called by methods.ts;
// what people do to topics is in groups.ts.
import type { Params } from './params.ts';
import { may, reachable } from './reach.ts';
import { badRequest } from './refusal.ts';
import type { Room, RoomMessage, Speaker, Topic, Wire, World } from './rooms.ts';

const colors = [7322096, 16766590, 13338331, 9367192, 16749490, 16478047];

export class Topics {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  create(params: Params): Wire {
    const room = this.#room(params, 'not enough rights to create a topic');
    const name = params.text('name') ?? '';
    if (name === '' || name.length > 128) throw badRequest('TOPIC_TITLE_EMPTY');
    const color = params.integer('icon_color') ?? colors[0];
    if (!colors.includes(color ?? 0)) throw badRequest('TOPIC_ICON_COLOR_INVALID');
    const { topic } = openTopic(this.#world, room, name, { user: this.#world.bot });
    return { message_thread_id: topic.id, name, icon_color: color };
  }

  edit(params: Params): true {
    const { topic } = this.#topic(params);
    const name = params.text('name');
    if (name !== undefined && (name === '' || name.length > 128)) throw badRequest('TOPIC_TITLE_EMPTY');
    if (name === undefined || name === topic.name) throw badRequest('TOPIC_NOT_MODIFIED');
    topic.name = name;
    return true;
  }

  set(params: Params, closed: boolean): true {
    const { room, topic } = this.#topic(params);
    if (room.type === 'private') throw badRequest('the chat is not a forum');
    if (topic.closed === closed) throw badRequest('TOPIC_NOT_MODIFIED');
    topic.closed = closed;
    return true;
  }

  delete(params: Params): true {
    const { room, topic } = this.#topic(params);
    deleteTopic(room, topic);
    return true;
  }

  #room(params: Params, lacking: string): Room {
    const room = reachable(this.#world, params);
    const possible = room.forum || (room.type === 'private' && this.#world.topicsInDms);
    if (!possible) throw badRequest('the chat is not a forum');
    if (room.type !== 'private' && !may(room, 'can_manage_topics')) throw badRequest(lacking);
    return room;
  }

  #topic(params: Params): { readonly room: Room; readonly topic: Topic } {
    const room = this.#room(params, 'not enough rights to manage topics');
    const topic = room.topics.get(params.integer('message_thread_id') ?? 0);
    if (topic === undefined || topic.deleted) throw badRequest('TOPIC_ID_INVALID');
    return { room, topic };
  }
}

/** Opens a topic; its service message is in the room, but nobody is told yet. */
export function openTopic(
  world: World,
  room: Room,
  name: string,
  from: Speaker,
): { readonly topic: Topic; readonly message: RoomMessage } {
  const id = world.nextMessageId(room);
  const topic: Topic = { id, name, closed: false, deleted: false };
  const message: RoomMessage = {
    ...{ id, from, at: world.clock.now(), topic, text: '', source: '', entities: [], edits: 0, deleted: false },
    more: { forum_topic_created: { name, icon_color: colors[0] } },
  };
  room.topics.set(id, topic);
  room.messages.set(id, message);
  return { topic, message };
}

/** A topic goes with all of its messages. */
export function deleteTopic(room: Room, topic: Topic): void {
  topic.deleted = true;
  for (const message of room.messages.values()) if (message.topic === topic) message.deleted = true;
}
