// What the machine itself does at the moment, to read the other figures by. Run: node test/bench/machine.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/infra/database.ts';
import { type Figure, main, median, percentile, samples } from './report.ts';

export async function benchMachine(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  const database = openDatabase(join(folder, 'machine.db'));
  const put =
    "INSERT INTO keyv (key, value) VALUES (?, 'a value of about one hundred bytes, as a small record has them, to be stored for good')";
  const commits = await samples(500, (index) => database.write((sql) => sql.run(put, `k${index}`)));
  await database.close();
  rmSync(folder, { recursive: true, force: true });
  const spins = await samples(20, async () => spin());
  return [
    {
      name: 'a commit to disk',
      value: median(commits),
      unit: 'ms',
      note: `p95 ${percentile(commits, 0.95).toFixed(2)} ms`,
    },
    {
      name: 'a fixed piece of arithmetic',
      value: median(spins),
      unit: 'ms',
      ideal: Math.min(...spins),
      note: 'ideal: its best of 20; far off it, others use the machine',
    },
    { name: 'load of the machine', value: loadavg()[0] ?? 0, unit: '', note: `${availableParallelism()} cores` },
  ];
}

function spin(): number {
  let sum = 0;
  for (let index = 0; index < 2e7; index += 1) sum += index % 7;
  return sum;
}

if (import.meta.main) await main('Machine', benchMachine);
