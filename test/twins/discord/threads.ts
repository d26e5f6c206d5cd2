// Threads over REST and channels as such: open from a message, without one or as a forum post; change, delete, join
// (https://discord.com/developers/docs/topics/threads). Called by routes.ts; people open threads through it, too.
import { mustSaySomething, readPayload } from './payload.ts';
import { guildOf, may, need, visible } from './permissions.ts';
import { announce, post, removeChannel, setArchived, tellChannel } from './posting.ts';
import { invalid, notWithin, refuse } from './refusal.ts';
import { type Answer, created, empty, number, ok, type Request, text } from './request.ts';
import { wireChannel, wireMessage } from './wire.ts';
import { type Channel, type Guild, type Message, threadOn, types, type User, type Wire, type World } from './world.ts';

const durations = [60, 1440, 4320, 10080];
/** How many active threads a guild takes; commonly observed. */
const mostActive = 1000;

export interface Opening {
  readonly name: string;
  readonly by: User;
  readonly autoArchive?: number;
}

/** Opens a thread on a message, which gives it its id, or on its own, which the channel shows. */
export function openThread(world: World, parent: Channel, how: Opening, from?: Message): Channel {
  const { name, by, autoArchive = 4320 } = how;
  const id = from?.id ?? world.ids.next();
  const channel = world.addChannel({
    ...{ id, kind: 'thread', name, guild: parent.guild, parent },
    thread: {
      ...{ owner: by.id, archived: false, locked: false, autoArchive, since: world.clock.now() },
      members: new Set([by.id]),
    },
  });
  tellChannel(world, channel, 'CREATE', { newly_created: true });
  if (parent.kind === 'forum') return channel;
  if (from === undefined) post(world, parent, { author: by, content: name, type: types.threadCreated });
  else {
    post(world, channel, { author: from.author, type: types.threadStarter });
    // The message now says that it has a thread; nobody edited it.
    announce(world, from, 'MESSAGE_UPDATE');
  }
  return channel;
}

export class Threads {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  fromMessage({ ids: [id = '', messageId = ''], body }: Request): Answer {
    const parent = this.#parent(id);
    if (parent.kind !== 'text') throw refuse(50024);
    const message = parent.messages.get(messageId);
    if (message === undefined || message.deleted) throw refuse(10008);
    const how = this.#opening(body);
    if (threadOn(this.#world, message) !== undefined) throw refuse(160004);
    this.#mustHaveRoom(parent);
    return created(wireChannel(this.#world, openThread(this.#world, parent, how, message)));
  }

  /** On its own in a text channel; in a forum with the first message, which has the id of the thread. */
  open({ ids: [id = ''], body, files }: Request): Answer {
    const world = this.#world;
    const parent = this.#parent(id);
    if (parent.kind === 'text' && body.type === 12) throw refuse(50013);
    const how = this.#opening(body);
    this.#mustHaveRoom(parent);
    if (parent.kind === 'text') return created(wireChannel(world, openThread(world, parent, how)));
    if (parent.kind !== 'forum') throw refuse(50024);
    need(parent, 'SendMessages');
    const payload = readPayload(world, { body: (body.message ?? {}) as Wire, files });
    mustSaySomething(payload);
    const thread = openThread(world, parent, how);
    const message = post(world, thread, {
      ...{ id: thread.id, author: world.bot, content: payload.content ?? '', files: payload.files },
      ...{ embeds: payload.embeds ?? [], components: payload.components ?? [], pings: payload.pings },
    });
    return created({ ...wireChannel(world, thread), message: wireMessage(world, message) });
  }

  get({ ids: [id = ''] }: Request): Answer {
    return ok(wireChannel(this.#world, visible(this.#world, id)));
  }

  /** Name, archive, lock and duration of a thread; the name of a channel. */
  change({ ids: [id = ''], body }: Request): Answer {
    const channel = visible(this.#world, id);
    if (channel.kind === 'dm') throw refuse(50003);
    const name = text(body, 'name');
    if (name !== undefined) mustName(name);
    if (channel.thread === undefined) need(channel, 'ManageChannels');
    else this.#changeThread(channel, body);
    if (name !== undefined) channel.name = name;
    tellChannel(this.#world, channel, 'UPDATE');
    return ok(wireChannel(this.#world, channel));
  }

  delete({ ids: [id = ''] }: Request): Answer {
    const channel = visible(this.#world, id);
    need(channel, channel.kind === 'thread' ? 'ManageThreads' : 'ManageChannels');
    const whole = wireChannel(this.#world, channel);
    removeChannel(this.#world, channel);
    return ok(whole);
  }

  /** The active ones of a guild. */
  active({ ids: [id = ''] }: Request): Answer {
    const guild = guildOf(this.#world, id);
    const threads = this.#active(guild).filter((one) => may(one, 'ViewChannel'));
    return ok({ threads: threads.map((one) => wireChannel(this.#world, one)), members: [] });
  }

  /** The archived ones of a channel, the latest first. */
  archived({ ids: [id = ''] }: Request): Answer {
    const parent = visible(this.#world, id);
    need(parent, 'ReadMessageHistory');
    const under = [...this.#world.channels.values()].filter((one) => one.parent === parent && !one.deleted);
    const found = under.filter(({ thread }) => thread?.archived).sort((a, b) => since(b) - since(a));
    return ok({ threads: found.map((one) => wireChannel(this.#world, one)), members: [], has_more: false });
  }

  /** @param there joins, else leaves */
  member({ ids: [id = '', userId = '@me'] }: Request, there: boolean): Answer {
    const channel = visible(this.#world, id);
    if (channel.thread === undefined) throw refuse(50024);
    if (channel.thread.archived) throw refuse(50083);
    const user = userId === '@me' ? this.#world.bot.id : userId;
    if (user !== this.#world.bot.id && !this.#world.people.has(user)) throw refuse(10013);
    if (there) channel.thread.members.add(user);
    else channel.thread.members.delete(user);
    return empty;
  }

  #parent(id: string): Channel {
    const parent = visible(this.#world, id);
    if (parent.guild === undefined) throw refuse(50024);
    if (parent.kind !== 'forum') need(parent, 'CreatePublicThreads');
    return parent;
  }

  #opening(body: Wire): Opening {
    const name = text(body, 'name') ?? '';
    mustName(name);
    const autoArchive = number(body, 'auto_archive_duration');
    mustLast(autoArchive);
    return { name, by: this.#world.bot, ...(autoArchive === undefined ? {} : { autoArchive }) };
  }

  #changeThread(channel: Channel, body: Wire): void {
    const { thread } = channel;
    if (thread === undefined) return;
    const { archived, locked } = body;
    const manages = may(channel, 'ManageThreads');
    if (!manages && (thread.owner !== this.#world.bot.id || locked === false || thread.locked)) {
      // Anybody may open an archived thread that nobody locked.
      const opens = archived === false && Object.keys(body).length === 1 && !thread.locked;
      if (!opens) throw refuse(50013);
    }
    if (thread.archived && archived !== false && Object.keys(body).some((key) => key !== 'archived'))
      throw refuse(50083);
    const autoArchive = number(body, 'auto_archive_duration');
    mustLast(autoArchive);
    if (autoArchive !== undefined) thread.autoArchive = autoArchive;
    if (typeof locked === 'boolean') thread.locked = locked;
    if (typeof archived === 'boolean') setArchived(this.#world, channel, archived);
  }

  #active(guild: Guild): readonly Channel[] {
    return this.#world.threadsOf(guild).filter(({ thread }) => thread?.archived === false);
  }

  #mustHaveRoom({ guild }: Channel): void {
    if (guild !== undefined && this.#active(guild).length >= mostActive) throw refuse(160006);
  }
}

const since = ({ thread }: Channel): number => thread?.since ?? 0;

function mustName(name: string): void {
  if (name.length < 1 || name.length > 100) throw notWithin('name', 1, 100);
}

function mustLast(minutes: number | undefined): void {
  if (minutes !== undefined && !durations.includes(minutes))
    throw invalid('auto_archive_duration', 'BASE_TYPE_CHOICES', `Value must be one of {${durations.join(', ')}}.`);
}
