// Which open message is next: in order per place, higher priority first, places side by side, each only when the pacer lets
// it. In memory; used by outbox.ts.
import type { Route } from '../core/route.ts';
import type { OpenRow } from './outbox-row.ts';
import { chatKey, type Permit } from './pacer.ts';

export interface Waiting {
  readonly id: number;
  readonly account: string;
  readonly chat: string;
  /** Rows of one place go one after another. */
  readonly place: string;
  readonly route: Route;
  /** What its message answers natively. */
  readonly answers: string | undefined;
  /** Lower goes first. */
  readonly priority: number;
  /** A part of it may be visible: nothing may get in between. */
  started: boolean;
  /** Marked as being sent when it was enqueued, not attempted yet. */
  claimed: boolean;
  /** That mark is being taken back; nothing is attempted before it is gone. */
  unmarking: Promise<void> | undefined;
  /** It was being sent when an earlier process ended. */
  leftover: boolean;
  /** An earlier process wrote it, and may have sent a part of it; cleared by the first answer. */
  inherited: boolean;
  /** The last attempt may have arrived. */
  maybeSent: boolean;
  /** Its account came back then, or 0: the time it was away is not held against it. Unix ms. */
  resumedAt: number;
  dueAt: number;
  /** The platform asked for silence until then. */
  notBefore: number;
  /** Failed attempts in a row. */
  failures: number;
  /** Milliseconds in which it could not be sent because the pacer held its place. */
  heldMs: number;
  /** Milliseconds in which the platform had asked for silence after an attempt of it. */
  askedMs: number;
  /** The right to the next attempt, while it is being sent. */
  permit: Permit | undefined;
}

interface Entry {
  readonly row: Waiting;
  /** How long its place had been held in sum when it came. */
  readonly heldBefore: number;
}

interface Place {
  /** By priority, then age. */
  readonly entries: Entry[];
  /** One of its rows is being sent. */
  busy: boolean;
  /** How long the pacer held it in sum, without the time since `heldFrom`. */
  heldMs: number;
  /** Its first row is due, and the pacer holds it since then. */
  heldFrom: number | undefined;
}

/** Unix time in milliseconds from which a row may be sent, as far as the pacer knows. */
export type FreeAt = (row: Waiting) => number;

export class Schedule {
  readonly #freeAt: FreeAt;
  readonly #accounts = new Map<string, Map<string, Place>>();
  /** Rows by chat. */
  readonly #chats = new Map<string, number>();
  #size = 0;
  #busy = 0;

  constructor(freeAt: FreeAt) {
    this.#freeAt = freeAt;
  }

  /** Rows not ended. */
  get size(): number {
    return this.#size;
  }

  /** Rows being sent now. */
  get busy(): number {
    return this.#busy;
  }

  /** Whether a row for any thread of this chat is not ended. */
  hasChat(chat: string): boolean {
    return this.#chats.has(chat);
  }

  accounts(): readonly string[] {
    return [...this.#accounts.keys()];
  }

  add(row: Waiting, now: number): void {
    const places = this.#accounts.get(row.account) ?? new Map<string, Place>();
    this.#accounts.set(row.account, places);
    const place = places.get(row.place) ?? { entries: [], busy: false, heldMs: 0, heldFrom: undefined };
    places.set(row.place, place);
    const at = place.entries.findLastIndex((other) => compare(other.row, row) < 0);
    place.entries.splice(at + 1, 0, { row, heldBefore: held(place, now) });
    this.#size += 1;
    this.#chats.set(row.chat, (this.#chats.get(row.chat) ?? 0) + 1);
  }

  /** The next row of an account that is due and may be sent, its place now taken until `release`. */
  take(account: string, now: number): Waiting | undefined {
    let best: { readonly entry: Entry; readonly place: Place } | undefined;
    for (const place of this.#accounts.get(account)?.values() ?? []) {
      const entry = this.#ready(place, now);
      if (entry === undefined) continue;
      if (best === undefined || compare(entry.row, best.entry.row) < 0) best = { entry, place };
    }
    if (best === undefined) return undefined;
    const { row, heldBefore } = best.entry;
    row.heldMs = held(best.place, now) - heldBefore;
    best.place.busy = true;
    this.#busy += 1;
    return row;
  }

  /** Gives the place back. @param over the row leaves this place: it ended or goes elsewhere */
  release(row: Waiting, over: boolean): void {
    const places = this.#accounts.get(row.account);
    const place = places?.get(row.place);
    if (places === undefined || place === undefined) return;
    place.busy = false;
    this.#busy -= 1;
    if (!over) return;
    place.entries.splice(
      place.entries.findIndex((entry) => entry.row === row),
      1,
    );
    this.#size -= 1;
    const others = (this.#chats.get(row.chat) ?? 1) - 1;
    if (others > 0) this.#chats.set(row.chat, others);
    else this.#chats.delete(row.chat);
    if (place.entries.length === 0) places.delete(row.place);
    if (places.size === 0) this.#accounts.delete(row.account);
  }

  /** When the next row may be sent after `now`; what may be sent already starts as soon as its account has room. */
  nextDue(now: number): number | undefined {
    let next = Infinity;
    for (const row of this.#heads()) {
      const at = row.dueAt > now ? row.dueAt : this.#freeAt(row);
      if (at > now && at < next) next = at;
    }
    return next === Infinity ? undefined : next;
  }

  /** The clock was put back: what waits must not wait the longer for it. */
  putBack(ms: number): void {
    for (const places of this.#accounts.values())
      for (const place of places.values()) {
        if (place.heldFrom !== undefined) place.heldFrom -= ms;
        for (const { row } of place.entries) {
          row.dueAt -= ms;
          row.notBefore -= ms;
        }
      }
  }

  /** Rows that are due and would be next in a place where nothing is being sent. */
  dueHeads(now: number): readonly Waiting[] {
    return [...this.#heads()].filter((row) => row.dueAt <= now);
  }

  rows(): readonly Waiting[] {
    const places = [...this.#accounts.values()].flatMap((each) => [...each.values()]);
    return places.flatMap((place) => place.entries.map((entry) => entry.row));
  }

  *#heads(): Generator<Waiting> {
    for (const places of this.#accounts.values()) {
      for (const place of places.values()) {
        const entry = place.busy ? undefined : head(place);
        if (entry !== undefined) yield entry.row;
      }
    }
  }

  /** The first row of a place if it may be sent now; keeps account of the time in which only the pacer said no. */
  #ready(place: Place, now: number): Entry | undefined {
    const entry = place.busy ? undefined : head(place);
    const due = entry !== undefined && entry.row.dueAt <= now;
    const blocked = due && this.#freeAt(entry.row) > now;
    if (blocked) place.heldFrom ??= now;
    else if (place.heldFrom !== undefined) {
      place.heldMs = held(place, now);
      place.heldFrom = undefined;
    }
    return due && !blocked ? entry : undefined;
  }
}

function held({ heldMs, heldFrom }: Place, now: number): number {
  return heldMs + (heldFrom === undefined ? 0 : Math.max(0, now - heldFrom));
}

function head(place: Place): Entry | undefined {
  return place.entries.find((entry) => entry.row.started) ?? place.entries[0];
}

function compare(a: Pick<Waiting, 'priority' | 'id'>, b: Pick<Waiting, 'priority' | 'id'>): number {
  return a.priority - b.priority || a.id - b.id;
}

/** @param leftover the row was written by an earlier process */
export function waitingOf(row: OpenRow, leftover: boolean): Waiting {
  const { id, account, place, route, priority } = row;
  const sending = row.state === 'sending';
  const { answers, placed } = row.message;
  return {
    id,
    account,
    chat: chatKey(route),
    // What stands in the chat already must not wait for what is still to be sent there.
    place: placed === true && answers !== undefined ? `${place} ${answers}` : place,
    route,
    answers,
    priority,
    started: row.chunk > 0 || (sending && leftover),
    claimed: sending && !leftover,
    unmarking: undefined,
    leftover: sending && leftover,
    inherited: leftover,
    maybeSent: false,
    resumedAt: 0,
    dueAt: row.nextAt,
    notBefore: 0,
    failures: 0,
    heldMs: 0,
    askedMs: 0,
    permit: undefined,
  };
}
