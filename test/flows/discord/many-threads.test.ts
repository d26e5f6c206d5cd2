// A hundred threads of sub-agents over a restart, over the wire.
import { afterEach, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import type { ChannelPlace } from '../../twins/discord/places.ts';
import { calls, text } from '../../twins/openai.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations } = world.twin;
  await world.close();
  expect(violations).toEqual([]);
});

const bound = 100;
const dead = 30;

/** How often the agents of the channels were asked, beside what opens a thread. */
let asked = 0;

/** Each is asked to open one thread, which then comes from the asking message, and says nothing itself. */
function opens({ model }: World): void {
  asked = 0;
  scripted(model, async ({ last, child, request }) => {
    if (child && last.includes('also')) return text(`Added: ${/also (.*)/.exec(last)?.[1]}`);
    if (child) return text(`draft of ${/work on ([\w-]+)/.exec(last)?.[1]}`);
    if (request.body.messages.at(-1)?.role === 'tool') return text('NO_REPLY');
    const label = /a thread for (part\d+)/.exec(last)?.[1];
    if (label !== undefined) return calls(spawn(label, { thread: true, context: 'isolated' }));
    asked += 1;
    return text('I am the agent of the channel');
  });
}

it('after a restart 70 of 100 threads work on, 30 that are gone are taken leave of once, and none falls to the agent of its channel', {
  timeout: 240_000,
}, async () => {
  world = await openWorld({ config: { messages: { queue: { debounceMs: 0 } } } });
  const { twin, ann, guild, general, place, app } = world;
  opens(world);
  const rooms = [general, guild.channel('two'), guild.channel('three')];
  const threadsOf = (room: ChannelPlace) => guild.threads.filter((thread) => thread.parent === room.id);
  // Those of the first channel are the ones that will be gone.
  const counts = [dead, (bound - dead) / 2, (bound - dead) / 2];
  await Promise.all(
    rooms.map(async (room, index) => {
      for (let made = 0; made < (counts[index] ?? 0); made += 1) {
        await ann.says(`a thread for part${index}${made}`, { in: room, mention: true });
        await until(() => threadsOf(room).length === made + 1, 'a thread', 120_000);
      }
    }),
  );
  const threads = [...guild.threads];
  expect(threads).toHaveLength(bound);
  for (const thread of threads)
    await until(() => twin.shown(thread).some((line) => line.startsWith('draft of')), 'a draft', 120_000);
  const silent = twin.shown(general).length;
  app.signal('SIGTERM');
  await app.exit;
  const gone = threads.filter((thread) => thread.parent === general.id);
  const there = threads.filter((thread) => !gone.includes(thread));
  for (const thread of gone) thread.deletes();
  await world.restart();

  for (const thread of there) await ann.says('also this', { in: thread });
  for (const thread of there) await until(() => twin.shown(thread).includes('Added: this'), 'a follow-up', 120_000);
  for (const thread of there) expect(twin.shown(thread).filter((line) => line === 'Added: this')).toHaveLength(1);
  await until(() => place.log().includes('bound places looked after'), 'the look at the bound places');
  await until(() => twin.shown(general).length > silent, 'the farewell');
  const farewell = twin.shown(general).slice(silent);
  expect(farewell).toHaveLength(1);
  for (let part = 0; part < dead; part += 1) expect(farewell[0]).toMatch(new RegExp(`\\bpart0${part}\\b`));
  expect(asked).toBe(0);
});
