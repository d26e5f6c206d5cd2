import { expect, test } from 'vitest';
import { SteerReports } from '../../../src/wiring/acp/reports.ts';
import { aRoute } from '../../fakes/builders.ts';

function rig() {
  const told: string[] = [];
  return { told, reports: new SteerReports((key, _route, text) => void told.push(`${key} ${text}`)) };
}

test('a command learns what became of its text, also of one that was never taken in', async () => {
  const { reports } = rig();
  const [first, second] = [reports.expect('a'), reports.expect('b')];
  reports.became(['a'], 'resent');
  reports.forget('a');
  reports.forget('b');
  expect([await first, await second]).toEqual(['resent', 'no-turn']);
  expect(reports.size).toBe(0);
});

test('a plain message is told once, and not where it is answered like any other', () => {
  const { told, reports } = rig();
  for (const id of ['a', 'b', 'c']) reports.message({ id, kind: 'message', route: aRoute });
  reports.message({ id: 'note', kind: 'note', route: aRoute });
  reports.became(['a'], 'steered');
  reports.became(['a', 'b'], 'queued');
  reports.became(['c'], 'sent');
  expect(told).toEqual(['steered:a ✅ steered', 'steered:b ⏳ queued until ready']);
  expect(reports.size).toBe(0);
});
