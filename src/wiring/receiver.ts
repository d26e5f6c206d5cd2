// The receiver with everything it asks of the other rooms. Made by engine.ts.
import { shownChoices } from '../core/channel.ts';
import type { InboundMessage } from '../core/message.ts';
import type { Route } from '../core/route.ts';
import { adapterFor } from '../delivery/account.ts';
import { speakerOf } from '../delivery/sent-messages.ts';
import type { Pairing } from '../inbound/pairing.ts';
import { Receiver } from '../inbound/receive.ts';
import type { RouterDeps } from '../inbound/router.ts';
import type { DeliveryLayer } from './delivery.ts';
import { fileAccess } from './file-access.ts';
import { watchedCommands } from './live-lists.ts';
import type { EngineParts } from './parts.ts';
import type { RunsLayer } from './runs.ts';
import type { Stores } from './stores.ts';

export interface ReceiverParts {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly layer: RunsLayer;
  readonly pairing: Pairing;
  readonly draining: () => boolean;
}

export function wireReceiver({ parts, stores, delivery, layer, pairing, draining }: ReceiverParts): Receiver {
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
    ...fileAccess(parts),
    bindings: delivery.bindings,
    people: (route) => {
      const former = moves.first(route).chat;
      return {
        paired: pairing.paired(),
        linkedOwner: pairing.owner(),
        formerChat: former === route.chat ? undefined : former,
      };
    },
    places: (route) => moves.all(route),
    shown: (route, reply) => shownChoices(adapterFor(parts.adapters, route)?.can, reply),
    offer: (session, item) => void layer.turns.offer(session, item),
    waits: (id) => layer.turns.waits(id),
    replace: (id, change) => layer.turns.replace(id, change),
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    ownerSeen: (message) => delivery.owner.seen(message.route),
    ownerRoute: async (asked) => (await delivery.owner.get()) ?? ownersDirectChat(parts, pairing, asked),
  });
}

/** How messages find their session. */
export function routing(
  parts: EngineParts,
  { registry, database, moves }: Stores,
): Pick<RouterDeps, 'agentFor' | 'dmScope' | 'quoted' | 'firstRoute'> {
  return {
    agentFor: (message) => parts.agents().bind(asConfigured(parts, message, moves.first(message.route))).id,
    dmScope: () => parts.config().session.dmScope,
    quoted: (route, messageId) => {
      const speaker = speakerOf(database.read, route, messageId);
      const run = speaker === undefined ? undefined : registry.byChild(speaker.session);
      return speaker === undefined || run === undefined ? undefined : { ...speaker, label: run.label };
    },
    firstRoute: (route) => moves.first(route),
  };
}

/** An owner who has not written yet is asked where their direct chat is known all the same. */
function ownersDirectChat({ config, adapters }: EngineParts, pairing: Pairing, asked: Route): Route | undefined {
  const { ownerAllowFrom } = config().commands;
  const owners = ownerAllowFrom.length > 0 ? ownerAllowFrom : [pairing.owner() ?? ''];
  const prefix = `${asked.channel}:`;
  const id = owners.find((each) => each.startsWith(prefix))?.slice(prefix.length);
  return id === undefined ? undefined : adapterFor(adapters, asked)?.direct?.(id);
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
