import { expect, it } from 'vitest';
import { makePlan } from './plan.ts';
import { run } from './run.ts';

it('the same seed comes to the same journal each time, in memory and in files', async () => {
  // The last one loses power, and with it what was not flushed.
  for (const seed of [20_001, 20_002, 20_142]) {
    const verdicts = [];
    for (const onDisk of [false, false, false, true]) verdicts.push(await run(makePlan(seed), { onDisk }));
    expect(new Set(verdicts.map(({ hash }) => hash)).size, `seed ${seed}`).toBe(1);
    if (seed === 20_142) expect(verdicts[0]?.journal.join('\n')).toContain('entries of transcripts are lost');
  }
});

it('another seed takes another course', async () => {
  const [one, other] = [await run(makePlan(1)), await run(makePlan(2))];
  expect(one.hash).not.toBe(other.hash);
});
