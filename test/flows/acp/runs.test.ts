// Coding agents as background runs: started by an agent, told of as usual, followed, stopped, and gone on with.
import { afterEach, describe, expect, test } from 'vitest';
import { answerOf, callTool, expectAccepted, refusalWords, spawn } from '../agent-calls.ts';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const open = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding(options);
  return world;
};
afterEach(async () => {
  await world.close();
});
const acp = (task: string, more: object = {}) => spawn(world, { task, runtime: 'acp', ...more });

test('an agent starts one and is told the result, which it passes on', async () => {
  await open();
  world.agent.always(/all tests pass/, 'The coding agent says: all is well.');
  const answer = await acp('say all tests pass', { label: 'tests' });
  expectAccepted(answer);
  expect(answer.data).toMatchObject({ agentId: 'twin', runtime: 'acp', context: 'isolated' });
  expect(answer.data.childSessionKey).toMatch(/^agent:twin:acp:/);
  await world.channel.next('The coding agent says: all is well.');
  expect(world.run('tests')).toMatchObject({ runtime: 'acp', state: { status: 'succeeded' } });
  expect(world.heard()).toEqual(['say all tests pass']);
});

test('what means nothing to it is ignored with a warning', async () => {
  await open();
  const answer = await acp('say x', { context: 'fork', model: 'openai/gpt' });
  expect(answer.text).toContain('context \\"fork\\" is for native agents');
  expect(answer.text).toContain('model is for native agents');
});

describe('it is refused', () => {
  test('while switched off, without an agent, for one that is not allowed or missing, and as a native one', async () => {
    await open({ acp: { allowedAgents: ['twin', 'codex'], defaultAgent: undefined } });
    expect(refusalWords(await acp('x'))).toContain('no default is set');
    expect(refusalWords(await acp('x', { agentId: 'claude' }))).toContain('ACP agent id not in allowedAgents: claude');
    expect(refusalWords(await acp('x', { agentId: 'codex' }))).toMatch(
      /ACP error \(ACP_BACKEND_MISSING\): codex-acp is not installed\. next: npm i -g/,
    );
    expect(refusalWords(await acp('x', { agentId: 'main' }))).toContain('Leave runtime out');
    world.configure({});
    expect(refusalWords(await acp('x', { agentId: 'claude' }))).toMatch(/not in allowedAgents|ACP_DISPATCH_DISABLED/);
  });

  test('where others than the owner speak, unless they may control coding agents', async () => {
    await open();
    await world.ask('hello');
    const session = world.agent.turns[0]?.session ?? '';
    await world.engine.stores.sessions.update(session, (each) => ({ ...each, ownerOnly: false }));
    expect(refusalWords(await acp('x'))).toContain('only the owner may start coding agents');
    world.configure({ acp: { ...world.engine.parts.config().acp, control: 'allowed' } });
    expectAccepted(await acp('say x'));
  });
});

test('where others have begun to speak, the agent cannot pass on what they want', async () => {
  await open();
  await acp('hang', { label: 'long' });
  await world.received('prompt');
  const session = world.agent.turns[0]?.session ?? '';
  await world.engine.stores.sessions.update(session, (each) => ({ ...each, ownerOnly: false }));
  const calls = [
    ['subagents', { action: 'steer', target: 'long', message: 'delete all' }],
    ['sessions_send', { sessionKey: world.run('long').child, message: 'delete all' }],
  ] as const;
  for (const [tool, input] of calls)
    expect(refusalWords(await callTool(world, tool, input))).toContain('only the owner may start coding agents');
  expect(world.heard()).toEqual(['hang']);
  await world.ask('/subagents kill long', /stopped/);
});

test('a failure is told with its code, and the process is gone', async () => {
  await open();
  world.agent.always(/ACP_TURN_FAILED/, 'It broke.');
  await acp('crash', { label: 'breaks' });
  await world.channel.next('It broke.');
  expect(world.run('breaks').state).toMatchObject({
    status: 'failed',
    outcome: { code: 'ACP_TURN_FAILED', message: expect.stringContaining('exit code 7') },
  });
  await world.until(() => world.living().length === 0, 'the agent to end');
});

test('one that takes longer to get ready than a model may be silent is not given up', async () => {
  const startTimeoutSeconds = 0.2;
  await open({ twin: { init: 'slow' }, config: { agents: { defaults: { subagents: { startTimeoutSeconds } } } } });
  world.agent.always(/all tests pass/, 'All is well.');
  await acp('say all tests pass', { label: 'slow' });
  await world.received('started');
  const began = Date.now();
  await world.until(() => Date.now() > began + 2 * startTimeoutSeconds * 1000, 'the limit to pass');
  world.go();
  await world.channel.next('All is well.');
  expect(world.run('slow').state).toMatchObject({ status: 'succeeded' });
});

test('one that never gets ready is gone at once when it is killed', async () => {
  await open({ twin: { init: 'hang' } });
  await acp('say x', { label: 'stuck' });
  await world.received('started');
  expect(await world.ask('/subagents kill stuck', /stopped/)).toContain('stopped 1');
  await world.until(() => world.living().length === 0, 'the agent to end');
});

test('one that is killed leaves no process', async () => {
  await open();
  await acp('hang', { label: 'long' });
  await world.received('prompt');
  expect(await world.ask('/subagents kill long', /stopped/)).toContain('stopped 1');
  await world.until(() => world.living().length === 0, 'the agent to end');
});

test('a person steers one, and sends it more after its end', async () => {
  await open({ twin: { steering: 'on', resume: true } });
  world.agent.always(/steered: faster/, 'Noted.');
  await acp('hang', { label: 'long' });
  await world.received('prompt');
  expect(await world.ask('/subagents steer long faster', /✅/)).toMatch(/^✅ steered long/);
  await world.channel.next('Noted.');
  expect(await world.ask('/subagents send long remember')).toMatch(/hang \/ remember$/);
});

test('a session of the agent that is unknown is refused, never begun anew', async () => {
  await open({ twin: { resume: true } });
  world.agent.always(/ACP_SESSION_INIT_FAILED/, 'No such session.');
  await acp('say x', { label: 'old', resumeSessionId: 'nowhere' });
  await world.channel.next('No such session.');
  expect(world.run('old').state).toMatchObject({ status: 'failed' });
  expect(world.heard()).toEqual([]);
});

test('agents and sessions list it', async () => {
  await open();
  await acp('hang', { label: 'long' });
  await world.received('prompt');
  expect(await world.ask('/agents')).toMatch(
    /ACP:\n-----\n1\. long \(twin, running.*\) unbound session:agent:twin:acp:/,
  );
  expect(await world.ask('/acp sessions')).toMatch(/\* long \(twin\) running unbound /);
  expect(await world.ask('/acp status long')).toMatch(/^mode: run$/m);
  expect(await world.ask('/acp cancel long')).toBe('✅ long (twin): cancelled.');
});

test('the tool is offered only where a coding agent can be used', async () => {
  await open();
  expect(await startable()).toContain('"acp"');
  world.configure({});
  expect(await startable()).not.toContain('"acp"');
});

/** What `agents_list` answers in the chat. */
async function startable(): Promise<string> {
  const { stores, layer } = world.engine;
  await world.ask('hello');
  const session = await stores.sessions.get(world.agent.turns.at(-1)?.session ?? '');
  if (session === undefined) throw new Error('no session has spoken');
  const { tools } = await layer.profiles.of(session);
  const tool = tools.find(({ name }) => name === 'agents_list');
  const context = { session, turn: 't', callId: 'c', signal: new AbortController().signal };
  const said = await tool?.run({}, context as never);
  return answerOf(said).text;
}
