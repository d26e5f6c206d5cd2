// Three live runs through the spawn engine, one after another, and what they came to. Nobody else is told of them.
// Used by services.ts of this folder.
import type { AgentDefinition } from '../../agents/registry.ts';
import type { SpawnTestReport } from '../../core/doctor.ts';
import { elapsed } from '../../core/format.ts';
import { refusalText } from '../../core/result.ts';
import type { Route } from '../../core/route.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../core/session.ts';
import { knownFile } from '../../doctor/files.ts';
import { type Came, judge, type Probe, probes, verdictOf } from '../../doctor/spawn-test.ts';
import type { Engine } from '../engine.ts';

/** Where a run belongs that no chat asked for. Nothing is sent there. */
const nowhere: Route = { channel: 'console', account: 'default', chat: 'doctor' };
/** A run has this long once it works, and all of it this long with what it waits for. */
const workSeconds = 120;
const patienceMs = 180_000;

export async function spawnTest(engine: Engine, agent: AgentDefinition): Promise<SpawnTestReport> {
  const tests = probes(knownFile(folderOf(engine, agent)));
  const steps: SpawnTestReport['steps'][number][] = [];
  for (const test of tests) steps.push(judge(test, await tryOne(engine, agent, test)));
  return { agentId: agent.id, model: agent.model, steps, verdict: verdictOf(steps) };
}

/** The first of the three: does a sub-agent start and answer at all? */
export async function liveSpawn(engine: Engine, agent: AgentDefinition) {
  const [first] = probes(undefined);
  return judge(first, await tryOne(engine, agent, first));
}

function folderOf({ parts }: Engine, { runtime, workspace }: AgentDefinition): string {
  return runtime.type === 'native' ? workspace : (runtime.cwd ?? parts.config().acp.cwd ?? workspace);
}

async function tryOne(engine: Engine, agent: AgentDefinition, { label, task }: Probe): Promise<Came> {
  const { layer, parts, stores } = engine;
  const key = `doctor:${parts.ids.uuid()}`;
  const spawned = await layer.spawner.spawn({
    request: { task, label, ...named(engine, agent), runTimeoutSeconds: workSeconds, mode: 'run', cleanup: 'delete' },
    caller: await mainSession(engine, agent),
    ...{ askedBy: 'person', turn: key, tree: parts.ids.uuid(), key, origin: nowhere, quiet: true },
  });
  if (!spawned.ok) return { kind: 'nothing', why: `refused: ${refusalText(spawned.refusal)}` };
  const enough = new AbortController();
  const timer = parts.clock.after(patienceMs, () => enough.abort());
  const run = await layer.endings.wait(spawned.value.runId, enough.signal);
  timer.cancel();
  if (run !== undefined) return cameOf(run);
  const left = stores.registry.get(spawned.value.runId);
  if (left !== undefined) await layer.stopper.kill([left]);
  return {
    kind: 'nothing',
    why: `no answer within ${elapsed(patienceMs)} (${spawned.value.ahead} were ahead of it); stopped`,
  };
}

/** Itself: what is omitted is always the own agent, whatever its list says. */
function named({ parts }: Engine, { id, runtime }: AgentDefinition) {
  if (runtime.type === 'acp') return { agentId: id, runtime: 'acp' as const };
  return parts.agents().spawnPolicy(id).requireAgentId ? { agentId: id } : {};
}

/** The session of the command line; made where there is none. */
function mainSession({ stores }: Engine, { id }: AgentDefinition): Promise<Session> {
  const key = `agent:${id}:main`;
  const main = { kind: 'chat', depth: 0, role: 'main', ownerOnly: true } as const;
  return stores.sessions.open(key, { ...main, agentId: id, controlScope: key });
}

function cameOf({ state }: Run): Came {
  if (!('outcome' in state)) return { kind: 'nothing', why: 'it did not end' };
  const { outcome } = state;
  switch (outcome.kind) {
    case 'success':
      return { kind: 'text', text: outcome.text };
    case 'error':
      return { kind: 'nothing', why: `failed: ${outcome.message}` };
    case 'timeout':
      return { kind: 'nothing', why: 'timed out' };
    case 'stopped':
      return { kind: 'nothing', why: `stopped by ${outcome.by}` };
  }
}
