import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StatusView, StopReport } from '../../src/core/services.ts';
import { aRun, aUsage, noon } from '../fakes/builders.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';

let home: string;
let cli: FakeCli;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'verbs-'));
  cli = fakeCli(home, { clock: virtualClock(noon) });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const answered = (value: unknown): unknown => ({ kind: 'answered', value });
const refused = { kind: 'refused', refusal: { code: 'x', message: 'That is not possible.', fix: 'Do this.' } };

const healthy: StatusView = {
  version: '0.1.0',
  uptimeMs: 3_723_000,
  generation: 4,
  draining: false,
  config: { path: '/c/switchyard.json5', exists: true, loadedAt: noon - 60_000 },
  lanes: [
    { name: 'main', active: 2, width: 4, waiting: 1 },
    { name: 'subagent', active: 5, width: 8, waiting: 0 },
  ],
  channels: [{ id: 'telegram', state: 'connected', detail: 'polling' }],
  outbox: { pending: 1, undelivered: 2 },
  closed: [],
  acp: { enabled: false, mode: 'approve-reads' },
  model: 'demo/demo',
};

describe('switchyard status', () => {
  it('says not running with exit 2', async () => {
    expect(await cli.run('status')).toBe(2);
    expect(cli.err).toEqual([`not running (state folder ${home}). Start it with: switchyard start`]);
  });

  it('shows a healthy process with exit 0', async () => {
    cli.answers.status = answered(healthy);
    expect(await cli.run('status')).toBe(0);
    expect(cli.out).toEqual([
      [
        'Status:',
        '-----',
        'version: 0.1.0, up 1h02m, generation 4',
        'model: demo/demo',
        'config: /c/switchyard.json5, loaded 2026-01-01T11:59:00Z (1m ago)',
        'lanes: main 2/4 (+1), subagent 5/8',
        'channel telegram: connected. polling',
        'ACP: off',
        'outbox: 1 pending, 2 undelivered',
        'healthy',
      ].join('\n'),
    ]);
  });

  it.each<[string, Partial<StatusView>]>([
    [
      'telegram: disconnected. No answer for 1m; trying again.',
      { channels: [{ id: 'telegram', state: 'disconnected', detail: 'No answer for 1m; trying again.' }] },
    ],
    ['It is stopping', { draining: true }],
    ['The config was not loaded', { config: { ...healthy.config, error: 'unknown key' } }],
    ['26 messages wait', { outbox: { pending: 26, undelivered: 0 } }],
  ])('is degraded with exit 1 when: %s', async (sentence, change) => {
    cli.answers.status = answered({ ...healthy, ...change });
    expect(await cli.run('status')).toBe(1);
    expect(cli.out[0]).toContain(`⚠️ ${sentence}`);
  });

  it('names chats that take nothing, which is no fault of the process', async () => {
    const closed = [{ chat: 'telegram:default:8', reason: 'the person has blocked the bot' }];
    cli.answers.status = answered({ ...healthy, closed });
    expect(await cli.run('status')).toBe(0);
    expect(cli.out[0]?.split('\n').slice(-2)).toEqual([
      'ℹ️ nothing can be sent to telegram:default:8: the person has blocked the bot',
      'healthy',
    ]);
  });

  it('prints JSON on request, and notes a newer file', async () => {
    const config = { ...healthy.config, fileChangedAt: noon };
    cli.answers.status = answered({ ...healthy, config });
    await cli.run('status');
    expect(cli.out[0]).toContain('the config file is newer');
    expect(await cli.run('status', '--json')).toBe(0);
    expect(JSON.parse(cli.out[1] ?? '')).toMatchObject({ generation: 4, troubles: [] });
  });
});

describe('switchyard tasks', () => {
  const report: StopReport = {
    stopped: [aRun(), aRun()],
    alreadyFinished: [aRun()],
    failed: [],
    turns: 0,
    wedged: false,
    messages: 0,
    untold: [],
  };

  it('lists runs in a table, filtered and as JSON', async () => {
    cli.answers['tasks.list'] = answered([
      aRun(),
      aRun({ id: 'abcdef12-1', label: 'b', task: 'b', usage: aUsage(18_000, 1000) }),
    ]);
    expect(await cli.run('tasks', 'list', '--status', 'running')).toBe(0);
    expect(cli.calls).toEqual([{ verb: 'tasks.list', params: { status: 'running' } }]);
    expect(cli.out[0]?.split('\n')).toEqual([
      'RUN       STATUS   DELIVERY  AGENT  ELAPSED  USED          TASK',
      '4f1c2a90  running  none      main   1m00s    210 tokens    words - count the words in README.md',
      'abcdef12  running  none      main   1m00s    19.0k tokens  b',
    ]);
    await cli.run('tasks', 'list', '--json');
    expect(JSON.parse(cli.out[1] ?? '')).toHaveLength(2);
  });

  it('refuses a status that does not exist', async () => {
    expect(await cli.run('tasks', 'list', '--status', 'asleep')).toBe(1);
    expect(cli.err[0]).toContain('Allowed choices are queued, running');
  });

  it('shows one run with its result', async () => {
    const state = {
      status: 'succeeded',
      startedAt: noon - 60_000,
      endedAt: noon - 1000,
      outcome: { kind: 'success', text: '1,204 words' },
    } as const;
    const delivery = { state: 'undelivered', attempts: 3, reason: 'no route' } as const;
    cli.answers['tasks.show'] = answered(aRun({ state, delivery }));
    expect(await cli.run('tasks', 'show', '4f1c')).toBe(0);
    expect(cli.out[0]).toMatch(/^Status +succeeded$/m);
    expect(cli.out[0]).toMatch(/^Finished +2026-01-01T11:59:59Z \(1s ago\)$/m);
    expect(cli.out[0]).toMatch(/^Delivery +undelivered, 3 attempts, no route$/m);
    expect(cli.out[0]).toMatch(/\n\n1,204 words$/);
  });

  it('shows what agents wrote without what a terminal would obey', async () => {
    const nasty = '\u001b]0;title\u0007\u001b[2J\u009b31mwords';
    const outcome = { kind: 'success', text: nasty } as const;
    const run = aRun({ label: nasty, state: { status: 'succeeded', endedAt: noon, outcome } });
    cli.answers['tasks.show'] = answered(run);
    cli.answers['tasks.list'] = answered([run]);
    cli.answers['tasks.cancel'] = answered({ ...report, failed: [run] });
    for (const args of [['show', '4f1c'], ['show', '4f1c', '--json'], ['list'], ['cancel', '4f1c']])
      await cli.run('tasks', ...args);
    expect(cli.out).toHaveLength(4);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(cli.out.join('')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(cli.out[0]).toContain('words');
  });

  it('cancels with counts, and names what did not stop', async () => {
    cli.answers['tasks.cancel'] = answered(report);
    expect(await cli.run('tasks', 'cancel', '4f1c')).toBe(0);
    expect(cli.out).toEqual(['stopped 2, already finished 1, failed 0']);
    cli.answers['flow.cancel'] = answered({ ...report, failed: [aRun()] });
    expect(await cli.run('tasks', 'flow', 'cancel', 'tree')).toBe(1);
    expect(cli.out[1]).toContain('⚠️ words (run 4f1c2a90) did not stop');
    cli.answers['tasks.cancel'] = answered({ ...report, stopped: [], alreadyFinished: [] });
    await cli.run('tasks', 'cancel', '4f1c');
    expect(cli.out[2]).toBe('nothing was running');
  });

  it('retries and dismisses deliveries', async () => {
    cli.answers['tasks.retry'] = answered(aRun({ delivery: { state: 'pending', attempts: 0, nextAt: noon } }));
    expect(await cli.run('tasks', 'retry', '4f1c')).toBe(0);
    expect(cli.out).toEqual([
      'words (run 4f1c2a90): delivery pending, 0 attempts, next try 2026-01-01T12:00:00Z (0s ago)',
    ]);
    cli.answers['tasks.dismiss'] = refused;
    expect(await cli.run('tasks', 'dismiss', '4f1c')).toBe(1);
    expect(cli.err).toEqual(['That is not possible. Do this.']);
  });

  it.each([
    ['cancel', 'x'],
    ['retry', 'x'],
    ['dismiss', 'x'],
    ['flow', 'cancel', 'x'],
    ['maintenance', '--apply'],
    ['list'],
  ])('says not running with exit 2: tasks %s %s', async (...args) => {
    expect(await cli.run('tasks', ...args)).toBe(2);
  });
});

describe('switchyard config', () => {
  it('reads a value, hides secrets, and names an unknown key', async () => {
    writeFileSync(join(home, 'switchyard.json5'), '{ channels: { telegram: { token: "123:abc" } } }');
    expect(await cli.run('config', 'get', 'agents.defaults.maxConcurrent')).toBe(0);
    expect(cli.out).toEqual(['4']);
    await cli.run('config', 'get', 'channels.telegram.token');
    expect(cli.out[1]).not.toContain('abc');
    expect(await cli.run('config', 'get', 'agents.defaults.maxConcurent')).toBe(1);
    expect(cli.err[0]).toContain('maxConcurrent');
  });

  it('changes the file and lets the running process confirm', async () => {
    expect(await cli.run('config', 'set', 'agents.defaults.maxConcurrent', '6')).toBe(0);
    expect(cli.out[0]).toContain('not running');
    cli.answers.status = answered(healthy);
    cli.answers.reload = answered('Reloaded: agents.defaults.maxConcurrent.');
    expect(await cli.run('config', 'set', 'agents.defaults.maxConcurrent', '7')).toBe(0);
    expect(cli.out[1]).toContain('Reloaded: agents.defaults.maxConcurrent.');
    expect(readFileSync(join(home, 'switchyard.json5'), 'utf8')).toContain('7');
    expect(await cli.run('config', 'set', 'agents.defaults.maxConcurrent', 'many')).toBe(1);
    cli.answers.reload = { kind: 'refused', refusal: { code: 'config_invalid', message: 'Not so.', fix: '' } };
    expect(await cli.run('config', 'set', 'agents.defaults.maxConcurrent', '8')).toBe(1);
    expect(cli.err.at(-1)).toMatch(/Saved in .*\nNot so\.$/);
  });
});

describe('switchyard help', () => {
  it('names the verbs, the paths and where the logs are', async () => {
    expect(await cli.run('help')).toBe(0);
    const text = cli.out.join('\n');
    for (const words of [
      'start',
      'status',
      'tasks',
      'logs',
      'config',
      join(home, 'switchyard.json5'),
      home,
      join(home, 'switchyard.log'),
    ]) {
      expect(text).toContain(words);
    }
  });

  it('suggests the nearest verb, exit 1', async () => {
    expect(await cli.run('statsu')).toBe(1);
    expect(cli.err.join('\n')).toContain('status');
  });
});
