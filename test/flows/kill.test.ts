// The program as a real process that loses its power: what was accepted goes on in the next one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../fakes/wait.ts';
import { cli, Place } from './real-app.ts';

const launcher = join(import.meta.dirname, '../../src/cli/launch.mjs');

let place: Place;
const children: ChildProcess[] = [];
beforeEach(() => {
  place = new Place();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  place.remove();
});

interface Process {
  readonly child: ChildProcess;
  text(): string;
  type(line: string): void;
  /** Exit code, or the signal that ended it. */
  readonly over: Promise<number | string>;
  sees(words: RegExp): Promise<void>;
}

function start(): Process {
  const env = { PATH: process.env.PATH ?? '', SWITCHYARD_HOME: place.home, OLLAMA_HOST: '127.0.0.1:1' };
  const child = spawn(process.execPath, [launcher, 'start'], { cwd: place.folder, env });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return {
    child,
    text: () => text,
    type: (line) => void child.stdin.write(`${line}\n`),
    over: once(child, 'exit').then(([code, signal]) => code ?? signal),
    sees: (words) =>
      until(() => words.test(text), '', 30_000).catch(() => {
        throw new Error(`waited for ${words}; shown:\n${text}`);
      }),
  };
}

it('after kill -9 runs go on, what is owed is delivered and what was open is answered, each once', async () => {
  const first = start();
  await first.sees(/Type a message/);
  first.type('/subagents spawn main say here it is');
  await first.sees(/completed successfully\n {5}here it is\n/);
  first.type('/subagents spawn main wait 10 seconds and say still there');
  await first.sees(/✅ main started \(#2/);
  await until(
    async () => (await cli(place, 'tasks', 'list', '--status', 'running')).out.includes('wait 10'),
    'the run',
  );
  first.type('wait 1 second and say answered at last');
  first.type('/queue');
  await first.sees(/Queue:/);
  first.child.kill('SIGKILL');
  expect(await first.over).toBe('SIGKILL');
  expect((await cli(place, 'status')).code).toBe(2);

  const second = start();
  await second.sees(/Goes on, told to check what was done in part: wait 10 seconds and say \(run \w{8}\)/);
  await second.sees(/bot: Waited 1 second and said: answered at last\./);
  await second.sees(
    /✅ wait 10 seconds and say: completed successfully\n {5}Waited 10 seconds and said: still there\./,
  );
  expect(second.text()).not.toContain('here it is');
  second.child.stdin?.end();
  expect(await second.over).toBe(0);
  expect(second.text().match(/said: still there/g)).toHaveLength(1);
  expect(second.text().match(/answered at last/g)).toHaveLength(1);
});

it('drains on SIGTERM and ends with 0; the next start has nothing left to do', async () => {
  const first = start();
  await first.sees(/Type a message/);
  first.type('wait 1 second and say finished');
  first.type('/queue');
  await first.sees(/Queue:/);
  first.child.kill('SIGTERM');
  expect(await first.over).toBe(0);
  expect(first.text()).toContain('bot: Waited 1 second and said: finished.');
  const second = start();
  await second.sees(/Type a message/);
  second.child.stdin?.end();
  expect(await second.over).toBe(0);
  expect(second.text()).not.toContain('finished');
});

it('answers each line of a pipe in order and ends with 0', async () => {
  const only = start();
  for (const line of ['say one', 'count to 3', 'delegate: say a; say b', 'say two']) only.type(line);
  only.child.stdin?.end();
  expect(await only.over).toBe(0);
  // Whether the children come back together depends on when the next line arrives.
  const said = only.text();
  for (const words of ['one', '1, 2, 3', 'Started 2 sub-agents', ' a.', ' b.', 'two']) expect(said).toContain(words);
});
