import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** Node opens no terminals; where Python is there it can. */
const python = spawnSync('python3', ['-c', 'import pty']);

/** Runs a program on a terminal of its own, closes that once a prompt shows, and prints how the program ended. */
const closedWindow = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
shown = b''
while b'> ' not in shown: shown += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

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
    return spawnSync('/bin/sh', args, { cwd: home, env, input, encoding: 'utf8', timeout: 40_000 });
  }

  it.skipIf(!existsSync('/dev/full'))('a full disk under its output does not crash the process', () => {
    expect(start('> /dev/full')).toMatchObject({ status: 0, stderr: '' });
  });

  it('closed outputs do not crash the process', () => {
    writeFileSync(join(home, 'switchyard.json5'), '{ bad');
    expect(start('2>&-')).toMatchObject({ status: 0, stdout: expect.stringContaining('bot: ') });
    expect(start('>&- 2>&-')).toMatchObject({ status: 0 });
  });

  it
    .skipIf(python.status !== 0)
    .each([['the newest Node', process.execPath], ...(older === undefined ? [] : [['an older Node', older]])])(
    'closing the window of the chat ends the process in order, started by %s',
    (_by, node) => {
      const env = { PATH: process.env.PATH, OLLAMA_HOST: '127.0.0.1:1' };
      const args = ['-c', closedWindow, node ?? '', launcher, 'start'];
      const { stdout } = spawnSync('python3', args, { cwd: home, env, encoding: 'utf8', timeout: 40_000 });
      expect(stdout).toBe('0\n');
      const log = readFileSync(join(home, '.switchyard/switchyard.log'), 'utf8');
      expect(log).toContain('"msg":"stopped"');
      expect(log).not.toContain('"fatal"');
      expect(existsSync(join(home, '.switchyard/control.sock'))).toBe(false);
    },
  );

  it('a state folder that cannot be used is refused in one sentence', () => {
    writeFileSync(join(home, '.switchyard'), 'no folder');
    const { status, stderr } = start('');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The state folder .* cannot be used: EEXIST: .*\. Let it be a folder .*\n$/);
  });
});
