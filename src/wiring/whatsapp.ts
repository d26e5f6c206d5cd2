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
import { LinkNumbers } from './link-numbers.ts';
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
  /** Resolves once every adapter that is being made is there. Never rejects. */
  readonly adaptersMade: () => Promise<void>;
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
  /** Number a code was asked for. */
  phone: string | undefined;
  /** Aborts once it is stopped: it tells nothing more. */
  readonly gone: AbortController;
}

interface Look {
  /** As the connection numbers its steps. */
  readonly after: number;
  readonly leftMs: number;
  /** Whose connection it is, where it is no adapter's. */
  readonly linker: Linker | undefined;
}

/** Whoever watches asks again within seconds. */
const unwatchedMs = 60_000;
/** The command line's own patience is 30 s. */
const longestLookMs = 20_000;
/** An adapter that takes its account over is waited for so long. */
const takingMs = 15_000;

/** Links accounts of WhatsApp: through their adapter, or, while they are switched off, by a connection for that alone. */
export class Linkers implements LinkDesk {
  readonly #options: LinkersOptions;
  readonly #open = new Map<string, Linker>();
  /** Of accounts that are switched on. */
  readonly #pictures = new Map<string, QrPicture>();
  /** Accounts an adapter is being made for, each until it is there: two connections would make two identities of one. */
  readonly #taking = new Map<string, Promise<void>>();
  /** Numbers codes were asked for, of accounts that were taken over meanwhile. */
  readonly #phones = new Map<string, string>();
  readonly #numbers = new LinkNumbers();

  constructor(options: LinkersOptions) {
    this.#options = options;
  }

  /** Refused: `no_account`, `bad_number`, `not_ready`. */
  async begin(account: string, ask: LinkAsk): Promise<Result<LinkView>> {
    if (this.#options.config().channels.whatsapp.accounts[account] === undefined) {
      const fix = 'Leave --account out, or add it under channels.whatsapp.accounts.';
      return refuse('no_account', `There is no WhatsApp account "${account}".`, fix);
    }
    for (;;) {
      const linker = await this.#linker(account);
      const link = this.#options.adapterLink(account) ?? linker?.connection;
      if (link === undefined) {
        await this.#arrival(account, takingMs);
        if (!this.#taking.has(account)) continue;
        return refuse('not_ready', 'The account is being switched on.', 'Try again in a few seconds.');
      }
      if (linker !== undefined) linker.phone = ask.phone;
      this.#phones.delete(account);
      this.#watched(account);
      const begun = await link.begin(ask);
      if (!begun.ok) return begun;
      if (!this.#replaced(account, link)) return ok(this.#numbers.outside(account, link, begun.value));
    }
  }

  /** The first view newer than `after`, or the present one after some seconds. Refused: `not_linking`. */
  async next(account: string, after: number): Promise<Result<LinkView>> {
    const { clock } = this.#options;
    const until = clock.now() + longestLookMs;
    for (;;) {
      const leftMs = until - clock.now();
      const linker = this.#open.get(account);
      const link = this.#link(account);
      if (link === undefined) {
        if (!this.#taking.has(account)) return refuse('not_linking', 'Nothing is being linked.', 'Begin again.');
        if (leftMs <= 0) return ok({ seq: after, state: { kind: 'connecting' } });
        await this.#arrival(account, leftMs);
        continue;
      }
      this.#watched(account);
      const phone = this.#phones.get(account);
      this.#phones.delete(account);
      if (phone !== undefined) await link.begin({ phone });
      const view = await this.#look(link, { after: this.#numbers.inside(account, link, after), leftMs, linker });
      const [linked, replaced] = [view.state.kind === 'linked', this.#replaced(account, link)];
      // What it said of its end does not hold: the next connection goes on.
      if (replaced && !linked) continue;
      // What comes next is the adapter's business, or the next attempt's.
      if (linked && !replaced) await this.release(account);
      return ok(this.#numbers.outside(account, link, view));
    }
  }

  /** How far each account is that is switched on or being linked. */
  views(): readonly { readonly account: string; readonly view: LinkView }[] {
    const accounts = new Set([...this.#pictures.keys(), ...this.#open.keys()]);
    return [...accounts].flatMap((account) => {
      const link = this.#link(account);
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
    linker.gone.abort();
    await linker.picture.remove();
  }

  /** For an adapter that is about to connect: nothing else uses its account from now on. */
  async take(account: string, keyed: StoreFactory): Promise<WhatsappParts> {
    const made = this.#options.adaptersMade();
    this.#taking.set(account, made);
    void made.then(() => {
      if (this.#taking.get(account) === made) this.#taking.delete(account);
    });
    const phone = this.#open.get(account)?.phone;
    if (phone !== undefined) this.#phones.set(account, phone);
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

  #link(account: string): AccountLink | undefined {
    return this.#options.adapterLink(account) ?? this.#open.get(account)?.connection;
  }

  /** Another connection is in the place of this one, or is about to be. */
  #replaced(account: string, link: AccountLink): boolean {
    const present = this.#link(account);
    return present === undefined ? this.#taking.has(account) : present !== link;
  }

  /** Resolves once the adapter that takes the account over is there, or after this time. */
  async #arrival(account: string, longestMs: number): Promise<void> {
    const there = new AbortController();
    await Promise.race([this.#taking.get(account), this.#options.clock.sleep(longestMs, there.signal)]);
    there.abort();
  }

  async #look(link: AccountLink, { after, leftMs, linker }: Look): Promise<LinkView> {
    const enough = new AbortController();
    const timer = this.#options.clock.after(leftMs, () => enough.abort());
    const signals = [enough.signal, ...(linker === undefined ? [] : [linker.gone.signal])];
    const view = await link.changed(after, AbortSignal.any(signals));
    timer.cancel();
    return view;
  }

  /** Undefined where an adapter is, or is about to be. */
  async #linker(account: string): Promise<Linker | undefined> {
    const { adapterLink } = this.#options;
    if (adapterLink(account) !== undefined) return undefined;
    const [{ Connection }, { Auth }] = await Promise.all([
      import('../../channels/whatsapp/connection.ts'),
      import('../../channels/whatsapp/auth.ts'),
    ]);
    if (this.#open.get(account)?.done === true) await this.release(account);
    // From here on to the end nothing waits: nobody comes between.
    if (this.#taking.has(account) || adapterLink(account) !== undefined) return undefined;
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
    const gone = new AbortController();
    const linker: Linker = { connection, picture, idle, done: false, phone: undefined, gone };
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
