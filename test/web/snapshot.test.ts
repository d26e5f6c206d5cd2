import { afterEach, expect, test } from 'vitest';
import { degradedBy } from '../../src/cli/status.ts';
import type { StatusView } from '../../src/core/services.ts';
import { snapshot } from '../../src/web/snapshot.ts';
import type { Sections } from '../../src/web/view.ts';
import { call, hang, say, spend } from '../fakes/script.ts';
import { openWorld, type World } from '../flows/world.ts';

let world: World;
afterEach(() => world.close());

const hour = 3_600_000;
let detail = 'Connected.';

const view = (): StatusView => ({
  ...{
    version: '0.1.0',
    uptimeMs: world.clock.now(),
    generation: 1,
    draining: false,
    closed: [],
    model: 'scripted/one',
  },
  config: { path: 'c', exists: true, loadedAt: 0 },
  lanes: world.engine.layer.scheduler.stats().lanes,
  channels: [{ id: 'console:default', state: 'disconnected', detail }],
  outbox: { pending: 0, undelivered: 0 },
  acp: { enabled: false, mode: '' },
});

const look = (links: Parameters<typeof snapshot>[0]['links'] = () => []): Promise<Sections> =>
  snapshot({ engine: world.engine, status: async () => view(), troubles: degradedBy, links, owner: () => undefined });

const agents = { defaults: { subagents: { maxSpawnDepth: 2 }, stall: { warnSeconds: 0, abortSeconds: 0 } } };

/** main starts top, top starts below and waits for it. */
async function tree(): Promise<void> {
  world = await openWorld({ config: { agents } });
  world.agent.once(/^begin/, [call('sessions_spawn', { task: 'top', label: 'top' }), say('started')]);
  world.agent.once(/^top/, [
    spend(1_000, 200, 0.25),
    call('sessions_spawn', { task: 'below', label: 'below' }),
    say('waiting'),
  ]);
  world.agent.once(/^below/, [spend(4, 2, 0), hang()]);
  await world.ask('begin', 'started');
  await world.until(() => world.run('top').state.status === 'waiting', 'top to wait for what is below');
}

test('runs stand below what started them, with their facts, tokens and cost', async () => {
  await tree();
  const { work, lanes, process } = await look();
  expect(work).toHaveLength(1);
  const [top, below] = work[0]?.runs ?? [];
  expect(work[0]).toMatchObject({ place: 'console ann', agent: 'main', turn: undefined, waiting: 0 });
  expect(top).toMatchObject({
    label: 'top',
    parent: undefined,
    state: 'waiting on 1 child',
    tone: 'idle',
    active: true,
  });
  expect(top?.spent).toEqual({ tokens: '1.2k', cost: '$0.25' });
  expect(below).toMatchObject({
    label: 'below',
    parent: top?.id,
    state: 'running',
    tone: 'busy',
    endedAt: undefined,
    spent: { tokens: '6', cost: '$0.00' },
  });
  expect(below?.startedAt).toBeGreaterThanOrEqual(below?.acceptedAt ?? Infinity);
  expect(lanes).toContainEqual({ name: 'subagent', active: 1, width: 8, waiting: 0 });
  expect(process.today).toEqual({ tokens: '1.2k', cost: '$0.25' });
});

test('time alone changes nothing, or the page would be sent anew every second', async () => {
  await tree();
  detail = '@bot, polling for 5m12s; no answer for 0.4s';
  const before = await look();
  await world.clock.advance(2 * 60_000);
  detail = '@bot, polling for 2h03m; no answer for 42s';
  expect(await look()).toEqual(before);
  await world.clock.advance(hour);
  detail = '@bot, polling for 3h03m; no answer for 3s';
  expect(await look()).toEqual(before);
  expect(before.channels).toEqual([{ id: 'console', state: 'disconnected', detail: '@bot, polling; no answer' }]);
  expect(before.process.troubles).toEqual(['console:default: disconnected. @bot, polling; no answer']);
});

test('what ended half an hour ago and was delivered is no longer shown', async () => {
  world = await openWorld({ config: { agents } });
  await world.ask('/subagents spawn main dig', /./);
  await world.until(() => world.run('dig').delivery.state === 'delivered', 'the delivery');
  const [session] = (await look()).work;
  expect(session?.runs[0]).toMatchObject({ state: 'done', tone: 'good', active: false, delivery: undefined });
  expect(session?.runs[0]?.deliveredAt).toBeDefined();
  await world.clock.advance(31 * 60_000);
  expect((await look()).work).toEqual([]);
});

test('a bound chat says until when; a code to scan is drawn with room around it', async () => {
  await tree();
  await world.ask('/focus top', /./);
  const qr = { account: 'default', view: { seq: 2, state: { kind: 'qr', qr: 'text', until: 7 } } } as const;
  const linked = { account: 'work', view: { seq: 2, state: { kind: 'linked', number: '4915155501' } } } as const;
  const { bindings, links } = await look(() => [qr, linked]);
  expect(bindings).toEqual([
    { place: 'console ann', label: 'top', agent: 'main', by: 'console:ann', endsAt: expect.any(Number) },
  ]);
  expect(links[0]).toMatchObject({ account: 'default', state: 'qr', size: 21 + 8, until: 7 });
  expect(links[0]).toHaveProperty('path', expect.stringMatching(/^M4 4h1v1h-1zM5 4h1v1h-1z/));
  expect(links[1]).toEqual({ account: 'work', state: 'linked', number: '+49 151 … 01' });
  expect(JSON.stringify(links)).not.toContain('"text"');
});
