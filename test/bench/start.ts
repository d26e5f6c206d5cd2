// The real process: from `switchyard start` with piped input to its banner and its first answer, and what it weighs idle.
// Run: node test/bench/start.ts
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Figure, main, median } from './report.ts';

const root = resolve(import.meta.dirname, '../..');
const rounds = 5;

interface Started {
  readonly bannerMs: number;
  readonly answerMs: number;
  /** Resident memory 1.5 s after the answer, in bytes. */
  readonly idleBytes: number;
}

export async function benchStart(): Promise<readonly Figure[]> {
  await start({});
  const warm: Started[] = [];
  for (let round = 0; round < rounds; round += 1) warm.push(await start({}));
  const cold = await start({ NODE_DISABLE_COMPILE_CACHE: '1' });
  const bare = await bareNode();
  return [
    {
      name: 'start to banner',
      value: median(warm.map((each) => each.bannerMs)),
      unit: 'ms',
      ideal: bare.ms,
      aim: { atMost: 500 },
      note: 'ideal: node with an empty file',
    },
    {
      name: 'start to first answer of the demo model',
      value: median(warm.map((each) => each.answerMs)),
      unit: 'ms',
      ideal: bare.ms,
    },
    {
      name: 'start to banner, the very first time',
      value: cold.bannerMs,
      unit: 'ms',
      ideal: bare.ms,
      note: 'nothing compiled yet',
    },
    {
      name: 'resident memory, idle after one answer',
      value: median(warm.map((each) => each.idleBytes)) / 2 ** 20,
      unit: 'MB',
      ideal: bare.bytes / 2 ** 20,
      aim: { atMost: 100 },
      note: 'ideal: node with an empty file',
    },
  ];
}

async function start(env: Record<string, string>): Promise<Started> {
  const home = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  const began = performance.now();
  const child = spawn(process.execPath, [join(root, 'src/cli/launch.mjs'), 'start'], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, SWITCHYARD_HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  const seen = (what: RegExp): Promise<number> =>
    new Promise((found, failed) => {
      const look = (): void => {
        if (what.test(output)) found(performance.now() - began);
      };
      child.stdout.on('data', look);
      child.once('exit', (code) => failed(new Error(`ended with ${code} before ${what}: ${output}`)));
    });
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
  });
  child.stdin.write('hello\n');
  const [bannerMs, answerMs] = await Promise.all([seen(/^Switchyard /m), seen(/bot: /)]);
  await new Promise((done) => setTimeout(done, 1500));
  const idleBytes = residentBytes(child.pid ?? 0);
  child.stdin.end();
  await new Promise((done) => child.once('exit', done));
  rmSync(home, { recursive: true, force: true });
  return { bannerMs, answerMs, idleBytes };
}

async function bareNode(): Promise<{ readonly ms: number; readonly bytes: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => 0, 1000)']);
  await new Promise((done) => child.stdout.once('data', done));
  const ms = performance.now() - began;
  const bytes = residentBytes(child.pid ?? 0);
  child.kill();
  return { ms, bytes };
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

if (import.meta.main) await main('Start', benchStart);
