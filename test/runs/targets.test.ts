// What a person may call a run, and what the answer is when that means none or several.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { resolveTarget, type TargetScope } from '../../src/runs/targets.ts';
import { aRun, noon } from '../fakes/builders.ts';

const run = (id: string, label: string, fields: Partial<Run> = {}): Run =>
  aRun({ id: `${id}-0000-4000-a000-000000000000`, label, childSessionId: `5e55${id}`, ...fields });

const cats = run('aaaa1111', 'cats');
const catalogue = run('aaaa2222', 'catalogue');
const old = run('bbbb3333', 'cats', { archivedAt: noon });
const digits = run('12345678', 'beef');
const quoted = run('beef9999', 'two words');
const runs = [quoted, digits, old, catalogue, cats];
const scope: TargetScope = {
  runs,
  numbers: [cats, catalogue, digits].map((each, index) => ({ number: index + 1, runId: each.id })),
};

const found = (token: string, where = scope): string => {
  const result = resolveTarget(token, where);
  return result.ok ? result.value.id.slice(0, 8) : result.refusal.code;
};
const words = (token: string, where = scope): string => {
  const result = resolveTarget(token, where);
  return result.ok ? '' : `${result.refusal.message} ${result.refusal.fix}`;
};

describe('a target', () => {
  test.each([
    ['#2', 'aaaa2222'],
    ['2', 'aaaa2222'],
    ['bbbb', 'bbbb3333'],
    ['BBBB3333', 'bbbb3333'],
    ['aaaa1', 'aaaa1111'],
    [cats.child, 'aaaa1111'],
    [cats.id, 'aaaa1111'],
    ['5e55aaaa2222', 'aaaa2222'],
    ['catal', 'aaaa2222'],
    ['two words', 'beef9999'],
    [' last ', 'beef9999'],
    ['LAST', 'beef9999'],
  ])('%s means run %s', (token, id) => expect(found(token)).toBe(id));

  test('a label that is also the beginning of another label means the run that has it', () => {
    expect(found('cats')).toBe('aaaa1111');
    expect(found('CATS')).toBe('aaaa1111');
  });

  test('an archived run is still reached by its label once no other has it', () => {
    expect(found('cats', { ...scope, runs: [old] })).toBe('bbbb3333');
  });

  test('an id prefix made of digits alone is found when no run has that number', () => {
    expect(found('1234')).toBe('12345678');
  });

  test('a label cannot take over the shown id of another run', () => {
    expect(found('beef')).toBe('beef9999');
  });

  test('three characters are too few for an id', () => {
    expect(found('bbb')).toBe('target_unknown');
  });

  test('several candidates are listed with number and id instead of guessed', () => {
    expect(found('cat')).toBe('target_ambiguous');
    expect(words('cat')).toBe('"cat" could be: #2 catalogue (aaaa2222), #1 cats (aaaa1111). Use the number or the id.');
    expect(words('aaaa')).toContain('#2 catalogue (aaaa2222), #1 cats (aaaa1111)');
  });

  test('a number out of range says how many there are', () => {
    expect(found('9')).toBe('target_out_of_range');
    expect(words('#9')).toContain('No run has number 9: 3 runs are numbered here, 1 to 3.');
    expect(words('1', { runs, numbers: [] })).toBe('There are no numbered runs here yet. See /subagents list.');
  });

  test('an unknown word is repeated with the way to the list', () => {
    expect(words('dogs')).toBe('No run here matches "dogs". See /subagents list.');
    expect(found('')).toBe('target_unknown');
    expect(found('last', { runs: [], numbers: [] })).toBe('target_unknown');
  });

  test('never means a run out of reach, and a full id always means its own run', () => {
    const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 8, maxLength: 8 });
    const some = fc.uniqueArray(fc.tuple(hex, fc.constantFrom('cats', 'dogs', 'a b', '7', 'deadbeef')), {
      ...{ minLength: 1, maxLength: 8 },
      selector: ([id]) => id,
    });
    fc.assert(
      fc.property(some, fc.oneof(hex, fc.constantFrom('cats', 'do', '#3', '3', 'last', 'a b')), (made, token) => {
        const all = made.map(([id, label]) => run(id, label));
        const reach = { runs: all.slice(1), numbers: all.map((each, n) => ({ number: n + 1, runId: each.id })) };
        const result = resolveTarget(token, reach);
        if (result.ok) expect(reach.runs).toContain(result.value);
        for (const each of reach.runs) expect(resolveTarget(each.id, reach)).toEqual({ ok: true, value: each });
      }),
    );
  });
});
