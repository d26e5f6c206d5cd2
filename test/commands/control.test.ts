import { describe, expect, test } from 'vitest';
import { aBinding, aPlace, aRun, aSession } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const parent = aRun({ id: 'b2c3d4e5-0', label: 'scripts' });
const first = aRun();
const child = (id: string, parentId: string) => aRun({ id, label: id, parent: parentId });
const bound = aPlace({ bound: true, session: aSession({ key: first.child, kind: 'subagent' }) });
const binding = aBinding({ session: first.child, label: 'docs' });

describe('/steer', () => {
  test('goes to the current session and says which way', async () => {
    for (const [steerResult, text] of [
      ['injected', '✅ steered'],
      ['queued', '✅ queued as next message'],
      ['idle', 'No active run; sent as a new message.'],
    ] as const) {
      const world = aWorld({ steerResult });
      expect(await typed('/tell use the\nshort one', world, bound)).toBe(text);
      expect(world.asked).toEqual([`steer ${first.child} use the\nshort one`]);
    }
  });

  test('needs a message and passes refusals on', async () => {
    expect(await typed('/steer')).toBe('Usage: /steer <message>');
    const refusal = { code: 'lost', message: 'The session is gone.', fix: '/new starts one.' };
    expect(await typed('/steer x', aWorld({ refusal }))).toBe('⚠️ The session is gone. /new starts one.');
  });
});

describe('/stop', () => {
  const runs = [first, parent, child('c1', parent.id), child('c2', parent.id)];

  test('counts the turn, the runs with their children, and the waiting messages', async () => {
    const stop = (stopReport: object) => typed('/stop', aWorld({ runs, stopReport }));
    expect(await stop({ turns: 1, stopped: runs.slice(1) })).toBe(
      '✅ stopped: 1 turn here, 3 sub-agents (2 of them children of #2). Nothing else was running.',
    );
    expect(await stop({ turns: 1 })).toBe('✅ stopped: 1 turn here. Nothing else was running.');
    expect(await stop({ stopped: [first], messages: 2 })).toBe(
      '✅ stopped: 1 sub-agent, 2 waiting messages. Nothing else was running.',
    );
  });

  test('tells children of several parents apart', async () => {
    const deep = [parent, child('c1', parent.id), child('d1', 'c1')];
    expect(await typed('/stop', aWorld({ runs: deep, stopReport: { stopped: deep } }))).toBe(
      '✅ stopped: 3 sub-agents (1 of them a child of #1, 1 of #2). Nothing else was running.',
    );
  });

  test('says when nothing was running', async () => {
    expect(await typed('/stop')).toBe('ℹ️ nothing was running');
  });

  test('names what did not stop in time', async () => {
    expect(await typed('/stop', aWorld({ runs, stopReport: { turns: 1, failed: [first] } }))).toBe(
      lines('⚠️ stopped: 1 turn here.', '⚠️ words (run 4f1c2a90) did not stop within 1 s and was forced'),
    );
    expect(await typed('/stop', aWorld({ runs, stopReport: { failed: [first] } }))).toBe(
      lines('⚠️ stopped: nothing in time', '⚠️ words (run 4f1c2a90) did not stop within 1 s and was forced'),
    );
  });

  test('in a bound conversation says that only the bound session was stopped', async () => {
    const scope = 'ℹ️ Only the bound session docs and what it started were stopped.';
    const world = aWorld({ bindings: [binding], stopReport: { turns: 1 } });
    expect(await typed('/stop', world, bound)).toBe(lines('✅ stopped: 1 turn here.', scope));
  });

  test('in an idle bound conversation says that only the bound session was looked at', async () => {
    expect(await typed('/stop', aWorld({ bindings: [binding] }), bound)).toBe(
      lines('ℹ️ nothing was running', 'ℹ️ Only the bound session docs and what it started would be stopped here.'),
    );
  });
});

describe('/new', () => {
  test('says how many runs it stopped', async () => {
    expect(await typed('/new')).toBe('✅ new session, 0 stopped');
    expect(await typed('/reset', aWorld({ stopReport: { stopped: [first, parent] } }))).toBe(
      '✅ new session, 2 stopped',
    );
  });

  test('resets the bound session in place', async () => {
    expect(await typed('/new', aWorld({ bindings: [binding] }), bound)).toBe(
      '✅ new session for docs, still bound here, 0 stopped',
    );
  });

  test('resets nothing when something did not stop', async () => {
    const refusal = {
      code: 'not_stopped',
      message: 'Nothing was reset: build (run 1a2b3c4d) did not stop.',
      fix: 'Try again.',
    };
    expect(await typed('/new', aWorld({ refusal }))).toBe(
      '⚠️ Nothing was reset: build (run 1a2b3c4d) did not stop. Try again.',
    );
  });
});
