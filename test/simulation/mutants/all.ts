// Plants each bug in a copy of the tree and runs simulations until an invariant breaks. Run:
// npm run mutants -- [--seeds <n>] [--from <seed>] [--write] [part of a name]
// `--write` keeps the table in results.md beside this file; rows of bugs not tried now stay.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../src/infra/clock.ts';
import type { Found } from './hunt.ts';
import { mutants } from './list.ts';
import type { Mutant } from './mutant.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    write: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '../../..');
/** A bug may be that something never ends. */
const patienceMs = 900_000;

interface Result {
  readonly name: string;
  readonly found: Pick<Found, 'seed' | 'rule'> | undefined;
}

const tablePath = join(import.meta.dirname, 'results.md');

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What the simulator loads; dependencies are shared. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'switchyard-mutant-'));
  for (const each of ['src', 'commands', 'channels', 'test/fakes', 'test/simulation', 'package.json'])
    cpSync(join(root, each), join(copy, each), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Answers what undoes it. */
function plant(copy: string, { edits }: Mutant): () => void {
  const before = edits.map(({ file }) => ({ path: join(copy, file), text: readFileSync(join(copy, file), 'utf8') }));
  for (const { file, search, replace } of edits) {
    const text = readFileSync(join(copy, file), 'utf8');
    if (text.split(search).length !== 2) throw new Error(`${file} does not hold this text exactly once: ${search}`);
    writeFileSync(
      join(copy, file),
      text.replace(search, () => replace),
    );
  }
  return () => {
    for (const { path, text } of before) writeFileSync(path, text);
  };
}

async function tryMutant(copy: string, mutant: Mutant): Promise<{ name: string; found: Found | undefined }> {
  const heal = plant(copy, mutant);
  try {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(copy, 'test/simulation/mutants/hunt.ts'),
        values.from,
        values.seeds,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    return { name: mutant.name, found: await outcome(child) };
  } finally {
    heal();
  }
}

async function outcome(child: ChildProcess): Promise<Found | undefined> {
  let out = '';
  let late = false;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const timer = systemClock.after(patienceMs, () => {
    late = true;
    child.kill('SIGKILL');
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  timer.cancel();
  if (late) return { seed: Number(values.from), rule: 'comes to rest', detail: 'a simulation does not end' };
  if (code !== 0) throw new Error(`a hunt ended with code ${code}`);
  return (JSON.parse(out) as Found | null) ?? undefined;
}

function table(results: readonly Result[]): string {
  const rows = results.map(({ name, found }) =>
    found === undefined ? `| ${name} | survived | |` : `| ${name} | ${found.rule} | ${found.seed} |`,
  );
  return [
    '# Planted bugs and what found them',
    '',
    `Made by \`npm run mutants -- --write\`: each bug is planted alone in a copy of the tree, then seeds are run from ${values.from} on until an invariant breaks.`,
    '',
    '| Planted bug | Found by | Seed |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** What an earlier table says of the bugs that are not tried now. */
function known(): readonly Result[] {
  if (!existsSync(tablePath)) return [];
  const rows = [...readFileSync(tablePath, 'utf8').matchAll(/^\| (.+) \| (.+) \| (\d*) ?\|$/gm)];
  return rows.map(([, name = '', rule = '', seed = '']) => ({
    name,
    found: rule === 'survived' ? undefined : { rule, seed: Number(seed) },
  }));
}

async function main(): Promise<boolean> {
  const wanted = mutants.filter(({ name }) => positionals.every((part) => name.includes(part)));
  const queue = [...wanted];
  const results = new Map<string, Result>(known().map((result) => [result.name, result]));
  const worker = async (): Promise<void> => {
    const copy = copyTree();
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const result = await tryMutant(copy, next);
        results.set(next.name, result);
        const { found } = result;
        print(
          `${next.name}: ${found === undefined ? 'SURVIVED' : `${found.rule} at seed ${found.seed} (${found.detail})`}`,
        );
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, worker));
  if (values.write) writeFileSync(tablePath, table(mutants.flatMap(({ name }) => results.get(name) ?? [])));
  const survived = wanted.filter(({ name }) => results.get(name)?.found === undefined);
  print(`${wanted.length - survived.length} of ${wanted.length} planted bugs found`);
  return survived.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
