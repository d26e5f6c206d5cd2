// The console as a channel: one direct chat, `console:default:local`, whose person is the owner. Constructed by channels/index.ts.
import type { Capabilities, ChannelAdapter, ChannelEvents, ChannelHealth, Sign } from '../../src/core/channel.ts';
import type { InboundMessage, OutboundMessage, Receipt } from '../../src/core/message.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import type { Complete } from './completion.ts';
import { botText } from './format.ts';
import { consoleRoute, consoleSender } from './place.ts';
import { plainSurface } from './plain.ts';
import type { ConsoleStreams, Surface } from './surface.ts';
import { TerminalSurface } from './terminal.ts';

export interface ConsoleOptions extends ConsoleStreams {
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly log: Log;
  /** Lines typed on a terminal are remembered here, mode 0600. */
  readonly historyFile: string;
  /** Candidates for the last word of the line so far, for the tab key. */
  readonly complete: Complete;
  /** Resolves when nothing runs and nothing is owed. */
  readonly idle: () => Promise<void>;
  /** Called once when the person leaves, the terminal is gone, or piped input ended and `idle` resolved. */
  readonly closed: () => void;
}

const notStored = '⚠️ That message could not be stored and was not taken in. The log says why.';

/** Keys of messages shown by this process; older ones cannot come back, the outbox has their receipts. */
const rememberedKeys = 5000;

/** Tries on a terminal that is gone; the process is about to end. */
const goneMs = 1000;

export class ConsoleAdapter implements ChannelAdapter {
  readonly id = 'console';
  readonly account = 'default';
  /**
   * Progress is a new short line, a printed one cannot be changed. A repeated key is recognised within one process only:
   * what a killed process had printed is not known to the next, so `idempotentSend` is not claimed.
   */
  readonly can: Capabilities = {
    threads: false,
    edits: false,
    buttons: false,
    typing: true,
    idempotentSend: false,
    maxText: 100_000,
  };
  readonly #options: ConsoleOptions;
  readonly #terminal: boolean;
  readonly #surface: Surface;
  readonly #sent = new Map<string, Promise<Receipt>>();
  #state: 'new' | 'open' | 'ended' | 'stopped' = 'new';
  #broken: Error | undefined;
  #intake: Promise<void> = Promise.resolve();

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#terminal = options.input.isTTY === true && options.output.isTTY === true;
    this.#surface = this.#terminal ? new TerminalSurface(options) : plainSurface(options);
  }

  async start({ message: inbox, connected }: Pick<ChannelEvents, 'message' | 'connected'>): Promise<void> {
    if (this.#state !== 'new') return;
    this.#state = 'open';
    this.#options.output.on('error', this.#onBroken);
    this.#surface.open({
      message: (text) => {
        this.#intake = this.#intake.then(() => this.#take(text, inbox));
        return this.#intake;
      },
      ended: (how) => void this.#end(how),
    });
    connected();
  }

  deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    const before = this.#sent.get(key);
    if (before !== undefined) return before;
    const receipt = this.#show(route, message);
    this.#sent.set(key, receipt);
    void receipt.then(({ status }) => {
      if (status !== 'sent') this.#sent.delete(key);
    });
    const oldest = this.#sent.keys().next().value;
    if (this.#sent.size > rememberedKeys && oldest !== undefined) this.#sent.delete(oldest);
    return receipt;
  }

  signal(_route: Route, sign: Sign): void {
    if (sign === 'typing') this.#surface.busy(true);
    else if (sign === 'idle') this.#surface.busy(false);
  }

  health(): ChannelHealth {
    if (this.#broken !== undefined || this.#options.output.destroyed) {
      return { state: 'disconnected', detail: 'The terminal is gone.' };
    }
    switch (this.#state) {
      case 'new':
        return { state: 'stopped', detail: 'Not started.' };
      case 'open':
        return { state: 'connected', detail: 'Reading from this terminal.' };
      case 'ended':
        return { state: 'connected', detail: 'The input has ended; answers are still shown.' };
      case 'stopped':
        return { state: 'stopped', detail: 'Stopped.' };
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#surface.close();
    await this.#intake;
  }

  async #take(text: string, inbox: (message: InboundMessage) => Promise<void>): Promise<void> {
    const { ids, clock, log } = this.#options;
    const message: InboundMessage = {
      // Never a counter: ids are the dedupe key, across restarts too.
      id: ids.uuid(),
      route: consoleRoute,
      sender: consoleSender,
      chat: 'direct',
      text,
      mentionsBot: true,
      attachments: [],
      sentAt: clock.now(),
    };
    try {
      await inbox(message);
    } catch (err) {
      log.error({ err, code: 'console_intake' }, 'a message from the console was not stored');
      await this.#surface.show(notStored);
    }
  }

  async #show(route: Route, message: OutboundMessage): Promise<Receipt> {
    if (routeKey(route) !== routeKey(consoleRoute))
      return { status: 'refused', cause: `no such place: ${routeKey(route)}` };
    if (this.#state === 'new' || this.#state === 'stopped') {
      return { status: 'retry', afterMs: 1000, cause: 'the console is not open' };
    }
    const gone = this.#broken ?? (await this.#surface.show(botText(message.text)));
    if (gone !== undefined) {
      // A terminal does not come back to this process, but the next one has the same chat on another. A pipe's reader has left.
      return this.#terminal ? { status: 'retry', afterMs: goneMs, cause: gone } : { status: 'refused', cause: gone };
    }
    return { status: 'sent', messageIds: [this.#options.ids.uuid()] };
  }

  readonly #onBroken = (error: Error): void => {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    if (this.#state !== 'open') return;
    this.#surface.close();
    void this.#end('quit');
  };

  async #end(how: 'quit' | 'end'): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    await this.#intake;
    const { idle, log } = this.#options;
    if (how === 'end') {
      await idle().catch((err: unknown) =>
        log.error({ err, code: 'console_idle' }, 'could not wait for the end of the work'),
      );
    }
    // Stopped meanwhile: whoever did that knows already.
    if (this.#is('ended')) this.#options.closed();
  }

  #is(state: 'ended' | 'stopped'): boolean {
    return this.#state === state;
  }
}
