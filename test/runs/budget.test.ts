// What trees and days may spend: counted in transactions, told once per line, conserved, and the breaker beside it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Usage } from '../../src/core/session.ts';
import { configSchema } from '../../src/infra/config.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { type BudgetEvent, Budgets } from '../../src/runs/budget.ts';
import { RunRegistry } from '../../src/runs/registry.ts';
import { WorkMeter } from '../../src/runs/work-meter.ts';
import { aRoute, aRun, aUsage, noon } from '../fakes/builders.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

function budgets(raw: object = {}) {
  const clock: VirtualClock = virtualClock(noon);
  const database = openDatabase(':memory:');
  const config = configSchema.parse({ budgets: raw });
  const kept = new Budgets({ database, clock, config: () => config });
  const spend = (usage: Usage | undefined, tree = 't', more: { seconds?: number; agentId?: string } = {}) =>
    database.write((sql) =>
      kept.spend(sql, {
        tree,
        place: { session: 's', agentId: more.agentId ?? 'main', origin: aRoute },
        ...(usage === undefined ? {} : { usage }),
        ...(more.seconds === undefined ? {} : { seconds: more.seconds }),
      }),
    );
  return { kept, clock, database, spend };
}

const lines = (events: readonly BudgetEvent[]): readonly string[] => events.map((each) => `${each.kind} ${each.text}`);

describe('a line', () => {
  test('is told when it is crossed and not again', async () => {
    const { kept, spend } = budgets({ tree: { tokens: 100, costUsd: 0 } });
    expect(lines(await spend(aUsage(79, 0)))).toEqual([]);
    expect(lines(await spend(aUsage(1, 0)))).toEqual([
      'warn 80 % of a budget is used: 80 tokens of 100 tokens (budgets.tree.tokens)',
    ]);
    expect(lines(await spend(aUsage(10, 9)))).toEqual([]);
    expect(kept.refusal('t')).toBeUndefined();
    expect(lines(await spend(aUsage(1, 0)))).toEqual([
      'exceeded budget used up: 100 tokens of 100 tokens (budgets.tree.tokens)',
    ]);
    expect(kept.refusal('t')).toMatchObject({ code: 'budget_exceeded' });
    expect(lines(await spend(aUsage(50, 0)))).toEqual([]);
  });

  test('crossed with the limit itself is one event, the last', async () => {
    const { spend } = budgets({ tree: { tokens: 100, costUsd: 0 } });
    expect((await spend(aUsage(500, 0))).map((event) => event.kind)).toEqual(['exceeded']);
  });

  test('of one tree is nothing to another', async () => {
    const { kept, spend } = budgets({ tree: { tokens: 100, costUsd: 0 } });
    await spend(aUsage(100, 0), 'one');
    expect(kept.refusal('two')).toBeUndefined();
    expect(lines(await spend(aUsage(10, 0), 'two'))).toEqual([]);
  });

  test('of a day is reached by all trees together, and is gone at midnight UTC', async () => {
    const { kept, spend, clock } = budgets({ day: { tokens: 100 } });
    await spend(aUsage(60, 0), 'one');
    expect((await spend(aUsage(60, 0), 'two')).map((event) => [event.kind, event.scope])).toEqual([
      ['exceeded', 'day'],
    ]);
    expect(kept.refusal('three')?.message).toContain('budgets.day.tokens');
    await clock.advance(12 * 3_600_000);
    expect(kept.refusal('three')).toBeUndefined();
  });

  test('of cost counts what is priced; what has no price makes the total unknown, not free', async () => {
    const { kept, spend } = budgets({ tree: { costUsd: 1, tokens: 0 } });
    await spend(aUsage(10, 0, 0.5));
    await spend(aUsage(10, 0, null));
    expect(kept.treeUsage('t')).toMatchObject({ input: 20, costUsd: null });
    expect((await spend(aUsage(10, 0, 0.5))).map((event) => event.kind)).toEqual(['exceeded']);
  });
});

describe('seconds', () => {
  test('count for harnesses that report no usage, and the next line is known', async () => {
    const { kept, spend, database } = budgets({ tree: { seconds: 100 } });
    expect(kept.secondsToLine('t')).toBe(80);
    await spend(undefined, 't', { seconds: 30 });
    expect(kept.secondsToLine('t')).toBe(50);
    expect(lines(await database.write((sql) => kept.work(sql, 't', 50)))).toEqual([
      'warn 80 % of a budget is used: 80 s of work of 100 s of work (budgets.tree.seconds)',
    ]);
    expect(kept.secondsToLine('t')).toBe(20);
    expect((await database.write((sql) => kept.work(sql, 't', 20))).map((event) => event.kind)).toEqual(['exceeded']);
    expect(kept.secondsToLine('t')).toBeUndefined();
    expect(kept.treeUsage('t').reported).toBe(false);
  });

  test('without a limit need no watching', () => {
    expect(budgets().kept.secondsToLine('t')).toBeUndefined();
  });

  test('of turns side by side add up, each charged once', () => {
    const meter = new WorkMeter();
    meter.begin({ id: 'a', tree: 't', startedAt: noon });
    meter.begin({ id: 'b', tree: 't', startedAt: noon + 1_000 });
    meter.begin({ id: 'c', tree: 'other', startedAt: noon });
    expect(meter.of('t', noon + 3_000)).toEqual({ turns: 2, seconds: 5 });
    expect(meter.take('a', noon + 3_000)).toBe(3);
    expect(meter.takeTree('t', noon + 4_000)).toBe(4);
    expect(meter.end('a', noon + 5_000)).toBe(1);
    expect(meter.end('a', noon + 9_000)).toBe(0);
    expect(meter.of('t', noon + 5_000)).toEqual({ turns: 1, seconds: 1 });
  });
});

test('spent anywhere is counted everywhere: trees, days and agents agree for any mix', async () => {
  const step = fc.record({
    tree: fc.constantFrom('t1', 't2', 't3'),
    agentId: fc.constantFrom('main', 'writer'),
    input: fc.nat(1000),
    output: fc.nat(1000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { kept, spend, database } = budgets({ tree: { tokens: 5_000, costUsd: 0 } });
      const events = await Promise.all(
        steps.map(({ tree, agentId, input, output }) => spend(aUsage(input, output), tree, { agentId })),
      );
      const total = (all: readonly Usage[]): number => all.reduce((sum, each) => sum + each.input + each.output, 0);
      const all = steps.reduce((sum, each) => sum + each.input + each.output, 0);
      expect(total(['t1', 't2', 't3'].map((tree) => kept.treeUsage(tree)))).toBe(all);
      expect(total([kept.today()])).toBe(all);
      expect(total(kept.byAgent().map((each) => each.usage))).toBe(all);
      for (const tree of ['t1', 't2', 't3']) {
        const told = events.flat().filter((event) => event.tree === tree);
        const spent = total([kept.treeUsage(tree)]);
        expect(told.filter((event) => event.kind === 'exceeded')).toHaveLength(spent >= 5_000 ? 1 : 0);
        expect(told.filter((event) => event.kind === 'warn').length).toBeLessThanOrEqual(1);
      }
      await database.close();
    }),
    { numRuns: 40 },
  );
});

describe('the breaker', () => {
  test('opens at the third failure in a row of the same agent and task, for ten minutes', async () => {
    const { kept, clock, spend } = budgets();
    await spend(aUsage(1, 1));
    const fails = (task = 'x', agent = 'main') => kept.recordEnd('t', agent, task, true);
    await fails();
    await fails();
    await fails('other');
    await fails('x', 'writer');
    expect(kept.breaker('t', 'main', 'x')).toBeUndefined();
    await fails(' x ');
    expect(kept.breaker('t', 'main', 'x')).toMatchObject({ code: 'breaker_open' });
    expect(kept.breaker('t', 'main', 'x')?.fix).toContain('2026-01-01T12:10:00.000Z');
    expect(kept.breaker('t', 'writer', 'x')).toBeUndefined();
    expect(kept.breaker('elsewhere', 'main', 'x')).toBeUndefined();
    await clock.advance(600_000);
    expect(kept.breaker('t', 'main', 'x')).toBeUndefined();
  });

  test('starts anew after a success', async () => {
    const { kept, spend } = budgets();
    await spend(aUsage(1, 1));
    for (const failed of [true, true, false, true, true]) await kept.recordEnd('t', 'main', 'x', failed);
    expect(kept.breaker('t', 'main', 'x')).toBeUndefined();
  });

  test('with failures 0 never opens', async () => {
    const { kept, spend } = budgets({ breaker: { failures: 0 } });
    await spend(aUsage(1, 1));
    for (let n = 0; n < 9; n += 1) await kept.recordEnd('t', 'main', 'x', true);
    expect(kept.breaker('t', 'main', 'x')).toBeUndefined();
  });
});

describe('what is old', () => {
  const week = 7 * 24 * 60 * 60_000;

  test('is forgotten after a week, and what is younger stays', async () => {
    const { kept, clock, spend } = budgets();
    await spend(aUsage(10, 0), 'old');
    await clock.advance(week);
    await spend(aUsage(20, 0), 'new');
    expect(await kept.sweep(clock.now())).toBe(0);
    // The tree and its day.
    expect(await kept.sweep(clock.now() + 24 * 60 * 60_000)).toBe(2);
    expect(kept.treeUsage('old').reported).toBe(false);
    expect(kept.treeUsage('new').input).toBe(20);
  });

  test('stays while a run of the tree has not ended', async () => {
    const { kept, clock, database, spend } = budgets();
    await spend(aUsage(10, 0), 'tree of a run');
    const run = aRun({ tree: 'tree of a run', state: { status: 'queued' } });
    await database.write((sql) => new RunRegistry(database).insert(sql, 'key', run));
    await kept.sweep(clock.now() + 10 * week);
    expect(kept.treeUsage('tree of a run').input).toBe(10);
  });
});
