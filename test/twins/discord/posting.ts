// How a message gets into a channel and out again, whoever wrote it, and what the gateway tells of it. Called by the parts
// that send (messages.ts, webhooks.ts, interactions.ts) and by people.

import { wireChannel, wireMessage } from './wire.ts';
import { type Channel, type Message, types, type World } from './world.ts';

export type Draft = Pick<Message, 'author'> & Partial<Message>;

/** Puts a message into a channel; an archived thread opens again. */
export function post(world: World, channel: Channel, draft: Draft): Message {
  if (channel.thread?.archived === true) setArchived(world, channel, false);
  const message: Message = {
    ...{ id: world.ids.next(), channel, type: draft.replyTo === undefined ? types.said : types.reply },
    ...{ at: world.clock.now(), content: '', components: [], embeds: [], files: [], flags: 0, pings: [], edits: 0 },
    ...{ deleted: false, reactions: new Map() },
    ...draft,
  };
  channel.messages.set(message.id, message);
  if (message.type !== types.threadStarter) channel.thread?.members.add(message.author.id);
  announce(world, message);
  return message;
}

/** Tells of a new message; ephemeral ones reach nobody but their reader. */
export function announce(world: World, message: Message, name = 'MESSAGE_CREATE'): void {
  if (message.onlyFor !== undefined) return;
  world.tell({ name, data: wireMessage(world, message), where: message.channel, message });
}

export function change(world: World, message: Message): void {
  message.edits += 1;
  message.editedAt = world.clock.now();
  announce(world, message, 'MESSAGE_UPDATE');
}

export function remove(world: World, message: Message): void {
  message.deleted = true;
  const { channel, id, onlyFor } = message;
  if (onlyFor !== undefined) return;
  const guild = channel.guild === undefined ? {} : { guild_id: channel.guild.id };
  world.tell({ name: 'MESSAGE_DELETE', data: { id, channel_id: channel.id, ...guild }, where: channel });
}

export function setArchived(world: World, channel: Channel, archived: boolean): void {
  if (channel.thread === undefined || channel.thread.archived === archived) return;
  channel.thread.archived = archived;
  channel.thread.since = world.clock.now();
  tellChannel(world, channel, 'UPDATE');
}

/** CHANNEL_... or THREAD_... with the whole of it. */
export function tellChannel(world: World, channel: Channel, what: 'CREATE' | 'UPDATE', more: object = {}): void {
  if (channel.guild === undefined) return;
  const name = `${channel.kind === 'thread' ? 'THREAD' : 'CHANNEL'}_${what}`;
  world.tell({ name, data: { ...wireChannel(world, channel), ...more }, where: channel });
}

/** Takes a channel or thread away, with the threads under it. */
export function removeChannel(world: World, channel: Channel): void {
  const { id, guild, parent } = channel;
  const whole = wireChannel(world, channel);
  // Told first: afterwards nobody may see it.
  if (channel.kind === 'thread')
    world.tell({
      name: 'THREAD_DELETE',
      data: { id, guild_id: guild?.id, parent_id: parent?.id, type: whole.type },
      where: channel,
    });
  else if (guild !== undefined) world.tell({ name: 'CHANNEL_DELETE', data: whole, where: channel });
  channel.deleted = true;
}
