// The end of a session a person started in a coding agent: closed by hand, after a failed start, or after its one answer.
// Used by the services of /acp and where turns are settled.
import type { TurnResult } from '../../agents/turn-types.ts';
import type { Session } from '../../core/session.ts';
import type { Engine } from '../engine.ts';

export type DropParts = Pick<Engine, 'acp' | 'delivery' | 'stores'> & {
  readonly layer: Pick<Engine['layer'], 'turns' | 'stopper' | 'scheduler'>;
};

/** Ends everything it has: turn, waiting messages, process, binding, memory. */
export async function dropSession({ layer, delivery, acp, stores }: DropParts, session: Session): Promise<void> {
  const turn = layer.turns.active(session.key);
  await layer.stopper.stopSession(session.key, { cause: 'user' });
  await delivery.bindings.dropFor(session.key);
  await acp.sessions.known(session.key)?.end();
  await turn?.ended;
  // In this order nobody finds the session and begins it anew; what came meanwhile finds it gone.
  await layer.scheduler.between(session.key, () => stores.sessions.archive(session.key));
  await acp.sessions.forget(session.key);
}

/** One that was started for a single answer is closed with it. Call it while its turn is being settled. */
export async function closeAnswered(parts: DropParts, { session, cause, items }: TurnResult): Promise<void> {
  const oneshot = parts.acp.sessions.known(session.key)?.record.started?.oneshot === true;
  const told = items.some((item) => item.kind === 'message' || item.kind === 'note');
  if (!oneshot || !told || cause === 'shutdown') return;
  await parts.layer.turns.active(session.key)?.ended;
  await dropSession(parts, session);
}
