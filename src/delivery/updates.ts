// Messages that change while work goes on: first a send, then edits. Best effort and never owed: only the newest text of each
// is kept, and it goes out when the pacer has room and nothing owed waits for the chat.
// Made by src/wiring/delivery.ts; spoken to by progress.ts.
import type { ChannelAdapter } from '../core/channel.ts';
import type { OutboundMessage, Receipt } from '../core/message.ts';
import type { Route } from '../core/route.ts';
import { splitText } from '../core/split.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import { type Adapters, adapterFor } from './account.ts';
import { afterShowing, editEveryMs, pauseMs } from './after-showing.ts';
import { answer } from './answer.ts';
import type { ClosedPlaces } from './closed-places.ts';
import { type Pacer, type Target, targetOf } from './pacer.ts';

export interface UpdatesOptions {
  readonly clock: Clock;
  readonly adapters: Adapters;
  readonly log: Pick<Log, 'debug'>;
  readonly pacer: Pacer;
  readonly closed: Pick<ClosedPlaces, 'reason' | 'note'>;
  /** Stores that something is about to be sent: it counts against the limits of the next process too. */
  readonly note: (route: Route) => Promise<void>;
  /** Whether something owed waits for a chat (see `chatKey`) or is being sent there. */
  readonly waitsFor: (chat: string) => boolean;
}

/** A message that was sent by somebody else. */
interface Standing {
  readonly messageId: string;
  readonly message: OutboundMessage;
  readonly everyMs: number;
}

interface Live {
  readonly key: string;
  readonly route: Route;
  /** To be shown next. */
  wanted: OutboundMessage | undefined;
  /** Last shown. */
  shown: OutboundMessage | undefined;
  /** Shortest time between two changes, where the limits of the platform allow more. */
  readonly everyMs: number;
  messageId: string | undefined;
  /** Messages sent for it; more than one when the first could not be changed any more. */
  sends: number;
  busy: boolean;
  dueAt: number;
  /** In a row. */
  failures: number;
  /** Nothing more will be shown. */
  over: boolean;
  finishedAt: number | undefined;
}

/** An answer that takes longer is not waited for: what is owed to the chat must not wait with it. */
const answerWithinMs = 10_000;
/** While something owed waits for the chat, or the channel is not connected. */
const lookAgainMs = 1000;
/** A last text that could not be shown within this time is forgotten. */
const lastWithinMs = 10 * 60_000;

export class Updates {
  readonly #options: UpdatesOptions;
  readonly #byKey = new Map<string, Live>();
  /** What may still be shown; who was served last comes last. */
  readonly #open = new Set<Live>();
  #timer: { readonly at: number; readonly timer: Timer } | undefined;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    options.pacer.watch(() => this.#pump());
  }

  /** Messages that are not over. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Shows this text in the message of that key, which is sent with the first one. Texts that come faster than they can
   * be shown replace each other. Every key ends with `finish` and names no other message after that.
   */
  update(key: string, route: Route, message: OutboundMessage): void {
    const live = this.#byKey.get(key) ?? this.#begin(key, route);
    if (live.over) return;
    const idle = live.wanted === undefined && !live.busy;
    if (idle && isSame(live.shown, message)) return;
    live.wanted = message;
    if (idle) this.#pump();
  }

  /**
   * Takes over a message that stands in the chat already; `update` and `finish` then change it under this key. Once it
   * is deleted nothing takes its place.
   */
  adopt(key: string, route: Route, { messageId, message, everyMs }: Standing): void {
    const live = this.#begin(key, route, everyMs);
    Object.assign(live, { messageId, shown: message, sends: Infinity, dueAt: this.#options.clock.now() + everyMs });
  }

  /**
   * The work is over. A last text is tried for ten minutes, if anything of this key is visible: what nobody saw needs no
   * ending. Without one the message stays as it is.
   */
  finish(key: string, message?: OutboundMessage): void {
    const live = this.#byKey.get(key);
    if (live === undefined) return;
    this.#byKey.delete(key);
    live.finishedAt = this.#options.clock.now();
    live.wanted = message;
    if (message === undefined || (live.messageId === undefined && !live.busy)) this.#giveUp(live);
    this.#pump();
  }

  #begin(key: string, route: Route, everyMs = 0): Live {
    const nothing = { wanted: undefined, shown: undefined, messageId: undefined, finishedAt: undefined };
    const live: Live = { key, route, everyMs, ...nothing, sends: 0, busy: false, dueAt: 0, failures: 0, over: false };
    this.#byKey.set(key, live);
    this.#open.add(live);
    return live;
  }

  #giveUp(live: Live): void {
    live.over = true;
    live.wanted = undefined;
    this.#open.delete(live);
  }

  #pump(): void {
    const now = this.#options.clock.now();
    let next = Infinity;
    for (const live of [...this.#open]) {
      if (live.busy || live.wanted === undefined) continue;
      const adapter = adapterFor(this.#options.adapters, live.route);
      const target = targetOf(this.#options.adapters, live.route);
      const at = this.#readyAt(live, adapter, target);
      if (at > now) next = Math.min(next, at);
      else if (adapter !== undefined) void this.#show(live, adapter, target);
    }
    this.#arm(next);
  }

  #readyAt(live: Live, adapter: ChannelAdapter | undefined, target: Target): number {
    const { clock, closed, pacer, waitsFor } = this.#options;
    const now = clock.now();
    const late = live.finishedAt !== undefined && now > live.finishedAt + lastWithinMs;
    if (late || closed.reason(live.route) !== undefined) {
      this.#giveUp(live);
      return Infinity;
    }
    if (live.dueAt > now) return live.dueAt;
    if (adapter?.health().state !== 'connected' || waitsFor(target.chat)) return now + lookAgainMs;
    return pacer.freeAt(target, 'progress');
  }

  async #show(live: Live, adapter: ChannelAdapter, target: Target): Promise<void> {
    const { clock, note, pacer } = this.#options;
    const message = live.wanted;
    const text = splitText(message?.text ?? '', adapter.can.maxText)[0];
    if (message === undefined || text === undefined) {
      live.wanted = undefined;
      return;
    }
    const permit = pacer.take(target, 'progress');
    if (permit === undefined) return;
    Object.assign(live, { busy: true, wanted: undefined });
    this.#open.delete(live);
    this.#open.add(live);
    await note(live.route);
    const receipt = await answer(clock, () => send(live, adapter, { ...message, text }), answerWithinMs);
    permit.used();
    live.busy = false;
    this.#take(live, message, receipt);
    const every = Math.max(live.everyMs, editEveryMs(target.limits));
    live.dueAt = clock.now() + pauseMs(every, receipt, live.failures);
    const ends = live.finishedAt !== undefined && (live.wanted === undefined || live.messageId === undefined);
    if (ends || !adapter.can.edits || adapter.edit === undefined) this.#giveUp(live);
    this.#pump();
  }

  #take(live: Live, message: OutboundMessage, receipt: Receipt): void {
    const { closed, log, pacer, adapters } = this.#options;
    if (receipt.status !== 'sent') log.debug({ key: live.key, status: receipt.status }, 'progress not shown');
    if (receipt.status === 'retry' && receipt.silence !== undefined)
      pacer.silence(targetOf(adapters, live.route), receipt.silence, receipt.afterMs);
    closed.note(live.route, receipt);
    const { next, messageId } = afterShowing(receipt, live);
    live.messageId = messageId;
    live.failures = next === 'shown' ? 0 : live.failures + 1;
    if (next === 'shown') live.shown = message;
    else if (next === 'again') live.wanted ??= message;
    else this.#giveUp(live);
  }

  #arm(at: number): void {
    if (at === this.#timer?.at) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (at === Infinity) return;
    const { clock } = this.#options;
    const timer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#timer = undefined;
      this.#pump();
    });
    this.#timer = { at, timer };
  }
}

function isSame(a: OutboundMessage | undefined, b: OutboundMessage): boolean {
  return a?.text === b.text && JSON.stringify(a.choices ?? []) === JSON.stringify(b.choices ?? []);
}

function send(live: Live, adapter: ChannelAdapter, message: OutboundMessage): Promise<Receipt> {
  if (live.messageId !== undefined && adapter.edit !== undefined)
    return adapter.edit(live.route, live.messageId, message);
  live.sends += 1;
  return adapter.deliver(live.route, message, `${live.key}:${live.sends - 1}`);
}
