import { expect, test } from 'vitest';
import { SpawnHabits, type SpawnTurn } from '../../src/agents/spawn-habits.ts';

function after(...turns: readonly Partial<SpawnTurn>[]) {
  const habits = new SpawnHabits();
  for (const turn of turns) habits.record({ agentId: 'main', model: 'a/b', called: false, claimed: false, ...turn });
  return habits.all();
}

test('turns without a call are counted in a row, and what was only claimed among them', () => {
  expect(after({}, { claimed: true }, {})).toEqual([
    { agentId: 'main', model: 'a/b', turns: 3, claims: 1, everCalled: false },
  ]);
});

test('a call begins the count anew', () => {
  expect(after({ claimed: true }, { called: true }, {})).toEqual([
    { agentId: 'main', model: 'a/b', turns: 1, claims: 0, everCalled: true },
  ]);
});

test('another model has a record of its own, and so has another agent', () => {
  expect(after({}, {}, { model: 'c/d' }, { agentId: 'clerk' })).toEqual([
    { agentId: 'main', model: 'c/d', turns: 1, claims: 0, everCalled: false },
    { agentId: 'clerk', model: 'a/b', turns: 1, claims: 0, everCalled: false },
  ]);
});
