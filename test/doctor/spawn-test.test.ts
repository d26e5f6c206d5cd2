import { describe, expect, test } from 'vitest';
import { judge, probes, verdictOf } from '../../src/doctor/spawn-test.ts';

const file = { name: 'README.md', line: '# Switch **yard**' };
const [answer, instruction, reading] = probes(file);
const passes = (probe: typeof answer, text: string): boolean => judge(probe, { kind: 'text', text }).passed;

test('the three tasks are the ones people can read about', () => {
  expect(answer.task).toBe('Reply with the single word WORKING.');
  expect(instruction.task).toContain('Count to three, with commas');
  expect(reading.task).toContain('README.md');
  expect(reading.task).toContain('NOT FOUND');
});

test.each([
  ['WORKING', true],
  ['**Working.**', true],
  ['It is not networking', false],
  ['', false],
])('an answer of «%s» passes: %s', (text, passed) => {
  expect(passes(answer, text)).toBe(passed);
});

test.each([
  ['1, 2, 3', true],
  ['1,2,3', true],
  ['One, two, and three.', true],
  ['1 2 3', false],
  ['1, 3, 2', false],
  ['11, 2, 3', false],
])('a count of «%s» passes: %s', (text, passed) => {
  expect(passes(instruction, text)).toBe(passed);
});

test.each([
  ['# Switch **yard**', true],
  ['The first line is: Switch yard', true],
  ['NOT FOUND', false],
  ['Some other text', false],
])('a first line told as «%s» passes: %s', (text, passed) => {
  expect(passes(reading, text)).toBe(passed);
});

test('in an empty workspace NOT FOUND is the right answer', () => {
  const [, , empty] = probes(undefined);
  expect(passes(empty, 'NOT FOUND')).toBe(true);
  expect(passes(empty, 'Hello')).toBe(false);
});

test('a refusal is what came back, and so is silence', () => {
  expect(judge(answer, { kind: 'nothing', why: 'refused: no key' })).toMatchObject({
    passed: false,
    fact: 'refused: no key',
  });
  expect(judge(answer, { kind: 'text', text: ' \n' }).fact).toBe('it said nothing');
});

describe('the verdict', () => {
  const of = (passed: readonly boolean[]) =>
    verdictOf(
      [answer, instruction, reading].map(({ name, task }, index) => ({
        ...{ name, task, fact: '' },
        passed: passed[index] === true,
      })),
    ).kind;

  test.each([
    ['all good', [true, true, true], 'operational'],
    ['only the file', [true, true, false], 'access'],
    ['all fail', [false, false, false], 'setup'],
    ['only the instruction', [true, false, true], 'model'],
    ['instruction and file', [true, false, false], 'model'],
  ] as const)('%s: %j means %s', (_name, passed, kind) => {
    expect(of(passed)).toBe(kind);
  });
});
