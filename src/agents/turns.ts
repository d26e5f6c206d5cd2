// The turn engine: takes items for sessions, decides by queue mode when they become turns, runs those through the lanes,
// and can abort them. Called by inbound, runs and commands; the only caller of the scheduler.
import type { QueueSettings, Session, SessionKey } from '../core/session.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { Slot } from '../lanes/job.ts';
import type { Scheduler } from '../lanes/scheduler.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { watchDeadlines } from './deadlines.ts';
import { type Hold, Mailbox, type MailItem } from './mailbox.ts';
import { finish, type MutableTurn, runTurn, type TurnDeps } from './turn.ts';
import type { AbortCause, ActiveTurn, TurnResult } from './turn-types.ts';
import { type DropWhy, Waiters, type Waits } from './waiters.ts';

export interface TurnsDeps extends TurnDeps {
  readonly ids: Ids;
  readonly log: Log;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly sessions: Pick<Sessions, 'get' | 'recordTurn'>;
  readonly queue: (session: Session) => QueueSettings;
  readonly limits: () => { readonly startMs: number; readonly warnMs: number; readonly abortMs: number };
  /** Whether the runtime of this session takes messages in while it works. */
  readonly canInject: (session: Session) => boolean;
}

export interface Placed extends Waits {
  /** `active`: goes into the running turn at its next boundary. */
  readonly to: 'turn' | 'active' | 'waiting' | 'dropped';
  /** Turns that have to end before this one starts. */
  readonly ahead: number;
}

interface Room {
  readonly key: SessionKey;
  readonly mailbox: Mailbox;
  active:
    | { readonly turn: MutableTurn; readonly abort: AbortController; settled: boolean; readonly release: () => void }
    | undefined;
  /** Turns asked of the scheduler that have not started. */
  tokens: number;
  timer: Timer | undefined;
  mode: QueueSettings['mode'];
  lane: ActiveTurn['lane'];
}

export class Turns {
  readonly #deps: TurnsDeps;
  /** Only sessions with something to do. */
  readonly #rooms = new Map<SessionKey, Room>();
  readonly #waiters = new Waiters();
  #quiet: (() => void)[] = [];

  constructor(deps: TurnsDeps) {
    this.#deps = deps;
  }

  /** Takes an item for a session. It comes out in exactly one turn, or is dropped with a reason. */
  offer(session: Session, item: MailItem): Placed {
    const room = this.#room(session);
    const settings = this.#deps.queue(session);
    room.mode = settings.mode;
    const { placement, dropped } = this.#place(room, session, item, settings);
    const waits = this.#waiters.wait(item.id);
    if (dropped.length > 0) {
      this.#drop(dropped, 'cap');
      this.#deps.hooks.dropped(session.key, dropped);
    }
    if (placement.to === 'turn' || placement.to === 'waiting') this.#deps.signs.queued([item]);
    if (placement.to === 'waiting' && placement.interrupt) this.abort(session.key, 'interrupt');
    const ahead = placement.to === 'turn' || placement.to === 'waiting' ? this.#pump(room) : 0;
    return { to: placement.to, ahead, ...waits };
  }

  active(session: SessionKey): ActiveTurn | undefined {
    return this.#rooms.get(session)?.active?.turn;
  }

  allActive(): readonly ActiveTurn[] {
    return [...this.#rooms.values()].flatMap((room) => (room.active === undefined ? [] : [room.active.turn]));
  }

  /** Items that no turn has taken yet. */
  waiting(session: SessionKey): readonly MailItem[] {
    return this.#rooms.get(session)?.mailbox.items() ?? [];
  }

  /** Aborts the active turn; its outcome follows from `cause`. The first cause stays. */
  abort(session: SessionKey, cause: AbortCause): ActiveTurn | undefined {
    const active = this.#rooms.get(session)?.active;
    if (active === undefined) return undefined;
    active.turn.cause ??= cause;
    active.abort.abort(cause);
    return active.turn;
  }

  /** Removes items no turn has taken; their waiters learn `why`. */
  clear(session: SessionKey, why: 'stopped' | 'gone', matches?: (item: MailItem) => boolean): readonly MailItem[] {
    const room = this.#rooms.get(session);
    if (room === undefined) return [];
    const removed = room.mailbox.clear(matches);
    this.#drop(removed, why);
    this.#leave(room);
    return removed;
  }

  /** sessions_yield: completions wait until these runs have ended. Only while the session's turn is active. */
  hold(session: SessionKey, hold: Hold): 'holding' | 'ready' | 'nothing' {
    return this.#rooms.get(session)?.mailbox.hold(hold) ?? 'nothing';
  }

  /** A child ended, also one that hands over nothing. Returns whether the session has to be woken by an item. */
  childEnded(session: SessionKey, runId: string): 'wake' | 'fine' {
    const room = this.#rooms.get(session);
    if (room === undefined || room.mailbox.completionArrived(runId) !== 'released') return 'fine';
    if (room.mailbox.nextAt(room.mode) === undefined) return 'wake';
    this.#pump(room);
    return 'fine';
  }

  holding(session: SessionKey): boolean {
    return this.#rooms.get(session)?.mailbox.holding() ?? false;
  }

  /** Resolves when no turn runs or waits to run. A yielded session that sleeps counts as idle here. */
  idle(): Promise<void> {
    if (this.#busy() === 0) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  /** Something runs or waits to run. */
  busy(): boolean {
    return this.#busy() > 0;
  }

  #busy(): number {
    return [...this.#rooms.values()].filter(
      (room) => room.active !== undefined || room.tokens > 0 || room.timer !== undefined,
    ).length;
  }

  #place(room: Room, session: Session, item: MailItem, settings: QueueSettings): ReturnType<Mailbox['offer']> {
    const active = room.active?.turn;
    return room.mailbox.offer(item, {
      active: active !== undefined,
      activeRoute: active?.items.find((taken) => taken.route !== undefined)?.route,
      settings,
      canInject: active !== undefined && active.cause === undefined && this.#deps.canInject(session),
    });
  }

  /** Asks the scheduler for a turn if something is due; sets a timer if it is due later. Returns the turns ahead. */
  #pump(room: Room): number {
    const due = room.mailbox.nextAt(room.mode);
    if (due === undefined) return 0;
    const wait = due - this.#deps.clock.now();
    if (wait > 0) {
      room.timer?.cancel();
      room.timer = this.#deps.clock.after(wait, () => {
        room.timer = undefined;
        this.#pump(room);
        this.#leave(room);
      });
      return 0;
    }
    return this.#schedule(room);
  }

  #schedule(room: Room): number {
    const abort = new AbortController();
    room.tokens += 1;
    let started = false;
    const scheduled = this.#deps.scheduler.run(
      { session: room.key, lane: room.lane, signal: abort.signal },
      async (slot) => {
        started = true;
        room.tokens -= 1;
        await this.#turn(room, abort, slot);
      },
    );
    void scheduled.done.then(async (result) => {
      if (!started) room.tokens -= 1;
      if (result.kind === 'forced') await this.#force(room);
      if (result.kind === 'failed') this.#deps.log.error({ err: result.error, session: room.key }, 'turn failed');
      // While draining nothing waiting runs any more: people's messages stay in the inbox for the next start.
      if (result.kind === 'draining') this.#drop(room.mailbox.clear(), 'draining');
      this.#leave(room);
    });
    return scheduled.ahead;
  }

  async #turn(room: Room, abort: AbortController, slot: Slot): Promise<void> {
    const batch = room.mailbox.takeBatch(this.#deps.clock.now(), room.mode);
    const head = batch[0];
    if (head === undefined) return;
    const session = await this.#deps.sessions.get(room.key);
    if (session === undefined) {
      this.#drop(batch, 'gone');
      return;
    }
    const now = this.#deps.clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn: MutableTurn = {
      id: this.#deps.ids.uuid(),
      session: room.key,
      lane: room.lane,
      tree: head.tree,
      items: batch,
      startedAt: now,
      lastEventAt: now,
      partial: '',
      cause: undefined,
      ended: promise,
    };
    room.active = { turn, abort, settled: false, release: resolve };
    // The scheduler aborts on its own only when a drain runs out of patience.
    slot.signal.addEventListener(
      'abort',
      () => {
        turn.cause ??= 'shutdown';
      },
      { once: true },
    );
    this.#waiters.taken(batch, 'turn');
    this.#deps.signs.begin(turn);
    this.#deps.signs.taken(batch);
    const deadlines = watchDeadlines(this.#deps.clock, turn, this.#deps.limits(), {
      abort: (cause) => this.abort(room.key, cause),
      warn: (silentMs) => this.#deps.hooks.stalled(turn, silentMs),
    });
    try {
      const result = await runTurn(this.#deps, {
        session,
        turn,
        signal: slot.signal,
        held: () => slot.held(),
        takeInjections: () => this.#inject(room),
      });
      await this.#settle(room, result);
    } finally {
      deadlines.stop();
    }
  }

  #inject(room: Room): readonly MailItem[] {
    const taken = room.mailbox.takeInjections();
    this.#waiters.taken(taken, 'injected');
    this.#deps.signs.taken(taken);
    return taken;
  }

  /** Records the result once, tells the waiters, and lets what was not read become the next turn. */
  async #settle(room: Room, result: TurnResult): Promise<void> {
    const active = room.active;
    if (active === undefined || active.turn.id !== result.id || active.settled) return;
    active.settled = true;
    try {
      await Promise.all([this.#deps.hooks.settle(result), this.#deps.sessions.recordTurn(room.key, result.usage)]);
    } catch (error) {
      this.#deps.log.error({ err: error, session: room.key, turn: result.id }, 'turn could not be recorded');
    } finally {
      room.active = undefined;
      this.#deps.signs.end(active.turn);
      this.#waiters.ended(result.items, { kind: 'turn', result });
      active.release();
      room.mailbox.turnEnded();
      if (room.tokens === 0) this.#pump(room);
    }
  }

  /** The runtime ignored its abort and lost its slots: settle in its place. */
  async #force(room: Room): Promise<void> {
    const active = room.active;
    if (active === undefined) return;
    const session = await this.#deps.sessions.get(room.key);
    if (session !== undefined) await this.#settle(room, finish(this.#deps, { session, turn: active.turn }));
  }

  #room(session: Session): Room {
    const known = this.#rooms.get(session.key);
    if (known !== undefined) return known;
    const room: Room = {
      key: session.key,
      mailbox: new Mailbox(),
      active: undefined,
      tokens: 0,
      timer: undefined,
      mode: 'steer',
      lane: session.kind === 'chat' ? 'main' : 'subagent',
    };
    this.#rooms.set(session.key, room);
    return room;
  }

  #leave(room: Room): void {
    const empty = room.active === undefined && room.tokens === 0 && room.timer === undefined;
    if (empty && room.mailbox.items().length === 0 && !room.mailbox.holding()) this.#rooms.delete(room.key);
    if (this.#quiet.length === 0 || this.#busy() > 0) return;
    const waiting = this.#quiet;
    this.#quiet = [];
    for (const resolve of waiting) resolve();
  }

  #drop(items: readonly MailItem[], why: DropWhy): void {
    this.#deps.signs.taken(items);
    this.#waiters.drop(items, why);
  }
}
