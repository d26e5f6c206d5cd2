import { expect, test } from 'vitest';
import { noProgress, type ProgressLevel, type ProgressView } from '../../../src/acp/progress.ts';
import { HarnessProgress } from '../../../src/wiring/acp/progress.ts';
import { aSession } from '../../agents/kit.ts';
import { aRoute } from '../../fakes/builders.ts';
import { virtualClock } from '../../fakes/clock.ts';

function rig(level: ProgressLevel = 'brief', label?: string) {
  const clock = virtualClock(0);
  const shown: string[] = [];
  const told: string[] = [];
  const progress = new HarnessProgress({
    ...{ clock, level: () => level, place: async () => ({ route: aRoute, label }), shown: (turn) => told.push(turn) },
    updates: {
      update: (key, _route, { text }) => void shown.push(`${key} ${text}`),
      finish: (key, message) => void shown.push(`${key} over: ${message?.text}`),
    },
  });
  const show = (view: Partial<ProgressView>): void => progress.show(aSession(), 'turn-1', { ...noProgress, ...view });
  return { clock, shown, told, progress, show };
}
const running = [{ id: '1', title: 'npm test', since: 0 }];

test('a quick turn shows nothing but what an update that nobody saw leaves', async () => {
  const { clock, shown, progress, show } = rig();
  show({ running });
  await clock.advance(1_999);
  progress.ended('turn-1');
  await clock.advance(60_000);
  expect(shown).toEqual(['acp-progress:turn-1 over: ℹ️ worked for 1.9s']);
  expect(progress.size).toBe(0);
});

test('a longer one is one message, whose times grow while nothing happens', async () => {
  const { clock, shown, told, progress, show } = rig();
  show({ running });
  await clock.advance(2_000);
  await clock.advance(10_000);
  show({ done: 3 });
  await clock.flush();
  progress.ended('turn-1');
  expect(shown.map((text) => text.replace('acp-progress:turn-1 ', ''))).toEqual([
    '⏳ npm test (2.0s)',
    '⏳ npm test (12s)',
    '⏳ 3 steps done',
    'over: ℹ️ worked for 12s · 3 steps',
  ]);
  expect(told).toEqual(['turn-1', 'turn-1', 'turn-1']);
});

test('steps of a prompt that was cancelled for another count too', async () => {
  const { clock, shown, progress, show } = rig();
  show({ done: 2 });
  progress.show(aSession(), 'turn-1', noProgress);
  show({ done: 1 });
  await clock.advance(2_000);
  progress.ended('turn-1');
  expect(shown.at(-1)).toContain('3 steps');
});

test('where another conversation follows it, its name stands in front', async () => {
  const { clock, shown, show } = rig('brief', 'tests');
  show({ running });
  await clock.advance(2_000);
  expect(shown).toEqual(['acp-progress:turn-1 [tests] ⏳ npm test (2.0s)']);
});

test('nothing is shown where that was wished', async () => {
  const { clock, shown, show } = rig('off');
  show({ running });
  await clock.advance(60_000);
  expect(shown).toEqual([]);
});
