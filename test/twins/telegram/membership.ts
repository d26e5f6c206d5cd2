// The bot's standing in a room and how it is told that it changed. Called by methods.ts, people.ts and groups.ts.
import type { User } from 'grammy/types';
import { chatOf, type Room, type Wire, type World } from './rooms.ts';

const allRights = [
  ...['can_manage_chat', 'can_delete_messages', 'can_manage_video_chats', 'can_restrict_members'],
  ...['can_promote_members', 'can_change_info', 'can_invite_users', 'can_post_stories', 'can_edit_stories'],
  ...['can_delete_stories', 'can_pin_messages', 'can_manage_topics'],
];

/** The bot as a `ChatMember`. */
export function botMember(world: World, { status, rights }: Room['bot']): Wire {
  if (status === 'kicked') return { user: world.bot, status, until_date: 0 };
  if (status !== 'administrator') return { user: world.bot, status };
  const flags = Object.fromEntries(allRights.map((right) => [right, rights.has(right)]));
  return { user: world.bot, status, can_be_edited: false, is_anonymous: false, ...flags };
}

/** Changes the bot's standing and tells it. @param by who did it */
export function setBot(world: World, room: Room, to: Room['bot'], by: User): void {
  const from = room.bot;
  room.bot = to;
  world.tell('my_chat_member', {
    ...{ chat: chatOf(world, room), from: by, date: world.seconds() },
    old_chat_member: botMember(world, from),
    new_chat_member: botMember(world, to),
  });
}
