// The receiver with everything it asks of the other rooms. Made by engine.ts.
import { shownChoices, showsMenus } from '../core/channel.ts';
import type { InboundMessage } from '../core/message.ts';
import { personId } from '../core/person.ts';
import { ok } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { adapterFor } from '../delivery/account.ts';
import { speakerOf } from '../delivery/sent-messages.ts';
import type { Pairing } from '../inbound/pairing.ts';
import { Receiver } from '../inbound/receive.ts';
import type { RouterDeps } from '../inbound/router.ts';
import { notFound } from '../runs/targets.ts';
import { closedTo } from './acp/control.ts';
import type { AcpLayer } from './acp/layer.ts';
import type { DeliveryLayer } from './delivery.ts';
import { fileAccess } from './file-access.ts';
import { watchedCommands } from './live-lists.ts';
import { showDecided } from './menus.ts';
import type { EngineParts } from './parts.ts';
import type { RunsLayer } from './runs.ts';
import type { Stores } from './stores.ts';

export interface ReceiverParts {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly acp: AcpLayer;
  readonly layer: RunsLayer;
  readonly pairing: Pairing;
  readonly draining: () => boolean;
}

export function wireReceiver(receiver: ReceiverParts): Receiver {
  const { parts, stores, delivery, acp, layer, pairing, draining } = receiver;
  const { clock, ids, log, config, isCommand, namesCommand } = parts;
  const runCommand = watchedCommands(parts, delivery.lists);
  const { inbox, database, sessions, choices, moves } = stores;
  return new Receiver({
    ...{
      inbox,
      database,
      sessions,
      choices,
      clock,
      ids,
      log,
      config,
      isCommand,
      namesCommand,
      runCommand,
      pairing,
      draining,
    },
    ...routing(parts, stores),
    quoted: quotedIn(receiver),
    closedTo: (session, owner) => closedTo(receiver, session, owner),
    hasOwnCommands: async (key) => {
      const session = await sessions.get(key);
      return session !== undefined && acp.backs(session);
    },
    ...fileAccess(parts),
    bindings: delivery.bindings,
    people: (route) => {
      const former = moves.first(route).chat;
      return {
        paired: pairing.paired(),
        linkedOwner: pairing.owner(),
        accountOwner: accountOwner(parts, route),
        formerChat: former === route.chat ? undefined : former,
      };
    },
    places: (route) => moves.all(route),
    sameChats: (route) => sameChats(parts, stores, route),
    shown: (route, reply) => shownChoices(adapterFor(parts.adapters, route)?.can, reply),
    menus: (route) => showsMenus(adapterFor(parts.adapters, route)?.can),
    menuDecided: (key, choice) => showDecided(delivery, stores, { key, choice }),
    offer: (session, item) => acp.offered(session, item, layer.turns.offer(session, item)),
    leave: (session, items) => layer.turns.leave(session, items),
    waits: (id) => layer.turns.waits(id),
    replace: (id, change) => layer.turns.replace(id, change),
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    ownerSeen: (message) => delivery.owner.seen(message.route),
    ownerRoute: async (asked) => (await delivery.owner.get()) ?? ownersDirectChat(parts, pairing, asked),
  });
}

/** `<channel>:<id>` of the person whose own account we speak from. */
function accountOwner({ adapters }: EngineParts, route: Route): string | undefined {
  const id = adapterFor(adapters, route)?.accountOwner?.();
  return id === undefined ? undefined : `${route.channel}:${id}`;
}

/** Ids a chat had before, where its messages kept theirs. */
function sameChats({ adapters }: EngineParts, { moves }: Stores, route: Route): readonly Route[] {
  const [, ...before] = moves.all(route);
  return before.length > 0 && adapterFor(adapters, route)?.can.lastingIds === true ? before : [];
}

/** A coding agent that a person started belongs to no run. */
function quotedIn({ parts, stores, acp }: ReceiverParts): RouterDeps['quoted'] {
  const { quoted } = routing(parts, stores);
  return (route, messageId) => {
    const run = quoted(route, messageId);
    if (run !== undefined) return run;
    const speaker = [route, ...sameChats(parts, stores, route)]
      .map((each) => speakerOf(stores.database.read, each, messageId))
      .find((each) => each !== undefined);
    const started = acp.sessions.known(speaker?.session ?? '')?.record.started;
    return started === undefined || speaker === undefined ? undefined : { ...started, session: speaker.session };
  };
}

/** How messages find their session. */
export function routing(
  parts: EngineParts,
  stores: Stores,
): Pick<RouterDeps, 'agentFor' | 'dmScope' | 'quoted' | 'tags' | 'numbered' | 'home' | 'firstRoute'> {
  const { registry, database, moves, numbers, persons } = stores;
  return {
    agentFor: (message) => parts.agents().bind(asConfigured(parts, message, moves.first(message.route))).id,
    dmScope: () => parts.config().session.dmScope,
    quoted: (route, messageId) => {
      const speaker = [route, ...sameChats(parts, stores, route)]
        .map((each) => speakerOf(database.read, each, messageId))
        .find((each) => each !== undefined);
      const run = speaker === undefined ? undefined : registry.byChild(speaker.session);
      return speaker === undefined || run === undefined ? undefined : { ...speaker, label: run.label };
    },
    tags: (route) => adapterFor(parts.adapters, route)?.can.tags === true,
    numbered: async (route, number) => {
      const known = await numbers.list(route);
      const run = registry.get(known.find((each) => each.number === number)?.runId ?? '');
      if (run === undefined) return { ok: false, refusal: notFound(`#${number}`, known) };
      return ok({ session: run.child, scope: registry.scopeOf(run.child) ?? run.requester, label: run.label });
    },
    home: (route, person) => persons.home(route.channel, person),
    firstRoute: (route) => moves.first(route),
  };
}

/** An owner who has not written yet is asked where their direct chat is known all the same. */
function ownersDirectChat(parts: EngineParts, pairing: Pairing, asked: Route): Route | undefined {
  const { ownerAllowFrom } = parts.config().commands;
  const listed = ownerAllowFrom.length > 0 ? ownerAllowFrom : [pairing.owner() ?? ''];
  const owners = [...listed, accountOwner(parts, asked) ?? ''];
  const prefix = `${asked.channel}:`;
  const adapter = adapterFor(parts.adapters, asked);
  return owners
    .filter((each) => each.toLowerCase().startsWith(prefix))
    .map((each) => adapter?.direct?.(personId(asked.channel, each.slice(prefix.length))))
    .find((route) => route !== undefined);
}

/** The config may name a moved chat by its first id, and the agent bound to that goes on answering. */
function asConfigured(
  parts: EngineParts,
  message: Pick<InboundMessage, 'route' | 'sender'>,
  first: InboundMessage['route'],
): Pick<InboundMessage, 'route' | 'sender'> {
  const { chat } = message.route;
  const named = first.chat === chat || parts.config().bindings.some(({ match }) => match.chat === chat);
  return named ? message : { ...message, route: first };
}
