// A configured agent whose turns run in a coding agent, without any key: the main agent of a chat, and one that is started.
import { afterEach, expect, test } from 'vitest';
import { type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const backed = { id: 'coder', name: 'Coder', runtime: { type: 'acp', agent: 'twin' } };
afterEach(async () => {
  await world.close();
});

test('it answers plain messages, remembers, and begins anew with /new', async () => {
  world = await openCoding({ config: { agents: { list: [backed] } } });
  expect(await world.ask('say one')).toBe('one');
  expect(await world.ask('remember')).toBe('say one / remember');
  expect(world.agent.turns).toEqual([]);
  expect(await world.ask('/status')).toMatch(/^agent: coder$/m);
  expect(await world.ask('/status')).toMatch(/^model: twin$/m);
  await world.ask('/new', /new session/);
  expect(await world.ask('remember')).toBe('remember');
});

test('/acp is about it where nothing else is meant, and closing it lets the next message begin anew', async () => {
  world = await openCoding({ config: { agents: { list: [backed] } }, twin: { steering: 'on' } });
  expect(await world.ask('/acp status')).toMatch(/^harness session: pending$/m);
  await world.say('hang');
  await world.received('prompt');
  const next = world.channel.next('working steered: faster');
  expect(await world.ask('/steer faster', /✅/)).toBe('✅ steered');
  await next;
  expect(await world.ask('/acp close')).toBe('✅ coder closed.');
  expect(world.living()).toEqual([]);
  expect(await world.ask('remember')).toBe('remember');
});

test('it is started like any agent, and works in the folder its config names', async () => {
  world = await openCoding({
    config: {
      agents: {
        list: [
          { id: 'main', allowAgents: ['*'] },
          { ...backed, runtime: { ...backed.runtime, cwd: '/' } },
        ],
      },
    },
  });
  await world.say('/subagents spawn coder say done');
  await world.channel.next(/✅ .*: completed successfully\ndone\nruntime /);
  expect(world.runs()[0]).toMatchObject({ agentId: 'coder', runtime: 'acp', model: 'coder' });
  expect(world.log().find(({ what }) => what === 'new')).toMatchObject({ cwd: '/' });
  expect(await world.ask('/acp spawn coder', /is ready|error/)).toContain('✅ coder is ready (agent:coder:acp:');
});

test('while coding agents are switched off it says so, and the main agent does not answer instead', async () => {
  world = await openCoding({ acp: { enabled: false }, config: { agents: { list: [backed] } } });
  expect(await world.ask('hello')).toBe(
    '⚠️ ACP error (ACP_DISPATCH_DISABLED): external coding agents are switched off.\nnext: switchyard config set acp.enabled true',
  );
});
