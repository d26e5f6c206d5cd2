import { describe, expect, test } from 'vitest';
import { noUsage } from '../../src/core/session.ts';
import { anEndedRun, aPlace, aRun, aUsage, noon } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const guest = aPlace({ caller: { id: 'telegram:7', name: 'Bo', class: 'allowed' } });
const scripts = aRun({
  id: 'b2c3d4e5-0',
  label: 'scripts',
  task: 'list the npm scripts',
  usage: aUsage(1200, 300, 0.02),
});
const unknownTarget = '⚠️ No sub-agent 9. /subagents list shows them.';

describe('/subagents', () => {
  test('with nothing to show says so', async () => {
    expect(await typed('/subagents')).toBe(
      lines('Active:', '-----', '(none)', 'Recent (30 min):', '-----', '(none)', '0 runs · 0 tokens · no cost'),
    );
  });

  test('numbers active runs, then recent ones, and adds up', async () => {
    const world = aWorld({ runs: [aRun(), scripts, anEndedRun({ id: 'c0', label: 'wait', task: 'wait' })] });
    expect(await typed('/subagents list', world)).toBe(
      lines(
        'Active:',
        '-----',
        '1. words (main, demo, 1m00s, 210 tokens) running - count the words in README.md',
        '2. scripts (main, demo, 1m00s, 1.5k tokens) running - list the npm scripts',
        'Recent (30 min):',
        '-----',
        '3. wait (main, demo, 50s, 210 tokens) done',
        '3 runs · 1.9k tokens · est. $0.02',
      ),
    );
  });

  test('has a word for every state a run can be in', async () => {
    const parent = aRun({ id: 'p0', label: 'p', state: { status: 'waiting', startedAt: noon - 60_000 } });
    const ended = (status: 'failed' | 'timed_out' | 'stopped' | 'lost') => ({
      status,
      endedAt: noon - 1000,
      outcome: { kind: 'timeout' } as const,
    });
    const runs = [
      aRun({ id: 'q0', label: 'q', state: { status: 'queued' }, usage: noUsage }),
      parent,
      aRun({ id: 'x0', label: 'x', parent: 'p0', stalledSince: noon, lastEventAt: noon - 720_000 }),
      aRun({ id: 'y0', label: 'y', state: { status: 'waiting', startedAt: noon - 60_000 } }),
      aRun({ id: 'f0', label: 'f', state: ended('failed') }),
      aRun({ id: 't0', label: 't', state: ended('timed_out') }),
      aRun({ id: 's0', label: 's', state: ended('stopped') }),
      aRun({ id: 'l0', label: 'l', state: ended('lost') }),
    ];
    const text = (await typed('/subagents', aWorld({ runs }))) ?? '';
    const words = [...text.matchAll(/tokens\) (.+) - /g)].map((match) => match[1]);
    expect(words).toEqual([
      'queued',
      'waiting on 1 child',
      'stalled 12m',
      'running',
      'failed',
      'timeout',
      'stopped',
      'lost',
    ]);
  });

  test('says when a result has not arrived, that usage is unknown, and keeps lines short', async () => {
    const run = anEndedRun({
      label: 'a label that goes on and on until nobody wants it any more',
      task: `first line\n${'x'.repeat(200)}`,
      model: 'ollama/qwen3/mini',
      usage: { ...aUsage(0, 0), reported: false },
      delivery: { state: 'undelivered', attempts: 9, reason: 'chat gone' },
    });
    const line = (await typed('/subagents', aWorld({ runs: [run] })))?.split('\n')[5];
    expect(line).toBe(
      `1. a label that goes on and on until nobody wants… (main, qwen3/mini, 50s, n/a tokens) done · delivery undelivered - first line ${'x'.repeat(98)}…`,
    );
  });

  test('does not pretend to know a price', async () => {
    const text = await typed('/subagents', aWorld({ runs: [aRun({ usage: aUsage(1, 1, null) })] }));
    expect(text?.split('\n').at(-1)).toBe('1 run · 2 tokens · cost n/a');
  });
});

describe('/subagents kill', () => {
  test('counts what it stopped', async () => {
    const world = aWorld({
      runs: [aRun(), scripts],
      stopReport: { stopped: [aRun(), scripts], alreadyFinished: [anEndedRun()] },
    });
    expect(await typed('/subagents kill all', world)).toBe('✅ stopped 2, already finished 1, failed 0');
    expect(await typed('/subagents kill scripts', world)).toBe('✅ stopped 2, already finished 1, failed 0');
    expect(world.asked).toEqual(['kill all', 'kill scripts']);
  });

  test('names what had to be forced', async () => {
    const world = aWorld({ runs: [aRun()], stopReport: { failed: [aRun()] } });
    expect(await typed('/subagents kill 1', world)).toBe(
      lines(
        '⚠️ stopped 0, already finished 0, failed 1',
        '⚠️ words (run 4f1c2a90) did not stop within 1 s and was forced',
      ),
    );
  });

  test('says when nothing was running', async () => {
    expect(await typed('/subagents kill all')).toBe('ℹ️ nothing was running');
    const world = aWorld({ runs: [anEndedRun()], stopReport: { alreadyFinished: [anEndedRun()] } });
    expect(await typed('/subagents kill 1', world)).toBe('ℹ️ nothing was running: already finished 1');
    expect(await typed('/subagents kill 9')).toBe(unknownTarget);
  });
});

describe('/subagents log', () => {
  const world = () =>
    aWorld({
      runs: [aRun()],
      log: [
        { who: 'User', text: 'count the words' },
        { who: 'Tool', text: 'read README.md' },
        { who: 'Assistant', text: '1,204 words.' },
      ],
    });

  test('shows the conversation, newest last, tool lines on request', async () => {
    const plain = lines('words (run 4f1c2a90):', '-----', 'User: count the words', 'Assistant: 1,204 words.');
    expect(await typed('/subagents log 1', world())).toBe(plain);
    expect(await typed('/subagents log tools 1', world())).toContain('Tool: read README.md');
  });

  test('asks for 20 lines and never for more than 200', async () => {
    const asked = world();
    for (const line of ['/subagents log 1', '/subagents log 1 7 tools', '/subagents log 1 999'])
      await typed(line, asked);
    const key = aRun().child;
    expect(asked.asked).toEqual([`log ${key} 20 false`, `log ${key} 7 true`, `log ${key} 200 false`]);
  });

  test('says when there is nothing, and why', async () => {
    expect(await typed('/subagents log 1', aWorld({ runs: [aRun()] }))).toBe(
      lines('words (run 4f1c2a90):', '-----', '(no messages)'),
    );
    expect(await typed('/subagents log 9')).toBe(unknownTarget);
    const refusal = { code: 'archived', message: 'This session is archived.', fix: 'The transcript is kept.' };
    expect(await typed('/subagents log 1', aWorld({ runs: [anEndedRun({ archivedAt: noon })], refusal }))).toBe(
      '⚠️ This session is archived. The transcript is kept.',
    );
  });
});

describe('/subagents info', () => {
  const full = anEndedRun({
    timeoutSeconds: 900,
    warnings: ['model x unknown, using demo/demo.'],
    usage: aUsage(12_300, 4500, 0.12),
    archiveAt: noon + 3_600_000,
    state: {
      status: 'failed',
      startedAt: noon - 60_000,
      endedAt: noon - 10_000,
      outcome: { kind: 'error', code: 'model_error', message: '429 from the provider' },
    },
    delivery: { state: 'pending', attempts: 2, nextAt: noon + 8000, reason: 'no connection' },
  });
  const child = aRun({ id: 'd0', label: 'child', parent: full.id });

  test('tells the owner everything, in a fixed order', async () => {
    expect(await typed('/subagents info 1', aWorld({ runs: [full, child] }))).toBe(
      lines(
        'Sub-agent 1:',
        '-----',
        'Status: failed',
        'Label: words',
        'Task: count the words in README.md',
        'Run: 4f1c2a90',
        'Agent: main',
        'Runtime: native',
        'Model: demo/demo',
        'Thinking: off',
        'Session: agent:main:subagent:4f1c2a90-0000-4000-a000-000000000000',
        'SessionId: 0b8e6d1c-0000-4000-a000-000000000002',
        'Transcript: /home/ann/.switchyard/sessions/4f1c2a90-0000-4000-a000-000000000000.jsonl',
        'Requester: agent:main:telegram:direct:42',
        'Children: 1 (1 active)',
        'Accepted: 2026-01-01T11:58:59Z (1m ago)',
        'Started: 2026-01-01T11:59:00Z (1m ago)',
        'Finished: 2026-01-01T11:59:50Z (10s ago)',
        'Delivered: n/a',
        'Elapsed: 50s',
        'Timeout: 15m',
        'Tokens: 12.3k in / 4.5k out / 16.8k total',
        'Cost: $0.12',
        'Context: 12.3k of 200.0k tokens, isolated',
        'Mode: run',
        'Cleanup: keep',
        'Archive at: 2026-01-01T13:00:00Z (in 1h)',
        'Warnings: model x unknown, using demo/demo.',
        'Outcome: error (model_error): 429 from the provider',
        'Delivery: pending, attempts 2, next try 2026-01-01T12:00:08Z (in 8s), reason: no connection',
      ),
    );
  });

  test('shows what is not known yet, and no path to others', async () => {
    const queued = aRun({ state: { status: 'queued' }, usage: { ...aUsage(0, 0), reported: false } });
    const text = await typed('/subagents info words', aWorld({ runs: [queued] }), guest);
    for (const line of [
      'Started: n/a',
      'Finished: n/a',
      'Timeout: none',
      'Tokens: 0 in / 0 out / 0 total',
      'Cost: $0.00',
      'Warnings: (none)',
    ]) {
      expect(text?.split('\n')).toContain(line);
    }
    expect(text).toContain('Outcome: n/a\nDelivery: none, attempts 0');
    expect(text).not.toContain('Transcript');
    expect(await typed('/subagents info 9')).toBe(unknownTarget);
  });
});
