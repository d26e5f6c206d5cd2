// Guilds, channels and threads as tests hold them: made, archived, locked, taken away, with the permissions of the bot in
// them. Made by twin.ts.
import type { Person } from './people.ts';
import { all, bitsOf, type Permission } from './permissions.ts';
import { announce, post, removeChannel, setArchived, tellChannel } from './posting.ts';
import { openThread } from './threads.ts';
import { botRole, wholeGuild, wireMember, wireUser } from './wire.ts';
import type { Channel, Guild, World } from './world.ts';

/** Where something is: a channel, a thread, a person (direct messages) or an id. */
export type Place = { readonly id: string } | string;

export interface ThreadOptions {
  /** Who opens it. */
  readonly by: Person;
  /** The message it hangs on. */
  readonly from?: string;
}

export class GuildPlace {
  readonly id: string;
  readonly #world: World;
  readonly #guild: Guild;

  constructor(world: World, guild: Guild) {
    this.id = guild.id;
    this.#world = world;
    this.#guild = guild;
  }

  channel(name: string): ChannelPlace {
    return this.#add('text', name);
  }

  forum(name: string): ChannelPlace {
    return this.#add('forum', name);
  }

  /** A thread by its id, also one the bot made. */
  thread(id: Place): ThreadPlace {
    const wanted = typeof id === 'string' ? id : id.id;
    const channel = this.#world.channels.get(wanted);
    if (channel?.guild !== this.#guild || channel.kind !== 'thread')
      throw new Error(`twin: there is no thread ${wanted}`);
    return new ThreadPlace(this.#world, channel);
  }

  /** Those that are there, oldest first. */
  get threads(): readonly ThreadPlace[] {
    return this.#world.threadsOf(this.#guild).map((one) => new ThreadPlace(this.#world, one));
  }

  joins(...people: readonly Person[]): void {
    for (const { user } of people) {
      this.#guild.members.add(user.id);
      const member = { ...wireMember(this.#guild, user), user: wireUser(user), guild_id: this.id };
      this.#world.tell({ name: 'GUILD_MEMBER_ADD', data: member, where: this.#guild });
    }
  }

  leaves({ user }: Person): void {
    this.#guild.members.delete(user.id);
    const data = { guild_id: this.id, user: wireUser(user) };
    this.#world.tell({ name: 'GUILD_MEMBER_REMOVE', data, where: this.#guild });
  }

  /** In the whole guild, or in one channel. */
  removesPermission(name: Permission, channel?: ChannelPlace): void {
    if (channel !== undefined) channel.denies(name);
    else this.#grants(this.#guild.granted & ~bitsOf([name]));
  }

  grantsPermission(name: Permission, channel?: ChannelPlace): void {
    if (channel !== undefined) channel.allows(name);
    else this.#grants(this.#guild.granted | bitsOf([name]));
  }

  kicksBot(): void {
    this.#world.tell({ name: 'GUILD_DELETE', data: { id: this.id }, where: this.#guild });
    this.#guild.present = false;
  }

  invitesBot(): void {
    this.#guild.present = true;
    this.#world.tell({ name: 'GUILD_CREATE', data: wholeGuild(this.#world, this.#guild), where: this.#guild });
  }

  /** Discord has trouble with the guild: it is still there, nobody can reach it. */
  isUnavailable(unavailable = true): void {
    this.#guild.unavailable = unavailable;
    if (unavailable) this.#world.tell({ name: 'GUILD_DELETE', data: { id: this.id, unavailable }, where: this.#guild });
    else this.invitesBot();
  }

  #add(kind: 'text' | 'forum', name: string): ChannelPlace {
    const channel = this.#world.addChannel({ id: this.#world.ids.next(), kind, name, guild: this.#guild });
    tellChannel(this.#world, channel, 'CREATE');
    return new ChannelPlace(this.#world, channel);
  }

  #grants(permissions: bigint): void {
    this.#guild.granted = permissions;
    const data = { guild_id: this.id, role: botRole(this.#world, this.#guild) };
    this.#world.tell({ name: 'GUILD_ROLE_UPDATE', data, where: this.#guild });
  }
}

export class ChannelPlace {
  readonly id: string;
  readonly #world: World;
  readonly #channel: Channel;

  constructor(world: World, channel: Channel) {
    this.id = channel.id;
    this.#world = world;
    this.#channel = channel;
  }

  get name(): string {
    return this.#channel.name;
  }

  /** Somebody opens a thread. */
  thread(name: string, { by, from }: ThreadOptions): ThreadPlace {
    const message = from === undefined ? undefined : this.#channel.messages.get(from);
    const thread = openThread(this.#world, this.#channel, { name, by: by.user }, message);
    return new ThreadPlace(this.#world, thread);
  }

  /** Somebody opens a post in a forum. */
  post(name: string, text: string, by: Person): ThreadPlace {
    const thread = openThread(this.#world, this.#channel, { name, by: by.user });
    post(this.#world, thread, { id: thread.id, author: by.user, content: text });
    return new ThreadPlace(this.#world, thread);
  }

  /** Discord adds the preview of a link to a message: it changes, though nobody edited it. */
  unfurls(id: string): void {
    const message = this.#channel.messages.get(id);
    if (message === undefined) throw new Error(`twin: there is no message ${id}`);
    message.embeds = [{ type: 'link', url: 'https://example.org', title: 'Example' }];
    announce(this.#world, message, 'MESSAGE_UPDATE');
  }

  /** A webhook that is not the bot's says something. */
  webhookSays(text: string, name = 'Deploys'): string {
    const id = this.#world.ids.next();
    const author = { id, username: name, name, bot: true };
    return post(this.#world, this.#channel, { author, webhook: id, content: text }).id;
  }

  deletes(): void {
    removeChannel(this.#world, this.#channel);
  }

  denies(name: Permission): void {
    this.#channel.denied |= bitsOf([name]);
    tellChannel(this.#world, this.#channel, 'UPDATE');
  }

  allows(name: Permission): void {
    this.#channel.denied &= ~bitsOf([name]);
    tellChannel(this.#world, this.#channel, 'UPDATE');
  }
}

export class ThreadPlace {
  readonly id: string;
  readonly #world: World;
  readonly #channel: Channel;

  constructor(world: World, channel: Channel) {
    this.id = channel.id;
    this.#world = world;
    this.#channel = channel;
  }

  get name(): string {
    return this.#channel.name;
  }

  /** The channel it is in. */
  get parent(): string {
    return this.#channel.parent?.id ?? '';
  }

  get archived(): boolean {
    return this.#state.archived;
  }

  get locked(): boolean {
    return this.#state.locked;
  }

  /** Minutes. */
  get autoArchive(): number {
    return this.#state.autoArchive;
  }

  /** Ids of those who are in it. */
  get members(): readonly string[] {
    return [...this.#state.members];
  }

  archives(): void {
    setArchived(this.#world, this.#channel, true);
  }

  reopens(): void {
    setArchived(this.#world, this.#channel, false);
  }

  locks(locked = true): void {
    this.#state.locked = locked;
    tellChannel(this.#world, this.#channel, 'UPDATE');
  }

  renames(name: string): void {
    this.#channel.name = name;
    tellChannel(this.#world, this.#channel, 'UPDATE');
  }

  deletes(): void {
    removeChannel(this.#world, this.#channel);
  }

  get #state() {
    const { thread } = this.#channel;
    if (thread === undefined) throw new Error(`twin: ${this.id} is no thread`);
    return thread;
  }
}

/** @param permissions of the bot's role */
export function addGuild(world: World, name: string, permissions: readonly Permission[] | 'all'): GuildPlace {
  const id = (): string => world.ids.next();
  const guild: Guild = {
    ...{ id: id(), name, owner: id(), members: new Set<string>(), roles: { bot: id(), people: id() } },
    ...{ granted: permissions === 'all' ? all : bitsOf(permissions), present: true, unavailable: false },
  };
  world.guilds.set(guild.id, guild);
  const place = new GuildPlace(world, guild);
  place.invitesBot();
  return place;
}
