// The running channels: the console, and an adapter per account that is switched on. A changed token reconnects its own
// account alone. Used by app.ts.
import { z } from 'zod';
import {
  type Account,
  connectionSettings,
  enabledAccounts,
  openAccount,
  type PlatformParts,
} from '../../channels/index.ts';
import type { ForumMemory } from '../../channels/telegram/topics.ts';
import type { ChannelAdapter, ChannelEvents } from '../core/channel.ts';
import { accountKey } from '../delivery/account.ts';
import type { Config } from '../infra/config.ts';
import type { StoreFactory } from '../infra/keyed-store.ts';
import type { Log } from '../infra/log.ts';
import type { Seams } from './seams.ts';

export interface ChannelsOptions {
  readonly console: ChannelAdapter | undefined;
  readonly parts: PlatformParts;
  readonly log: Log;
  readonly events: (adapter: ChannelAdapter) => ChannelEvents;
  /** See `Seams`. */
  readonly seam?: Seams['adapter'] | undefined;
}

export class Channels {
  readonly #options: ChannelsOptions;
  readonly #open = new Map<string, ChannelAdapter>();
  /** What each account was connected with. */
  readonly #settings = new Map<string, string>();
  /** Changes one after another: two adapters of one account must never be connected at once. */
  #changing: Promise<void> = Promise.resolve();
  #started = false;
  #stopped = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    const { console } = options;
    if (console !== undefined) this.#open.set(keyOf(console), console);
  }

  /** By account key; live. */
  adapters(): ReadonlyMap<string, ChannelAdapter> {
    return this.#open;
  }

  /** Names of what is or will be connected. */
  names(): readonly string[] {
    return [...new Set([...this.#open.values()].map((adapter) => adapter.id))];
  }

  /** Opens what the config switches on and closes what it does not, or not any more. Resolves when that is done. */
  configure(config: Pick<Config, 'channels'>): Promise<void> {
    this.#changing = this.#changing
      .then(() => this.#change(enabledAccounts(config)))
      .catch((err: unknown) => this.#options.log.error({ err, code: 'channels_failed' }, 'channels were not changed'));
    return this.#changing;
  }

  /** Resolves once what was configured so far is open. Never rejects. */
  settled(): Promise<void> {
    return this.#changing;
  }

  /** The owner may be somebody else now. */
  refresh(): void {
    for (const adapter of this.#open.values()) adapter.refresh?.();
  }

  /** Connects everything. */
  async start(): Promise<void> {
    await this.#changing;
    this.#started = true;
    await Promise.all([...this.#open.values()].map((adapter) => this.#connect(adapter)));
  }

  /** Resolves when all have stopped. One that cannot holds up no other: each may still be storing what it was given. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#changing;
    const stopping = [...this.#open.values()].map((adapter) =>
      adapter.stop().catch((err: unknown) => {
        const { id: channel, account } = adapter;
        this.#options.log.error({ err, channel, account, code: 'channel_stop' }, 'a channel could not be stopped');
      }),
    );
    await Promise.all(stopping);
  }

  async #change(accounts: readonly Account[]): Promise<void> {
    if (this.#stopped) return;
    this.refresh();
    const wanted = new Map(
      accounts.map((account) => [accountKey({ channel: account.channel, account: account.name }), account]),
    );
    for (const [key, adapter] of this.#open) {
      const account = wanted.get(key);
      const same = account !== undefined && connectionSettings(account) === this.#settings.get(key);
      if (adapter.id === 'console' || same) continue;
      this.#open.delete(key);
      await adapter.stop();
      this.#options.log.info({ channel: adapter.id, account: adapter.account }, 'channel closed');
    }
    for (const [key, account] of wanted) {
      if (this.#open.has(key)) continue;
      const opened = await openAccount(account, this.#options.parts);
      const adapter = this.#options.seam?.(opened) ?? opened;
      this.#open.set(key, adapter);
      this.#settings.set(key, connectionSettings(account));
      if (this.#started) void this.#connect(adapter);
    }
  }

  async #connect(adapter: ChannelAdapter): Promise<void> {
    try {
      await adapter.start(this.#options.events(adapter));
    } catch (err) {
      const { id: channel, account } = adapter;
      this.#options.log.error({ err, channel, account, code: 'channel_failed' }, 'a channel could not be started');
    }
  }
}

function keyOf(adapter: ChannelAdapter): string {
  return accountKey({ channel: adapter.id, account: adapter.account });
}

/** Groups with topics, remembered per account. */
export async function forumMemory(stores: StoreFactory, log: Log, account: string): Promise<ForumMemory> {
  const store = stores('telegram-forums', z.boolean());
  const prefix = `${account}:`;
  const known = new Set<string>();
  for await (const [key, forum] of store.entries())
    if (forum && key.startsWith(prefix)) known.add(key.slice(prefix.length));
  return {
    known,
    set(chat, forum) {
      if (known.has(chat) === forum) return;
      if (forum) known.add(chat);
      else known.delete(chat);
      const stored = forum ? store.set(prefix + chat, true) : store.delete(prefix + chat);
      stored.catch((err: unknown) => log.warn({ err, chat }, 'it was not remembered whether a group has topics'));
    },
  };
}
