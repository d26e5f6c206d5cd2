// What must hold of runs, their ends and who is told. Used by all.ts.
import { isTerminal, type Run, shortId } from '../../../src/core/run.ts';
import type { Evidence, Invariant } from '../evidence.ts';
import { says } from './inbound.ts';

const settled = new Set(['delivered', 'skipped', 'silent', 'ambiguous', 'undelivered']);

/** Every run has ended, and its requester knows or it is visible why not. */
export const noLostOutcome: Invariant = (evidence) =>
  evidence.runs.flatMap((run) => {
    const name = `${run.label} (${shortId(run.id)})`;
    if (!isTerminal(run.state.status)) return [`${name} is still ${run.state.status}`];
    const { state, reason = '' } = run.delivery;
    if (!settled.has(state)) return [`${name} is ${run.state.status}, and its delivery still ${state}`];
    if (state !== 'delivered') return reason === '' ? [`${name} is ${state} without a reason`] : [];
    return isKnown(evidence, run) ? [] : [`${name} counts as delivered (${reason}), and nobody has heard of it`];
  });

/** A message tells of it, or the session that asked has read it. */
function isKnown({ outbox, seen }: Evidence, run: Run): boolean {
  if (outbox.some((row) => row.runs.includes(run.id) && row.state === 'delivered')) return true;
  return seen.turns.some((turn) => turn.runs.includes(shortId(run.id)));
}

/** One path announces a run: one message tells of it, or the session that asked for it has taken it in. */
export const oneConsumer: Invariant = ({ runs, outbox }) =>
  runs.flatMap((run) => {
    const carrying = outbox.filter((row) => row.runs.includes(run.id));
    const short = shortId(run.id);
    const telling = outbox.filter(
      (row) => row.key === `announce:${run.id}` || (says(row, `got:${short}`) && row.key.startsWith('reply:')),
    );
    const all = new Set([...carrying, ...telling].map((row) => row.key));
    const nested = run.parent !== undefined;
    return all.size > 1 && !nested ? [`${run.label} (${short}) is told by ${[...all].join(', ')}`] : [];
  });

/** Nothing below a run that was stopped goes on. */
export const cascadeIsComplete: Invariant = ({ runs }) =>
  runs.flatMap((run) => {
    const { state } = run;
    if (!('endedAt' in state) || state.status === 'succeeded') return [];
    return below(runs, run).flatMap((child) => {
      if (!('endedAt' in child.state) || child.state.endedAt <= state.endedAt) return [];
      if (child.acceptedAt > state.endedAt + lateSpawnMs)
        return [`${child.label} was started by ${run.label} after its end`];
      if (child.state.status === 'stopped') return [];
      return [`${run.label} is ${state.status}, and ${child.label} below it ${child.state.status} later`];
    });
  });

/** A spawn that was being recorded when its requester was stopped. */
const lateSpawnMs = 1_000;

function below(runs: readonly Run[], top: Run): readonly Run[] {
  return runs.filter((run) => run.requester === top.child).flatMap((run) => [run, ...below(runs, run)]);
}

/** What was stopped says nothing any more. */
export const noOutputAfterStop: Invariant = ({ seen, outbox, runs }) => {
  const stopped = seen.turns.filter((turn) => turn.aborted?.by === 'user' || turn.aborted?.by === 'cascade');
  const spoken = stopped.flatMap((turn) =>
    outbox.filter((row) => says(row, turn.name)).map((row) => `${turn.name} was stopped, and ${row.key} is sent`),
  );
  const told = runs
    .filter((run) => run.state.status === 'stopped' && run.askedBy === 'person')
    .flatMap((run) =>
      outbox
        .filter((row) => row.runs.includes(run.id))
        .map((row) => `${run.label} was stopped, and ${row.key} tells of it`),
    );
  return [...spoken, ...told];
};

/** A conversation is bound to a session that is there. */
export const noDeadBinding: Invariant = ({ bindings, sessions }) =>
  bindings
    .filter((binding) => !sessions.has(binding.session))
    .map((binding) => `${binding.label} is bound, and its session ${binding.session} is gone`);
