import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statePaths } from '../../src/infra/state-paths.ts';
import { noon } from '../fakes/builders.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';

let home: string;
let cli: FakeCli;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'verbs-'));
  cli = fakeCli(home, { clock: virtualClock(noon) });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('switchyard logs', () => {
  const line = (n: number, run?: string): string =>
    `${JSON.stringify({ level: 'info', time: noon, run, msg: `line ${n}` })}\n`;
  const path = (): string => statePaths(home).log;

  it('shows the newest lines, reaching back into the turned-over file', async () => {
    writeFileSync(`${path()}.1`, line(1) + line(2));
    writeFileSync(path(), line(3));
    expect(await cli.run('logs', '-n', '2')).toBe(0);
    expect(cli.out).toEqual(['2026-01-01T12:00:00.000Z info  line 2', '2026-01-01T12:00:00.000Z info  line 3']);
  });

  it('shows the lines of one run only', async () => {
    writeFileSync(path(), line(1, 'abcd-1') + line(2, 'ffff-2') + line(3));
    await cli.run('logs', '--run', 'ABCD');
    expect(cli.out).toEqual(['2026-01-01T12:00:00.000Z info  line 1 run=abcd-1']);
    expect(await cli.run('logs', '--run', 'eeee')).toBe(1);
  });

  it('says where it looked when there is no log', async () => {
    expect(await cli.run('logs')).toBe(1);
    expect(cli.err[0]).toContain(path());
    expect(await cli.run('logs', '-n', 'many')).toBe(1);
  });

  it('follows what is added, across a turn-over, until it is interrupted', async () => {
    const clock = virtualClock(noon);
    cli = fakeCli(home, { clock });
    writeFileSync(path(), line(1));
    const exit = cli.run('logs', '--follow');
    await until(() => cli.out.length === 1 && clock.pending() === 1, 'the first line');
    appendFileSync(path(), line(2) + line(3).slice(0, 10));
    const shown = async (count: number): Promise<void> =>
      until(async () => {
        await clock.advance(250);
        return cli.out.length === count;
      }, `${count} lines`);
    await shown(2);
    appendFileSync(path(), line(3).slice(10));
    await shown(3);
    renameSync(path(), `${path()}.1`);
    writeFileSync(path(), line(4));
    await shown(4);
    cli.signals.emit('SIGINT');
    await clock.advance(250);
    expect(await exit).toBe(0);
    expect(cli.out.at(-1)).toContain('line 4');
  });
});
