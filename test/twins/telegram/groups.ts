// A group or channel and what its people do to it: topics, members, the bot's rights, the upgrade to a supergroup. Made by
// twin.ts.
import type { User } from 'grammy/types';
import { setBot } from './membership.ts';
import type { Person } from './people.ts';
import { chatOf, type Room, type RoomMessage, type Topic, type Wire, type World } from './rooms.ts';
import { hear } from './speech.ts';
import { deleteTopic, openTopic } from './topics.ts';

/** Rights of an administrator by their names in the Bot API, a plain member, or not in the group. */
export type BotRights = { readonly [right: string]: boolean } | 'member' | 'absent';

export interface GroupOptions {
  readonly title?: string;
  readonly members?: readonly Person[];
  /** Administrators among the members. */
  readonly admins?: readonly Person[];
  readonly forum?: boolean;
  readonly botRights?: BotRights;
  /** Default `supergroup`. */
  readonly type?: 'supergroup' | 'group' | 'channel';
  readonly username?: string;
}

export class Group {
  readonly #world: World;
  readonly #room: Room;

  constructor(world: World, room: Room) {
    this.#world = world;
    this.#room = room;
  }

  get id(): number {
    return this.#room.id;
  }

  /** Those that are there, also made by the bot. */
  get topics(): readonly Topic[] {
    return [...this.#room.topics.values()].filter(({ deleted }) => !deleted);
  }

  /** A member opens a topic; the bot hears of it. */
  topic(name: string): Topic {
    const { topic, message } = openTopic(this.#world, this.#room, name, { user: this.#somebody() });
    hear(this.#world, this.#room, message);
    return topic;
  }

  closesTopic(topic: Topic | number): void {
    const open = this.#find(topic);
    open.closed = true;
    this.#announce({ forum_topic_closed: {} }, open);
  }

  reopensTopic(topic: Topic | number): void {
    const closed = this.#find(topic);
    closed.closed = false;
    this.#announce({ forum_topic_reopened: {} }, closed);
  }

  /** Its messages go with it; nobody is told. */
  deletesTopic(topic: Topic | number): void {
    deleteTopic(this.#room, this.#find(topic));
  }

  /** General takes no messages but from those who may manage topics. */
  closesGeneral(closed = true): void {
    this.#room.generalClosed = closed;
  }

  joins(person: Person): void {
    this.#room.members.set(person.id, 'member');
    this.#announce({ new_chat_members: [person.user] }, undefined, person.user);
  }

  leaves(person: Person): void {
    this.#room.members.delete(person.id);
    this.#announce({ left_chat_member: person.user }, undefined, person.user);
  }

  removesBot(): void {
    setBot(this.#world, this.#room, { status: 'kicked', rights: new Set() }, this.#somebody());
  }

  addsBot(rights: BotRights = 'member'): void {
    setBot(this.#world, this.#room, standing(rights), this.#somebody());
    this.#announce({ new_chat_members: [this.#world.bot] });
  }

  /** Makes the bot an administrator with these rights, or a plain member again. */
  promotesBot(rights: BotRights): void {
    setBot(this.#world, this.#room, standing(rights), this.#somebody());
  }

  /** The group becomes a supergroup with another id; the old one answers with the new id from here on. */
  upgrades(newId: number): Group {
    const old = this.#room;
    const room = this.#world.addRoom({
      ...{ id: newId, type: 'supergroup', title: old.title, bot: old.bot, members: new Map(old.members) },
    });
    this.#announce({ migrate_to_chat_id: newId });
    old.movedTo = newId;
    const group = new Group(this.#world, room);
    group.#announce({ migrate_from_chat_id: old.id });
    return group;
  }

  /** A service message, as the chat shows it. */
  #announce(more: Wire, topic?: Topic, by: User = this.#somebody()): void {
    const message: RoomMessage = {
      ...{ id: this.#world.nextMessageId(this.#room), at: this.#world.clock.now(), from: { user: by }, topic, more },
      ...{ text: '', source: '', entities: [], edits: 0, deleted: false },
    };
    this.#room.messages.set(message.id, message);
    hear(this.#world, this.#room, message);
  }

  #find(topic: Topic | number): Topic {
    const id = typeof topic === 'number' ? topic : topic.id;
    const found = this.#room.topics.get(id);
    if (found === undefined) throw new Error(`twin: there is no topic ${id} in ${chatOf(this.#world, this.#room).id}`);
    return found;
  }

  /** The first member acts where it does not matter who. */
  #somebody(): User {
    const [first] = this.#room.members.keys();
    return first === undefined ? { id: 1, is_bot: false, first_name: 'Somebody' } : this.#world.human(first).user;
  }
}

export function standing(rights: BotRights): Room['bot'] {
  if (rights === 'absent') return { status: 'left', rights: new Set() };
  if (rights === 'member') return { status: 'member', rights: new Set() };
  const granted = Object.keys(rights).filter((right) => rights[right]);
  return { status: 'administrator', rights: new Set(granted) };
}
