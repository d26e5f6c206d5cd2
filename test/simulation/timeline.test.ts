import fc from 'fast-check';
import { expect, it } from 'vitest';
import { startOfTime, Timeline } from './timeline.ts';

it('events happen by their time, those of one time in the order they were set, cancelled ones never', async () => {
  const entry = fc.record({ ms: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 60 }), async (entries) => {
      const timeline = new Timeline();
      const happened: number[] = [];
      const timers = entries.map(({ ms }, index) => timeline.after(ms, () => happened.push(index)));
      for (const [index, { cancelled }] of entries.entries()) if (cancelled) timers[index]?.cancel();
      while (await timeline.step());
      const expected = entries
        .map(({ ms, cancelled }, index) => ({ ms, cancelled, index }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.ms - b.ms || a.index - b.index);
      expect(happened).toEqual(expected.map(({ index }) => index));
    }),
  );
});

it('all that follows from an event at once has happened before the next one', async () => {
  const timeline = new Timeline();
  const order: string[] = [];
  timeline.after(1, () => {
    void (async () => {
      for (let turn = 1; turn <= 50; turn += 1) await Promise.resolve();
      order.push('the end of a chain of promises');
    })();
  });
  timeline.after(1, () => order.push('the next event'));
  await timeline.runTo(startOfTime + 1);
  expect(order).toEqual(['the end of a chain of promises', 'the next event']);
});

it('a clock whose owner is dead fires nothing any more', async () => {
  const timeline = new Timeline();
  let alive = true;
  const fired: string[] = [];
  const clock = timeline.clock(() => alive);
  clock.after(5, () => fired.push('before'));
  clock.after(15, () => fired.push('after'));
  await timeline.runTo(startOfTime + 10);
  alive = false;
  clock.after(1, () => fired.push('set by the dead'));
  await timeline.runTo(startOfTime + 100);
  expect(fired).toEqual(['before']);
});
