// Linking phones to accounts of WhatsApp, those that are switched on and those that are not. Used by app.ts and the command line.
import { join } from 'node:path';
import type { WhatsappParts } from '../../channels/index.ts';
import type { Connection } from '../../channels/whatsapp/connection.ts';
import type { EngineHandlers, LinkDesk } from '../cli/engine-port.ts';
import type { AccountLink, LinkAsk, LinkView } from '../core/link.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { StoreFactory } from '../infra/keyed-store.ts';
import type { Log } from '../infra/log.ts';
import { QrPicture } from './qr-picture.ts';
import { authMemory, whatsappMemory } from './whatsapp-memory.ts';

/** Where the QR code of an account lies while there is one. */
export function picturePath(home: string, account: string): string {
  return join(home, account === 'default' ? 'whatsapp-qr.png' : `whatsapp-qr-${account}.png`);
}

export interface LinkersOptions {
  /** State folder. */
  readonly home: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  readonly config: () => Pick<Config, 'channels'>;
  /** The link of an account that is switched on. */
  readonly adapterLink: (account: string) => AccountLink | undefined;
  /** Shows people how the link of an account that is switched on comes along. */
  readonly show?: ((account: string, view: LinkView) => void) | undefined;
}

/** A connection for linking alone. */
interface Linker {
  readonly connection: Connection;
  readonly picture: QrPicture;
  /** Ends it when nobody asks how it goes any more. */
  idle: Timer;
  /** It has linked the account, and connects no more. */
  done: boolean;
}

/** Whoever watches asks again within seconds. */
const unwatchedMs = 60_000;
/** The command line's own patience is 30 s. */
const longestLookMs = 20_000;
/** An adapter that takes its account over is there within this time. */
const takingMs = 10_000;

/** Links accounts of WhatsApp: through their adapter, or, while they are switched off, by a connection for that alone. */
export class Linkers implements LinkDesk {
  readonly #options: LinkersOptions;
  readonly #open = new Map<string, Linker>();
  /** Of accounts that are switched on. */
  readonly #pictures = new Map<string, QrPicture>();
  /** When an adapter was made for an account: two connections would make two identities of one. */
  readonly #takenAt = new Map<string, number>();

  constructor(options: LinkersOptions) {
    this.#options = options;
  }

  /** Refused: `no_account`, `bad_number`, `not_ready`. */
  async begin(account: string, ask: LinkAsk): Promise<Result<LinkView>> {
    const { config, adapterLink } = this.#options;
    if (config().channels.whatsapp.accounts[account] === undefined) {
      const fix = 'Leave --account out, or add it under channels.whatsapp.accounts.';
      return refuse('no_account', `There is no WhatsApp account "${account}".`, fix);
    }
    const link = adapterLink(account) ?? (await this.#linker(account))?.connection;
    if (link === undefined)
      return refuse('not_ready', 'The account is being switched on.', 'Try again in a few seconds.');
    return link.begin(ask);
  }

  /** The first view newer than `after`, or the present one after some seconds. Refused: `not_linking`. */
  async next(account: string, after: number): Promise<Result<LinkView>> {
    const linker = this.#open.get(account);
    const link = this.#options.adapterLink(account) ?? linker?.connection;
    if (link === undefined) return refuse('not_linking', 'Nothing is being linked.', 'Begin again.');
    const { clock } = this.#options;
    this.#watched(account);
    const enough = new AbortController();
    const timer = clock.after(longestLookMs, () => enough.abort());
    const view = await link.changed(after, enough.signal);
    timer.cancel();
    // What comes next is the adapter's business, or the next attempt's.
    if (linker !== undefined && view.state.kind === 'linked') await this.release(account);
    return ok(view);
  }

  /** How far each account is that is switched on or being linked. */
  views(): readonly { readonly account: string; readonly view: LinkView }[] {
    const accounts = new Set([...this.#pictures.keys(), ...this.#open.keys()]);
    return [...accounts].flatMap((account) => {
      const link = this.#options.adapterLink(account) ?? this.#open.get(account)?.connection;
      return link === undefined ? [] : [{ account, view: link.view() }];
    });
  }

  /** Resolves once no connection of ours uses the account. */
  async release(account: string): Promise<void> {
    const linker = this.#open.get(account);
    if (linker === undefined) return;
    this.#open.delete(account);
    linker.idle.cancel();
    await linker.connection.stop();
    await linker.picture.remove();
  }

  /** For an adapter that is about to connect: nothing else uses its account from now on. */
  async take(account: string, keyed: StoreFactory): Promise<WhatsappParts> {
    this.#takenAt.set(account, this.#options.clock.now());
    await this.release(account);
    const { home, database, log, show } = this.#options;
    const path = picturePath(home, account);
    const picture = new QrPicture(path, log);
    this.#pictures.set(account, picture);
    return {
      memory: await whatsappMemory({ database, keyed, log }, account),
      picture: path,
      linkChanged: (view) => {
        picture.show(view);
        show?.(account, view);
      },
    };
  }

  /** Resolves with nothing connected for linking alone, and no code left in the state folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((account) => this.release(account)));
    await Promise.all([...this.#pictures.values()].map((picture) => picture.remove()));
  }

  #beingTaken(account: string): boolean {
    const since = this.#takenAt.get(account);
    return since !== undefined && this.#options.clock.now() - since < takingMs;
  }

  /** Undefined while an adapter is about to connect. */
  async #linker(account: string): Promise<Linker | undefined> {
    const [{ Connection }, { Auth }] = await Promise.all([
      import('../../channels/whatsapp/connection.ts'),
      import('../../channels/whatsapp/auth.ts'),
    ]);
    if (this.#open.get(account)?.done === true) await this.release(account);
    // From here on to the end nothing waits: nobody comes between.
    if (this.#beingTaken(account)) return undefined;
    const known = this.#open.get(account);
    if (known !== undefined) return known;
    const { home, database, clock, ids, config } = this.#options;
    const log = this.#options.log.child({ channel: 'whatsapp', account });
    const path = picturePath(home, account);
    const picture = new QrPicture(path, log);
    const connection = new Connection({
      ...{ account, clock, ids, log, picture: path },
      auth: new Auth(authMemory(database, account), log),
      wsUrl: config().channels.whatsapp.accounts[account]?.wsUrl,
      linkChanged: (view) => {
        picture.show(view);
        if (view.state.kind !== 'linked') return;
        // Nobody listens here: what is written to the account from now on must wait for its adapter.
        linker.done = true;
        void connection.stop();
      },
      getMessage: async () => undefined,
      cachedGroupMetadata: async () => undefined,
      ...{ attach: () => undefined, connected: () => undefined, alarm: () => undefined },
    });
    const idle = clock.after(unwatchedMs, () => void this.release(account));
    const linker: Linker = { connection, picture, idle, done: false };
    this.#open.set(account, linker);
    return linker;
  }

  #watched(account: string): void {
    const linker = this.#open.get(account);
    if (linker === undefined) return;
    linker.idle.cancel();
    linker.idle = this.#options.clock.after(unwatchedMs, () => void this.release(account));
  }
}

export type LinkVerb = 'link.begin' | 'link.next';

/** What the command line may ask of a running process about links. */
export function linkHandlers(links: LinkDesk): Pick<EngineHandlers, LinkVerb> {
  return {
    'link.begin': ({ account, ...ask }) => links.begin(account, ask),
    'link.next': ({ account, after }) => links.next(account, after),
  };
}
