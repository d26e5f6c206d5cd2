// What commands and agents see of runs and sessions, put together from the engine's layers. Called by engine.ts.
import type { RunServices, SessionServices } from '../core/services.ts';
import { adapterFor } from '../delivery/account.ts';
import { runServices } from '../runs/run-services.ts';
import { sessionServices } from '../sessions/session-services.ts';
import type { Engine } from './engine.ts';

type Layers = Pick<Engine, 'parts' | 'stores' | 'delivery' | 'layer' | 'approvals'>;

export function runServicesOf({ stores, layer, parts, delivery, approvals }: Layers): RunServices {
  return runServices({
    registry: stores.registry,
    sessions: stores.sessions,
    numbers: stores.numbers,
    tagged: (route) => adapterFor(delivery.adapters, route)?.can.tags === true,
    spawner: layer.spawner,
    stopper: layer.stopper,
    messages: layer.messages,
    clock: parts.clock,
    bound: async (session) => (await delivery.bindings.of(session)) !== undefined,
    active: (session) => layer.turns.active(session),
    awaited: (session) => approvals.awaited(session),
    sending: (runId) => delivery.outbox.ofRun(runId),
  });
}

export function sessionServicesOf({ stores, layer, parts }: Layers): SessionServices {
  return sessionServices({
    sessions: stores.sessions,
    transcripts: stores.transcripts,
    config: parts.config,
    stop: (session) => layer.stopper.stopSession(session, { cause: 'user' }),
    between: (session, work) => layer.scheduler.between(session, work),
    waiting: (session) =>
      layer.turns.waiting(session).filter((item) => item.kind === 'message' || item.kind === 'note').length,
    contextTokens: parts.contextTokens,
  });
}
