// Who may have coding agents do something: the owner, or every allowed person where the config says so. Wraps what commands
// can do with sessions, so that no way around /acp is open. Used by services.ts of the wiring and by receiver.ts.
import { acpFault, acpRefusal } from '../../acp/errors.ts';
import type { Caller, CommandPlace } from '../../core/command.ts';
import type { Refusal, Result } from '../../core/result.ts';
import type { Services, StopReport } from '../../core/services.ts';
import type { Session } from '../../core/session.ts';
import type { Engine } from '../engine.ts';

type Parts = Pick<Engine, 'parts' | 'acp' | 'stores' | 'layer' | 'runs' | 'sessions' | 'bindings'>;

/** Undefined: this person may start, set and talk to coding agents. */
export function notController(
  { parts }: Pick<Parts, 'parts'>,
  { class: who }: Pick<Caller, 'class'>,
): Refusal | undefined {
  if (who === 'owner' || parts.config().acp.control === 'allowed') return undefined;
  return { ...acpRefusal(acpFault.notController()), code: 'acp_not_controller' };
}

/** Why what somebody says may not reach this session. */
export function closedTo(engine: Pick<Parts, 'parts' | 'acp'>, session: Session, owner: boolean): Refusal | undefined {
  return engine.acp.backs(session) ? notController(engine, { class: owner ? 'owner' : 'allowed' }) : undefined;
}

/** What people can do with runs, sessions and bindings, where some of them live in coding agents. */
export function controlled(engine: Parts): Pick<Services, 'runs' | 'sessions' | 'bindings'> {
  const { runs, sessions, bindings, acp } = engine;
  const denied = (place: CommandPlace, concerns: boolean): { ok: false; refusal: Refusal } | undefined => {
    const refusal = concerns ? notController(engine, place.caller) : undefined;
    return refusal === undefined ? undefined : { ok: false, refusal };
  };
  const guard = async <T>(place: CommandPlace, concerns: boolean, act: () => Promise<Result<T>>): Promise<Result<T>> =>
    denied(place, concerns) ?? (await act());
  const isExternal = (agentId: string): boolean => acp.backs({ kind: 'subagent', agentId });
  return {
    runs: {
      ...runs,
      spawn: (place, request) =>
        guard(place, isExternal(request.agentId ?? place.session.agentId), () => runs.spawn(place, request)),
      send: (place, run, text, reply) => guard(place, run.runtime === 'acp', () => runs.send(place, run, text, reply)),
      steer: (place, run, text) => guard(place, run.runtime === 'acp', () => runs.steer(place, run, text)),
      steerSession: (place, text) => guard(place, acp.backs(place.session), () => runs.steerSession(place, text)),
      stop: async (place) => merged(await Promise.all([runs.stop(place), ...stopStarted(engine, place)])),
    },
    sessions: { ...sessions, reset: (place) => guard(place, acp.backs(place.session), () => sessions.reset(place)) },
    bindings: {
      ...bindings,
      focus: (place, target, here) => guard(place, acp.backs(target), () => bindings.focus(place, target, here)),
    },
  };
}

/** Sessions a person started from this chat are below it, though no run is theirs. */
function stopStarted({ acp, layer }: Parts, place: CommandPlace): readonly Promise<StopReport>[] {
  if (place.bound) return [];
  return acp.sessions
    .all()
    .filter(({ key, record }) => record.started?.scope === place.session.key && layer.turns.active(key) !== undefined)
    .map(({ key }) => layer.stopper.stopSession(key, { cause: 'user' }));
}

function merged(reports: readonly StopReport[]): StopReport {
  const [first, ...rest] = reports;
  if (first === undefined) throw new Error('nothing was asked to stop');
  return rest.reduce(
    (sum, each) => ({
      stopped: [...sum.stopped, ...each.stopped],
      alreadyFinished: [...sum.alreadyFinished, ...each.alreadyFinished],
      failed: [...sum.failed, ...each.failed],
      turns: sum.turns + each.turns,
      wedged: sum.wedged || each.wedged,
      messages: sum.messages + each.messages,
      untold: [...sum.untold, ...each.untold],
    }),
    first,
  );
}
