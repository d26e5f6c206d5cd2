// /doctor where coding agents are on: it really starts each that is meant to work, as /acp doctor does.
import { afterEach, expect, test } from 'vitest';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
afterEach(() => world.close());
const open = async (options: CodingOptions = {}): Promise<void> => {
  world = await openCoding(options);
};

test('one that works is ready, and no process of it is left', async () => {
  await open();
  expect(await world.ask('/doctor', /^Doctor/)).toContain('✅ coding agents: twin: ready.');
  expect(world.living()).toEqual([]);
});

test('one that is not logged in fails, with what to do', async () => {
  await open({ twin: { init: 'login' } });
  expect(await world.ask('/doctor', /^Doctor/)).toMatch(
    /⚠️ fail: coding agents: twin: ACP error \(ACP_BACKEND_UNAVAILABLE\): twin is not logged in\..*\n {2}fix: /,
  );
});

test('an agent backed by one starts it in the spawn test', async () => {
  const list = [{ id: 'coder', runtime: { type: 'acp', agent: 'twin' } }];
  await open({ config: { agents: { list } }, acp: { allowedAgents: ['coder', 'twin'] } });
  const report = await world.ask('/doctor --spawn-test', /^Spawn test/);
  expect(report).not.toContain('refused');
  expect(world.heard().join('\n')).toContain('Reply with the single word WORKING.');
});
