// /acp spawn: a person starts a coding agent. Part of the services of /acp.
// 1 may they, and which agent  2 where plain messages will go  3 its session and binding  4 the agent itself  5 first prompt
// Messages that come while it gets ready wait in its session. A start that fails leaves nothing behind.
import { isAbsolute } from 'node:path';
import { AcpError, acpFault, acpRefusal, faultOf } from '../../acp/errors.ts';
import { canonical } from '../../acp/harnesses.ts';
import { mustBeFolder } from '../../acp/process.ts';
import type { AcpServices, AcpSpawnAsk, AcpSpawned } from '../../core/acp.ts';
import type { Binding } from '../../core/binding.ts';
import type { CommandPlace } from '../../core/command.ts';
import { spawnRefusal } from '../../core/errors.ts';
import { oneLine } from '../../core/format.ts';
import { ok, type Refusal, type Result, refuse } from '../../core/result.ts';
import { acpKey, type Session } from '../../core/session.ts';
import { allowedHarnesses } from '../../runs/policy.ts';
import { uniqueLabel } from '../../runs/spawn.ts';
import type { Engine } from '../engine.ts';
import { threadsAt } from '../spawn-facts.ts';
import { notController } from './control.ts';
import { dropSession } from './drop.ts';
import { harnessOf, unusable } from './facts.ts';
import { viewOf } from './view.ts';

export async function spawnHarness(
  engine: Engine,
  place: CommandPlace,
  ask: AcpSpawnAsk,
  say: AcpServices['steer'],
): Promise<Result<AcpSpawned>> {
  const agent = chooseAgent(engine, place, ask);
  if (!agent.ok) return agent;
  const where = wherePlain(engine, place, ask);
  if (!where.ok) return where;
  const session = await openSession(engine, place, agent.value);
  const before = where.value === 'here' ? await engine.bindings.at(place.route) : undefined;
  const failed = async (refusal: Refusal): Promise<Result<never>> => {
    await dropSession(engine, session);
    return { ok: false, refusal: before === undefined ? refusal : await givenBack(engine, before, refusal) };
  };
  try {
    const harness = await engine.acp.obtain(session, started(engine, place, { ask, agent: agent.value }));
    const here = where.value === 'here' ? await engine.bindings.focus(place, session, true) : undefined;
    if (here?.ok === false) return await failed(here.refusal);
    place.acted?.();
    await engine.acp.sessions.acquire(harness, { refuse: true });
    engine.acp.sessions.release(harness);
    const thread = where.value === 'thread' ? await engine.bindings.focus(place, session, false) : undefined;
    if (thread?.ok === false) return await failed(thread.refusal);
    const view = await viewOf(engine, session);
    if (ask.prompt !== undefined) await say(place, view, ask.prompt);
    return ok({ view, bound: where.value === 'nowhere' ? undefined : where.value });
  } catch (error) {
    const fault = faultOf(error, (message) => acpFault.initFailed(agent.value, message));
    engine.acp.stats.count(fault.code);
    if (!(error instanceof AcpError)) engine.parts.log.error({ err: error, code: fault.code }, 'a start failed');
    return await failed(acpRefusal(fault));
  }
}

/** The conversation belongs again to whoever had it, where nobody took it meanwhile. */
async function givenBack(
  { delivery, bindings }: Engine,
  { route, session, agentId, label, boundBy }: Binding,
  refusal: Refusal,
): Promise<Refusal> {
  if ((await bindings.at(route)) !== undefined) return refusal;
  const by = { id: boundBy, class: 'allowed' as const };
  const bound = await delivery.bindings.bind({ route, session, agentId, label, by });
  return bound.ok ? { ...refusal, fix: `${refusal.fix}\nMessages here go to ${label} again.` } : refusal;
}

/** Id of a harness, or of an agent backed by one. */
function chooseAgent({ parts, acp }: Engine, place: CommandPlace, ask: AcpSpawnAsk): Result<string> {
  const refused = notController({ parts }, place.caller);
  if (refused !== undefined) return { ok: false, refusal: refused };
  const facts = acp.facts();
  if (!facts.enabled) return { ok: false, refusal: acpRefusal(acpFault.disabled()) };
  const named = ask.agent ?? facts.defaultAgent;
  if (named === undefined)
    return refuse('acp_agent_required', 'No coding agent was named, and no default is set.', noAgent);
  const agent = parts.agents().get(named);
  if (agent?.runtime.type === 'native') return { ok: false, refusal: spawnRefusal.noCodingAgent(named) };
  const id = agent?.id ?? canonical(named);
  const allowed = allowedHarnesses({ acp: facts, harnesses: facts.harnesses });
  if (agent === undefined && facts.harnesses.has(id) && !allowed.some((each) => canonical(each) === id))
    return { ok: false, refusal: spawnRefusal.acpAgentNotAllowed(id, allowed) };
  const fault = unusable(acp.open, harnessOf(parts.agents(), id)) ?? folderFault(ask.cwd);
  return fault === undefined ? ok(id) : { ok: false, refusal: acpRefusal(fault) };
}

const noAgent = 'Name one, e.g. /acp spawn claude, or set acp.defaultAgent.';

function folderFault(cwd: string | undefined): ReturnType<typeof acpFault.badFolder> | undefined {
  if (cwd === undefined) return undefined;
  if (!isAbsolute(cwd)) return acpFault.badFolder(cwd, 'is no absolute path');
  try {
    mustBeFolder(cwd);
    return undefined;
  } catch (error) {
    if (error instanceof AcpError) return error.fault;
    throw error;
  }
}

/** A thread is opened only once the agent is there; this conversation is bound before that, so that nothing said is lost. */
function wherePlain(
  { parts }: Engine,
  place: CommandPlace,
  { place: wanted }: AcpSpawnAsk,
): Result<AcpSpawnAsk['place']> {
  if (wanted !== 'thread') return ok(wanted);
  if (place.route.thread !== undefined) return ok('here');
  const threads = place.chat === 'direct' ? 'none' : threadsAt(parts, place.route);
  if (threads === 'available') return ok('thread');
  if (threads === 'none')
    return refuse('thread_required', 'There are no threads in this chat.', 'Use --bind here, or leave --thread out.');
  return { ok: false, refusal: spawnRefusal.threadBindingInvalid(threads.why, threads.fix) };
}

async function openSession({ stores, parts }: Engine, place: CommandPlace, agent: string): Promise<Session> {
  const { chatSession, route, caller } = place;
  const session = await stores.sessions.open(acpKey(agent, parts.ids.uuid()), {
    ...{ kind: 'acp', agentId: agent, depth: chatSession.depth + 1, role: 'leaf', requester: chatSession.key },
    controlScope: chatSession.controlScope,
    ownerOnly: chatSession.ownerOnly && caller.class === 'owner',
    model: harnessOf(parts.agents(), agent),
  });
  return (await stores.sessions.rememberRoute(session, route, caller.id)) ?? session;
}

function started(
  { acp, stores }: Engine,
  place: CommandPlace,
  { ask, agent }: { readonly ask: AcpSpawnAsk; readonly agent: string },
): Parameters<Engine['acp']['obtain']>[1] {
  const { controlScope } = place.chatSession;
  const wanted = oneLine(ask.label ?? '') || agent;
  const mine = acp.sessions.all().flatMap(({ record }) => record.started ?? []);
  const labels = mine.filter(({ scope }) => scope === controlScope).map(({ label }) => label.toLowerCase());
  const label = uniqueLabel(wanted, new Set([...labels, ...stores.registry.labelsLike(controlScope, wanted)]));
  const about = { label, by: place.caller.id, route: place.route, scope: controlScope };
  return {
    started: { ...about, oneshot: ask.mode === 'oneshot' },
    ...(ask.cwd === undefined ? {} : { cwd: ask.cwd }),
    ...(ask.resumeId === undefined ? {} : { resumeId: ask.resumeId }),
  };
}
