// The line that shows what a coding agent is doing.
import { expect, test } from 'vitest';
import { noProgress, type ProgressView, progressAfter, progressText } from '../../src/acp/progress.ts';
import { mergeTool, type ToolCall } from '../../src/acp/updates.ts';

const tool = (id: string, title: string, status: ToolCall['status'] = 'in_progress'): ToolCall =>
  mergeTool(undefined, { id, title, status });
const after = (view: ProgressView, call: ToolCall, now = 0): ProgressView =>
  progressAfter(view, { kind: 'tool', patch: call }, call, now);

test('brief: the step of the plan, what is at work and for how long, how much is done', () => {
  let view = progressAfter(
    noProgress,
    {
      kind: 'plan',
      steps: [
        { text: 'look', status: 'completed' },
        { text: 'mend', status: 'in_progress' },
      ],
    },
    undefined,
    0,
  );
  view = after(view, tool('a', 'reading a.ts'));
  view = after(view, tool('a', 'reading a.ts', 'completed'));
  view = after(view, tool('b', 'npm test'), 1_000);
  expect(progressText(view, 'brief', 13_000)).toBe('⏳ step 2/2: mend · npm test (12s) · 1 step done');
  expect(progressText(view, 'full', 13_000)).toBe(
    '✅ look\n⏳ mend\n✅ reading a.ts\n⏳ step 2/2: mend · npm test (12s) · 1 step done',
  );
  expect(progressText({ ...view, waiting: 'people' }, 'brief', 0)).toContain('waiting for your permission');
});

test('off shows nothing, and so does nothing', () => {
  expect(progressText(after(noProgress, tool('a', 'x')), 'off', 0)).toBeUndefined();
  expect(progressText(noProgress, 'full', 0)).toBeUndefined();
});

test('what changes nothing that is shown is the same view', () => {
  const view = after(noProgress, tool('a', 'x'));
  expect(after(view, tool('a', 'x'))).toBe(view);
  expect(progressAfter(view, { kind: 'text', text: 'hello' }, undefined, 0)).toBe(view);
  expect(after(view, tool('unknown', 'y', 'failed'))).toBe(view);
});
