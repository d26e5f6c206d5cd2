// Changing the configuration of a running process: by the command line, by SIGHUP, by saving the file; and files with faults.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../fakes/wait.ts';
import { cli, Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let app: RealApp;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  app.signal('SIGTERM');
  expect(await app.exit).toBe(0);
  place.remove();
});

const statusHas = (words: RegExp, what: string): Promise<void> =>
  until(async () => words.test((await cli(place, 'status')).out), what, 5_000);

describe('a change that is right', () => {
  it('by `config set` is confirmed by the process, and holds: widths, lists, tools', async () => {
    app = await startApp(place);
    expect(await app.ask('/status', /^Status/)).toContain(
      `config: defaults, there is no file ${join(place.folder, 'switchyard.json5')}\n`,
    );
    expect(await app.ask('/subagents spawn writer say hi')).toMatch(/^Spawn failed: unknown agent writer/);
    const set = await cli(place, 'config', 'set', 'agents.defaults.maxConcurrent', '1');
    expect(set.code).toBe(0);
    expect(set.out).toMatch(
      /^agents\.defaults\.maxConcurrent = 1\nSaved in .*switchyard\.json5\.\n.*switchyard\.json5/,
    );
    const list = [{ id: 'main', subagents: { allowAgents: ['writer'] } }, { id: 'writer' }];
    expect((await cli(place, 'config', 'set', 'agents.list', JSON.stringify(list))).code).toBe(0);
    expect((await cli(place, 'config', 'set', 'tools.deny', '["exec"]')).code).toBe(0);
    expect((await cli(place, 'config', 'get', 'tools.deny')).out).toContain('exec');
    const status = await app.ask('/status', /^Status/);
    expect(status).toContain('lanes: main 0/1, subagent 0/8');
    expect(status).toMatch(/config: .*switchyard\.json5, loaded .* \(0s ago\)/);
    expect(status).not.toContain('newer');
    const announced = app.next(/completed/);
    expect(await app.ask('/subagents spawn writer say hi')).toMatch(/^✅ writer started/);
    expect(await announced).toContain('hi');
    expect((await app.ask('/tools')).split('\n')).not.toContain('exec');
  });

  it('by SIGHUP and by saving the file is taken over', async () => {
    place.config({ agents: { defaults: { maxConcurrent: 2 } } });
    app = await startApp(place);
    await statusHas(/main 0\/2/, 'the width of the file');
    place.config({ agents: { defaults: { maxConcurrent: 3 } } });
    app.signal('SIGHUP');
    await statusHas(/main 0\/3/, 'the width after SIGHUP');
    place.config({ agents: { defaults: { maxConcurrent: 5, subagents: { maxConcurrent: 6 } } } });
    await statusHas(/main 0\/5, subagent 0\/6/, 'the widths after saving');
    expect(place.log()).toContain('config reloaded');
  });

  it('of the model holds from the next message on', async () => {
    app = await startApp(place);
    await cli(place, 'config', 'set', 'models.providers.acme.baseUrl', 'http://127.0.0.1:1/v1');
    await cli(place, 'config', 'set', 'agents.defaults.model', 'acme/one');
    expect(await app.ask('/status', /^Status/)).toContain('model: acme/one');
  });
});

describe('a file with a fault', () => {
  const path = (): string => join(place.folder, 'switchyard.json5');

  it('is refused by `config set` with nothing changed', async () => {
    app = await startApp(place);
    const set = await cli(place, 'config', 'set', 'agents.defaults.maxConcurent', '1');
    expect(set).toMatchObject({
      code: 1,
      err: expect.stringMatching(/unknown field agents\.defaults\.maxConcurent.*maxConcurrent/),
    });
    expect((await cli(place, 'config', 'set', 'agents.defaults.maxConcurrent', 'many')).code).toBe(1);
  });

  it('at a reload leaves the settings in use, and says so everywhere', async () => {
    place.config({ agents: { defaults: { maxConcurrent: 2 } } });
    app = await startApp(place);
    writeFileSync(path(), '{ agents: { defalts: {} } }');
    await statusHas(/unknown field agents\.defalts/, 'the fault');
    const down = await cli(place, 'status');
    expect(down.code).toBe(1);
    expect(down.out).toContain('main 0/2');
    const status = await app.ask('/status', /^Status/);
    expect(status).toMatch(/⚠️ config file is newer: changed .*, not loaded; a new chat does not reload it/);
    expect(status).toMatch(/⚠️ config: schema validation failed: unknown field agents\.defalts.*agents\.defaults/);
    expect(status).toContain('Until it is mended the settings loaded before stay in use.');
    expect(place.log()).toContain('config_invalid');
    expect((await cli(place, 'config', 'set', 'agents.defaults.maxConcurrent', '3')).err).toContain('agents.defalts');
    place.config({ agents: { defaults: { maxConcurrent: 4 } } });
    await statusHas(/main 0\/4[\s\S]*healthy/, 'the mended file');
  });

  it('at the start does not end the process: the console is on, the fault is shown, the file is watched', async () => {
    writeFileSync(path(), '{ agents: { list: [{ id: "a" }] }');
    app = await startApp(place);
    expect(app.errors.join('\n')).toMatch(
      /^⚠️ .*\nUntil it is mended the defaults are in use, and only the console is on\.$/s,
    );
    expect((await cli(place, 'status')).code).toBe(1);
    expect(await app.ask('say still here')).toBe('still here');
    expect(place.log()).toContain('config_invalid');
    place.config({ agents: { defaults: { maxConcurrent: 2 } } });
    await statusHas(/main 0\/2[\s\S]*healthy/, 'the mended file');
  });

  it('and no input at all is no reason to end and be started again and again', async () => {
    writeFileSync(path(), '{ channels: { telegram: { tokn: "x" } } }');
    app = await startApp(place);
    void app.end();
    await until(() => place.log().includes('waiting_for_config'), 'the wait');
    expect((await cli(place, 'status')).out).toContain('unknown field channels.telegram.tokn');
    place.config({});
    expect(await app.exit).toBe(0);
  });
});
