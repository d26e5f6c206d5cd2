// The disk is full for a while: what an agent brought is kept and given once there is room, without a restart.
import { afterEach, expect, test } from 'vitest';
import { recordingLog } from '../fakes/recording-log.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

/** No page may be added to the database file, or as many as there is room for. */
function disk(state: 'full' | 'free'): void {
  const { read } = world.engine.stores.database;
  const pages = state === 'full' ? 'page_count' : '1000000';
  if (state === 'free') read.get(`PRAGMA max_page_count = ${pages}`);
  else read.get(`PRAGMA max_page_count = ${Number(read.get('PRAGMA page_count')?.page_count)}`);
}

test('an answer that could not be stored is stored and sent as soon as there is room', async () => {
  const log = recordingLog();
  world = await openWorld({ log });
  const answer = 'long '.repeat(40_000);
  world.agent.always(/^hello$/, async () => {
    disk('full');
    return answer;
  });
  await world.say('hello');
  const tried = () => log.lines.filter((line) => line.fields.code === 'storage_failed').length;
  await world.until(() => tried() > 0, 'the first attempt');
  const first = tried();
  await world.clock.advance(1_000);
  await world.until(() => tried() > first, 'another attempt');
  expect(world.channel.texts()).toEqual([]);
  expect(world.engine.quiet()).toBe(false);
  disk('free');
  await world.clock.advance(10_000);
  await world.settled();
  expect(world.channel.texts().join('')).toBe(answer.trim());
});

test('a process that is told to end does not wait for room; the next one answers', async () => {
  const log = recordingLog();
  world = await openWorld({ log });
  const answer = 'long '.repeat(40_000);
  world.agent.always(/^hello$/, async () => answer);
  world.agent.once(/^hello$/, async () => {
    disk('full');
    return answer;
  });
  await world.say('hello');
  await world.until(() => log.lines.some((line) => line.fields.code === 'storage_failed'), 'the first attempt');
  await world.restart();
  await world.settled();
  expect(world.channel.texts().join('')).toBe(answer.trim());
});
