// Proves the real coding agents: installs them, points them at a model on loopback and tells the same stories with each.
// Run: npm run test:harnesses -- [--folder=<where they are installed>] [agent ...]
// npm may reach its registry; nothing after that reaches further than loopback.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { install, programsOf } from './install.ts';
import { type Rig, rigs } from './rigs.ts';
import { stories } from './stories.ts';
import { HarnessWorld } from './world.ts';

interface Result {
  readonly rig: Rig;
  readonly story: string;
  readonly failed: boolean;
  readonly seconds: number;
  readonly note: string;
}

/** One agent waits for the next minute before it loads a session. */
const storySeconds = 180;

const args = process.argv.slice(2);
const flag = (name: string): string | undefined => args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1];
const asked = args.filter((arg) => !arg.startsWith('--'));
const unknown = asked.filter((name) => !rigs.some(({ id }) => id === name));
if (unknown.length > 0) {
  console.error(`No such agent: ${unknown.join(', ')}. There are: ${rigs.map(({ id }) => id).join(', ')}.`);
  process.exit(2);
}
const chosen = rigs.filter(({ id }) => asked.length === 0 || asked.includes(id));

const inside = flag('inside');
process.exit(inside === undefined ? await outside() : await tellAll(inside));

/** Installs, then goes on in a process that has no network but loopback. */
async function outside(): Promise<number> {
  const given = flag('folder');
  const root = given === undefined ? mkdtempSync(join(tmpdir(), 'switchyard-harnesses-')) : resolve(given);
  try {
    for (const rig of chosen) {
      console.log(`${rig.package} ${rig.version}: installing into ${root}`);
      await install(root, rig);
    }
    const program = [process.execPath, ...process.execArgv, import.meta.filename, `--inside=${root}`, ...asked];
    const alone = ['--user', '--map-root-user', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
    const child = spawn('unshare', [...alone, ...program], { stdio: 'inherit' });
    const missing = once(child, 'error').then(([error]: unknown[]) => {
      console.error(`No network of its own could be made (${String(error)}): unshare of util-linux is needed.`);
      return 2;
    });
    return await Promise.race([once(child, 'exit').then(([code]: unknown[]) => Number(code ?? 1)), missing]);
  } finally {
    if (given === undefined) rmSync(root, { recursive: true, force: true });
  }
}

async function tellAll(root: string): Promise<number> {
  // The timers of the product keep no process alive.
  const heartbeat = setInterval(() => undefined, 60_000);
  const results: Result[] = [];
  for (const rig of chosen) results.push(...(await tellWith(rig, root)));
  clearInterval(heartbeat);
  console.log(`\n${table(results)}`);
  return results.some(({ failed }) => failed) ? 1 : 0;
}

async function tellWith(rig: Rig, root: string): Promise<readonly Result[]> {
  const world = await HarnessWorld.open(rig, programsOf(root, rig));
  const results: Result[] = [];
  try {
    for (const { name, tell } of stories) {
      const began = performance.now();
      const told = await Promise.race([tell(world), tooLong()]).then(
        (note) => ({ failed: false, note: note ?? '' }),
        (error: unknown) => ({ failed: true, note: error instanceof Error ? error.message : String(error) }),
      );
      const result = { rig, story: name, seconds: (performance.now() - began) / 1000, ...told };
      results.push(result);
      console.log(line(result));
    }
  } finally {
    if (world.model.unknown.size > 0) console.log(`${rig.id} also asked for ${[...world.model.unknown].join(', ')}`);
    await world.close();
  }
  return results;
}

function tooLong(): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not over within ${storySeconds} s`)), storySeconds * 1000).unref();
  });
}

function table(results: readonly Result[]): string {
  return [
    '| agent | version | story | result | seconds | seen |',
    '|---|---|---|---|---|---|',
    ...results.map(line),
  ].join('\n');
}

function line({ rig, story, failed, seconds, note }: Result): string {
  const seen = note.replaceAll('\n', ' ').replaceAll('|', '/');
  return `| ${rig.id} | ${rig.version} | ${story} | ${failed ? 'FAILED' : 'ok'} | ${seconds.toFixed(1)} | ${seen} |`;
}
