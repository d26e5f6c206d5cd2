// One session while there is something to do: its mail, its active turn, and at most one more turn asked of the lanes.
// Made and dropped by turns.ts.
import { assertNever } from '../core/result.ts';
import type { QueueSettings, Session, SessionKey } from '../core/session.ts';
import type { Timer } from '../infra/clock.ts';
import type { ScheduleResult, Slot } from '../lanes/job.ts';
import { type Active, openTo, openTurn, type Placed, parked, type Ticket, type TurnsDeps } from './active.ts';
import { type Hold, Mailbox, type MailItem, type OfferContext } from './mailbox.ts';
import { failTurn, finish, runTurn } from './turn.ts';
import type { AbortCause, ActiveTurn, TurnResult } from './turn-types.ts';
import type { DropWhy, RoomShared, Waiters } from './waiters.ts';

export class Room {
  readonly key: SessionKey;
  readonly #deps: TurnsDeps;
  readonly #waiters: Waiters;
  readonly #shared: RoomShared<Room>;
  readonly #lane: ActiveTurn['lane'];
  readonly #mailbox = new Mailbox();
  #session: Session;
  #mode: QueueSettings['mode'] = 'steer';
  #active: Active | undefined;
  /** The one turn that waits for its slots. A session runs one at a time, so a second one would gain nothing. */
  #asked: Ticket | undefined;
  /** Until collected messages have been quiet for long enough. */
  #quiet: Timer | undefined;
  #wake: Timer | undefined;

  constructor(session: Session, deps: TurnsDeps, shared: RoomShared<Room>) {
    this.key = session.key;
    this.#session = session;
    this.#deps = deps;
    this.#waiters = shared.waiters;
    this.#shared = shared;
    this.#lane = session.kind === 'chat' ? 'main' : 'subagent';
  }

  offer(session: Session, item: MailItem): Placed {
    this.#session = session;
    const context = this.#context(item);
    this.#mode = context.settings.mode;
    const { placement, dropped, folded } = this.#mailbox.offer(item, context);
    const waits = this.#waiters.wait(item.id);
    if (dropped.length > 0) this.drop(dropped, 'cap');
    this.#deps.signs.taken(folded);
    if (placement.to === 'turn' || placement.to === 'waiting') this.#deps.signs.queued([item]);
    if (placement.to === 'waiting' && placement.interrupt) this.abort('interrupt');
    const ahead = this.#pump();
    if (placement.to === 'active') this.#deps.injectable(session, item);
    return { to: placement.to, ahead, ...waits };
  }

  /** Changes an item no turn has taken; false when there is none. */
  replace(id: string, change: (item: MailItem) => MailItem): boolean {
    const found = this.#mailbox.replace(id, change, (item) => this.#context(item));
    if (found) this.#pump();
    for (const item of this.#mailbox.injections()) this.#deps.injectable(this.#session, item);
    return found;
  }

  active(): ActiveTurn | undefined {
    return this.#active?.turn;
  }

  items(): readonly MailItem[] {
    return this.#mailbox.items();
  }

  /** The turn that was aborted; undefined where none runs or its result is being recorded already. */
  abort(cause: AbortCause): ActiveTurn | undefined {
    const active = this.#active;
    if (active === undefined || active.settling !== undefined) return undefined;
    active.turn.cause ??= cause;
    active.abort.abort(cause);
    return active.turn;
  }

  park<T>(wait: () => Promise<T>): Promise<T> {
    return this.#active === undefined ? wait() : parked(this.#active, wait);
  }

  clear(why: DropWhy, matches?: (item: MailItem) => boolean): readonly MailItem[] {
    const removed = this.#mailbox.clear(matches);
    this.drop(removed, why);
    this.#pump();
    // A turn for nothing would keep its place in line until others have ended, and whoever waits behind it.
    if (this.#mailbox.nextAt(this.#mode) === undefined) this.#asked?.abort.abort();
    this.#shared.changed(this);
    return removed;
  }

  /** @param wake what wakes it when `due` comes first */
  hold(hold: Hold, wake: (() => MailItem) | undefined): ReturnType<Mailbox['hold']> {
    const held = this.#mailbox.hold(hold);
    if (held !== 'holding' || wake === undefined || hold.due === undefined) return held;
    const { clock } = this.#deps;
    this.#wake?.cancel();
    this.#wake = clock.after(Math.max(0, hold.due.at - clock.now()), () => {
      this.#wake = undefined;
      if (this.#mailbox.holding()) this.offer(this.#session, wake());
    });
    return held;
  }

  held(): Hold | undefined {
    return this.#mailbox.held();
  }

  holding(): boolean {
    return this.#mailbox.holding();
  }

  childEnded(runId: string): 'wake' | 'fine' {
    if (this.#mailbox.completionArrived(runId) !== 'released') return 'fine';
    if (this.#mailbox.nextAt(this.#mode) === undefined) return 'wake';
    this.#pump();
    return 'fine';
  }

  /** A turn runs, or waits to run. */
  busy(): boolean {
    return this.#active !== undefined || this.#asked !== undefined || this.#quiet !== undefined;
  }

  empty(): boolean {
    return !this.busy() && this.#mailbox.items().length === 0 && !this.#mailbox.holding();
  }

  /** Takes items out of the game: their waiters and their typing end, and where nobody else records it, the hook does. */
  drop(items: readonly MailItem[], why: DropWhy): void {
    if (items.length === 0) return;
    this.#deps.signs.taken(items);
    this.#waiters.drop(items, why);
    if (why === 'draining') this.#shared.left(items);
    if (why === 'cap' || why === 'gone') this.#deps.hooks.dropped(this.key, items, why);
  }

  /** For the end of the process: what waits stays stored for the next start. */
  async close(): Promise<void> {
    this.clear('draining');
    await this.#active?.turn.ended;
  }

  #context(item: MailItem): OfferContext {
    const { queue, canInject } = this.#deps;
    const settings = queue(this.#session, item.route);
    return { settings, ...openTo(this.#active, (session) => canInject(session, item)) };
  }

  /** Asks the scheduler for a turn if something is due, sets a timer if it is due later. Returns the turns ahead. */
  #pump(): number {
    this.#quiet?.cancel();
    this.#quiet = undefined;
    if (!this.#mailbox.holding()) {
      this.#wake?.cancel();
      this.#wake = undefined;
    }
    const due = this.#mailbox.nextAt(this.#mode);
    if (due === undefined) return 0;
    const wait = due - this.#deps.clock.now();
    if (wait <= 0) return this.#ask();
    this.#quiet = this.#deps.clock.after(wait, () => {
      this.#quiet = undefined;
      this.#pump();
      this.#shared.changed(this);
    });
    return 0;
  }

  #ask(): number {
    if (this.#asked !== undefined) return this.#asked.ahead;
    const ticket: Ticket = { abort: new AbortController(), ahead: 0, active: undefined };
    this.#asked = ticket;
    const { ahead, done } = this.#deps.scheduler.run(
      { session: this.key, lane: this.#lane, signal: ticket.abort.signal },
      (slot) => this.#turn(ticket, slot),
    );
    ticket.ahead = ahead;
    void done.then((result) => this.#ended(ticket, result));
    return ahead;
  }

  /** The slots of a turn are free again, or it never got them. */
  async #ended(ticket: Ticket, result: ScheduleResult<void>): Promise<void> {
    if (this.#asked === ticket) this.#asked = undefined;
    const { active } = ticket;
    switch (result.kind) {
      case 'done':
      case 'aborted':
        break;
      case 'draining':
        // Nothing that waits runs any more: people's messages stay in the inbox for the next start.
        this.drop(this.#mailbox.clear(), 'draining');
        break;
      case 'failed':
        if (active === undefined) this.#deps.log.error({ err: result.error, session: this.key }, 'turn failed');
        else {
          failTurn(this.#deps, active, result.error);
          await this.#settle(active);
        }
        break;
      case 'forced':
        if (active !== undefined) await this.#settle(active);
        break;
      default:
        assertNever(result);
    }
    this.#pump();
    this.#shared.changed(this);
  }

  async #turn(ticket: Ticket, slot: Slot): Promise<void> {
    // A turn whose slots were taken by force is recorded before the next one takes its mail: order is kept.
    if (this.#active !== undefined) await this.#settle(this.#active);
    if (ticket.abort.signal.aborted) return;
    this.#asked = undefined;
    const [head, ...rest] = this.#mailbox.takeBatch(this.#deps.clock.now(), this.#mode);
    if (head === undefined) return;
    const active = this.#begin(ticket, [head, ...rest], slot);
    this.#pump();
    const session = await this.#deps.sessions.get(this.key);
    if (session === undefined) return this.#gone(active);
    active.session = session;
    await runTurn(this.#deps, {
      session,
      turn: active.turn,
      progress: active.progress,
      signal: slot.signal,
      held: () => slot.held() && active.settling === undefined,
      takeInjections: () => this.#inject(active),
    });
    await this.#settle(active);
  }

  /** From here on the turn is visible, and can be aborted. */
  #begin(ticket: Ticket, batch: readonly [MailItem, ...MailItem[]], slot: Slot): Active {
    const { signs } = this.#deps;
    const active = openTurn(this.#deps, {
      ...{ session: this.#session, lane: this.#lane, items: batch, tree: batch[0].tree, abort: ticket.abort, slot },
      stop: (cause) => void this.abort(cause),
    });
    ticket.active = active;
    this.#active = active;
    this.#waiters.taken(batch, 'turn');
    signs.begin(active.turn);
    signs.taken(batch);
    return active;
  }

  /** A turn that is being stopped, or lost its slots, takes nothing in: what waits belongs to the next one. */
  #inject(active: Active): readonly MailItem[] {
    if (this.#active !== active || active.settling !== undefined || active.turn.cause !== undefined) return [];
    const taken = this.#mailbox.takeInjections();
    this.#waiters.taken(taken, 'injected');
    this.#deps.signs.taken(taken);
    return taken;
  }

  /** Records the turn as it stands, once; whoever comes second waits for the first. */
  #settle(active: Active): Promise<void> {
    active.settling ??= this.#record(active, finish(this.#deps, active));
    return active.settling;
  }

  async #record(active: Active, result: TurnResult): Promise<void> {
    active.deadlines.stop();
    try {
      const { hooks, sessions } = this.#deps;
      await Promise.all([
        hooks.settle(result),
        sessions.recordTurn(this.key, result.usage, result.cause === 'shutdown'),
      ]);
    } catch (error) {
      this.#deps.log.error({ err: error, session: this.key, turn: result.id }, 'turn could not be recorded');
    } finally {
      this.#over(active, result.outcome.kind === 'success');
      this.#waiters.ended(result.items, { kind: 'turn', result });
      active.release();
    }
  }

  /** What was not read becomes the next turn. */
  #over(active: Active, succeeded = false): void {
    this.#active = undefined;
    this.#mailbox.turnEnded();
    this.#deps.signs.queued(this.#mailbox.items());
    this.#deps.signs.end(active.turn, succeeded);
    this.#pump();
    this.#shared.changed(this);
  }

  #gone(active: Active): void {
    active.settling = Promise.resolve();
    active.deadlines.stop();
    this.#over(active);
    this.drop(active.turn.items, 'gone');
    active.release();
  }
}
