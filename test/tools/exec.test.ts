// exec with real processes: bounds, endings, and above all that nothing is left running.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ToolOutput } from '../../src/core/tool.ts';
import { type Clock, systemClock } from '../../src/infra/clock.ts';
import { systemIds } from '../../src/infra/ids.ts';
import { execTool } from '../../src/tools/exec.ts';
import { ProcessGroups } from '../../src/tools/process-groups.ts';
import { markedProcesses } from '../../src/tools/process-table.ts';
import { fastClock } from '../fakes/fast-clock.ts';
import { toolContext } from '../fakes/tool-context.ts';
import { until } from '../fakes/wait.ts';

let root: string;
let instance: string;
let groups: ProcessGroups;
let clock: Clock;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'exec-')));
  instance = `test-${systemIds.uuid()}`;
  useClock(systemClock);
});
afterEach(async () => {
  await groups.killAll();
  expect(markedProcesses(instance)).toEqual([]);
  rmSync(root, { recursive: true, force: true });
});

function useClock(chosen: Clock): void {
  clock = chosen;
  groups = new ProcessGroups({ clock, ids: systemIds, instance });
}

interface How {
  readonly signal?: AbortSignal;
  readonly owner?: string;
  readonly timeoutSeconds?: number;
  readonly cwd?: string;
}

function run(command: string, { signal, owner, ...rest }: How = {}): Promise<ToolOutput> {
  const childEnv = () => ({ PATH: process.env.PATH ?? '', GREETING: 'hello' });
  const tool = execTool({ workspace: root, childEnv, groups, clock });
  return tool.run({ command, ...rest }, toolContext(signal, owner));
}

const alive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
const pidIn = (file: string): number => Number(readFileSync(join(root, file), 'utf8'));
const running = () => markedProcesses(instance).length;

test('answers exit code, time and output of both streams in order', async () => {
  const output = await run('echo one; echo two >&2; echo three; pwd');
  expect(output.failed).toBeUndefined();
  expect(output.text).toMatch(new RegExp(`^exit code 0, \\d\\.\\d s\\none\\ntwo\\nthree\\n${root}$`));
});

test('runs in a process group and session of its own', async () => {
  const [pid, group, session] =
    (await run('echo $$ $(cut -d" " -f5,6 /proc/$$/stat)')).text.split('\n')[1]?.split(' ') ?? [];
  expect(Number(pid)).toBeGreaterThan(1);
  expect([group, session]).toEqual([pid, pid]);
});

test('a failing command, a signal and silence are told', async () => {
  const failed = await run('echo oops; exit 3');
  expect(failed.failed).toBe(true);
  expect(failed.text).toMatch(/^exit code 3, .*\noops$/);
  expect((await run('kill -9 $$')).text).toMatch(/^ended by SIGKILL/);
  expect((await run('true')).text).toMatch(/\n\(no output\)$/);
});

test('the environment is only what is allowed', async () => {
  const output = await run('env');
  const names = output.text
    .split('\n')
    .slice(1)
    .map((line) => line.split('=')[0] ?? '');
  expect(names.toSorted()).toEqual(
    [
      'GIT_PAGER',
      'GIT_TERMINAL_PROMPT',
      'GREETING',
      'PAGER',
      'PATH',
      'PWD',
      'SHLVL',
      'SWITCHYARD_GROUP',
      'TERM',
      '_',
    ].toSorted(),
  );
});

test('cwd is confined to the workspace', async () => {
  mkdirSync(join(root, 'sub'));
  expect((await run('pwd', { cwd: 'sub' })).text).toContain(join(root, 'sub'));
  expect((await run('pwd', { cwd: '..' })).text).toContain('outside the workspace');
  expect((await run('pwd', { cwd: 'none' })).text).toContain('Check cwd with ls');
});

test('a command that waits for input gets none', async () => {
  expect((await run('cat; read line; echo "got [$line]"')).text).toContain('got []');
});

test('long output keeps its beginning and end and says how much is missing', async () => {
  const output = await run('echo first; head -c 5000000 /dev/zero | tr "\\0" x; echo; echo last');
  expect(output.text.length).toBeLessThan(31_000);
  expect(output.text).toMatch(/^exit code 0, .*\nfirst\nx+\n\[… 49\d{5} bytes of output cut …\]\nx+\nlast$/);
});

test('colours are removed and a redrawn line is shown in its last state', async () => {
  expect((await run('printf "\\033[31mred\\033[0m\\n10%%\\r50%%\\r100%%\\ndone\\n"')).text).toMatch(
    /\nred\n100%\ndone$/,
  );
});

describe('nothing is left running', () => {
  test('after the timeout the command, its children and those that left the group are gone', async () => {
    const output = await run('sleep 1000 & echo $! > a; setsid sleep 1000 & sleep 0.2; echo begun; sleep 1000', {
      timeoutSeconds: 1,
    });
    expect(output.failed).toBe(true);
    expect(output.text).toMatch(/^Ended after 1 s because it had not finished\. Give a longer timeoutSeconds/);
    expect(output.text).toContain('begun');
    expect(alive(pidIn('a'))).toBe(false);
    expect(running()).toBe(0);
    expect(groups.live()).toEqual([]);
  });

  test('after an abort the whole group is gone, promptly', async () => {
    const controller = new AbortController();
    const pending = run('(sleep 1000; true) & echo $! > a; sleep 1000', { signal: controller.signal });
    await until(() => running() >= 3, 'the processes');
    const at = performance.now();
    controller.abort();
    expect((await pending).text).toMatch(/^Stopped after/);
    expect(performance.now() - at).toBeLessThan(1900);
    expect(running()).toBe(0);
  });

  test('what ignores TERM is killed after two seconds', async () => {
    useClock(fastClock(5));
    const controller = new AbortController();
    const pending = run('trap "" TERM; echo ready > a; while true; do sleep 0.1; done', { signal: controller.signal });
    await until(() => readable('a'), 'the trap');
    const at = clock.now();
    controller.abort();
    await pending;
    expect(clock.now() - at).toBeGreaterThan(1900);
    expect(running()).toBe(0);
  });

  test('a command that was stopped before it began is not run', async () => {
    const output = await run('touch ran', { signal: AbortSignal.abort() });
    expect(output.text).toContain('stopped before it began');
    expect(readable('ran')).toBe(false);
  });

  function readable(file: string): boolean {
    try {
      return readFileSync(join(root, file)).length >= 0;
    } catch {
      return false;
    }
  }
});

describe('background processes', () => {
  test('one that keeps the pipes open does not hang the tool, survives writing, and ends with its session', async () => {
    const at = performance.now();
    const command =
      '(for i in $(seq 20); do head -c 20000 /dev/zero; sleep 0.02; done; echo > done; sleep 1000) & echo started';
    const output = await run(command, { owner: 'session-a' });
    expect(performance.now() - at).toBeLessThan(5000);
    expect(output.failed).toBeUndefined();
    expect(output.text).toMatch(/^exit code 0.*[\s\S]*run on in the background; they are ended with this session\]$/);
    await until(() => tryRead('done'), 'the background process to finish writing');
    expect(await groups.killOf('session-b')).toBe(0);
    expect(running()).toBeGreaterThan(0);
    expect(await groups.killOf('session-a')).toBe(1);
    expect(running()).toBe(0);
    expect(groups.live()).toEqual([]);
  });

  test('a daemon in a session of its own is found by its mark', async () => {
    await run('setsid sh -c "echo \\$\\$ > pid; exec sleep 1000" > /dev/null 2>&1 & sleep 0.2');
    expect(alive(pidIn('pid'))).toBe(true);
    await groups.killAll();
    expect(alive(pidIn('pid'))).toBe(false);
  });

  test('a group is forgotten once its last process has ended', async () => {
    useClock(fastClock(5));
    await run('sleep 0.3 & true');
    expect(groups.live()).toHaveLength(1);
    await until(() => groups.live().length === 0, 'the group to be forgotten');
  });

  test('what a crash left behind is found and ended by the next start, and nothing else', async () => {
    await run('sleep 1000 > /dev/null 2>&1 &');
    const next = new ProcessGroups({ clock: systemClock, ids: systemIds, instance });
    const other = new ProcessGroups({ clock: systemClock, ids: systemIds, instance: `${instance}x` });
    expect(await other.sweep()).toBe(0);
    expect(await groups.sweep()).toBe(0);
    expect(running()).toBe(1);
    expect(await next.sweep()).toBe(1);
    expect(running()).toBe(0);
  });

  function tryRead(file: string): boolean {
    try {
      readFileSync(join(root, file));
      return true;
    } catch {
      return false;
    }
  }
});
