import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCommand } from '../../commands/args.ts';
import { commandTable } from '../../commands/index.ts';
import type { Command, ValueKind, Verb } from '../../src/core/command.ts';
import { typedCommand } from '../../src/core/typed-command.ts';

const verbs = commandTable().flatMap((command) => command.verbs.map((verb) => ({ command, verb })));
/** What people put into fields, and what a parser could take for something else. */
const nasty = fc.constantFrom(
  ...['"', '“', "'", '’', ' ', '\n', '-', '--', '—', '--model', '--model=x', '--bind here', 'all', 'tools', 'list'],
  ...['cap:3', 'drop:', 'collect', 'default', '\u00A0', '\u200B', '/', '@', '#1', '😀', 'Ann’s "big" job'],
);
const words = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 6 })
  .map((pieces) => pieces.join(''));

function fillingOf(kind: ValueKind | undefined): fc.Arbitrary<string> {
  switch (kind?.kind) {
    case undefined:
      return fc.constant('true');
    case 'choice':
      return fc.constantFrom(...kind.of);
    case 'number':
      return fc.integer({ min: kind.min, max: kind.max }).map(String);
    case 'duration':
      return fc.constantFrom('2h', '1h30m', 'off', '7');
    case 'text':
      return words.filter((text) => /[^\s\u200B-\u200F\u2060\uFEFF]/.test(text));
    default:
      return words.filter((text) => text !== '');
  }
}

/** A call of a verb: everything required, and some of the rest. */
function valuesFor({ params, flags }: Verb): fc.Arbitrary<Record<string, string>> {
  const required = params.filter((param) => param.required).map(({ name }) => name);
  const record = Object.fromEntries([...params, ...flags].map(({ name, value }) => [name, fillingOf(value)]));
  return fc.record(record, { requiredKeys: required });
}

const calls = fc
  .constantFrom(...verbs)
  .chain(({ command, verb }) => valuesFor(verb).map((values) => ({ command, verb, values })));

/** White space and invisible characters at the very end are lost: nobody sees them. */
const seen = (text: string): string => text.replace(/[\s\u200B-\u200F\u2060\uFEFF]+$/, '');

test('whatever is filled in, the text means the same call again', () => {
  fc.assert(
    fc.property(calls, ({ command, verb, values }) => {
      const parsed = parseCommand(typedCommand(command, verb, values), commandTable(), 'yard_bot');
      expect(parsed).toMatchObject({ kind: 'call', command: { name: command.name }, verb: { name: verb.name } });
      if (parsed.kind !== 'call') return;
      const text = verb.params.find((param) => param.value.kind === 'text')?.name;
      const read = Object.entries({ ...parsed.args, ...parsed.flags });
      const pair = ([name, value]: [string, string]) => [name, name === text ? seen(value) : value];
      expect(Object.fromEntries(read.map(pair))).toEqual(Object.fromEntries(Object.entries(values).map(pair)));
    }),
    { numRuns: 3_000 },
  );
});

const typed = (name: string, sub: string, values: Record<string, string>): string => {
  const found = verbs.find(({ command, verb }) => command.name === name && verb.name === sub);
  if (found === undefined) throw new Error(`no ${name} ${sub}`);
  return typedCommand(found.command, found.verb, values);
};

test('it reads as a person would type it', () => {
  expect(typed('subagents', 'kill', { target: '#1' })).toBe('/subagents kill #1');
  expect(typed('subagents', 'list', {})).toBe('/subagents list');
  expect(typed('subagents', 'log', { target: 'smoke test', tools: 'tools' })).toBe('/subagents log "smoke test" tools');
  expect(typed('subagents', 'spawn', { agentId: 'main', task: 'use --model x', model: 'a/b' })).toBe(
    '/subagents spawn main --model a/b -- use --model x',
  );
  expect(typed('queue', '', { mode: 'collect', debounce: '2 s' })).toBe('/queue collect debounce:2s');
  expect(typed('session', 'idle', { duration: '1h 30m' })).toBe('/session idle 1h30m');
  expect(typed('steer', '', { message: '  indented\nlines' })).toBe('/steer\n  indented\nlines');
});

test('a name that is also a word of the command is quoted', () => {
  expect(typed('subagents', 'log', { target: 'tools' })).toBe('/subagents log "tools"');
  const bare: Command = {
    ...{ name: 'go', summary: '', access: 'anyone' },
    verbs: [
      { ...quiet, name: '', params: [{ name: 'where', value: { kind: 'word' }, required: true, summary: '' }] },
      { ...quiet, name: 'home', aliases: ['back'], params: [] },
    ],
  };
  const [verb] = bare.verbs;
  expect(verb === undefined ? '' : typedCommand(bare, verb, { where: 'back' })).toBe('/go "back"');
});

const quiet = {
  ...{ summary: '', syntax: '', example: '', flags: [] },
  run: () => Promise.resolve({ text: '' }),
};
