// Everything that leads out of the engine: bindings, routes, outbox, typing and progress. Second layer.

import type { TurnSigns } from '../agents/turn-types.ts';
import { Bindings } from '../bindings/bindings.ts';
import { threadBindingSettings } from '../bindings/expiry.ts';
import type { Priority } from '../core/message.ts';
import { refusalText } from '../core/result.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import { lastRoute, type SessionKey } from '../core/session.ts';
import { type Adapters, adapterFor } from '../delivery/account.ts';
import { BoundPlaces } from '../delivery/bound-places.ts';
import { ClosedPlaces } from '../delivery/closed-places.ts';
import type { Ended } from '../delivery/deliver-row.ts';
import { noteSend } from '../delivery/earlier-sends.ts';
import { inTurn } from '../delivery/in-turn.ts';
import type { LiveLists } from '../delivery/live-lists.ts';
import { movedAdapters } from '../delivery/moved-adapters.ts';
import { Outbox } from '../delivery/outbox.ts';
import { type OutboxRow, readRow } from '../delivery/outbox-row.ts';
import { OwnerRoute } from '../delivery/owner-route.ts';
import { Pacer, targetOf } from '../delivery/pacer.ts';
import { Progress } from '../delivery/progress.ts';
import { fallbackRoute, resolveRoute } from '../delivery/resolve-route.ts';
import { rememberSpoken } from '../delivery/sent-messages.ts';
import { Tags } from '../delivery/tags.ts';
import { Updates } from '../delivery/updates.ts';
import { menuShown } from '../inbound/menus.ts';
import type { Sql } from '../infra/database.ts';
import { setDelivery } from '../runs/end-run.ts';
import type { OutgoingEntry } from '../runs/turn-end.ts';
import { wireLiveLists } from './live-lists.ts';
import type { EngineParts } from './parts.ts';
import type { Stores } from './stores.ts';

export interface DeliveryLayer {
  /** Each knows where its chats are now, and opens threads in turn with what is said there. */
  readonly adapters: Adapters;
  readonly bindings: Bindings;
  readonly owner: OwnerRoute;
  readonly outbox: Outbox;
  /** Messages that change while work goes on. */
  readonly updates: Updates;
  /** Chats that are closed to us; `reopen` once something comes from one. */
  readonly closed: ClosedPlaces;
  /** Lists in chats that change while runs are at work. */
  readonly lists: LiveLists;
  /** Bindings whose place is gone. */
  readonly places: BoundPlaces;
  /** Names of runs in front of what they say. */
  readonly tags: Tags;
  readonly signs: TurnSigns;
  /** The person saw something of a turn: what is said of long silence waits. */
  readonly shown: (turn: string) => void;
  /** Adds an outgoing message inside a transaction; `outbox.kick` sends it after the commit. */
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  /** A sentence of ours for a conversation; the same key is sent once. */
  readonly notify: (key: string, route: Route, text: string) => void;
  /** Says in a place who answers there from now on, or no longer: in order with the answers themselves. */
  readonly tell: (key: string, route: Route, text: string) => Promise<void>;
  readonly routeFor: (run: Run) => Promise<Route | { readonly reason: string }>;
}

export interface AfterDelivery {
  /** Archives what is due by now. */
  readonly archive: () => void;
  /** A message has ended, however. */
  readonly ended: (ended: Ended) => void;
  /** Session of the chat that one belongs to which no run is about. */
  readonly scopeOf: (session: SessionKey) => SessionKey | undefined;
}

export function wireDelivery(parts: EngineParts, stores: Stores, after: AfterDelivery): DeliveryLayer {
  const { clock, log } = parts;
  const { database, sessions, registry, keyed, moves } = stores;
  const pacer = new Pacer(clock);
  const adapters = movedAdapters(parts.adapters, {
    current: (route) => moves.current(route),
    opening: (parent, open) =>
      inTurn(
        { pacer, clock },
        () => targetOf(parts.adapters, parent),
        async () => {
          await note(parent);
          return await open();
        },
      ),
  });
  const note = async (route: Route): Promise<void> => {
    if (targetOf(adapters, route).limits.length === 0) return;
    await database
      .write((sql) => noteSend(sql, route, clock.now()))
      .catch((error: unknown) => {
        log.error({ err: error }, 'a send was not noted: after a restart the limits may be exceeded by it');
      });
  };
  const bindings = new Bindings({
    stores: keyed,
    clock,
    settings: (route) => threadBindingSettings(parts.config(), route),
    alive: async (session) => (await sessions.get(session)) !== undefined,
  });
  const closed = new ClosedPlaces({ stores: keyed, clock, log });
  const outbox = new Outbox({
    ...{ database, clock, log, adapters, pacer, closed },
    fileOver: () => parts.config().messages.outbound.fileOverChunks,
    reroute: (row) => reroute(stores, { places, closed }, row),
    onEnded: (ended, sql) => {
      recordDelivery({ parts, stores, after }, ended, sql);
      if (ended.state !== 'delivered') after.ended(ended);
    },
    onDelivered: (ended) => {
      const { route, runs } = ended;
      lists.delivered(ended);
      after.ended(ended);
      if (runs.some((id) => registry.get(id)?.cleanup === 'delete')) after.archive();
      bindings
        .touch(route, clock.now())
        .catch((error: unknown) => log.error({ err: error }, 'binding was not touched'));
    },
    onBacklog: (waiting) => tellBacklog(waiting),
  });
  const say = async (priority: Priority, key: string, route: Route, text: string): Promise<void> => {
    await outbox.enqueueNow({ key, route, message: { text }, priority });
  };
  const tell: DeliveryLayer['tell'] = (key, route, text) => say('final', key, route, text);
  const places = new BoundPlaces({ ...{ bindings, adapters, clock, log }, tell });
  const owner = new OwnerRoute(
    keyed,
    (route) => adapterFor(adapters, route) !== undefined && closed.reason(route) === undefined,
  );
  /** The log has it in any case: the owner may be behind the very channel that is stuck. */
  const tellBacklog = (waiting: number): void => {
    log.warn({ waiting, code: 'outbox_backlog' }, 'many messages wait to be sent');
    const text = `⚠️ ${waiting} messages wait to be sent: a channel is not connected (/status shows it), or more is said in a chat than its platform allows.`;
    const tell = async (): Promise<void> => {
      const route = await owner.get();
      if (route !== undefined)
        await outbox.enqueueNow({ key: `backlog:${parts.ids.uuid()}`, route, message: { text }, priority: 'approval' });
    };
    tell().catch((error: unknown) => log.error({ err: error }, 'the owner was not told of the backlog'));
  };
  const notify = (key: string, route: Route, text: string): void => {
    say('reply', key, route, text).catch((error: unknown) => log.error({ err: error, key }, 'notice was not stored'));
  };
  const waitsFor = (chat: string): boolean => outbox.waitsFor(chat);
  const updates = new Updates({ note, clock, adapters, log, pacer, closed, waitsFor });
  const lists = wireLiveLists(parts, stores, { adapters, updates });
  const tags = new Tags({
    wanted: (route) => adapterFor(adapters, route)?.can.tags === true,
    run: (session, sql) => registry.byChild(session, sql),
    number: (route, runId) => stores.numbers.of(route, runId),
    current: (route) => moves.current(route),
  });
  // What is meant for a moved chat keeps its order with what is said there now.
  const enqueue = (sql: Sql, entry: OutgoingEntry): void => {
    const route = moves.current(entry.route);
    const message = tags.said(sql, route, entry.session, entry.message);
    outbox.enqueue(sql, { ...entry, route, message }, clock.now());
  };
  const progress = new Progress({ clock, adapters, updates, closed });
  return {
    ...{ adapters, bindings, owner, outbox, updates, lists, closed, places, tags, enqueue },
    signs: turnSigns(progress),
    shown: (turn) => progress.shown(turn),
    ...{ notify, tell },
    routeFor: async (run) => {
      const requester = await sessions.get(run.requester);
      const resolved = resolveRoute({
        childBinding: (await bindings.of(run.child))?.route,
        requesterBinding: (await bindings.of(run.requester))?.route,
        origin: registry.get(run.id)?.origin ?? run.origin,
        requesterLast: requester === undefined ? undefined : lastRoute(requester),
      });
      if (!resolved.ok) return { reason: refusalText(resolved.refusal) };
      await tags.prepare(resolved.value.route, run.child);
      return resolved.value.route;
    },
  };
}

/** A sub-agent that nobody spoke to has no place of its own: its chat's is the next best. */
async function reroute(
  { sessions, registry }: Stores,
  { places, closed }: Pick<DeliveryLayer, 'places' | 'closed'>,
  row: OutboxRow,
) {
  await places.refused(row.route);
  const speaker = row.session === undefined ? undefined : await sessions.get(row.session);
  // A run may be archived before its result has found a place: whoever asked for it is next.
  const session = speaker ?? (await sessions.get(registry.byChild(row.session ?? '')?.requester ?? ''));
  const chat = session === undefined ? undefined : await sessions.get(session.controlScope);
  const last = [session, chat]
    .map((each) => (each === undefined ? undefined : lastRoute(each)))
    .find((route) => route !== undefined && closed.reason(route) === undefined);
  return fallbackRoute(row.route, row.gone, last);
}

interface Recording {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly after: AfterDelivery;
}

/** The end of an outgoing message is the end of the delivery of the runs it reports. */
function recordDelivery({ parts, stores, after }: Recording, ended: Ended, sql: Sql): void {
  const { registry, moves } = stores;
  const now = parts.clock.now();
  const row = readRow(sql, { key: ended.key });
  const route = moves.current(ended.route);
  const scope = ended.session === undefined ? undefined : after.scopeOf(ended.session);
  rememberSpoken(sql, { ...ended, route, scope }, now);
  menuShown(sql, { ...ended, place: routeKey(parentRoute(route)), choices: row?.message.choices }, now);
  const archiveMinutes = parts.config().agents.defaults.subagents.archiveAfterMinutes;
  const sends = row?.attempts ?? 0;
  for (const id of ended.runs) {
    const handovers = registry.get(id, sql)?.delivery.attempts ?? 0;
    const delivery = {
      state: ended.state,
      attempts: handovers + sends,
      ...(ended.reason === undefined ? {} : { reason: ended.reason }),
      ...(ended.state === 'delivered' ? { deliveredAt: now } : {}),
    };
    setDelivery(sql, registry, id, { delivery, now, archiveMinutes });
  }
}

/** Typing from the moment a message was accepted until its turn is over; one note after a minute of silence. */
function turnSigns(progress: Progress): TurnSigns {
  return {
    queued: (items) => {
      for (const item of items)
        if (item.route !== undefined && item.kind === 'message') progress.begin(item.id, item.route);
    },
    taken: (items) => {
      for (const item of items) progress.end(item.id);
    },
    begin: (turn) => {
      const route = turn.items.find((item) => item.route !== undefined)?.route;
      if (route === undefined) return;
      const asked = turn.items.findLast((item) => item.messageId !== undefined && item.route === route);
      progress.begin(turn.id, route, asked?.messageId);
    },
    tool: (turn, event) => progress.tool(turn.id, event),
    end: (turn, succeeded) => progress.end(turn.id, succeeded),
  };
}
