import { describe, expect, test } from 'vitest';
import { aPlace, aSession } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const guest = aPlace({ caller: { id: 'telegram:7', name: 'Gus', class: 'allowed' } });
const findings = [
  { id: 'agents', title: 'agents', status: 'pass', fact: '1 agent.' },
  { id: 'models', title: 'models', status: 'pass', fact: 'The demo.', fix: 'Set a key.' },
  { id: 'secrets', title: 'secret files', status: 'warn', fact: '.env is open.', fix: 'chmod 600 .env' },
  { id: 'store', title: 'store', status: 'fail', fact: 'It is full.', fix: 'Make room.' },
] as const;

describe('/doctor', () => {
  test('lists findings worst first, each with its fix, and ends with the counts', async () => {
    const world = aWorld({ doctor: { findings, repaired: [], running: true } });
    expect(await typed('/doctor', world)).toBe(
      lines(
        'Doctor:',
        '-----',
        '⚠️ fail: store: It is full.',
        '  fix: Make room.',
        '⚠️ warn: secret files: .env is open.',
        '  fix: chmod 600 .env',
        '✅ agents: 1 agent.',
        'ℹ️ models: The demo.',
        '  tip: Set a key.',
        'doctor: 1 failed, 1 warning',
      ),
    );
  });

  test('ends with ok when nothing is wrong', async () => {
    expect(await typed('/doctor')).toMatch(/\ndoctor: ok$/);
  });

  test.each([
    ['/doctor', 'doctor'],
    ['/doctor --fix', 'doctor fix'],
    ['/doctor --topology', 'topology'],
    ['/doctor --prelaunch', 'prelaunch clerk'],
    ['/doctor —spawn-test', 'spawn-test clerk'],
  ])('%s asks for «%s», of the agent of this chat', async (line, asked) => {
    const world = aWorld();
    await typed(line, world, aPlace({ chatSession: aSession({ agentId: 'clerk' }) }));
    expect(world.asked).toEqual([asked]);
  });

  test('takes one flag at a time', async () => {
    const world = aWorld();
    expect(await typed('/doctor --fix --spawn-test', world)).toBe(
      '⚠️ These do not go together. Give one flag at a time.',
    );
    expect(world.asked).toEqual([]);
  });

  test('passes on why a closer look is refused', async () => {
    const refusal = { code: 'agent_unknown', message: 'There is no agent clerk.', fix: 'Known: main.' };
    expect(await typed('/doctor --prelaunch', aWorld({ refusal }))).toBe('⚠️ There is no agent clerk. Known: main.');
  });

  test('is the owner’s alone', async () => {
    expect(await typed('/doctor', aWorld(), guest)).toBe('⚠️ only the owner may use /doctor');
  });
});
