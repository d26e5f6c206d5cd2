// The turn engine: takes items for sessions, decides by queue mode when they become turns, runs those through the lanes,
// and can abort them.
// Made by src/wiring/turns.ts and asked by intake and runs through the wiring; its rooms are all that asks the scheduler for turns.
import type { Session, SessionKey } from '../core/session.ts';
import type { Placed, TurnsDeps } from './active.ts';
import type { Hold, MailItem } from './mailbox.ts';
import { Room } from './room.ts';
import type { AbortCause, ActiveTurn } from './turn-types.ts';
import { Waiters } from './waiters.ts';

export class Turns {
  readonly #deps: TurnsDeps;
  /** Only sessions with something to do. */
  readonly #rooms = new Map<SessionKey, Room>();
  readonly #waiters = new Waiters();
  /** What the next start of the process takes up: a stop until then is meant for it too. */
  readonly #left = new Map<SessionKey, MailItem[]>();
  #quiet: (() => void)[] = [];

  constructor(deps: TurnsDeps) {
    this.#deps = deps;
  }

  /** Takes an item for a session. It comes out in exactly one turn, or is dropped with a reason. */
  offer(session: Session, item: MailItem): Placed {
    return this.#room(session).offer(session, item);
  }

  #room(session: Session): Room {
    const known = this.#rooms.get(session.key);
    if (known !== undefined) return known;
    const room = new Room(session, this.#deps, {
      waiters: this.#waiters,
      changed: (each) => this.#close(each),
      left: (items) => this.leave(session.key, items),
    });
    this.#rooms.set(session.key, room);
    return room;
  }

  /** An item that came while the process ends: it stays stored for the next start, unless a stop comes before that. */
  leave(session: SessionKey, items: readonly MailItem[]): void {
    this.#left.set(session, [...(this.#left.get(session) ?? []), ...items]);
  }

  active(session: SessionKey): ActiveTurn | undefined {
    return this.#rooms.get(session)?.active();
  }

  allActive(): readonly ActiveTurn[] {
    return [...this.#rooms.values()].flatMap((room) => room.active() ?? []);
  }

  /** Items that no turn has taken yet. */
  waiting(session: SessionKey): readonly MailItem[] {
    return this.#rooms.get(session)?.items() ?? [];
  }

  /** Whether an item waits for a turn, in whichever session. */
  waits(id: string): boolean {
    return [...this.#rooms.values()].some((room) => room.items().some((item) => item.id === id));
  }

  /** Changes an item no turn has taken; one that was `pending` may go on with it. False when there is none. */
  replace(id: string, change: (item: MailItem) => MailItem): boolean {
    return [...this.#rooms.values()].some((room) => room.replace(id, change));
  }

  /** Aborts the active turn; its outcome follows from `cause`. The first cause stays. */
  abort(session: SessionKey, cause: AbortCause): ActiveTurn | undefined {
    return this.#rooms.get(session)?.abort(cause);
  }

  /** Waits for people on behalf of a session's turn: meanwhile others may have its place in the shared lane. */
  park<T>(session: SessionKey, wait: () => Promise<T>): Promise<T> {
    return this.#rooms.get(session)?.park(wait) ?? wait();
  }

  /** Removes items no turn has taken; their waiters learn that they were stopped. The caller records it. */
  clear(session: SessionKey, matches?: (item: MailItem) => boolean): readonly MailItem[] {
    const removed = this.#rooms.get(session)?.clear('stopped', matches) ?? [];
    const left = this.#left.get(session);
    if (left === undefined) return removed;
    const cleared = matches === undefined ? left : left.filter(matches);
    this.#left.set(
      session,
      left.filter((item) => !cleared.includes(item)),
    );
    return [...removed, ...cleared];
  }

  /** Removes the results of children no turn has taken: whoever offered them gives them to somebody else. */
  passOn(session: SessionKey): void {
    this.#rooms.get(session)?.clear('passed_on', (item) => item.kind === 'completion');
  }

  /** sessions_yield: completions wait until these runs have ended. Only while the session's turn is active. */
  hold(session: SessionKey, hold: Hold, wake?: () => MailItem): 'holding' | 'ready' | 'nothing' {
    return this.#rooms.get(session)?.hold(hold, wake) ?? 'nothing';
  }

  /** What a yielded session sleeps for; the next process gives it to `restore`. */
  held(session: SessionKey): Hold | undefined {
    return this.#rooms.get(session)?.held();
  }

  /** A session goes on sleeping as it did before a restart, for at least one child that has not been heard. */
  restore(session: Session, hold: Hold, wake?: () => MailItem): void {
    this.#room(session).hold(hold, wake);
  }

  /** A child ended, also one that hands over nothing. Returns whether the session has to be woken by an item. */
  childEnded(session: SessionKey, runId: string): 'wake' | 'fine' {
    return this.#rooms.get(session)?.childEnded(runId) ?? 'fine';
  }

  holding(session: SessionKey): boolean {
    return this.#rooms.get(session)?.holding() ?? false;
  }

  /** Resolves when no turn runs or waits to run. A yielded session that sleeps counts as idle here. */
  idle(): Promise<void> {
    if (!this.busy()) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  /** Something runs or waits to run. */
  busy(): boolean {
    return [...this.#rooms.values()].some((room) => room.busy());
  }

  /** For the end of the process, once the lanes have drained: no timer fires any more, every turn is recorded. */
  async close(): Promise<void> {
    await Promise.all([...this.#rooms.values()].map((room) => room.close()));
  }

  /** Sessions with something to do, and items whose end somebody waits for. */
  stats(): { readonly sessions: number; readonly items: number } {
    return { sessions: this.#rooms.size, items: this.#waiters.size() };
  }

  #close(room: Room): void {
    if (room.empty() && this.#rooms.get(room.key) === room) this.#rooms.delete(room.key);
    if (this.#quiet.length === 0 || this.busy()) return;
    const waiting = this.#quiet;
    this.#quiet = [];
    for (const resolve of waiting) resolve();
  }
}
