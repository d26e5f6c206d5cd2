// What follows when a stored record cannot be read and is set aside: who waited for it hears so, and what hung on it ends.
// Wired in engine.ts; recovery.ts and the sweep tell the owner.
import { z } from 'zod';
import { clip, oneLine } from '../core/format.ts';
import { parentRoute, type Route, routeOfKey, routeSchema, sameRoute } from '../core/route.ts';
import { type RunDelivery, type RunStatus, shortId } from '../core/run.ts';
import { lastRoute } from '../core/session.ts';
import { itemId } from '../inbound/tickets.ts';
import type { Row, Sql } from '../infra/database.ts';
import {
  type DecideFollowUp,
  type FollowUp,
  type SetAsideRecord,
  toldUpTo,
  untoldRecords,
} from '../infra/set-aside.ts';
import { keepSpent } from '../runs/budget.ts';
import { setDelivery } from '../runs/end-run.ts';
import { questionEnded } from './approvals.ts';
import type { Engine } from './engine.ts';
import { originOf } from './origin.ts';
import { setAsideText } from './restart-text.ts';
import type { Stores } from './stores.ts';

type Parts = Pick<Engine, 'parts' | 'stores' | 'delivery' | 'layer' | 'approvals' | 'generation'>;

/** @param live what is left of the last process has been found: from now on nothing else takes up what is owed here */
export function followUps(engine: Parts, live: () => boolean): DecideFollowUp {
  return async (table, row) => {
    switch (table) {
      case 'inbox':
        return afterIncoming(engine, row);
      case 'runs':
        return afterRun(engine, row, live);
      case 'outbox':
        return afterOutgoing(engine, row, live);
      case 'trees':
        return { within: (sql) => keepSpent(sql, row) };
      default:
        return {};
    }
  };
}

/** What the owner has not been told of yet, oldest first. */
export function untold({ database }: Pick<Stores, 'database'>): readonly SetAsideRecord[] {
  return untoldRecords(database.read);
}

/** Tells the owner, once they can be reached, of what was set aside while work went on. Called by the sweep. */
export async function tellSetAside(engine: Pick<Engine, 'delivery' | 'stores' | 'parts'>): Promise<void> {
  const records = untold(engine.stores);
  const text = setAsideText(records);
  const route = text === undefined ? undefined : await engine.delivery.owner.get();
  const last = records.at(-1);
  if (text === undefined || route === undefined || last === undefined) return;
  await tellOf(engine, { key: `set-aside:${last.seq}`, route, text }, records);
}

/** Says this to the owner; with it they were told of these records. */
export async function tellOf(
  { delivery, stores, parts }: Pick<Engine, 'delivery' | 'stores' | 'parts'>,
  { key, route, text }: Saying,
  records: readonly SetAsideRecord[],
): Promise<void> {
  await stores.database.write((sql) => {
    delivery.outbox.enqueue(sql, { key, route, message: { text }, priority: 'final' }, parts.clock.now());
    toldUpTo(sql, records.at(-1)?.seq ?? 0);
  });
  delivery.outbox.kick();
}

const damaged = 'could not be read from the store any more and was set aside';

async function afterIncoming(engine: Parts, row: Row): Promise<FollowUp> {
  const { delivery } = engine;
  const dedupe = String(row.dedupe);
  if (row.state !== 'accepted') return {};
  const route =
    parsed(z.object({ message: z.object({ route: routeSchema }) }), row.message)?.message.route ??
    routeOfKey(dedupe.split(':').slice(0, 3).join(':'));
  // Whoever we do not talk to gets no word, and what was said cannot tell.
  if (route === undefined || !(await isKnown(engine, route))) return {};
  const text = `⚠️ A message from this chat ${damaged}. If no answer to it comes, say it again.`;
  return {
    within: (sql) => say(engine, sql, { key: `set-aside:inbox:${row.ticket}`, route, text }),
    after: async () => delivery.outbox.kick(),
  };
}

interface Saying {
  readonly key: string;
  readonly route: Route;
  readonly text: string;
}

function say({ delivery, stores, parts }: Parts, sql: Sql, { key, route, text }: Saying): void {
  const entry = { key, route: stores.moves.current(route), message: { text }, priority: 'reply' } as const;
  delivery.outbox.enqueue(sql, entry, parts.clock.now());
}

async function isKnown({ stores, delivery }: Pick<Parts, 'stores' | 'delivery'>, route: Route): Promise<boolean> {
  if ((await delivery.bindings.at(route)) !== undefined) return true;
  return (await stores.sessions.all()).some((session) => {
    const last = lastRoute(session);
    return last !== undefined && sameRoute(parentRoute(last), parentRoute(route));
  });
}

const activeStates: ReadonlySet<string> = new Set<RunStatus>(['queued', 'running', 'waiting']);
/** Deliveries that somebody still waits for, once the run has ended. */
const owedStates: ReadonlySet<string> = new Set<RunDelivery['state']>(['pending', 'handed', 'sending']);

async function afterRun(engine: Parts, row: Row, live: () => boolean): Promise<FollowUp> {
  const { stores, layer, delivery, parts, generation } = engine;
  const [id, child] = [String(row.id), String(row.child)];
  const awaited = activeStates.has(String(row.status)) || owedStates.has(String(row.delivery));
  const requester =
    (await stores.sessions.get(String(row.requester))) ?? (await stores.sessions.get(String(row.scope)));
  const route = requester?.kind === 'chat' ? originOf(stores, requester) : undefined;
  const below = stores.registry.activeBelow(child);
  const text = `[The record of the run ${clip(oneLine(String(row.label)), 80)} (${shortId(id)}) was damaged and has been set aside: the run is over, and its result, if there was one, is lost. Check what it may have done in part, tell whoever waits for it, and start it again if it is still wanted.]`;
  const note = {
    kind: 'note',
    text,
    from: 'Switchyard',
    route,
    steer: true,
    inPlace: true,
    key: `set-aside:${id}`,
  } as const;
  let ticket: number | undefined;
  return {
    within: (sql) => {
      // Also if the process dies before the rest is done: no start goes on with it.
      stores.openTurns.stopped(sql, child, { generation: generation + 1 });
      if (!awaited || requester === undefined) return;
      ticket = stores.inbox.acceptInternal(sql, { ...note, session: requester.key }, parts.clock.now());
    },
    after: async () => {
      layer.turns.abort(child, 'cascade');
      layer.turns.clear(child);
      if (below.length > 0) await layer.stopper.stopRuns(below, { cause: 'cascade' });
      await stores.sessions.archive(child);
      const farewell = await delivery.bindings.dropFor(child);
      if (farewell !== undefined) delivery.notify(farewell.key, farewell.route, farewell.text);
      // What is stored is taken up by the start.
      if (ticket === undefined || requester === undefined || !live()) return;
      layer.messages.resume({ ...note, target: requester }, { id: itemId(ticket), steer: true });
    },
  };
}

async function afterOutgoing(engine: Parts, row: Row, live: () => boolean): Promise<FollowUp> {
  const { delivery } = engine;
  const key = String(row.key);
  if (row.state !== 'pending' && row.state !== 'sending') return {};
  const runs = parsed(z.array(z.string()), row.runs) ?? [];
  // Marked so is only what a platform cannot tell from a repetition.
  if (runs.length > 0) return row.state === 'sending' ? perhapsSent(engine, runs) : againOwed(engine, runs, live);
  const route = parsed(routeSchema, row.route) ?? routeOfKey(String(row.place));
  const after = async (): Promise<void> => {
    questionEnded(engine.approvals, { key, state: 'undelivered' });
    delivery.outbox.kick();
  };
  if (route === undefined) return { after };
  const text = `⚠️ A message for this chat ${damaged}; it may not have been sent, or not all of it. If you wait for an answer, ask again.`;
  return {
    within: (sql) => say(engine, sql, { key: `set-aside:outbox:${row.id}`, route, text }),
    after,
  };
}

/** What these runs brought is in their own records: it is delivered again. */
function againOwed(engine: Parts, runs: readonly string[], live: () => boolean): FollowUp {
  const { registry } = engine.stores;
  return {
    within: (sql) => deliveryIs(engine, sql, runs, { state: 'pending' }),
    after: async () => {
      if (live()) for (const run of registry.owed()) if (runs.includes(run.id)) engine.layer.announcer.owe(run);
    },
  };
}

/** It may have arrived: a person decides whether it is sent again. */
function perhapsSent(engine: Parts, runs: readonly string[]): FollowUp {
  const reason = 'the record of the message was damaged while it was being sent; it may have arrived';
  return { within: (sql) => deliveryIs(engine, sql, runs, { state: 'ambiguous', reason }) };
}

function deliveryIs(
  { stores: { registry }, parts }: Parts,
  sql: Sql,
  runs: readonly string[],
  to: Pick<RunDelivery, 'state' | 'reason'>,
): void {
  const archiveMinutes = parts.config().agents.defaults.subagents.archiveAfterMinutes;
  for (const id of runs) {
    const known = registry.get(id, sql)?.delivery;
    if (known?.state !== 'sending') continue;
    const delivery = { ...to, attempts: known.attempts };
    setDelivery(sql, registry, id, { delivery, now: parts.clock.now(), archiveMinutes });
  }
}

function parsed<T>(schema: z.ZodType<T>, text: unknown): T | undefined {
  try {
    return schema.safeParse(JSON.parse(String(text))).data;
  } catch {
    return undefined;
  }
}
