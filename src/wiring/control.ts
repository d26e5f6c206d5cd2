// What the command line may ask of a running process. Used by app.ts; the verbs are in src/cli.
import type { EngineHandlers, MaintenanceFinding } from '../cli/engine-port.ts';
import { findFlow, findRun, flowViews } from '../cli/run-views.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { isTerminal, type Run, shortId } from '../core/run.ts';
import { setDelivery } from '../runs/end-run.ts';
import { completionRun } from '../runs/turn-end.ts';
import { doctorServices } from './doctor/services.ts';
import type { Engine } from './engine.ts';
import { leftovers, reconcile, upkeepOf } from './maintenance.ts';
import { sendAgain } from './messages-again.ts';
import { approvePairing, denyPairing, pairInvite, pairLink, revokePairing } from './pairing.ts';
import { type ServicesParts, status } from './services.ts';
import type { LinkVerb } from './whatsapp.ts';

/** Newest runs the command line looks among; older ones are found by their full id. */
const listed = 1_000;

export function controlHandlers(parts: ServicesParts): Omit<EngineHandlers, LinkVerb | 'page.link'> {
  const { engine } = parts;
  const { registry } = engine.stores;
  const doctor = doctorServices(parts, () => status(parts));
  const all = (): readonly Run[] => registry.newest(listed);
  const find = (id: string): Result<Run> => {
    const exact = registry.get(id.toLowerCase());
    return exact === undefined ? findRun(all(), id) : ok(exact);
  };
  return {
    status: async () => ok(await status(parts)),
    'tasks.list': async (params) => ok(registry.newest(listed, params.status)),
    'tasks.show': async ({ id }) => find(id),
    'tasks.cancel': async ({ id }) => {
      const run = find(id);
      return run.ok ? ok(await engine.layer.stopper.kill([run.value])) : run;
    },
    'tasks.retry': async ({ id }) => redeliver(engine, find(id)),
    'tasks.dismiss': async ({ id }) => dismiss(engine, find(id)),
    'flow.list': async () => ok(flowViews(all())),
    'flow.cancel': async ({ id }) => {
      const flow = findFlow(all(), id);
      if (!flow.ok) return flow;
      const runs = registry.inTree(flow.value.tree);
      return ok(await engine.layer.stopper.kill(runs));
    },
    'pair.link': (params) => pairLink(engine, params),
    'pair.invite': async (params) => pairInvite(engine, params),
    'pair.list': async () => ok(engine.pairing.view()),
    'pair.approve': (which) => approvePairing(engine, which, { via: 'cli' }),
    'pair.deny': (which) => denyPairing(engine, which),
    'pair.revoke': ({ id }) => revokePairing(engine, id),
    doctor: async ({ fix }) => ok(await doctor.check(fix)),
    'doctor.prelaunch': ({ agent }) => doctor.prelaunch(agent),
    'doctor.topology': async () => ok(await doctor.topology()),
    'doctor.spawn-test': ({ agent }) => doctor.spawnTest(agent),
    maintenance: async ({ apply }) => ok(await maintenance(engine, apply)),
  };
}

/** Repeats the delivery, never the task. */
async function redeliver(engine: Engine, found: Result<Run>): Promise<Result<Run>> {
  if (!found.ok) return found;
  const run = found.value;
  const { registry, database } = engine.stores;
  if (!isTerminal(run.state.status))
    return refuse('not_ended', `${run.label} has not ended.`, 'Its result is delivered when it ends.');
  if (run.delivery.state === 'delivered')
    return refuse('delivered', `${run.label} was delivered.`, 'Read it with /subagents log.');
  const row = engine.delivery.outbox.ofRun(run.id);
  if (row !== undefined) {
    await sendAgain(engine, row.key);
  } else {
    const owed: Run = { ...run, delivery: { ...run.delivery, state: 'pending' } };
    const plan = await engine.layer.announcer.plan(owed);
    if (plan.kind === 'quiet') return nothingOwed(run, 'deliver', plan.delivery.reason);
    const pending = await database.write((sql) => setState(engine, sql, run, 'pending'));
    if (pending !== undefined) engine.layer.announcer.owe(pending);
  }
  return ok(registry.get(run.id) ?? run);
}

async function dismiss(engine: Engine, found: Result<Run>): Promise<Result<Run>> {
  if (!found.ok) return found;
  const run = found.value;
  const { registry, database } = engine.stores;
  if (!isTerminal(run.state.status))
    return refuse('not_ended', `${run.label} has not ended.`, 'Stop it with `switchyard tasks cancel`.');
  const row = engine.delivery.outbox.ofRun(run.id);
  const gone = row !== undefined && (await engine.delivery.outbox.dismiss(row.key));
  const after = registry.get(run.id) ?? run;
  if (settled.has(after.delivery.state)) return gone ? ok(after) : nothingOwed(after, 'give up');
  const skipped = await database.write((sql) => setState(engine, sql, run, 'skipped'));
  // What the requester has not read yet it need not read any more, nor wait for.
  engine.layer.turns.clear(run.requester, (item) => item.kind === 'completion' && completionRun(item.id) === run.id);
  if (skipped !== undefined) await engine.layer.announcer.settled(skipped);
  return ok(skipped ?? run);
}

/** States in which nobody owes a delivery any more. */
const settled: ReadonlySet<Run['delivery']['state']> = new Set(['delivered', 'skipped', 'silent']);

function nothingOwed(run: Run, act: 'deliver' | 'give up', why?: string): Result<Run> {
  const reason = why === undefined ? '' : ` (${why})`;
  const message = `${run.label} is ${run.delivery.state}${reason}; there is nothing to ${act}.`;
  return refuse('nothing_owed', message, `Read it with \`switchyard tasks show ${shortId(run.id)}\`.`);
}

function setState(
  engine: Engine,
  sql: Parameters<Parameters<Engine['stores']['database']['write']>[0]>[0],
  run: Run,
  state: 'pending' | 'skipped',
) {
  const { clock, config } = engine.parts;
  const delivery = {
    state,
    attempts: run.delivery.attempts,
    ...(state === 'skipped' ? { reason: 'dismissed by a person' } : {}),
  };
  const archiveMinutes = config().agents.defaults.subagents.archiveAfterMinutes;
  return setDelivery(sql, engine.stores.registry, run.id, { delivery, now: clock.now(), archiveMinutes });
}

async function maintenance(engine: Engine, apply: boolean): Promise<readonly MaintenanceFinding[]> {
  const upkeep = upkeepOf(engine);
  const found = await leftovers(upkeep);
  const done = new Set(apply ? await reconcile(upkeep, found) : []);
  return found.map((one) => ({ ...one, reconciled: done.has(one) }));
}
