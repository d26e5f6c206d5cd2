// Which open message is next: in order per place, higher priority first, places side by side. In memory; used by outbox.ts.
import type { OpenRow } from './outbox-row.ts';

export interface Waiting {
  readonly id: number;
  readonly account: string;
  readonly place: string;
  /** Lower goes first. */
  readonly priority: number;
  /** A part of it may be visible: nothing may get in between. */
  started: boolean;
  /** Marked as being sent when it was enqueued, not attempted yet. */
  claimed: boolean;
  /** It was being sent when an earlier process ended. */
  leftover: boolean;
  /** The last attempt may have arrived. */
  maybeSent: boolean;
  dueAt: number;
  /** The platform asked for silence until then. */
  notBefore: number;
  /** Failed attempts in a row. */
  failures: number;
}

interface Place {
  /** By priority, then age. */
  readonly rows: Waiting[];
  /** One of its rows is being sent. */
  busy: boolean;
}

export class Schedule {
  readonly #accounts = new Map<string, Map<string, Place>>();
  #size = 0;
  #busy = 0;

  /** Rows not ended. */
  get size(): number {
    return this.#size;
  }

  /** Rows being sent now. */
  get busy(): number {
    return this.#busy;
  }

  accounts(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  add(row: Waiting): void {
    const places = this.#accounts.get(row.account) ?? new Map<string, Place>();
    this.#accounts.set(row.account, places);
    const place = places.get(row.place) ?? { rows: [], busy: false };
    places.set(row.place, place);
    const at = place.rows.findLastIndex((other) => compare(other, row) < 0);
    place.rows.splice(at + 1, 0, row);
    this.#size += 1;
  }

  /** The next due row of an account, its place now taken until `release`. */
  take(account: string, now: number): Waiting | undefined {
    let best: { readonly row: Waiting; readonly place: Place } | undefined;
    for (const place of this.#accounts.get(account)?.values() ?? []) {
      const row = place.busy ? undefined : head(place);
      if (row === undefined || row.dueAt > now) continue;
      if (best === undefined || compare(row, best.row) < 0) best = { row, place };
    }
    if (best === undefined) return undefined;
    best.place.busy = true;
    this.#busy += 1;
    return best.row;
  }

  /** Gives the place back. @param over the row leaves this place: it ended or goes elsewhere */
  release(row: Waiting, over: boolean): void {
    const places = this.#accounts.get(row.account);
    const place = places?.get(row.place);
    if (places === undefined || place === undefined) return;
    place.busy = false;
    this.#busy -= 1;
    if (!over) return;
    place.rows.splice(place.rows.indexOf(row), 1);
    this.#size -= 1;
    if (place.rows.length === 0) places.delete(row.place);
    if (places.size === 0) this.#accounts.delete(row.account);
  }

  /** When the next row falls due after `now`; what is due already starts as soon as its account has room. */
  nextDue(now: number): number | undefined {
    let due: number | undefined;
    for (const places of this.#accounts.values()) {
      for (const place of places.values()) {
        const row = place.busy ? undefined : head(place);
        if (row !== undefined && row.dueAt > now && (due === undefined || row.dueAt < due)) due = row.dueAt;
      }
    }
    return due;
  }

  rows(): readonly Waiting[] {
    return [...this.#accounts.values()].flatMap((places) => [...places.values()].flatMap((place) => place.rows));
  }
}

function head(place: Place): Waiting | undefined {
  return place.rows.find((row) => row.started) ?? place.rows[0];
}

function compare(a: Pick<Waiting, 'priority' | 'id'>, b: Pick<Waiting, 'priority' | 'id'>): number {
  return a.priority - b.priority || a.id - b.id;
}

/** @param leftover the row was written by an earlier process */
export function waitingOf(row: OpenRow, leftover: boolean): Waiting {
  const { id, account, place, priority } = row;
  const sending = row.state === 'sending';
  return {
    id,
    account,
    place,
    priority,
    started: row.chunk > 0 || (sending && leftover),
    claimed: sending && !leftover,
    leftover: sending && leftover,
    maybeSent: false,
    dueAt: row.nextAt,
    notBefore: 0,
    failures: 0,
  };
}
