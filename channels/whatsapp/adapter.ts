// WhatsApp as a channel: puts the parts together and keeps their contract. Constructed by channels/index.ts, one per linked
// device.
import type { WASocket } from '@whiskeysockets/baileys';
import type {
  Capabilities,
  ChannelAdapter,
  ChannelEvents,
  ChannelHealth,
  Fetched,
  RateLimit,
  Sign,
} from '../../src/core/channel.ts';
import type { AccountLink, LinkView } from '../../src/core/link.ts';
import type { OutboundMessage, Receipt, RemoteFile } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import { Auth, type AuthMemory } from './auth.ts';
import { Connection } from './connection.ts';
import { Groups } from './groups.ts';
import { Identity, type IdentityMemory } from './identity.ts';
import { Intake } from './intake.ts';
import { chatRoute, writeJid } from './jid.ts';
import { Journal } from './journal.ts';
import { whatsappLimits } from './limits.ts';
import { fetchMedia, mediaHost } from './media.ts';
import { Moves } from './moves.ts';
import { Names } from './names.ts';
import { Quotable } from './quotable.ts';
import { maxText, Sending } from './sending.ts';
import { Sent, type SentMemory } from './sent.ts';
import { Signs } from './signs.ts';
import type { MakeSocket } from './socket.ts';
import { Typing } from './typing.ts';

/** What an account keeps across restarts. */
export interface WhatsappMemory {
  readonly auth: AuthMemory;
  readonly identity: IdentityMemory;
  readonly sent: SentMemory;
}

export interface WhatsappOptions {
  /** Account name from the config. */
  readonly account: string;
  /** Another web socket than WhatsApp's own. */
  readonly wsUrl?: string | undefined;
  readonly memory: WhatsappMemory;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  /** Linking has gone a step further. Never throws. */
  readonly linkChanged: (view: LinkView) => void;
  /** Where whoever hears of that puts the QR code as a picture. */
  readonly picture?: string | undefined;
  readonly makeSocket?: MakeSocket | undefined;
}

export class WhatsappAdapter implements ChannelAdapter {
  readonly id = 'whatsapp';
  readonly account: string;
  readonly can: Capabilities = {
    threads: false,
    edits: true,
    buttons: false,
    menus: true,
    tags: true,
    typing: true,
    signs: true,
    // A message has the id we give it, and shows once.
    idempotentSend: true,
    documents: true,
    lastingIds: true,
    maxText,
  };
  readonly link: AccountLink;
  readonly #options: WhatsappOptions;
  readonly #connection: Connection;
  readonly #sending: Sending;
  readonly #intake: Intake;
  readonly #groups: Groups;
  readonly #typing: Typing;
  readonly #signs: Signs;
  #events: ChannelEvents | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: WhatsappOptions) {
    const { account, memory, clock, ids, log } = options;
    this.account = account;
    this.#options = options;
    const events = (): ChannelEvents | undefined => this.#events;
    const socket = (): WASocket | undefined => this.#connection.socket();
    const me = () => this.#connection.me();
    const identity = new Identity(memory.identity);
    const moves = new Moves({ account, identity, me, events });
    const sent = new Sent(memory.sent, clock);
    const quotable = new Quotable();
    const journal = new Journal(memory.auth, log);
    this.#sending = new Sending({ socket, me, clock, log, identity, sent, quotable });
    this.#intake = new Intake({
      ...{ account, me, clock, log, identity, moves, sent, quotable, events, journal },
      names: new Names(identity),
    });
    this.#groups = new Groups({
      ...{ account, me, identity, events, log },
      learn: (one, other) => moves.learn(one, other),
    });
    this.#typing = new Typing({ socket, identity, clock });
    this.#signs = new Signs({ socket, quotable, identity });
    const { wsUrl, makeSocket, picture, linkChanged } = options;
    this.#connection = new Connection({
      ...{ account, clock, ids, log, wsUrl, makeSocket, picture, linkChanged },
      auth: new Auth(memory.auth, log),
      signalRepository: journal.signalRepository,
      attach: (made) => {
        journal.attach(made);
        this.#intake.attach(made);
        this.#groups.attach(made);
      },
      connected: () => this.#events?.connected(),
      alarm: (key, text) => this.#events?.alarm(key, text),
      getMessage: (key) => this.#sending.again(key),
      cachedGroupMetadata: (jid) => this.#groups.metadata(jid),
    });
    this.link = this.#connection;
  }

  start(events: ChannelEvents): Promise<void> {
    this.#events ??= events;
    return this.#connection.start();
  }

  deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    return this.#sending.deliver(route, message, key);
  }

  edit(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt> {
    return this.#sending.edit(route, messageId, message);
  }

  takesFiles(): boolean {
    return this.#sending.takesFiles();
  }

  /** Only oneself: nobody is written to who has not written first. */
  direct(person: string): Route | undefined {
    const own = this.accountOwner();
    return own === undefined || person !== own
      ? undefined
      : chatRoute(writeJid({ kind: 'pn', user: own }), this.account);
  }

  fetch(file: RemoteFile, maxBytes: number): Promise<Fetched> {
    const host = () => mediaHost(this.#connection.socket());
    return fetchMedia({ clock: this.#options.clock, host }, file, maxBytes);
  }

  limits(route: Route): readonly RateLimit[] {
    return whatsappLimits(route);
  }

  accountOwner(): string | undefined {
    return this.#connection.me()?.pn;
  }

  signal(route: Route, sign: Sign, message?: string): void {
    if (message !== undefined) this.#signs.put(route, message, sign);
    else if (sign === 'idle') this.#typing.end(route);
    else if (sign === 'typing') this.#typing.begin(route);
  }

  health(): ChannelHealth {
    return this.#connection.health();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#typing.close();
    await this.#connection.stop();
    await this.#intake.stop();
  }
}
