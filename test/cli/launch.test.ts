import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = join(import.meta.dirname, '../../src/cli/launch.mjs');

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'launch-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function run(node: string, ...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(node, [launcher, ...args], { cwd: home, env: { PATH: process.env.PATH }, encoding: 'utf8' });
}

/** An older Node of this machine, if there is one. */
const older = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find(
    (node) =>
      existsSync(node) &&
      Number(execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) < 24,
  );

describe('the launcher', () => {
  it('runs a verb and passes its exit code on', () => {
    const { status, stdout, stderr } = run(process.execPath, 'status');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('not running');
  });

  it('prints help without loading the engine', () => {
    expect(run(process.execPath, 'help')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('Logs:'),
    });
  });

  it.skipIf(older === undefined)(
    'continues in the Node that was installed beside it when it is started by an older one',
    () => {
      const { status, stderr } = run(older ?? '', 'status');
      expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/^not running/) });
    },
  );

  /** As a person or a supervisor starts it, with a shell's redirections. */
  function start(redirect: string, input = 'hello\n'): { status: number | null; stdout: string; stderr: string } {
    const command = `exec "$0" "$1" start ${redirect}`;
    const env = { PATH: process.env.PATH, OLLAMA_HOST: '127.0.0.1:1' };
    const args = ['-c', command, process.execPath, launcher];
    return spawnSync('/bin/sh', args, { cwd: home, env, input, encoding: 'utf8', timeout: 20_000 });
  }

  it.skipIf(!existsSync('/dev/full'))('a full disk under its output does not crash the process', () => {
    expect(start('> /dev/full')).toMatchObject({ status: 0, stderr: '' });
  });

  it('closed outputs do not crash the process', () => {
    writeFileSync(join(home, 'switchyard.json5'), '{ bad');
    expect(start('2>&-')).toMatchObject({ status: 0, stdout: expect.stringContaining('bot: ') });
    expect(start('>&- 2>&-')).toMatchObject({ status: 0 });
  });

  it('a state folder that cannot be used is refused in one sentence', () => {
    writeFileSync(join(home, '.switchyard'), 'no folder');
    const { status, stderr } = start('');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The state folder .* cannot be used: EEXIST: .*\. Let it be a folder .*\n$/);
  });
});
