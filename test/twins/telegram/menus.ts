// The bot's command menus by scope and language (https://core.telegram.org/bots/api#botcommandscope). Called by methods.ts.
import type { BotCommand, BotCommandScope } from 'grammy/types';
import type { Params } from './params.ts';
import { badRequest } from './refusal.ts';
import { isGroup, type Room, type World } from './rooms.ts';

const most = 100;

export class Menus {
  readonly #world: World;
  readonly #menus = new Map<string, readonly BotCommand[]>();

  constructor(world: World) {
    this.#world = world;
  }

  set(params: Params): true {
    const commands = params.object<BotCommand[]>('commands') ?? [];
    if (commands.length > most) throw badRequest('BOT_COMMANDS_TOO_MUCH');
    for (const { command, description } of commands) {
      if (!/^[a-z0-9_]{1,32}$/.test(command.replace(/^\//, ''))) throw badRequest('BOT_COMMAND_INVALID');
      if (description.trim() === '') throw badRequest('command description must be non-empty');
      if (description.length > 256) throw badRequest('BOT_COMMAND_DESCRIPTION_INVALID');
    }
    this.#menus.set(
      this.#key(params),
      commands.map(({ command, description }) => ({ command: command.replace(/^\//, ''), description })),
    );
    return true;
  }

  get(params: Params): readonly BotCommand[] {
    return this.#menus.get(this.#key(params)) ?? [];
  }

  delete(params: Params): true {
    this.#menus.delete(this.#key(params));
    return true;
  }

  /** What a person sees when they type `/` in a room: the narrowest scope that has a menu. */
  seenBy(person: number, room: Room): readonly BotCommand[] {
    const admin = ['creator', 'administrator'].includes(room.members.get(person) ?? '');
    const scopes = isGroup(room)
      ? [
          `chat_member ${room.id} ${person}`,
          ...(admin ? [`chat_administrators ${room.id}`] : []),
          `chat ${room.id}`,
          ...(admin ? ['all_chat_administrators'] : []),
          'all_group_chats',
          'default',
        ]
      : [`chat ${room.id}`, 'all_private_chats', 'default'];
    return scopes.map((scope) => this.#menus.get(`${scope} `)).find((menu) => menu !== undefined) ?? [];
  }

  #key(params: Params): string {
    const scope = params.object<BotCommandScope>('scope') ?? { type: 'default' };
    const chat = 'chat_id' in scope ? Number(scope.chat_id) : undefined;
    if (chat !== undefined && !this.#world.rooms.has(chat)) throw badRequest('chat not found');
    const user = 'user_id' in scope ? scope.user_id : undefined;
    return `${[scope.type, chat, user].filter((part) => part !== undefined).join(' ')} ${params.text('language_code') ?? ''}`;
  }
}
