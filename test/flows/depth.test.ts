// Trees: keys, stored depth and role, tools by depth, whose list counts, limits, an orchestrator with workers, many chats.
import { afterEach, describe, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import type { Session } from '../../src/core/session.ts';
import { call, hang, type ScriptContext, say, wait } from '../fakes/script.ts';
import { answerOf, expectAccepted, reaches, refusalWords, spawn, whenTold } from './agent-calls.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions = {}): Promise<World> {
  world = await openWorld(options);
  return world;
}

const deep = (maxSpawnDepth: number, more: object = {}, list: readonly object[] = []): object => ({
  agents: { list, defaults: { subagents: { maxSpawnDepth, ...more } } },
});

async function sessionOf(here: World, label: string): Promise<Session> {
  const session = await here.engine.stores.sessions.get(here.run(label).child);
  if (session === undefined) throw new Error(`${label} has no session`);
  return session;
}

const toolsOf = (here: World, label: string): readonly string[] | undefined =>
  here.agent.turns.find((turn) => turn.session === here.run(label).child)?.tools;

/** main starts a, a starts b, b starts c. */
function chain(here: World, agents: readonly (string | undefined)[] = []): Promise<{ readonly data: unknown }> {
  const input = (label: string, agentId: string | undefined): object => ({
    ...{ task: label, label },
    ...(agentId === undefined ? {} : { agentId }),
  });
  whenTold(here, 'a', [call('sessions_spawn', input('b', agents[1])), say('a done')]);
  whenTold(here, 'b', [call('sessions_spawn', input('c', agents[2])), say('b done')]);
  return spawn(here, input('a', agents[0]));
}

describe('depth', () => {
  test('keys name the child’s own agent and its parent’s chain; depth, role and scope are stored', async () => {
    const list = ['main', 'worker', 'writer'].map((id) => ({ id, subagents: { allowAgents: ['*'] } }));
    const here = await open({ config: deep(3, {}, list) });
    await chain(here, ['worker', undefined, 'writer']);
    await reaches(here, 'c', 'succeeded');
    const id = '[0-9a-f-]{36}';
    expect(here.run('a').child).toMatch(new RegExp(`^agent:worker:subagent:${id}$`));
    expect(here.run('b').child).toMatch(new RegExp(`^${here.run('a').child}:subagent:${id}$`));
    const tail = here.run('b').child.replace('agent:worker', '');
    expect(here.run('c').child).toMatch(new RegExp(`^agent:writer${tail}:subagent:${id}$`));
    const scope = here.run('a').requester;
    for (const [label, depth, role] of [
      ['a', 1, 'orchestrator'],
      ['b', 2, 'orchestrator'],
      ['c', 3, 'leaf'],
    ] as const) {
      expect(here.run(label)).toMatchObject({ depth, role });
      expect(await sessionOf(here, label)).toMatchObject({ depth, role, controlScope: scope, kind: 'subagent' });
    }
    await here.settled();
  });

  test('decides the tools: chats have all, those who may spawn six, leaves none', async () => {
    const here = await open({ config: deep(2) });
    await chain(here);
    await reaches(here, 'b', 'succeeded');
    expect(here.agent.turns[0]?.tools).toEqual([
      ...['sessions_spawn', 'sessions_yield', 'agents_list', 'subagents', 'sessions_list', 'sessions_history'],
      'sessions_send',
    ]);
    expect(toolsOf(here, 'a')?.toSorted()).toEqual([
      ...['agents_list', 'sessions_history', 'sessions_list', 'sessions_spawn', 'sessions_yield', 'subagents'],
    ]);
    expect(toolsOf(here, 'b')).toEqual([]);
    await here.settled();
  });

  test('by default children start nobody', async () => {
    const here = await open();
    await chain(here);
    await here.settled();
    expect(here.runs().map((run) => run.label)).toEqual(['a']);
    expect(toolsOf(here, 'a')).toEqual([]);
  });

  test('a leaf stays one, also when the limit is raised, the process restarts, and its key is opened anew', async () => {
    const here = await open();
    whenTold(here, 'small', 'done');
    expectAccepted(await spawn(here, { task: 'small', label: 'small' }));
    await here.settled();
    here.configure(deep(5));
    await here.restart();
    const { sessions } = here.engine.stores;
    const seed = { kind: 'chat', agentId: 'main', depth: 0, role: 'main', controlScope: 'x', ownerOnly: true } as const;
    expect(await sessions.open(here.run('small').child, seed)).toMatchObject({ depth: 1, role: 'leaf' });
    await here.ask('/focus small');
    expect(await here.ask('/subagents spawn main more', 'Spawn failed')).toBe(
      'Spawn failed: sessions_spawn: tool not available. It was removed by role leaf (depth 1). It was started while agents.defaults.subagents.maxSpawnDepth was lower; start it again.',
    );
    here.agent.once(/^still small\?$/, ({ tools }) => `tools: ${tools.length}`);
    await here.ask('still small?', 'tools: 0');
    await here.ask('/unfocus');
  });

  test('is read from the record: a key that looks shallow grants nothing', async () => {
    const here = await open({ config: deep(2) });
    const caller: Session = {
      ...{ key: 'agent:main:main', id: 'i', kind: 'subagent', agentId: 'main', depth: 2, role: 'leaf' },
      ...{ controlScope: 'agent:main:main', ownerOnly: true, turns: 0, createdAt: 0, updatedAt: 0 },
      usage: { input: 0, output: 0, costUsd: null, context: 0, reported: false },
    };
    const asked = await here.engine.layer.spawner.spawn({
      ...{ request: { task: 'x' }, caller, askedBy: 'agent', turn: 't', tree: 't', key: 't:1' },
      origin: here.channel.direct(),
    });
    expect(asked).toMatchObject({ ok: false, refusal: { code: 'tool_unavailable' } });
    const asMain = await here.engine.layer.spawner.spawn({
      ...{
        request: { task: 'x' },
        caller: { ...caller, role: 'orchestrator' },
        askedBy: 'agent',
        turn: 't',
        tree: 't',
      },
      ...{ key: 't:2', origin: here.channel.direct() },
    });
    expect(asMain).toMatchObject({ ok: false, refusal: { code: 'depth_exceeded' } });
    expect(here.runs()).toEqual([]);
  });

  test('a chat whose ids spell the key of a child is a chat of its own', async () => {
    const here = await open();
    expectAccepted(await spawn(here, { task: 'x', label: 'x' }));
    await here.settled();
    const uuid = here.run('x').child.split(':').at(-1) ?? '';
    const chat = `team:subagent:${uuid}`;
    await here.say('hello', {
      route: { channel: 'console', account: 'default', chat },
      chat: 'group',
      mentionsBot: true,
    });
    await here.settled();
    const key = here.agent.turns.at(-1)?.session ?? '';
    expect(key).toBe(`agent:main:console:group:team%3asubagent%3a${uuid}`);
    expect(await here.engine.stores.sessions.get(key)).toMatchObject({ depth: 0, role: 'main' });
  });
});

describe('whose list counts', () => {
  const list = (main: object, worker: object): readonly object[] => [
    { id: 'main', subagents: main },
    { id: 'worker', subagents: worker },
    { id: 'writer' },
  ];

  async function workerStarts(worker: object, agentId: string) {
    const here = await open({ config: deep(2, {}, list({ allowAgents: ['*'] }, worker)) });
    let read = answerOf(undefined);
    whenTold(here, 'lead', async function* () {
      read = answerOf(yield call('sessions_spawn', { task: 'below', agentId }));
      yield say('led');
    });
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead', agentId: 'worker' }));
    await reaches(here, 'lead', 'succeeded');
    await here.settled();
    return read;
  }

  test('the child’s own, not what its requester may do', async () => {
    expect(refusalWords(await workerStarts({}, 'writer'))).toContain('allowAgents not configured for agent worker');
  });

  test('the child’s own admits the target', async () => {
    expectAccepted(await workerStarts({ allowAgents: ['writer'] }, 'writer'));
  });

  test('an empty one blocks the child alone', async () => {
    expect((await workerStarts({ allowAgents: [] }, 'worker')).data.code).toBe('allowlist_empty');
  });

  test('a required agent id holds per agent', async () => {
    const config = deep(1, { requireAgentId: true }, list({ allowAgents: ['*'], requireAgentId: false }, {}));
    const here = await open({ config });
    expectAccepted(await spawn(here, { task: 'x' }));
    await here.settled();
  });
});

describe('the limit of children', () => {
  test('is each session’s own, at any depth', async () => {
    const here = await open({ config: deep(2, { maxChildrenPerAgent: 2 }) });
    here.agent.always(/^below$/, [hang()]);
    const read: string[] = [];
    whenTold(here, 'lead', async function* () {
      for (const label of ['1', '2', '3'])
        read.push(answerOf(yield call('sessions_spawn', { task: 'below', label })).data.code ?? 'accepted');
      yield say('led');
    });
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead' }));
    expectAccepted(await spawn(here, { task: 'below', label: 'beside' }));
    await reaches(here, 'lead', 'waiting');
    expect(read).toEqual(['accepted', 'accepted', 'children_exceeded']);
    expect((await spawn(here, { task: 'below' })).data.code).toBe('children_exceeded');
    await here.ask('/stop');
  });

  test('counts no run of which nothing was heard for two hours', async () => {
    const subagents = { maxChildrenPerAgent: 1, startTimeoutSeconds: 0 };
    const config = { agents: { defaults: { subagents, stall: { warnSeconds: 0, abortSeconds: 0 } } } };
    const here = await open({ config });
    whenTold(here, 'dumb', [hang()]);
    expectAccepted(await spawn(here, { task: 'dumb', label: 'dumb' }));
    await reaches(here, 'dumb', 'running');
    await here.clock.advance(2 * 3_600_000 - 60_000);
    expect((await spawn(here, { task: 'x' })).data.code).toBe('children_exceeded');
    await here.clock.advance(61_000);
    expectAccepted(await spawn(here, { task: 'x', label: 'x' }));
    await reaches(here, 'x', 'succeeded');
    await here.ask('/stop');
  });
});

describe('an orchestrator', () => {
  function threeWorkers(here: World, work: (n: number) => ReturnType<typeof say>[]): void {
    whenTold(here, 'lead', [
      ...['w1', 'w2', 'w3'].map((label) => call('sessions_spawn', { task: label, label })),
      call('sessions_yield', {}),
    ]);
    for (const n of [1, 2, 3]) whenTold(here, `w${n}`, work(n));
  }

  test('digests its three workers in one turn and answers once; nothing of theirs gets out', async () => {
    const here = await open({ config: deep(2) });
    threeWorkers(here, (n) => [wait(n * 1_000), say(`secret ${n}`)]);
    const digests: string[] = [];
    here.agent.always(
      ({ depth }, text) => depth === 1 && text.includes('completion'),
      ({ text }) => {
        digests.push(text);
        return 'one, two and three';
      },
    );
    here.agent.once(/one, two and three/, 'All three are in.');
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead' }));
    await reaches(here, 'w3', 'running');
    await reaches(here, 'lead', 'waiting');
    expect(await here.ask('/subagents', 'Active:')).toContain('waiting on 3 children');
    for (const n of [1, 2, 3]) {
      await here.clock.advance(1_000);
      await reaches(here, `w${n}`, 'succeeded');
    }
    await here.channel.next('All three are in.');
    await here.settled();
    expect(digests).toHaveLength(1);
    for (const n of [1, 2, 3]) expect(digests[0]).toContain(`secret ${n}`);
    expect(here.channel.texts().filter((text) => text.includes('secret'))).toEqual([]);
    expect(here.runs().map((run) => run.delivery.state)).toEqual(Array(4).fill('delivered'));
    const main = here.agent.turns.filter((turn) => turn.session === here.run('lead').requester);
    expect(main.map((turn) => turn.text).join('\n')).not.toContain('secret');
  });

  test('takes its workers with it when it is killed', async () => {
    const here = await open({ config: deep(2) });
    threeWorkers(here, () => [hang()] as never);
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead' }));
    await reaches(here, 'w3', 'running');
    await reaches(here, 'lead', 'waiting');
    expect(await here.ask('/subagents kill lead', 'stopped')).toBe('✅ stopped 4, already finished 0, failed 0');
    expect(here.runs().map((run) => run.state.status)).toEqual(Array(4).fill('stopped'));
    await here.settled();
    expect(here.agent.active.size).toBe(0);
  });

  test('kills a worker of its own, and cannot reach beside or above itself', async () => {
    const here = await open({ config: deep(2) });
    here.agent.always(/^below$/, [hang()]);
    const read: unknown[] = [];
    whenTold(here, 'lead', async function* () {
      yield call('sessions_spawn', { task: 'below', label: 'own' });
      await reaches(here, 'own', 'running');
      for (const target of ['beside', 'lead', 'own'])
        read.push(answerOf(yield call('subagents', { action: 'kill', target })).data);
      yield say('led');
    });
    expectAccepted(await spawn(here, { task: 'below', label: 'beside' }));
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead' }));
    await reaches(here, 'lead', 'succeeded');
    expect(read).toEqual([
      expect.objectContaining({ code: 'target_unknown' }),
      expect.objectContaining({ code: 'target_unknown' }),
      { stopped: 1, alreadyFinished: 0, failed: [] },
    ]);
    expect(here.run('beside').state.status).toBe('running');
    await here.ask('/stop');
  });
});

test('20 chats with 5 children each, 3 deep, all finish within the widths of the lanes', async () => {
  const here = await open({ config: deep(3) });
  const children = (count: number): readonly ReturnType<typeof call>[] =>
    Array.from({ length: count }, (_, n) => call('sessions_spawn', { task: `part ${n + 1}` }));
  here.agent.always(
    () => true,
    ({ session, text }: ScriptContext) => {
      if (text.includes('completion')) return session.depth === 0 ? 'noted' : 'digested';
      if (session.depth === 3) return 'leaf result';
      return [...children(session.depth === 0 ? 5 : 1), call('sessions_yield', {})];
    },
  );
  const chats = Array.from(
    { length: 20 },
    (_, n): Route => ({ channel: 'console', account: 'default', chat: `c${n}` }),
  );
  await Promise.all(chats.map((route) => here.say('research', { route, chat: 'group', mentionsBot: true })));
  await here.until(() => here.runs().length === 300, 'all runs').catch(() => undefined);
  await expect.poll(() => here.engine.quiet(), { timeout: 40_000, interval: 20 }).toBe(true);
  await here.settled();
  expect(here.runs().map((run) => `${run.state.status} ${run.delivery.state}`)).toEqual(
    Array(300).fill('succeeded delivered'),
  );
  for (const chat of chats) expect(here.channel.texts(chat)).toEqual([expect.stringMatching(/^ℹ️ waiting/), 'noted']);
  expect(here.agent.most).toMatchObject({ inOneSession: 1 });
  expect(here.agent.most.together).toBeLessThanOrEqual(12);
});
