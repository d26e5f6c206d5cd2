// Discord's JSON of what world.ts keeps: users, members, channels, threads, guilds, messages. The one place that makes it.
import { all, may } from './permissions.ts';
import {
  type Channel,
  flags,
  type Guild,
  isMine,
  kinds,
  type Message,
  type StoredFile,
  threadOn,
  type User,
  type Wire,
  type World,
} from './world.ts';

const iso = (at: number): string => new Date(at).toISOString();

export const wireUser = ({ id, username, name, bot }: User): Wire => ({
  ...{ id, username, global_name: bot ? null : name, discriminator: '0', avatar: null, bot },
  ...{ public_flags: 0, system: false },
});

export const wireMember = (guild: Guild, user: User): Wire => ({
  ...{ nick: null, avatar: null, roles: [user.bot ? guild.roles.bot : guild.roles.people] },
  ...{ joined_at: iso(Date.UTC(2025, 0, 1)), premium_since: null, deaf: false, mute: false, flags: 0, pending: false },
});

export function wireChannel(world: World, channel: Channel): Wire {
  const { id, kind, name, guild, recipient, denied } = channel;
  const base = { id, type: kinds[kind], last_message_id: [...channel.messages.keys()].at(-1) ?? null, flags: 0 };
  if (recipient !== undefined) return { ...base, recipients: [wireUser(recipient)] };
  const named = { ...base, name, guild_id: guild?.id, rate_limit_per_user: 0 };
  if (channel.thread !== undefined) return { ...named, ...threadFields(world, channel) };
  return {
    ...{ ...named, position: 0, parent_id: null, topic: null, nsfw: false, default_auto_archive_duration: 4320 },
    ...(kind === 'forum' ? { available_tags: [], default_reaction_emoji: null, default_sort_order: null } : {}),
    permission_overwrites: denied === 0n ? [] : [{ id: world.bot.id, type: 1, allow: '0', deny: String(denied) }],
  };
}

function threadFields(world: World, { id, parent, thread, messages }: Channel): Wire {
  if (thread === undefined) return {};
  const { archived, locked, autoArchive, since, members, owner } = thread;
  return {
    ...{ parent_id: parent?.id, owner_id: owner, member_count: members.size },
    ...{ message_count: messages.size, total_message_sent: messages.size, applied_tags: [] },
    thread_metadata: {
      ...{ archived, locked, auto_archive_duration: autoArchive, archive_timestamp: iso(since), invitable: true },
      create_timestamp: iso(since),
    },
    ...(members.has(world.bot.id)
      ? { member: { id, user_id: world.bot.id, join_timestamp: iso(since), flags: 0 } }
      : {}),
  };
}

function wireRole(id: string, name: string, more: { readonly permissions: bigint; readonly managed?: Wire }): Wire {
  return {
    ...{ id, name, permissions: String(more.permissions), managed: more.managed !== undefined, color: 0, position: 1 },
    ...{ colors: { primary_color: 0, secondary_color: null, tertiary_color: null } },
    ...{ hoist: false, mentionable: false, flags: 0, icon: null, unicode_emoji: null },
    ...(more.managed === undefined ? {} : { tags: more.managed }),
  };
}

export const botRole = (world: World, guild: Guild): Wire =>
  wireRole(guild.roles.bot, world.bot.name, { permissions: guild.granted, managed: { bot_id: world.bot.id } });

export function wireGuild(world: World, guild: Guild): Wire {
  const { id, name, owner, members } = guild;
  return {
    ...{ id, name, owner_id: owner, icon: null, splash: null, banner: null, description: null, features: [] },
    ...{ afk_channel_id: null, afk_timeout: 300, verification_level: 0, default_message_notifications: 1 },
    ...{ explicit_content_filter: 0, mfa_level: 0, nsfw_level: 0, premium_tier: 0, preferred_locale: 'en-US' },
    ...{ system_channel_id: null, system_channel_flags: 0, rules_channel_id: null, emojis: [], stickers: [] },
    ...{ application_id: null, vanity_url_code: null, premium_progress_bar_enabled: false },
    roles: [
      wireRole(id, '@everyone', { permissions: 0n }),
      wireRole(guild.roles.people, 'People', { permissions: all }),
      botRole(world, guild),
    ],
    ...{ member_count: members.size + 1, large: false, unavailable: false, joined_at: iso(Date.UTC(2025, 0, 1)) },
  };
}

/** As GUILD_CREATE tells it: with the bot as a member, the channels it knows of and the threads that are active. */
export function wholeGuild(world: World, guild: Guild): Wire {
  const channels = [...world.channels.values()].filter((one) => one.guild === guild && !one.deleted);
  const threads = channels.filter(({ thread, parent }) => thread?.archived === false && parent?.deleted !== true);
  return {
    ...wireGuild(world, guild),
    channels: channels.filter(({ kind }) => kind !== 'thread').map((one) => wireChannel(world, one)),
    threads: threads.filter((one) => may(one, 'ViewChannel')).map((one) => wireChannel(world, one)),
    members: [{ ...wireMember(guild, world.bot), user: wireUser(world.bot) }],
    ...{ presences: [], voice_states: [], stage_instances: [], guild_scheduled_events: [], soundboard_sounds: [] },
  };
}

export const wireFile = (world: World, { id, name, data, type }: StoredFile): Wire => ({
  ...{ id, filename: name, size: data.byteLength, url: `${world.filesUrl}/${id}/${encodeURIComponent(name)}` },
  proxy_url: `${world.filesUrl}/${id}/${encodeURIComponent(name)}`,
  ...(type === undefined ? {} : { content_type: type }),
});

export interface Reading {
  /** The content may be read: the intent is there, or the message needs none. */
  readonly content: boolean;
}

/**
 * A message as REST and the gateway show it.
 * @param reading without the content where the bot may not read it
 */
export function wireMessage(world: World, message: Message, reading: Reading = { content: true }): Wire {
  const { channel, author, webhook, nonce, replyTo } = message;
  const quoted = replyTo === undefined ? undefined : channel.messages.get(replyTo);
  const thread = threadOn(world, message);
  return {
    ...bare(world, message, reading),
    ...(channel.guild === undefined || webhook !== undefined ? {} : { member: wireMember(channel.guild, author) }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(thread === undefined || thread === channel ? {} : { thread: wireChannel(world, thread) }),
    ...(replyTo === undefined
      ? {}
      : { referenced_message: quoted === undefined || quoted.deleted ? null : bare(world, quoted, reading) }),
  };
}

function bare(world: World, message: Message, { content }: Reading): Wire {
  const { id, channel, author, at, editedAt, webhook, replyTo, interaction, type } = message;
  const { guild } = channel;
  const hasThread = threadOn(world, message) === undefined ? 0 : flags.hasThread;
  return {
    ...{ id, channel_id: channel.id, channel_type: kinds[channel.kind], author: wireUser(author), type },
    ...(guild === undefined ? {} : { guild_id: guild.id }),
    ...{ timestamp: iso(at), edited_timestamp: editedAt === undefined ? null : iso(editedAt) },
    content: content ? message.content : '',
    attachments: content ? message.files.map((file) => wireFile(world, file)) : [],
    embeds: content ? message.embeds : [],
    components: content ? message.components : [],
    ...mentionsOf(world, message),
    ...{ tts: false, pinned: false, flags: message.flags | hasThread },
    ...(webhook === undefined ? {} : { webhook_id: webhook }),
    ...(isMine(world, message) ? { application_id: world.bot.id } : {}),
    ...(interaction === undefined ? {} : { interaction_metadata: interaction }),
    ...(replyTo === undefined
      ? {}
      : { message_reference: { type: 0, channel_id: channel.id, message_id: replyTo, guild_id: guild?.id } }),
    ...(message.forwards === undefined || !content ? {} : forwarding(world, message.forwards)),
    reactions: [...message.reactions].map(([name, by]) => ({
      ...{ emoji: { id: null, name }, count: by.size, me: by.has(world.bot.id), me_burst: false, burst_colors: [] },
      count_details: { burst: 0, normal: by.size },
    })),
  };
}

/** What is passed on comes without its author (https://discord.com/developers/docs/resources/message#message-snapshot-object). */
function forwarding(world: World, passed: Message): Wire {
  const { id, channel, at, editedAt, type, content, files, embeds, components } = passed;
  return {
    message_reference: { type: 1, channel_id: channel.id, message_id: id, guild_id: channel.guild?.id },
    message_snapshots: [
      {
        message: {
          ...{ type, content, embeds, components, flags: passed.flags, ...mentionsOf(world, passed) },
          ...{ timestamp: iso(at), edited_timestamp: editedAt === undefined ? null : iso(editedAt) },
          attachments: files.map((file) => wireFile(world, file)),
        },
      },
    ],
  };
}

function mentionsOf(world: World, { pings, content, channel }: Message): Wire {
  const known = pings.flatMap((id) => (id === world.bot.id ? world.bot : (world.people.get(id)?.user ?? [])));
  const roles = [...content.matchAll(/<@&(\d+)>/g)].flatMap(([, id = '']) => (channel.guild === undefined ? [] : id));
  return {
    ...{ mentions: known.map(wireUser), mention_roles: roles, mention_everyone: pings.includes('everyone') },
  };
}

/** Without the intent the bot still reads what concerns it: direct messages, its own, those that mention it. */
export function readable(world: World, message: Message, intent: boolean): boolean {
  return (
    intent ||
    message.channel.guild === undefined ||
    message.author.id === world.bot.id ||
    message.pings.includes(world.bot.id)
  );
}
