// The command menu of Telegram's clients, made from our own command table: one list for everybody, a longer one in the
// owner's chat. Called by adapter.ts after each connection; a failure is a warning, since every command also works as text.
import type { BotCommand, BotCommandScope } from 'grammy/types';
import type { Access } from '../../src/core/command.ts';
import type { TelegramApi } from './api.ts';

export interface MenuEntry {
  readonly name: string;
  readonly summary: string;
  readonly access: Access;
}

interface Menu {
  readonly scope: BotCommandScope;
  readonly commands: readonly BotCommand[];
}

/** core.telegram.org/bots/api#botcommand and #setmycommands. */
const nameRule = /^[a-z0-9_]{1,32}$/;
const longestDescription = 256;
const mostCommands = 100;

/** @param owners ids of the owner on Telegram; their direct chats have the same id */
function menus(entries: readonly MenuEntry[], owners: readonly string[]): readonly Menu[] {
  const everybody = entries.filter((entry) => entry.access === 'anyone');
  const own = owners
    .filter((id) => /^\d+$/.test(id))
    .map(
      (id): Menu => ({
        scope: { type: 'chat', chat_id: Number(id) },
        commands: listOf(entries),
      }),
    );
  return [{ scope: { type: 'default' }, commands: listOf(everybody) }, ...own];
}

/** Names Telegram cannot take stay reachable as text. */
function listOf(entries: readonly MenuEntry[]): readonly BotCommand[] {
  return entries
    .filter((entry) => nameRule.test(entry.name))
    .slice(0, mostCommands)
    .map(({ name, summary }) => ({ command: name, description: summary.slice(0, longestDescription) }));
}

export class CommandMenu {
  readonly #api: TelegramApi;
  #owners: readonly string[] = [];
  #missing = false;

  constructor(api: TelegramApi) {
    this.#api = api;
  }

  /** One was not set: an owner who never opened the bot has no chat yet. */
  get missing(): boolean {
    return this.#missing;
  }

  /** Sets what differs from what Telegram has; one that fails keeps no other from being set. Rejects with the first error. */
  async show(entries: readonly MenuEntry[], owners: readonly string[]): Promise<void> {
    const former = this.#owners.filter((id) => !owners.includes(id));
    this.#owners = owners;
    const all = [...menus(entries, owners).map((menu) => this.#set(menu)), ...former.map((id) => this.#forget(id))];
    const failed = (await Promise.allSettled(all)).find((one) => one.status === 'rejected');
    this.#missing = failed !== undefined;
    if (failed !== undefined) throw failed.reason;
  }

  async #set({ scope, commands }: Menu): Promise<void> {
    const have = await this.#api.call((bot, signal) => bot.getMyCommands({ scope }, signal));
    if (same(have, commands)) return;
    await this.#api.call((bot, signal) => bot.setMyCommands(commands, { scope }, signal));
  }

  /** Whoever is the owner no more sees what everybody sees. */
  async #forget(owner: string): Promise<void> {
    const scope: BotCommandScope = { type: 'chat', chat_id: Number(owner) };
    await this.#api.call((bot, signal) => bot.deleteMyCommands({ scope }, signal));
  }
}

function same(a: readonly BotCommand[], b: readonly BotCommand[]): boolean {
  const text = (list: readonly BotCommand[]): string =>
    JSON.stringify(list.map(({ command, description }) => [command, description]));
  return text(a) === text(b);
}
