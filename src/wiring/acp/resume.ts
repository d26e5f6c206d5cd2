// What a start does with a run that a coding agent was working on: its session goes on where it was cut off, a few times.
// Called by engine.ts.
import type { Run } from '../../core/run.ts';
import type { Engine } from '../engine.ts';

/** More often than this something is wrong with the run itself. */
const mostResumes = 2;
const withinMs = 10 * 60_000;

/** False: it cannot go on, and has to be ended as interrupted. */
export async function resumeRun(
  engine: Pick<Engine, 'acp' | 'stores' | 'layer' | 'parts'>,
  run: Run,
): Promise<boolean> {
  if (run.runtime !== 'acp' || run.state.status !== 'running') return false;
  const { acp, stores, layer, parts } = engine;
  const [harness, session] = [await acp.sessions.find(run.child), await stores.sessions.get(run.child)];
  if (harness?.record.acpSessionId === undefined || harness.record.prompted !== true || session === undefined)
    return false;
  const now = parts.clock.now();
  const before = (run.resumedAt ?? []).filter((at) => now - at < withinMs);
  if (before.length >= mostResumes) return false;
  // Begun anew it would do over again what it has done already.
  await harness.save({ given: true });
  await stores.registry.update(run.id, (each) => ({ ...each, resumedAt: [...before, now], lastEventAt: now }));
  layer.turns.offer(session, {
    ...{ id: `task:${run.id}`, kind: 'task', text: resumeText(run), at: now, tree: run.tree, steerable: false },
  });
  return true;
}

function resumeText({ task }: Run): string {
  return `[A restart cut off what you were doing. Check what was done in part before repeating it, then go on with your task:]\n${task}`;
}
