import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { Endings } from '../../src/runs/endings.ts';
import { aRun, noon } from '../fakes/builders.ts';

const over = (run: Run): Run => ({
  ...run,
  state: { status: 'succeeded', endedAt: noon, outcome: { kind: 'success', text: 'done' } },
});
const patient = (): AbortSignal => new AbortController().signal;

test('whoever waits gets the run that ended, and not another one', async () => {
  const run = aRun({ state: { status: 'running', startedAt: noon } });
  const endings = new Endings(() => run);
  const waited = endings.wait(run.id, patient());
  endings.tell(over({ ...run, id: 'other' }));
  endings.tell(over(run));
  expect((await waited)?.state.status).toBe('succeeded');
});

test('a run that had ended before is there at once', async () => {
  const run = over(aRun({}));
  expect(await new Endings(() => run).wait(run.id, patient())).toEqual(run);
});

test('whoever gives up gets nothing, also when that was before', async () => {
  const endings = new Endings(() => undefined);
  const giveUp = new AbortController();
  const waited = endings.wait('r', giveUp.signal);
  giveUp.abort();
  expect(await waited).toBeUndefined();
  expect(await endings.wait('r', giveUp.signal)).toBeUndefined();
});
