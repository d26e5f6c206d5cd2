import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Control, startControl } from '../../src/cli/control.ts';
import { callControl, pingControl } from '../../src/cli/control-client.ts';
import { controlPath } from '../../src/cli/control-path.ts';
import type { ControlHandlers } from '../../src/cli/engine-port.ts';
import { ok, type Result, refuse } from '../../src/core/result.ts';

let folder: string;
const opened: Control[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ctl-'));
});
afterEach(async () => {
  for (const control of opened.splice(0)) await control.close();
  rmSync(folder, { recursive: true, force: true });
});

const none = async (): Promise<Result<never>> => refuse('none', 'not in this test', '');
const handlers: ControlHandlers = {
  status: none,
  'tasks.list': async ({ status }) => (status === 'failed' ? ok([]) : refuse('odd', 'Only failed ones.', 'Ask again.')),
  'tasks.show': () => Promise.reject(new Error('broken inside')),
  'tasks.cancel': none,
  'tasks.retry': none,
  'tasks.dismiss': none,
  'flow.list': none,
  'flow.cancel': none,
  maintenance: none,
  doctor: none,
  'doctor.prelaunch': none,
  'doctor.topology': none,
  'doctor.spawn-test': none,
  'pair.link': none,
  'pair.invite': none,
  'link.begin': none,
  'link.next': none,
  'pair.list': none,
  'pair.approve': none,
  'pair.deny': none,
  'pair.revoke': none,
  'page.link': none,
  reload: async () => ok('reloaded'),
  drain: async () => ok(null),
};

async function open(
  stateDir: string,
  given: () => ControlHandlers | undefined = () => handlers,
): Promise<Result<Control>> {
  const started = await startControl({ stateDir, handlers: given, onError: () => undefined });
  if (started.ok) opened.push(started.value);
  return started;
}

/** What a killed process leaves behind: a socket file nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, ['-e', program]);
}

describe('the control socket', () => {
  it('answers verbs, refusals, and says when nobody runs', async () => {
    const home = join(folder, 'state');
    expect(await callControl(home, 'reload', {})).toEqual({ kind: 'not-running' });
    await open(home);
    expect(await callControl(home, 'reload', {})).toEqual({ kind: 'answered', value: 'reloaded' });
    expect(await callControl(home, 'drain', {})).toEqual({ kind: 'answered', value: null });
    expect(await callControl(home, 'tasks.list', { status: 'failed' })).toEqual({ kind: 'answered', value: [] });
    expect(await callControl(home, 'tasks.list', {})).toMatchObject({ kind: 'refused', refusal: { code: 'odd' } });
  });

  it('is for its owner only', async () => {
    const home = join(folder, 'state');
    await open(home);
    expect(statSync(join(home, 'control.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(home)) {
      expect({ name, others: statSync(join(home, name)).mode & 0o077 }).toEqual({ name, others: 0 });
    }
  });

  it('refuses wrong parameters, unknown verbs and requests before the engine exists', async () => {
    await open(folder);
    const wrong = await callControl(folder, 'tasks.list', { status: 'asleep' as 'failed' });
    expect(wrong).toMatchObject({ kind: 'refused', refusal: { code: 'bad_params' } });
    expect(await callControl(folder, 'toString' as 'reload', {})).toMatchObject({
      kind: 'refused',
      refusal: { code: 'unknown_verb' },
    });
    const early = join(folder, 'early');
    await open(early, () => undefined);
    expect(await callControl(early, 'reload', {})).toMatchObject({ kind: 'refused', refusal: { code: 'starting' } });
  });

  it('answers also when a handler breaks, and goes on', async () => {
    await open(folder);
    expect(await callControl(folder, 'tasks.show', { id: 'x' })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'internal' },
    });
    expect(await callControl(folder, 'reload', {})).toMatchObject({ kind: 'answered' });
  });

  it('lets no second process work on the same folder', async () => {
    await open(folder);
    const second = await open(folder);
    expect(second).toMatchObject({ ok: false, refusal: { code: 'already_running' } });
    expect(second.ok ? '' : second.refusal.message).toBe(
      `Switchyard is already running (pid ${process.pid}, state folder ${folder}).`,
    );
    expect(await callControl(folder, 'reload', {})).toMatchObject({ kind: 'answered' });
  });

  it('lets one of several processes win that start at the same time on what a killed one left', async () => {
    await leaveStaleSocket(join(folder, 'control.sock'));
    expect(existsSync(join(folder, 'control.sock'))).toBe(true);
    expect(await callControl(folder, 'reload', {})).toEqual({ kind: 'not-running' });
    const all = await Promise.all(Array.from({ length: 6 }, () => open(folder)));
    expect(all.filter((one) => one.ok)).toHaveLength(1);
    expect(await pingControl(join(folder, 'control.sock'))).toBe(process.pid);
  });

  it('counts a process that does not answer as running', async () => {
    const mute = createServer((connection) => connection.destroy());
    await new Promise<void>((resolve) => mute.listen(join(folder, 'control.sock'), resolve));
    expect(await open(folder)).toMatchObject({ ok: false, refusal: { code: 'already_running' } });
    expect(await callControl(folder, 'reload', {})).toMatchObject({
      kind: 'refused',
      refusal: { code: 'control_lost' },
    });
    await new Promise((resolve) => mute.close(resolve));
  });

  it('leaves nothing behind when it closes', async () => {
    const started = await open(folder);
    if (started.ok) await started.value.close();
    expect(existsSync(join(folder, 'control.sock'))).toBe(false);
    expect(await callControl(folder, 'reload', {})).toEqual({ kind: 'not-running' });
  });
});

describe('a state folder with a long path', () => {
  const long = (): string => join(folder, 'x'.repeat(120));

  it('has its socket in a private folder elsewhere, and a note that leads to it', async () => {
    const started = await open(long());
    const path = started.ok ? started.value.path : '';
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103);
    expect(readFileSync(join(long(), 'control.path'), 'utf8').trim()).toBe(path);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(await callControl(long(), 'reload', {})).toMatchObject({ kind: 'answered' });
    rmSync(dirname(path), { recursive: true });
  });

  it('refuses a folder others can write to', async () => {
    const shared = dirname(controlPath(long()));
    mkdirSync(shared, { mode: 0o755 });
    writeFileSync(join(shared, 'note'), '');
    expect(await open(long())).toMatchObject({ ok: false, refusal: { code: 'control_path' } });
    rmSync(shared, { recursive: true });
  });
});
