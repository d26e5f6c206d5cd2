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
    // Every agent here ends, or is ended by its silence.
    if (run.state.status === 'lost') return [`${name} was given up as lost`];
    const { state, reason = '' } = run.delivery;
    if (!settled.has(state)) return [`${name} is ${run.state.status}, and its delivery still ${state}`];
    if (state !== 'delivered')
      return isExcused(evidence, run)
        ? []
        : [`${name} is ${run.state.status}, and ${state} for no good reason: ${reason}`];
    return isKnown(evidence, run) ? [] : [`${name} counts as delivered (${reason}), and nobody has heard of it`];
  });

/** What nobody was told of it was not to be told, or a message shows that it could not be. */
function isExcused({ outbox, seen }: Evidence, run: Run): boolean {
  const { state, reason = '' } = run.delivery;
  if (state === 'ambiguous' || state === 'undelivered')
    return reason.startsWith('no route') || outbox.some((row) => row.runs.includes(run.id) && row.state === state);
  if (reason === '') return false;
  const outcome = 'outcome' in run.state ? run.state.outcome : undefined;
  const nothing = outcome?.kind === 'success' && /ANNOUNCE_SKIP|NO_REPLY/.test(outcome.text);
  const wasStopped = run.state.status === 'stopped' || /^stopped (?:before|by)/.test(reason);
  const shown = reason === 'shown in its own conversation';
  return nothing || wasStopped || shown || seen.turns.some((turn) => turn.quiet && turn.runs.includes(shortId(run.id)));
}

/** A message tells of it, or the session that asked has read it. */
function isKnown({ outbox, seen }: Evidence, run: Run): boolean {
  if (outbox.some((row) => row.runs.includes(run.id) && row.state === 'delivered')) return true;
  return seen.turns.some((turn) => turn.runs.includes(shortId(run.id)));
}

/** One path announces a run: one message tells of it, or the session that asked for it has taken it in. */
export const oneConsumer: Invariant = ({ runs, outbox }) =>
  runs.flatMap((run) => {
    const short = shortId(run.id);
    const carrying = outbox.filter((row) => row.runs.includes(run.id)).map((row) => row.key);
    const name = `${run.label} (${short})`;
    if (carrying.length > 1) return [`${name} is the delivery of ${carrying.join(', ')}`];
    // What a run says of its own children is told again as its result.
    if (run.parent !== undefined) return [];
    const telling = outbox.filter((row) => row.key === `announce:${run.id}` || says(row, `got:${short}`));
    const tellers = new Set(telling.map((row) => /\bA\d+\b/.exec(row.message.text)?.[0] ?? row.key));
    return tellers.size > 1 ? [`${name} is told by ${[...tellers].join(' and by ')}`] : [];
  });

/** Nothing below a run that did not succeed goes on, and nothing is started there any more. */
export const cascadeIsComplete: Invariant = ({ runs, seen }) => {
  const begin = new Map(seen.turns.map((turn) => [turn.id, turn.startedAt]));
  return runs.flatMap((run) => {
    const { state } = run;
    if (!('endedAt' in state) || state.status === 'succeeded') return [];
    return startedBy(runs, run).flatMap((child) => {
      // What is below one that failed is stopped right after that is recorded.
      const until = state.endedAt + (state.status === 'stopped' ? 0 : commitsMs);
      if (!('endedAt' in child.state) || child.state.endedAt <= until) return [];
      // A person may go on talking to the session of a run that has ended, which is then at work anew.
      if ((begin.get(child.requesterTurn) ?? 0) >= state.endedAt) return [];
      if (child.acceptedAt > state.endedAt + lateSpawnMs)
        return [`${child.label} was started by ${run.label} after its end`];
      if (child.state.status === 'stopped') return [];
      return [`${run.label} is ${state.status}, and ${child.label} below it ${child.state.status} later`];
    });
  });
};

const commitsMs = 20;
/** A spawn that was being recorded when its requester was stopped. */
const lateSpawnMs = 1_000;

/** Its agent's children. A person who talks to it may start more from its session. */
function startedBy(runs: readonly Run[], top: Run): readonly Run[] {
  return runs.filter((run) => run.requester === top.child && run.askedBy === 'agent');
}

function allBelow(runs: readonly Run[], top: Run): readonly Run[] {
  return startedBy(runs, top).flatMap((run) => [run, ...allBelow(runs, run)]);
}

/** What a person stopped says nothing any more, and nobody reports what had ended below it by then. */
export const noOutputAfterStop: Invariant = ({ seen, outbox, runs }) => {
  const turns = seen.turns.filter((turn) => turn.aborted?.by === 'user' || turn.aborted?.by === 'cascade');
  const spoken = turns.flatMap((turn) =>
    outbox.filter((row) => says(row, turn.name)).map((row) => `${turn.name} was stopped, and ${row.key} is sent`),
  );
  const stopped = runs.filter(
    ({ state }) => 'outcome' in state && state.outcome.kind === 'stopped' && state.outcome.by === 'user',
  );
  const told = stopped.flatMap((run) => {
    const at = 'endedAt' in run.state ? run.state.endedAt : 0;
    const own = run.askedBy === 'person' ? [run] : [];
    const below = allBelow(runs, run).filter(({ state }) => 'endedAt' in state && state.endedAt < at);
    return [...own, ...below].flatMap(({ id, label }) =>
      outbox
        .filter((row) => row.at > at && row.runs.includes(id))
        .map((row) => `${run.label} was stopped, and ${row.key} tells of ${label}`),
    );
  });
  return [...spoken, ...told];
};

/** Time a kill waits for turns before it goes on to bindings, and a little. */
const killMs = 3_000;

/** A conversation is bound to a session that is there, and to no run that was killed. */
export const noDeadBinding: Invariant = ({ bindings, sessions, runs, plan, seen }) => {
  const gone = bindings
    .filter((binding) => !sessions.has(binding.session))
    .map((binding) => `${binding.label} is bound, and its session ${binding.session} is gone`);
  // A stop ends no binding.
  if (plan.steps.some((step) => step.do === 'stop' || step.do === 'new')) return gone;
  const killed = runs.filter(
    ({ state, parent }) =>
      parent === undefined && 'outcome' in state && state.outcome.kind === 'stopped' && state.outcome.by === 'user',
  );
  const kept = bindings.filter(({ session, boundAt }) =>
    killed.some(
      ({ child, state }) =>
        child === session &&
        'endedAt' in state &&
        state.endedAt > boundAt &&
        // The process may end between the two.
        !seen.ends.some((at) => at >= state.endedAt && at < state.endedAt + killMs),
    ),
  );
  return [...gone, ...kept.map((binding) => `${binding.label} was killed and is still bound`)];
};

/** What waited when everything was stopped is not begun after it. */
export const stopClearsWhatWaits: Invariant = ({ inbox, seen, plan }) => {
  // In a bound conversation a stop ends only what it is bound to.
  if (plan.steps.some((step) => step.do === 'focus')) return [];
  // One that came too late stops nothing.
  const stops = inbox.filter((row) => row.text === '/stop' && row.state === 'done');
  return stops.flatMap(({ ticket, chat, doneAt = 0 }) => {
    const before = inbox.filter((row) => row.ticket < ticket && row.chat === chat && row.text.startsWith('please do'));
    return before.flatMap((row) => {
      const token = row.text.slice('please do '.length);
      const turn = seen.turns.find(
        (each) => each.kind === 'chat' && each.tokens.includes(token) && each.startedAt > doneAt,
      );
      return turn === undefined
        ? []
        : [`${token} waited when ${ticket} stopped everything, and ${turn.name} begins with it`];
    });
  });
};

const resumeWindowMs = 10 * 60_000;
const mostBegins = 3;

/** A task that is cut off again and again is begun anew at most twice in ten minutes. */
export const resumesAreLimited: Invariant = ({ seen }) => {
  const begins = Map.groupBy(
    seen.turns
      .filter(({ kind }) => kind === 'subagent')
      .flatMap((turn) => turn.tokens.map((token) => ({ token, turn }))),
    ({ token, turn }) => `${token} in ${turn.session}`,
  );
  return [...begins].flatMap(([task, all]) => {
    const times = all.map(({ turn }) => turn.startedAt).sort((a, b) => a - b);
    const often = times.some(
      (at, index) => at - (times[index - mostBegins] ?? Number.NEGATIVE_INFINITY) < resumeWindowMs,
    );
    return often ? [`${task} was begun ${times.length} times`] : [];
  });
};
