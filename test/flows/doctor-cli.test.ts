// `switchyard doctor` as somebody meets it on a new machine: before the first start, beside a running process, with a config
// that is none, and with files everybody can read.
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoctorReport, SpawnTestReport, Topology } from '../../src/core/doctor.ts';
import { until } from '../fakes/wait.ts';
import { cli, Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let app: RealApp | undefined;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await app?.end();
  app = undefined;
  place.remove();
});

type Json = DoctorReport & { readonly ok: boolean };
const parsed = async <T = Json>(...args: readonly string[]): Promise<T & { readonly code: number }> => {
  const told = await cli(place, 'doctor', ...args, '--json');
  return { ...(JSON.parse(told.out) as T), code: told.code };
};
const open = ({ findings }: Json): readonly string[] =>
  findings.filter(({ status }) => status !== 'pass').map(({ id, status }) => `${status} ${id}`);

describe('before the first start', () => {
  it('finds nothing wrong, and makes nothing', async () => {
    const told = await cli(place, 'doctor');
    expect(told.code).toBe(0);
    expect(told.out.split('\n').slice(0, 3)).toEqual([
      'Doctor:',
      '-----',
      'ℹ️ Switchyard is not running: files and the store were looked at.',
    ]);
    expect(told.out.split('\n').at(-1)).toBe('doctor: ok');
    expect((await parsed()).findings.find(({ id }) => id === 'store')?.fact).toContain('none yet');
    expect(() => statSync(place.home)).toThrow('ENOENT');
  });

  it('shows who may start whom, and judges all of a launch but the live spawn', async () => {
    place.config({ agents: { list: [{ id: 'main', subagents: { allowAgents: ['writer'] } }, { id: 'writer' }] } });
    expect((await cli(place, 'doctor', '--topology')).out).toContain('  └─ may start: writer\nwriter\n');
    const launch = await cli(place, 'doctor', '--prelaunch');
    expect(launch.code).toBe(1);
    expect(launch.out).toContain('⚠️ fail: live spawn: not running, so nothing was started.');
    expect(launch.out.split('\n').at(-1)).toBe('prelaunch: not ready, 1 failed');
    expect(await cli(place, 'doctor', '--prelaunch', '--agent', 'ghost')).toMatchObject({
      code: 1,
      err: 'There is no agent ghost. Known: main, writer.',
    });
    expect(await cli(place, 'doctor', '--spawn-test')).toMatchObject({ code: 2 });
  });

  it('checks settings it would start with: keys, coding agents, owners, links', async () => {
    place.config({
      agents: { defaults: { model: 'openai/gpt-5.4-mini' }, list: [{ id: 'main', workspace: 'gone' }] },
      channels: { whatsapp: { enabled: true } },
      acp: { enabled: true, defaultAgent: 'none-such' },
    });
    chmodSync(join(place.folder, 'switchyard.json5'), 0o600);
    expect(open(await parsed())).toEqual(['fail agents', 'fail acp', 'fail models', 'fail owner', 'fail channels']);
  });
});

describe('a config with faults', () => {
  it('is shown with place and nearest key, and the rest is looked at all the same', async () => {
    place.write('switchyard.json5', '{ agents: { list: [{ id: "main", allowAgent: ["x"] }] }, budgts: {} }');
    const told = await cli(place, 'doctor');
    expect(told.code).toBe(1);
    expect(told.out).toContain(
      'switchyard.json5 is not in use: schema validation failed: unknown field agents.list[0].allowAgent; did you mean agents.list[0].allowAgents? Agents, models, limits and channels are looked at once it is mended.',
    );
    expect(told.out).toContain('⚠️ fail: config: schema validation failed: unknown field budgts; did you mean budgets?');
    expect(told.out).toContain('✅ store: ');
    expect(told.out).not.toContain('allowlists');
    expect(await cli(place, 'doctor', '--topology')).toMatchObject({ code: 1, err: expect.stringContaining('budgts') });
  });

  it('that is no JSON5 at all has its line and column', async () => {
    place.write('switchyard.json5', '{ agents: {');
    expect((await cli(place, 'doctor')).out).toContain('is not in use: not valid JSON5: invalid end of input at 1:12.');
  });

  it('of a running process is told with what stays in use', async () => {
    app = await startApp(place);
    place.write('switchyard.json5', '{ budgts: {} }');
    await until(async () => open(await parsed()).includes('fail config'), 'the fault');
    const told = await cli(place, 'doctor');
    expect(told.out).toContain('did you mean budgets? Until it is mended the settings loaded before stay in use.');
    expect(told.out).toContain('✅ allowlists: ');
  });
});

describe('beside a running process', () => {
  it('finds nothing wrong with a fresh install, and sub-agents work', async () => {
    app = await startApp(place);
    const report = await parsed();
    expect(report).toMatchObject({ ok: true, running: true, code: 0 });
    expect(new Set(report.findings.map(({ id }) => id)).size).toBe(11);
    const test = await parsed<SpawnTestReport>('--spawn-test');
    expect(test.code).toBe(0);
    expect(test.steps.map(({ name, passed }) => [name, passed])).toEqual([
      ['answer', true],
      ['instruction', true],
      ['file', true],
    ]);
    expect(test.verdict.kind).toBe('operational');
    expect((await cli(place, 'doctor', '--prelaunch')).out.split('\n').at(-1)).toBe('prelaunch: ready');
    expect((await parsed<Topology>('--topology')).agents.map(({ id }) => id)).toEqual(['main']);
    expect(app.heard()).toEqual([]);
  });

  it('reads a file of the workspace in the spawn test', async () => {
    place.write('README.md', '\n# The yard\nmore');
    app = await startApp(place);
    const [, , file] = (await parsed<SpawnTestReport>('--spawn-test')).steps;
    expect(file).toMatchObject({ passed: true, fact: '«# The yard»' });
  });

  it('says that nothing works when the model has no key', async () => {
    place.config({ agents: { defaults: { model: 'openai/gpt-5.4-mini' } } });
    app = await startApp(place);
    const test = await parsed<SpawnTestReport>('--spawn-test');
    expect(test).toMatchObject({ code: 1, verdict: { kind: 'setup' } });
    expect(test.steps[0]?.fact).toContain('OPENAI_API_KEY');
  });
});

describe('--fix', () => {
  const modeOf = (name: string): number => statSync(join(place.folder, name)).mode & 0o777;

  it('closes what others could read and makes a missing workspace, says so, and finds nothing afterwards', async () => {
    place.config({ agents: { list: [{ id: 'main', workspace: 'shop' }] } });
    writeFileSync(join(place.folder, '.env'), 'X=1');
    for (const name of ['switchyard.json5', '.env']) chmodSync(join(place.folder, name), 0o644);
    expect(open(await parsed())).toEqual(['fail agents', 'warn secrets', 'warn secrets']);
    const told = await cli(place, 'doctor', '--fix');
    expect(told.code).toBe(0);
    expect(told.out).toContain('Repaired:\n-----\n✅ made ');
    expect([modeOf('switchyard.json5'), modeOf('.env')]).toEqual([0o600, 0o600]);
    expect(statSync(join(place.folder, 'shop')).isDirectory()).toBe(true);
    expect((await cli(place, 'doctor', '--fix')).out).not.toContain('Repaired:');
  });
});

describe('a store', () => {
  it('that is no database is told of, with what to do', async () => {
    place.write('.switchyard/switchyard.db', 'this is not a database, whatever its name says');
    for (const path of [place.home, join(place.home, 'switchyard.db')])
      chmodSync(path, path === place.home ? 0o700 : 0o600);
    const report = await parsed();
    expect(open(report)).toEqual(['fail store']);
    expect(report.findings[0]?.fact).toContain('switchyard.db cannot be read: ');
  });

  it('of a process that ended is looked at as it is', async () => {
    const first = await startApp(place);
    await first.ask('/subagents spawn main say hi', /completed/);
    await first.end();
    expect(await parsed()).toMatchObject({ ok: true, running: false });
  });
});

it('asks for one thing at a time', async () => {
  expect(await cli(place, 'doctor', '--fix', '--topology')).toMatchObject({
    code: 1,
    err: 'These do not go together. Ask for one of --fix, --prelaunch, --topology, --spawn-test at a time.',
  });
});
