import { expect, test } from 'vitest';
import { type MetricFacts, metricsText } from '../../src/web/metrics.ts';
import { aUsage } from '../fakes/builders.ts';

const facts: MetricFacts = {
  status: {
    ...{ version: '0.1.0', uptimeMs: 1, generation: 4, draining: false, closed: [], model: 'demo' },
    config: { path: 'c', exists: true, loadedAt: 0 },
    lanes: [{ name: 'main', active: 2, width: 4, waiting: 1 }],
    channels: [{ id: 'telegram:work', state: 'connecting', detail: '' }],
    outbox: { pending: 3, undelivered: 2 },
    acp: { enabled: false, mode: '' },
  },
  healthy: false,
  counted: { runs_ended: [{ labels: { status: 'succeeded' }, value: 7 }] },
  spent: [
    { id: 'ma"in\\\n', usage: aUsage(100, 20, 0.5) },
    { id: 'other', usage: aUsage(1, 2, null) },
  ],
  runs: { running: 2 },
  questions: 1,
  startedAt: 1_700_000_000_500,
  residentBytes: 99,
  cpuSeconds: 1.5,
};

test('every metric has its help and type before its values, and follows the naming rules', () => {
  const lines = metricsText(facts).trimEnd().split('\n');
  let name = '';
  let type = '';
  for (const line of lines) {
    const [, kind, named = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') name = named;
    else if (kind === 'TYPE') {
      expect(named).toBe(name);
      type = rest;
      // Only what never falls is a counter, and only counters are called total.
      expect(name.endsWith('_total')).toBe(type === 'counter');
    } else {
      expect(line).toMatch(/^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"(,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? -?\d+(\.\d+)?$/);
      expect(line.startsWith(`${name}{`) || line.startsWith(`${name} `)).toBe(true);
    }
  }
  expect(new Set(lines.filter((line) => line.startsWith('# TYPE'))).size).toBe(
    lines.filter((line) => line.startsWith('# TYPE')).length,
  );
});

test('times are in seconds, money in dollars, sizes in bytes', () => {
  const text = metricsText(facts);
  for (const line of [
    'switchyard_build_info{version="0.1.0"} 1',
    'switchyard_start_time_seconds 1700000000.5',
    'switchyard_healthy 0',
    'switchyard_lane_waiting_turns{lane="main"} 1',
    'switchyard_channel_connected{channel="telegram",account="work"} 0',
    'switchyard_active_runs{status="running"} 2',
    'switchyard_active_runs{status="queued"} 0',
    'switchyard_outbox_messages{state="undelivered"} 2',
    'switchyard_runs_ended_total{status="succeeded"} 7',
    'switchyard_day_tokens{agent="other",direction="output"} 2',
    'switchyard_day_cost_dollars{agent="ma\\"in\\\\\\n"} 0.5',
    'process_resident_memory_bytes 99',
  ])
    expect(text).toContain(`${line}\n`);
  expect(text).not.toContain('switchyard_day_cost_dollars{agent="other"}');
  expect(text).not.toContain('switchyard_messages_sent_total');
});
