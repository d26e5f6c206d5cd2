// One open message to its place, chunk by chunk, until it ends, must wait or belongs elsewhere. Each step is stored before
// the next one is taken, so that a restart continues with the first chunk not delivered. Called by outbox.ts.
import type { ChannelAdapter } from '../core/channel.ts';
import type { OutboundMessage, Receipt } from '../core/message.ts';
import { assertNever } from '../core/result.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import { type Adapters, accountKey, adapterFor } from './account.ts';
import { answer } from './answer.ts';
import type { ClosedPlaces } from './closed-places.ts';
import { decideNext, type Next } from './decide-next.ts';
import { type EndState, endRow, type OutboxRow, type RowChange, readRow, updateOpen } from './outbox-row.ts';
import { type Pacer, targetOf } from './pacer.ts';
import { forElsewhere, partsFor } from './parts.ts';
import type { Fallback } from './resolve-route.ts';
import type { Waiting } from './schedule.ts';

/** A message that is over, for whoever keeps account of it. */
export interface Ended {
  readonly key: string;
  readonly route: Route;
  readonly runs: readonly string[];
  readonly session: string | undefined;
  readonly state: EndState;
  /** Why, unless delivered. */
  readonly reason: string | undefined;
  readonly messageIds: readonly string[];
}

export interface DeliveryParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;
  readonly adapters: Adapters;
  /** Shared with whatever else is sent. */
  readonly pacer: Pacer;
  readonly closed: Pick<ClosedPlaces, 'loading' | 'reason' | 'note'>;
  /** A text of more messages than this goes as a file where the channel has files; 0 = never, as when absent. */
  readonly fileOver?: (() => number) | undefined;
  /** Another place for a message whose place refused it for good (`row.gone` lists them); undefined: none. */
  readonly reroute: (row: OutboxRow) => Promise<Fallback | undefined>;
  /** Inside the transaction that records the end. */
  readonly onEnded?: ((ended: Ended, sql: Sql) => void) | undefined;
  /** After that transaction, for what was delivered. */
  readonly onDelivered?: ((ended: Ended) => void) | undefined;
}

export interface Delivery extends DeliveryParts {
  /** No further attempt and no further record: the process ends. */
  readonly stopped: () => boolean;
  /** Start of this process: the time it was down is not held against a message. */
  readonly resumedAt: () => number;
}

export type Step =
  | { readonly kind: 'over' }
  /** Not due yet, or the pacer holds its place. */
  | { readonly kind: 'later' }
  /** The row belongs to another place now. */
  | { readonly kind: 'moved'; readonly row: OutboxRow };

/** An adapter that answers no longer than this leaves the outcome unknown. */
const answerWithinMs = 120_000;

/**
 * Sends what is left of a row, as long as `waiting` has a permit for it; whoever calls gives a permit back that is left.
 * Changes `waiting` to when and how it goes on. Rejects only when storing failed at the end.
 */
export async function deliverRow(delivery: Delivery, waiting: Waiting): Promise<Step> {
  for (const first of [waiting.unmarking, delivery.closed.loading()]) if (first !== undefined) await first;
  let row = readRow(delivery.database.read, { id: waiting.id });
  for (;;) {
    if (row === undefined || (row.state !== 'pending' && row.state !== 'sending')) return { kind: 'over' };
    if (delivery.stopped() || waiting.permit === undefined) return { kind: 'later' };
    const closed = delivery.closed.reason(row.route);
    if (closed !== undefined && !waiting.leftover) return await moveOn(delivery, row, closed);
    const adapter = adapterFor(delivery.adapters, row.route);
    const chunks = partsFor(adapter, row, delivery.fileOver?.() ?? 0);
    if (chunks.length === 0) return await end(delivery, row, { state: 'undelivered', reason: 'the message was empty' });
    const next: Next | 'held' = await tryChunk(delivery, { adapter, row, chunks, waiting });
    if (next === 'held') return await stepBack(delivery, row, adapter);
    row = { ...row, attempts: row.attempts + 1 };
    switch (next.kind) {
      case 'advance':
        row = await advance(delivery, { adapter, row, chunks, waiting }, next);
        break;
      case 'retry':
        return await postpone(delivery, { row, waiting }, next);
      case 'reroute':
        return await moveOn(delivery, row, next.reason);
      case 'end':
        return await end(delivery, row, next);
      default:
        return assertNever(next);
    }
  }
}

interface Chunk {
  readonly adapter: ChannelAdapter | undefined;
  readonly row: OutboxRow;
  readonly chunks: readonly OutboundMessage[];
  readonly waiting: Waiting;
}

/** `held`: a silence began after the permit was given; nothing was attempted. */
async function tryChunk(delivery: Delivery, at: Chunk): Promise<Next | 'held'> {
  const { adapter, row, chunks, waiting } = at;
  const { channel } = row.route;
  const facts = {
    idempotent: adapter?.can.idempotentSend ?? false,
    // Nothing is held against a message while its channel is not there; the reconnect begins its 30 minutes anew.
    since: unreachable(adapter) ? delivery.clock.now() : heldAgainstSince(delivery, row, waiting),
    failures: waiting.failures,
    maybeSent: waiting.maybeSent,
    channel,
  };
  if (adapter === undefined || adapter.health().state === 'stopped') {
    return decideNext(
      { status: 'retry', afterMs: 0, cause: `${accountKey(row.route)} is not running` },
      { ...facts, now: delivery.clock.now() },
    );
  }
  const chunk = chunks[row.chunk];
  // More chunks once than now: the limit of the channel changed between two starts.
  if (chunk === undefined) return { kind: 'advance', messageIds: [] };
  if (waiting.leftover && !facts.idempotent) {
    waiting.leftover = false;
    return { kind: 'advance', messageIds: [], doubt: 'the process ended while it was being sent; it may have arrived' };
  }
  if (!facts.idempotent && row.state !== 'sending' && !(await store(delivery, row, { state: 'sending' }))) {
    return { kind: 'advance', messageIds: [] };
  }
  waiting.claimed = false;
  if (delivery.pacer.silentUntil(waiting) > delivery.clock.now()) return 'held';
  const message = waiting.inherited ? { ...chunk, sentSince: row.since } : chunk;
  const send = (): Promise<Receipt> => adapter.deliver(row.route, message, chunkKey(row));
  const receipt = await answer(delivery.clock, send, answerWithinMs);
  waiting.permit?.used();
  if (receipt.status !== 'sent') heed(delivery, row, waiting, receipt);
  return decideNext(receipt, { ...facts, now: delivery.clock.now() });
}

/** Start of the 30 minutes: neither the time the pacer held it counts, nor that for which the platform asked. */
function heldAgainstSince(delivery: Delivery, row: OutboxRow, { heldMs, askedMs, resumedAt }: Waiting): number {
  return Math.max(row.since, delivery.resumedAt(), resumedAt) + heldMs + askedMs;
}

function unreachable(adapter: ChannelAdapter | undefined): boolean {
  const state = adapter?.health().state;
  return state === 'disconnected' || state === 'connecting' || state === 'conflict' || state === 'failed';
}

/** What a receipt says beyond this one message. */
function heed(
  delivery: Delivery,
  row: OutboxRow,
  waiting: Waiting,
  receipt: Exclude<Receipt, { status: 'sent' }>,
): void {
  const { status, cause } = receipt;
  delivery.log.warn(
    { key: row.key, chunk: row.chunk, place: row.place, status, err: cause },
    'message not delivered yet',
  );
  delivery.closed.note(row.route, receipt);
  if (receipt.status === 'retry' && receipt.silence !== undefined)
    delivery.pacer.silence(waiting, receipt.silence, receipt.afterMs);
}

/** Another place is another message: a platform that knows the key would take it for a repeat. */
function chunkKey(row: OutboxRow): string {
  const hop = row.gone.length === 0 ? '' : `~${row.gone.length}`;
  return `${row.key}${hop}:${row.chunk}`;
}

async function advance(
  delivery: Delivery,
  at: Chunk,
  next: Extract<Next, { kind: 'advance' }>,
): Promise<OutboxRow | undefined> {
  const { adapter, chunks, waiting } = at;
  const part = chunks.length > 1 ? `part ${at.row.chunk + 1} of ${chunks.length}: ` : '';
  const doubt = at.row.doubt ?? (next.doubt === undefined ? undefined : `${part}${next.doubt}`);
  const messageIds = [...at.row.messageIds, ...next.messageIds];
  const row = { ...at.row, chunk: at.row.chunk + 1, messageIds, doubt };
  Object.assign(waiting, { started: true, leftover: false, inherited: false, maybeSent: false, failures: 0 });
  if (row.chunk >= chunks.length) {
    await end(delivery, row, doubt === undefined ? { state: 'delivered' } : { state: 'ambiguous', reason: doubt });
    return undefined;
  }
  // Without a permit the row steps back, unmarked: nobody may take it for one that is being sent.
  if (waiting.permit?.spent === true)
    waiting.permit = delivery.pacer.take(targetOf(delivery.adapters, row.route, waiting), 'owed');
  // The mark for the next chunk rides along, unless there will be none.
  const goesOn = waiting.permit !== undefined && !delivery.stopped();
  const marks = goesOn && adapter !== undefined && !adapter.can.idempotentSend;
  const change: RowChange = { state: marks ? 'sending' : 'pending' };
  return (await store(delivery, row, change)) ? { ...row, ...change } : undefined;
}

/** The mark "being sent" goes where there is one, so that nobody takes the row for attempted. */
async function stepBack(delivery: Delivery, row: OutboxRow, adapter: ChannelAdapter | undefined): Promise<Step> {
  if (adapter?.can.idempotentSend === true) return { kind: 'later' };
  return { kind: (await store(delivery, row, { state: 'pending' })) ? 'later' : 'over' };
}

async function postpone(
  delivery: Delivery,
  at: Pick<Chunk, 'row' | 'waiting'>,
  next: Extract<Next, { kind: 'retry' }>,
): Promise<Step> {
  const { row, waiting } = at;
  const { at: nextAt, notBefore, maybeSent, reason } = next;
  Object.assign(waiting, { dueAt: nextAt, notBefore, maybeSent, failures: waiting.failures + 1 });
  waiting.askedMs += Math.max(0, notBefore - delivery.clock.now());
  waiting.started ||= maybeSent;
  // What an earlier process may have sent stays marked until a channel was there to judge it.
  const state = waiting.leftover ? row.state : 'pending';
  return { kind: (await store(delivery, row, { state, nextAt, reason })) ? 'later' : 'over' };
}

/** @param why the place does not take it, for people, as far as that is known */
async function moveOn(delivery: Delivery, refused: OutboxRow, why: string | undefined): Promise<Step> {
  const { route } = refused;
  // A closed chat has no thread and no main room to go to.
  const gone = delivery.closed.reason(route) === undefined ? [route] : [route, parentRoute(route)];
  const row = { ...refused, gone: [...new Set([...refused.gone, ...gone.map(routeKey)])] };
  const next = await elsewhere(delivery, row);
  if (next === undefined) {
    const reason = why === undefined ? 'no route' : `no route (${why})`;
    return await end(delivery, row, { state: 'undelivered', reason });
  }
  const change: RowChange = {
    route: next.route,
    gone: row.gone,
    message: forElsewhere(row.message, why === undefined ? next.note : `${next.note}: ${why}`),
    state: 'pending',
    chunk: 0,
    nextAt: delivery.clock.now(),
    messageIds: [],
  };
  if (!(await store(delivery, row, change))) return { kind: 'over' };
  const moved = { ...row, ...change, account: accountKey(next.route), place: routeKey(next.route) };
  delivery.log.info({ key: row.key, from: row.place, to: moved.place }, 'message goes to another place');
  return { kind: 'moved', row: moved };
}

/** What only one person may see is shown nowhere else. */
async function elsewhere(delivery: Delivery, row: OutboxRow): ReturnType<Delivery['reroute']> {
  if (row.message.private === true) return undefined;
  return await delivery.reroute(row).catch((error: unknown) => {
    delivery.log.error({ key: row.key, err: error }, 'no other place found for a message');
    return undefined;
  });
}

async function end(
  delivery: Delivery,
  row: OutboxRow,
  how: { readonly state: EndState; readonly reason?: string },
): Promise<Step> {
  const { state, reason } = how;
  const ended = endedOf(row, state, reason);
  const done = await record(delivery, (sql) => {
    if (!endRow(sql, { ...row, state, reason }, delivery.clock.now())) return false;
    delivery.onEnded?.(ended, sql);
    return true;
  });
  if (done && state !== 'delivered')
    delivery.log.error({ key: row.key, place: row.place, state, reason }, 'message not delivered');
  if (done && state === 'delivered') delivery.onDelivered?.(ended);
  return { kind: 'over' };
}

export function endedOf(row: OutboxRow, state: EndState, reason: string | undefined): Ended {
  const { key, route, runs, session, messageIds } = row;
  return { key, route, runs, session, state, reason, messageIds };
}

function store(delivery: Delivery, row: OutboxRow, change: RowChange): Promise<boolean> {
  return record(delivery, (sql) => updateOpen(sql, row, change));
}

/** What was sent must be recorded before anything else happens to the row: a failed write is repeated, never the send. */
async function record<T>(delivery: Delivery, work: (sql: Sql) => T): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await delivery.database.write(work);
    } catch (error) {
      if (delivery.stopped()) throw error;
      delivery.log.error({ err: error }, 'the outbox could not be stored, trying again');
      await delivery.clock.sleep(Math.min(1000 * 2 ** failures, 60_000));
    }
  }
}
