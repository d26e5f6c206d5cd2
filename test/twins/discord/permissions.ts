// What the bot may do where: permissions by the names discord.js has for them, and the refusals when one is missing
// (https://discord.com/developers/docs/topics/permissions). Used by the parts that answer calls.
import { refuse } from './refusal.ts';
import type { Channel, Guild, World } from './world.ts';

const positions = {
  ...{ CreateInstantInvite: 0, Administrator: 3, ManageChannels: 4, ManageGuild: 5, AddReactions: 6 },
  ...{ ViewChannel: 10, SendMessages: 11, ManageMessages: 13, EmbedLinks: 14, AttachFiles: 15 },
  ...{ ReadMessageHistory: 16, MentionEveryone: 17, UseExternalEmojis: 18, ManageRoles: 28, ManageWebhooks: 29 },
  ...{ UseApplicationCommands: 31, ManageThreads: 34, CreatePublicThreads: 35, CreatePrivateThreads: 36 },
  ...{ SendMessagesInThreads: 38 },
} as const;

export type Permission = keyof typeof positions;

export function bitsOf(names: readonly Permission[]): bigint {
  return names.reduce((bits, name) => bits | (1n << BigInt(positions[name])), 0n);
}

/** Everything but `Administrator`, which would make all the others pointless. */
export const all: bigint = bitsOf((Object.keys(positions) as Permission[]).filter((name) => name !== 'Administrator'));

/** What the bot may do in a channel; a thread has the permissions of its parent. */
export function granted(channel: Channel): bigint {
  const { guild } = channel;
  if (guild === undefined) return all;
  if (!guild.present) return 0n;
  if ((guild.granted & bitsOf(['Administrator'])) !== 0n) return all;
  return guild.granted & ~(channel.parent ?? channel).denied;
}

export const may = (channel: Channel, permission: Permission): boolean =>
  (granted(channel) & bitsOf([permission])) !== 0n;

/** @throws Refusal 50013 */
export function need(channel: Channel, permission: Permission): void {
  if (!may(channel, permission)) throw refuse(50013);
}

/** A channel the bot sees. @throws Refusal 10003, 50001 */
export function visible(world: World, id: string): Channel {
  const channel = world.channels.get(id);
  if (channel === undefined || channel.deleted || channel.parent?.deleted === true) throw refuse(10003);
  if (!may(channel, 'ViewChannel')) throw refuse(50001);
  return channel;
}

/** A guild the bot is in. @throws Refusal 10004 */
export function guildOf(world: World, id: string): Guild {
  const guild = world.guilds.get(id);
  if (guild === undefined || !guild.present) throw refuse(10004);
  return guild;
}

/** @throws Refusal for everything that keeps a message of the bot's out of a channel */
export function mustTakeMessages(world: World, channel: Channel): void {
  if (channel.kind === 'forum') throw refuse(50008);
  if (channel.recipient !== undefined && world.people.get(channel.recipient.id)?.closed === true) throw refuse(50007);
  need(channel, channel.kind === 'thread' ? 'SendMessagesInThreads' : 'SendMessages');
  // The strictest reading: a lock holds against everybody, also those who may lift it.
  if (channel.thread?.locked === true) throw refuse(160005);
}
