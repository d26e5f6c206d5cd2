import { describe, expect, test } from 'vitest';
import { aPlace, aRun, noon } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { typed } from './story.ts';

const open = { id: 'q', asker: 'claude', here: true, expires: noon + 240_000 } as const;
const approvals = [
  { ...open, code: 'K7', title: 'npm test' },
  { ...open, code: 'M4', title: 'rm -rf dist', here: false },
];

describe('/approve and /deny', () => {
  test.each([
    ['/approve K7', 'once K7', '✅ allowed once: npm test (claude)'],
    ['/approve M4 once', 'once M4', '✅ allowed once: rm -rf dist (claude)'],
    ['/approve K7 session', 'session K7', '✅ allowed for this session: npm test (claude)'],
    ['/approve SESSION', 'session K7', '✅ allowed for this session: npm test (claude)'],
    ['/deny M4', 'deny M4', '✅ denied: rm -rf dist (claude); the run goes on'],
  ])('%s', async (line, asked, reply) => {
    const world = aWorld({ approvals });
    expect(await typed(line, world)).toBe(reply);
    expect(world.asked).toEqual([asked]);
  });

  test('refuse in the words of what decides, and name what they take', async () => {
    expect(await typed('/approve')).toBe('⚠️ Nothing waits for your answer.');
    expect(await typed('/approve K7 always', aWorld({ approvals }))).toBe(
      '⚠️ scope cannot be "always". Choose: once, session.\nUsage: /approve [code] [once|session]',
    );
  });

  test('are for everybody who is heard: who may answer is decided for each question', async () => {
    const guest = aPlace({ caller: { id: 'telegram:7', name: 'Gus', class: 'allowed' } });
    expect(await typed('/deny K7', aWorld({ approvals }), guest)).toContain('✅ denied');
  });
});

test('/status lists what waits for an answer, that of this conversation first', async () => {
  const text = await typed('/status', aWorld({ approvals: approvals.toReversed(), busy: true }));
  expect(text).toContain(
    'run: awaiting approval\n❓ claude asks: npm test (/approve K7, /deny K7, 4m left)\n❓ claude asks: rm -rf dist',
  );
});

test('a run whose session waits for a person says so in lists', async () => {
  const world = aWorld({ runs: [aRun()], approvals });
  expect(await typed('/subagents', world)).toContain(' awaiting approval - count the words');
});
