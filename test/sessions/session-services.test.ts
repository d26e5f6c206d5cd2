// `/new`: in which order a session is stopped, emptied and spoken to again.
import { expect, test } from 'vitest';
import type { CommandPlace } from '../../src/core/command.ts';
import type { StopReport } from '../../src/core/services.ts';
import { configSchema } from '../../src/infra/config.ts';
import { sessionServices } from '../../src/sessions/session-services.ts';
import { Transcripts } from '../../src/sessions/transcript.ts';
import { laneWorld, ticket } from '../lanes/lane-world.ts';
import { aSeed, sessionWorld } from './session-world.ts';

const key = 'agent:main:telegram:direct:42';
const report: StopReport = {
  ...{ stopped: [], alreadyFinished: [], failed: [], untold: [] },
  ...{ turns: 1, wedged: false, messages: 0 },
};

async function world(stopped: Partial<StopReport> = {}) {
  const { sessions, archived } = sessionWorld();
  const session = await sessions.open(key, aSeed());
  const { scheduler, clock } = laneWorld();
  let end = (): void => undefined;
  const turn = new Promise<void>((resolve) => {
    end = resolve;
  });
  void scheduler.run(ticket(key), () => turn);
  const services = sessionServices({
    sessions,
    transcripts: new Transcripts('/nowhere'),
    config: () => configSchema.parse({}),
    stop: async () => {
      if (stopped.wedged !== true) end();
      await clock.sleep(5);
      return { ...report, ...stopped };
    },
    between: (of, work) => scheduler.between(of, work),
    waiting: () => 0,
    contextTokens: () => 0,
  });
  const reset = () => services.reset({ session } as CommandPlace);
  return { sessions, session, archived, scheduler, clock, end, reset };
}

test('what is said while it stops begins anew', async () => {
  const { sessions, session, scheduler, clock, reset } = await world();
  const done = reset();
  const next = scheduler.run(ticket(key), async () => (await sessions.get(key))?.id).done;
  await clock.advance(5);
  expect(await done).toMatchObject({ ok: true });
  const heard = await next;
  expect(heard).toMatchObject({ kind: 'done', value: (await sessions.get(key))?.id });
  expect(heard).not.toMatchObject({ value: session.id });
});

test('what does not stop is said at once, and nothing is emptied, then or later', async () => {
  const { archived, scheduler, clock, end, reset } = await world({ wedged: true });
  const done = reset();
  await clock.runUntil(done, 5);
  expect(await done).toMatchObject({ ok: false, refusal: { code: 'not_stopped' } });
  end();
  await scheduler.between(key, async () => undefined);
  expect(archived).toEqual([]);
});
