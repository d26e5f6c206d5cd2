// Starting runs: what the caller gets at once, the effective values, labels, forks, threads, time limits, and that the
// same call is the same run.
import { readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import type { Run } from '../../src/core/run.ts';
import type { ToolOutput } from '../../src/core/tool.ts';
import type { ModelCheck } from '../../src/runs/policy.ts';
import { call, hang, say, wait } from '../fakes/script.ts';
import { answerOf, callTool, expectAccepted, reaches, spawn, whenTold } from './agent-calls.ts';
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

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;

describe('sessions_spawn', () => {
  test('answers at once with the effective values, before the child has done anything', async () => {
    const here = await open();
    whenTold(here, 'count the words', [hang()]);
    const { data } = await spawn(here, { task: 'count the words', label: 'words' });
    expect(data).toEqual({
      ...{ status: 'accepted', runId: expect.stringMatching(uuid), label: 'words', number: 1 },
      childSessionKey: expect.stringMatching(/^agent:main:subagent:[0-9a-f-]{36}$/),
      ...{ agentId: 'main', runtime: 'subagent', mode: 'run', context: 'isolated', model: 'scripted/one' },
      ...{ thinking: 'off', runTimeoutSeconds: 0, warnings: [] },
    });
    expect(here.channel.texts()).toHaveLength(1);
    await here.ask('/stop');
  });

  test('tells the model never to poll', async () => {
    const here = await open();
    let text = '';
    here.agent.once(/^look$/, ({ tools }) => {
      text = tools.find((tool) => tool.name === 'sessions_spawn')?.description ?? '';
      return 'seen';
    });
    await here.ask('look', 'seen');
    expect(text).toContain('pushed to you when it ends: never poll');
  });

  test('leaves nothing of the child’s own output in the chat: only its requester speaks', async () => {
    const here = await open();
    whenTold(here, 'count', [say('raw words of the child'), say('42')]);
    here.agent.once(/completion/, 'There are 42 words.');
    expectAccepted(await spawn(here, { task: 'count' }));
    await here.channel.next('There are 42 words.');
    await here.settled();
    expect(here.channel.texts()).toEqual([expect.stringMatching(/^done/), 'There are 42 words.']);
  });
});

describe('model and thinking', () => {
  const list = (worker: object) => [
    { id: 'main', model: 'p/main', thinking: 'low' },
    { id: 'worker', model: 'p/own', ...worker },
  ];
  const config = (worker: object, subagents: object): object => ({
    agents: { list: list(worker), defaults: { subagents: { allowAgents: ['*'], ...subagents }, model: 'p/default' } },
  });
  const everything = config(
    { subagents: { model: 'p/sub', thinking: 'high' } },
    { model: 'p/all', thinking: 'medium' },
  );

  test.each([
    ['the argument', everything, { agentId: 'worker', model: 'p/arg', thinking: 'minimal' }, 'p/arg', 'minimal'],
    ['the target’s own as a sub-agent', everything, { agentId: 'worker' }, 'p/sub', 'high'],
    [
      'the default of sub-agents',
      config({}, { model: 'p/all', thinking: 'medium' }),
      { agentId: 'worker' },
      'p/all',
      'medium',
    ],
    ['the target’s own', config({ thinking: 'minimal' }, {}), { agentId: 'worker' }, 'p/own', 'minimal'],
    ['the caller’s, for the same agent', config({}, {}), {}, 'p/main', 'low'],
  ] as const)('%s', async (_, raw, input, model, thinking) => {
    const here = await open({ config: raw });
    const { data } = await spawn(here, { task: 'count', ...input });
    expect(data).toMatchObject({ status: 'accepted', model, thinking });
    const turn = here.agent.turns.find((each) => each.session === data.childSessionKey);
    await here.settled();
    expect(turn?.prompt).toMatchObject({ model, thinking });
  });

  test('a child of the same agent inherits what its parent was given', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } } });
    whenTold(here, 'lead', [call('sessions_spawn', { task: 'dig', label: 'dig' }), say('led')]);
    expectAccepted(await spawn(here, { task: 'lead', model: 'p/strong', thinking: 'high' }));
    expect(await reaches(here, 'dig', 'succeeded')).toMatchObject({ model: 'p/strong', thinking: 'high' });
    await here.settled();
  });

  test('what is unknown falls back with a warning, in the result and in info', async () => {
    const checkModel = (ref: string): ModelCheck =>
      ref.startsWith('scripted/') ? { kind: 'ok' } : { kind: 'unknown', message: `unknown model ${ref}.` };
    const here = await open({ checkModel });
    const { data } = await spawn(here, { task: 'count', label: 'odd', model: 'x/huge', thinking: 'ultra' });
    const warnings = [
      'unknown model x/huge. Using scripted/one.',
      'thinking "ultra" is not one of off, minimal, low, medium, high. Using off.',
    ];
    expect(data).toMatchObject({ model: 'scripted/one', thinking: 'off', warnings });
    await here.settled();
    expect(await here.ask('/subagents info odd', 'Sub-agent')).toContain(`Warnings: ${warnings.join(' ')}`);
  });
});

describe('labels', () => {
  test('are made unique, and never a word that means something else', async () => {
    const here = await open();
    const given: string[] = [];
    for (const label of ['words', 'Words', ' words ', 'last', 'ALL', undefined, '  ']) {
      const input = { task: 'count the words', ...(label === undefined ? {} : { label }) };
      given.push((await spawn(here, input)).data.label);
      await here.settled();
    }
    expect(given).toEqual([
      ...['words', 'Words-2', 'words-3', 'last-1', 'ALL-1', 'count the words', 'count the words-2'],
    ]);
  });

  test('come free again when their run is archived', async () => {
    const here = await open();
    const first = (await spawn(here, { task: 'count', label: 'words', cleanup: 'delete' })).data.runId;
    await here.until(() => here.run('words').archivedAt !== undefined, 'the archive');
    const second = (await spawn(here, { task: 'count again', label: 'words' })).data;
    expect(second.label).toBe('words');
    await here.settled();
    expect(await here.ask('/subagents info words', 'Sub-agent')).toContain(`Run: ${second.runId.slice(0, 8)}`);
    expect(await here.ask(`/subagents info ${first.slice(0, 8)}`, 'Sub-agent')).toContain('Task: count\n');
  });
});

describe('the same call', () => {
  test('is the same run, told twice, at once, and after a restart', async () => {
    const here = await open();
    const read: ToolOutput[] = [];
    let key = '';
    here.agent.once(/^twice$/, async function* ({ tools, session, prompt, signal }) {
      const tool = tools.find((each) => each.name === 'sessions_spawn');
      const context = { session, turn: prompt.id, callId: 'call-7', signal };
      key = `${prompt.id}:call-7`;
      const run = () => tool?.run({ task: 'count' }, context) ?? Promise.reject(new Error('no tool'));
      read.push(...(await Promise.all([run(), run()])), await run());
      yield say('thrice');
    });
    await here.ask('twice', 'thrice');
    const answers = read.map((output) => answerOf(output).data);
    expect(new Set(answers.map((each) => each.runId)).size).toBe(1);
    expect(answers[2]).toEqual(answers[0]);
    await here.settled();
    await here.restart();
    const caller = await here.engine.stores.sessions.get(here.runs()[0]?.requester ?? '');
    if (caller === undefined) throw new Error('no session');
    const again = await here.engine.layer.spawner.spawn({
      ...{ request: { task: 'count' }, caller, askedBy: 'agent', turn: 'new', tree: 'new', key },
      origin: here.channel.direct(),
    });
    expect(again).toMatchObject({ ok: true, value: { runId: answers[0]?.runId } });
    expect(here.runs()).toHaveLength(1);
    await here.settled();
  });

  test('of a command that the platform delivers twice is one run', async () => {
    const here = await open();
    await here.say('/subagents spawn main count the words', { id: 'same' });
    await here.say('/subagents spawn main count the words', { id: 'same' });
    await here.settled();
    expect(here.runs()).toHaveLength(1);
  });

  test('with another id is another run', async () => {
    const here = await open();
    here.agent.once(/^two$/, [
      call('sessions_spawn', { task: 'a' }),
      call('sessions_spawn', { task: 'a' }),
      say('both'),
    ]);
    await here.ask('two', 'both');
    expect(here.runs()).toHaveLength(2);
    await here.settled();
  });
});

describe('time limits', () => {
  test('count from the first start, not from queueing, and do not archive', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    whenTold(here, 'slow', [wait(30_000), say('slow done')]);
    whenTold(here, 'limited', [say('half of it'), wait(60_000), say('never')]);
    expectAccepted(await spawn(here, { task: 'slow', label: 'slow' }));
    expectAccepted(await spawn(here, { task: 'limited', label: 'limited', runTimeoutSeconds: 10 }));
    await reaches(here, 'slow', 'running');
    await here.clock.advance(29_000);
    expect(here.run('limited').state.status).toBe('queued');
    await here.clock.advance(1_000);
    await reaches(here, 'limited', 'running');
    await here.clock.advance(9_000);
    expect(here.run('limited').state.status).toBe('running');
    await here.clock.advance(1_000);
    await reaches(here, 'limited', 'timed_out');
    await here.settled();
    const ended = here.run('limited');
    expect(ended).toMatchObject({ timeoutSeconds: 10, state: { outcome: { partial: 'half of it' } } });
    expect(ended.archivedAt).toBeUndefined();
  });

  test('come from the config unless the call says 0', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { runTimeoutSeconds: 300 } } } } });
    expect((await spawn(here, { task: 'a' })).data.runTimeoutSeconds).toBe(300);
    await here.settled();
    expect((await spawn(here, { task: 'b', runTimeoutSeconds: 0 })).data.runTimeoutSeconds).toBe(0);
    await here.settled();
    expect(await here.ask('/subagents spawn main c', 'main started')).toContain('time limit 5m');
    await here.settled();
  });

  test('a run that shows no sign of life in time has failed, and that is announced', async () => {
    const here = await open();
    whenTold(here, 'mute', [hang()]);
    here.agent.once(/start_timeout|no sign of life/, 'The helper never started.');
    expectAccepted(await spawn(here, { task: 'mute', label: 'mute' }));
    await reaches(here, 'mute', 'running');
    await here.clock.advance(60_000);
    expect(await reaches(here, 'mute', 'failed')).toMatchObject({ state: { outcome: { code: 'start_timeout' } } });
    await here.channel.next('The helper never started.');
    await here.settled();
  });

  test('the start limit counts from holding the slots', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    whenTold(here, 'slow', [say('at it'), wait(90_000), say('slow done')]);
    expectAccepted(await spawn(here, { task: 'slow', label: 'slow' }));
    expectAccepted(await spawn(here, { task: 'next', label: 'next' }));
    await reaches(here, 'slow', 'running');
    await here.clock.advance(90_000);
    await reaches(here, 'next', 'succeeded');
    await here.settled();
  });
});

describe('cleanup', () => {
  const files = (here: World, run: Run): readonly string[] =>
    readdirSync(dirname(here.engine.stores.transcripts.path(run.childSessionId))).filter((name) =>
      name.startsWith(run.childSessionId),
    );

  test('delete archives right after the announce; keep keeps', async () => {
    const here = await open();
    expectAccepted(await spawn(here, { task: 'a', label: 'gone', cleanup: 'delete' }));
    expectAccepted(await spawn(here, { task: 'b', label: 'kept' }));
    await here.until(() => here.run('gone').archivedAt !== undefined, 'the archive');
    await here.settled();
    expect(files(here, here.run('gone'))).toEqual([expect.stringMatching(/\.jsonl\.deleted\./)]);
    expect(files(here, here.run('kept'))).toEqual([`${here.run('kept').childSessionId}.jsonl`]);
    expect(here.run('gone').delivery.state).toBe('delivered');
    expect((await callTool(here, 'subagents', { action: 'steer', target: 'gone', message: 'hi' })).data).toMatchObject({
      ...{ status: 'refused', code: 'archived' },
    });
  });
});

describe('context', () => {
  const history = (here: World, label: string): readonly string[] => {
    const turn = here.agent.turns.find((each) => each.session === here.run(label).child);
    return (turn?.prompt.history ?? []).map((entry) => {
      if (entry.type === 'user' || entry.type === 'note') return entry.text;
      return entry.type === 'assistant'
        ? entry.parts.map((part) => ('text' in part ? part.text : part.type)).join()
        : '';
    });
  };

  test('isolated: the child sees its task and nothing else', async () => {
    const here = await open();
    await here.ask('my name is Ann', 'ok');
    expectAccepted(await spawn(here, { task: 'greet her', label: 'greet' }));
    await reaches(here, 'greet', 'succeeded');
    expect(history(here, 'greet')).toEqual(['greet her']);
    await here.settled();
  });

  test('fork: the child sees the conversation so far, then its task marked as its own', async () => {
    const here = await open();
    await here.ask('my name is Ann', 'ok');
    here.agent.once(/^greet me/, [
      call('sessions_spawn', { task: 'greet her', label: 'greet', context: 'fork' }),
      say('on it'),
    ]);
    await here.ask('greet me, not Bob', 'on it');
    await reaches(here, 'greet', 'succeeded');
    const [asked, answered, now, task, ...rest] = history(here, 'greet');
    expect([asked, answered, now, rest]).toEqual(['my name is Ann', 'ok', 'greet me, not Bob', []]);
    expect(task).toMatch(/^\[Everything above was copied .* your task is only this:\]\ngreet her$/);
    expect(here.run('greet')).toMatchObject({ task: 'greet her', context: 'fork' });
    await here.settled();
    here.agent.once(/^what did we say/, 'this and that');
    await here.ask('what did we say?', 'this and that');
    const own = here.agent.turns.at(-1)?.prompt.history.filter((entry) => entry.type === 'user');
    expect(own?.map((entry) => entry.text)).toEqual(['my name is Ann', 'greet me, not Bob', 'what did we say?']);
  });
});

describe('thread: true', () => {
  const threaded: WorldOptions = { channel: { can: { threads: true } } };
  const group: Route = { channel: 'console', account: 'default', chat: 'team' };
  const inGroup = { route: group, chat: 'group', mentionsBot: true } as const;

  interface Opened {
    readonly data: Run;
    readonly thread: Route;
    /** Id of the message that asked for it. */
    readonly from: string;
  }

  async function openThread(here: World, input: object = {}): Promise<Opened> {
    here.agent.once(/^go$/, [
      call('sessions_spawn', { task: 'dig', label: 'dig  deep', thread: true, ...input }),
      say('on it'),
    ]);
    await here.say('before', inGroup);
    await here.channel.next('ok');
    const from = await here.say('go', inGroup);
    await here.channel.next('on it');
    return { data: here.run('dig deep'), thread: { ...group, thread: 't1' }, from };
  }

  test('opens one from the message that asked, binds it before the first output, and the child answers there', async () => {
    const here = await open(threaded);
    whenTold(here, 'dig', 'found gold');
    const { data, thread, from } = await openThread(here);
    await here.settled();
    expect(here.channel.threads).toEqual([{ route: thread, name: '🤖 dig deep', from }]);
    expect(data).toMatchObject({ mode: 'session', context: 'fork' });
    expect(here.channel.texts(thread)).toEqual([
      expect.stringMatching(
        /^dig deep is active here \(.*\)\. Messages here go to this session\. \/unfocus to leave\.$/,
      ),
      'found gold',
    ]);
    expect(here.channel.texts(group)).toEqual(['ok', 'on it']);
  });

  test('what is written there goes to the child, and comes back there', async () => {
    const here = await open(threaded);
    const { data, thread } = await openThread(here);
    await here.settled();
    here.agent.once(/^deeper$/, ({ session }) => `deeper in ${session.key}`);
    await here.say('deeper', { route: thread, chat: 'group' });
    expect((await here.channel.next('deeper in')).text).toBe(`deeper in ${data.child}`);
    expect(here.channel.texts(thread).at(-1)).toBe(`deeper in ${data.child}`);
    await here.settled();
  });

  test('may be a one-shot run with an empty context', async () => {
    const here = await open(threaded);
    const { data } = await openThread(here, { mode: 'run', context: 'isolated' });
    expect(data).toMatchObject({ mode: 'run', context: 'isolated' });
    await here.settled();
  });

  test('in a thread takes that one over instead of opening another', async () => {
    const here = await open(threaded);
    const thread = { ...group, thread: 'old' };
    here.agent.once(/^go$/, [call('sessions_spawn', { task: 'dig', label: 'dig', thread: true }), say('on it')]);
    await here.say('go', { ...inGroup, route: thread });
    await here.settled();
    expect(here.channel.threads).toEqual([]);
    expect((await here.engine.delivery.bindings.at(thread))?.session).toBe(here.run('dig').child);
  });

  test('does not take a thread from the session a person put there', async () => {
    const here = await open(threaded);
    const thread = { ...group, thread: 'taken' };
    expectAccepted(await spawn(here, { task: 'mine', label: 'mine' }));
    await here.settled();
    const by = { id: 'console:bob', class: 'allowed' } as const;
    const mine = { route: thread, session: here.run('mine').child, agentId: 'main', label: 'mine', by };
    expect((await here.engine.delivery.bindings.bind(mine)).ok).toBe(true);
    const caller = await here.engine.stores.sessions.get(here.run('mine').requester);
    if (caller === undefined) throw new Error('no session');
    const answer = await here.engine.layer.spawner.spawn({
      ...{ request: { task: 'x', thread: true }, caller, askedBy: 'agent', turn: 't', tree: 't', key: 't:1' },
      origin: thread,
    });
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'thread_binding_invalid' } });
    expect((await here.engine.delivery.bindings.at(thread))?.session).toBe(mine.session);
    expect(here.runs()).toHaveLength(1);
  });

  test('is given back when the run is refused after all', async () => {
    const here = await open({
      ...threaded,
      config: { agents: { defaults: { subagents: { maxChildrenPerAgent: 2 } } } },
    });
    await here.ask('hello', 'ok');
    const caller = await here.engine.stores.sessions.get(here.agent.turns[0]?.session ?? '');
    if (caller === undefined) throw new Error('no session');
    Object.assign(here.channel, {
      openThread: async () => {
        here.configure({ tools: { deny: ['sessions_spawn'] } });
        return { ...group, thread: 'late' };
      },
    });
    const answer = await here.engine.layer.spawner.spawn({
      ...{ request: { task: 'x', thread: true }, caller, askedBy: 'agent', turn: 't', tree: 't', key: 't:1' },
      origin: group,
    });
    expect(answer).toMatchObject({ ok: false, refusal: { code: 'tool_unavailable' } });
    expect(await here.engine.delivery.bindings.all()).toEqual([]);
    expect(here.runs()).toEqual([]);
    await here.settled();
  });

  test('asked for many times at once opens no more threads than there are runs', async () => {
    const here = await open({
      ...threaded,
      config: { agents: { defaults: { subagents: { maxChildrenPerAgent: 2 } } } },
    });
    here.agent.always((session) => session.kind !== 'chat', [hang()]);
    const read: string[] = [];
    here.agent.once(/^many$/, async function* ({ tools, session, prompt, signal }) {
      const tool = tools.find((each) => each.name === 'sessions_spawn');
      const calls = ['1', '2', '3', '4'].map((callId) =>
        tool?.run({ task: 'x', thread: true }, { session, turn: prompt.id, callId, signal }),
      );
      for (const output of await Promise.all(calls)) read.push(answerOf(output).data.code ?? 'accepted');
      yield say('asked');
    });
    await here.say('many', inGroup);
    await here.channel.next('asked');
    expect(read).toEqual(['accepted', 'accepted', 'children_exceeded', 'children_exceeded']);
    expect(here.channel.threads).toHaveLength(2);
    await here.say('/subagents kill all', inGroup);
    await here.settled();
  });
});

describe('/subagents spawn', () => {
  test('says at once what it started, and sends one final message', async () => {
    const here = await open();
    whenTold(here, 'count the words', [wait(5_000), say('There are 42.')]);
    const accepted = await here.ask('/subagents spawn main count the words --model p/x --thinking high', '✅');
    const run = here.run('count the words');
    expect(accepted).toBe(
      `✅ main started (#1, run ${run.id.slice(0, 8)}, p/x, no time limit). I will send the result here.\nsession: ${run.child}`,
    );
    expect(run).toMatchObject({ askedBy: 'person', mode: 'run', model: 'p/x', thinking: 'high', context: 'isolated' });
    await reaches(here, run.label, 'running');
    await here.clock.advance(5_000);
    const final = await here.channel.next('There are 42.');
    expect(final.text).toMatch(/^✅ count the words: completed successfully\n/);
    expect(final.text).toMatch(new RegExp(`runtime 5.0s .* run ${run.id.slice(0, 8)}$`));
    await here.settled();
    expect(here.channel.texts()).toHaveLength(2);
    expect(here.agent.turns).toHaveLength(1);
  });

  test('says how many are ahead when it has to wait', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    here.agent.always((session) => session.kind !== 'chat', [hang()]);
    await here.ask('/subagents spawn main one', 'main started');
    await reaches(here, 'one', 'running');
    expect(await here.ask('/subagents spawn main two', 'run')).toMatch(/^✅ main queued, 1 ahead \(#2, run /);
    await here.ask('/stop');
  });
});

test('a forked run that no process had started yet is forked at the next start', async () => {
  const here = await open({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
  await here.ask('my name is Ann', 'ok');
  whenTold(here, 'slow', [hang()]);
  expectAccepted(await spawn(here, { task: 'slow', label: 'slow' }));
  await reaches(here, 'slow', 'running');
  expectAccepted(await spawn(here, { task: 'greet', label: 'greet', context: 'fork' }));
  // As if the process had died between recording the run and copying the transcript.
  rmSync(here.engine.stores.transcripts.path(here.run('greet').childSessionId));
  await here.restart('kill');
  await reaches(here, 'greet', 'succeeded');
  const turn = here.agent.turns.find((each) => each.session === here.run('greet').child);
  expect(JSON.stringify(turn?.prompt.history)).toContain('my name is Ann');
  await here.settled();
});
