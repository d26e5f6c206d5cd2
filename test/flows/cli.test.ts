// The command line beside a running process, and on what a process left behind.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../fakes/wait.ts';
import { cli, Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let app: RealApp | undefined;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await app?.say('/stop');
  await app?.end();
  app = undefined;
  place.remove();
});

const idOf = (list: string, label: string): string =>
  new RegExp(`^([0-9a-f]{8}) .* {2}${label} - `, 'm').exec(list)?.[1] ?? 'none';

describe('beside a running process', () => {
  it('shows and stops runs and whole trees', async () => {
    app = await startApp(place);
    await app.ask('delegate: wait 60 seconds and say a; wait 60 seconds and say b', /^Started/);
    await until(
      async () => (await cli(place, 'tasks', 'list', '--status', 'running')).out.split('\n').length === 3,
      'both runs',
    );
    const { out } = await cli(place, 'tasks', 'list');
    expect(out).toMatch(/^RUN .*STATUS .*DELIVERY .*TASK\n/);
    const first = idOf(out, 'wait');
    expect((await cli(place, 'tasks', 'show', first)).out).toMatch(
      /^Run +[0-9a-f-]{36}\nTree +.*\nStatus +running\nLabel +wait\n/,
    );
    expect(await cli(place, 'tasks', 'cancel', first)).toMatchObject({
      code: 0,
      out: 'stopped 1, already finished 0, failed 0',
    });
    const flows = (await cli(place, 'tasks', 'flow', 'list')).out.split('\n');
    expect(flows[1]).toMatch(/^[0-9a-f]{8} +1\/2 /);
    const cancelled = await cli(place, 'tasks', 'flow', 'cancel', flows[1]?.slice(0, 8) ?? '');
    expect(cancelled).toMatchObject({ code: 0, out: 'stopped 1, already finished 1, failed 0' });
    expect(JSON.parse((await cli(place, 'tasks', 'list', '--json')).out)).toHaveLength(2);
    expect(await cli(place, 'tasks', 'maintenance')).toMatchObject({ code: 0, out: 'nothing to reconcile' });
    expect(await cli(place, 'tasks', 'cancel', 'ffff')).toMatchObject({
      code: 1,
      err: 'There is no run "ffff". See `switchyard tasks list`.',
    });
  });

  it('knows what was delivered, and does not deliver it twice', async () => {
    app = await startApp(place);
    const announced = app.next(/completed/);
    await app.ask('/subagents spawn main say hi', /started/);
    await announced;
    await until(async () => / delivered /.test((await cli(place, 'tasks', 'list')).out), 'the receipt');
    const id = /^[0-9a-f]{8}/m.exec((await cli(place, 'tasks', 'list')).out)?.[0] ?? '';
    expect(await cli(place, 'tasks', 'retry', id)).toMatchObject({
      code: 1,
      err: expect.stringContaining('was delivered'),
    });
    expect(await cli(place, 'tasks', 'dismiss', id)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is delivered; there is nothing to give up'),
    });
    expect((await cli(place, 'logs', '--run', id)).code).toBeLessThan(2);
  });

  it('tells its state, and that one folder is for one process', async () => {
    app = await startApp(place);
    expect(await cli(place, 'status')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Status:\n-----\nversion: .*\nhealthy$/s),
    });
    expect(JSON.parse((await cli(place, 'status', '--json')).out)).toMatchObject({
      troubles: [],
      lanes: [{ name: 'main' }, { name: 'subagent' }],
    });
    expect((await cli(place, 'logs', '-n', '5')).out).toContain('started');
    expect(await cli(place, 'start')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Switchyard is already running \(pid \d+/),
    });
  });
});

describe('when no process runs', () => {
  it('reads what is stored, and says of the rest that nothing runs', async () => {
    expect(await cli(place, 'status')).toMatchObject({ code: 2, err: expect.stringMatching(/^not running/) });
    app = await startApp(place);
    await app.ask('delegate: say a', /^say is back|a\./);
    await app.end();
    app = undefined;
    const list = await cli(place, 'tasks', 'list');
    expect(list).toMatchObject({ code: 0, out: expect.stringMatching(/ succeeded +delivered /) });
    const id = idOf(list.out, 'say');
    expect((await cli(place, 'tasks', 'show', id)).out).toMatch(/\nStatus +succeeded\n[\s\S]*\n\na$/);
    expect((await cli(place, 'tasks', 'flow', 'list')).out).toMatch(/\n[0-9a-f]{8} +0\/1 /);
    for (const how of [[], ['--apply']])
      expect((await cli(place, 'tasks', 'maintenance', ...how)).out).toBe('nothing to reconcile');
    expect((await cli(place, 'logs')).out).toContain('stopped');
    for (const verb of [
      ['tasks', 'cancel', id],
      ['tasks', 'retry', id],
      ['tasks', 'flow', 'cancel', id],
    ])
      expect(await cli(place, ...verb)).toMatchObject({ code: 2, err: expect.stringMatching(/^not running/) });
    const set = await cli(place, 'config', 'set', 'agents.defaults.maxConcurrent', '2');
    expect(set).toMatchObject({
      code: 0,
      out: expect.stringContaining('Switchyard is not running; it reads this when it starts.'),
    });
    expect((await cli(place, 'config', 'get', 'agents.defaults.maxConcurrent')).out).toBe('2');
  });
});
