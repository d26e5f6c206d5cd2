import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCommand, type ParsedCommand, parseCommand } from '../../commands/args.ts';
import type { Command, Verb } from '../../src/core/command.ts';
import { quoteWord } from '../../src/core/tokens.ts';

const verb = (fields: Partial<Verb>): Verb => ({
  name: '',
  summary: 'Does it.',
  syntax: '/x',
  example: '/x',
  params: [],
  flags: [],
  run: async () => ({ text: '' }),
  ...fields,
});

const spawn = verb({
  name: 'spawn',
  syntax: '/subagents spawn <agentId> <task>',
  params: [
    { name: 'agentId', value: { kind: 'agent' }, required: true, summary: '' },
    { name: 'task', value: { kind: 'text' }, required: true, summary: '' },
  ],
  flags: [
    { name: 'model', value: { kind: 'model' }, summary: '' },
    { name: 'thinking', value: { kind: 'choice', of: ['low', 'high'] }, summary: '' },
    { name: 'quiet', summary: '' },
  ],
});
const log = verb({
  name: 'log',
  syntax: '/subagents log <target> [limit] [tools]',
  params: [
    { name: 'target', value: { kind: 'target' }, required: true, summary: '' },
    { name: 'limit', value: { kind: 'number', min: 1, max: 200 }, required: false, summary: '' },
    { name: 'tools', value: { kind: 'choice', of: ['tools'] }, required: false, summary: '' },
  ],
});
const queue = verb({
  syntax: '/queue [mode] [cap:<n>]',
  params: [
    { name: 'mode', value: { kind: 'choice', of: ['steer', 'collect'] }, required: false, summary: '' },
    { name: 'cap', value: { kind: 'number', min: 1, max: 9 }, required: false, keyed: true, summary: '' },
  ],
});
const say = verb({
  syntax: '/steer <message>',
  params: [{ name: 'message', value: { kind: 'text' }, required: true, summary: '' }],
});

const command = (name: string, verbs: readonly Verb[], aliases: readonly string[] = []): Command => ({
  name,
  aliases,
  summary: 'Does it.',
  access: 'anyone',
  verbs,
});
const table = [
  command('subagents', [verb({ name: 'list', aliases: [''] }), log, spawn]),
  command('steer', [say], ['tell']),
  command('queue', [queue]),
  command('stop', [verb({ syntax: '/stop' })]),
];

const parse = (text: string): ParsedCommand => parseCommand(text, table, 'yard_bot');
const values = (text: string): unknown => {
  const parsed = parse(text);
  return parsed.kind === 'call' ? { ...parsed.args, ...parsed.flags } : parsed;
};
const complaint = (text: string): string => {
  const parsed = parse(text);
  return parsed.kind === 'usage' ? parsed.message : `not usage but ${parsed.kind}`;
};

describe('is it for us', () => {
  test('a slash as the first visible character makes a command, anything else does not', () => {
    for (const text of ['/stop', '  /stop', '\u200E/stop', '\u00A0\n/stop']) expect(isCommand(text), text).toBe(true);
    for (const text of ['stop', 'and /stop', '', ' ']) expect(parse(text), text).toEqual({ kind: 'not-a-command' });
  });

  test('the name counts in any case, by alias, and with this bot named', () => {
    for (const text of ['/STOP', '/stop@yard_bot', '/Stop@Yard_Bot'])
      expect(parse(text), text).toMatchObject({ kind: 'call' });
    expect(values('/tell hello')).toEqual({ message: 'hello' });
  });

  test('a command for another bot is ignored, even an unknown one', () => {
    expect(parse('/stop@other_bot')).toEqual({ kind: 'other-bot' });
    expect(parse('/dance@other_bot')).toEqual({ kind: 'other-bot' });
    expect(parseCommand('/stop@anything', table, undefined)).toMatchObject({ kind: 'call' });
  });

  test('an unknown name comes with the nearest one, if any is near', () => {
    expect(parse('/sotp')).toEqual({ kind: 'unknown', name: 'sotp', nearest: 'stop' });
    expect(parse('/sub kill 1')).toEqual({ kind: 'unknown', name: 'sub', nearest: 'subagents' });
    expect(parse('/usr/bin/node crashes')).toEqual({ kind: 'unknown', name: 'usr/bin/node', nearest: undefined });
    expect(parse('/')).toEqual({ kind: 'unknown', name: '', nearest: undefined });
  });
});

describe('which verb', () => {
  test('the bare command is the verb with the empty name', () => {
    expect(parse('/subagents')).toMatchObject({ kind: 'call', verb: { name: 'list' } });
    expect(parse('/subagents LIST')).toMatchObject({ kind: 'call', verb: { name: 'list' } });
  });

  test('an unknown sub-word asks for help', () => {
    expect(parse('/subagents explode 1')).toMatchObject({ kind: 'help', word: 'explode' });
  });

  test('a bare command that needs a value shows its usage', () => {
    expect(parse('/steer')).toMatchObject({ kind: 'usage', message: '', syntax: '/steer <message>' });
    expect(parse('/steer  \n ')).toMatchObject({ kind: 'usage', message: '' });
    expect(parse('/subagents log')).toMatchObject({ kind: 'usage', message: '', syntax: log.syntax });
  });
});

describe('words', () => {
  test('go to their parameters in order; an optional choice may stand anywhere', () => {
    expect(values('/subagents log #1 50 tools')).toEqual({ target: '#1', limit: '50', tools: 'tools' });
    expect(values('/subagents log tools 1')).toEqual({ target: '1', tools: 'tools' });
    expect(values('/subagents log “smoke test” TOOLS 5')).toEqual({ target: 'smoke test', tools: 'tools', limit: '5' });
    expect(values('/subagents log "tools"')).toEqual({ target: 'tools' });
  });

  test('name:value goes by its name', () => {
    expect(values('/queue cap:3 collect')).toEqual({ mode: 'collect', cap: '3' });
    expect(values('/queue cap:30')).toEqual({ cap: '9' });
    expect(values('/queue')).toEqual({});
  });

  test('every mistake has its own sentence', () => {
    expect(complaint('/queue fast')).toBe('mode cannot be "fast". Choose: steer, collect.');
    expect(complaint('/queue cap:')).toBe('cap: needs a value.');
    expect(complaint('/queue cap:x')).toBe('cap must be a whole number from 1 to 9, not "x".');
    expect(complaint('/queue collect now')).toBe('Surplus argument "now". A name with spaces goes in quotes.');
    expect(complaint('/stop now')).toBe('Surplus argument "now". A name with spaces goes in quotes.');
    expect(complaint('/subagents log 1 many')).toBe('limit must be a whole number from 1 to 200, not "many".');
    expect(complaint('/subagents log 1 --all')).toBe('Unknown flag --all. There are no flags here.');
  });
});

describe('flags and free text', () => {
  test('free text keeps its line breaks, quotes and dashes', () => {
    const text = 'compare “A” — and B:\n\n  1. price\n  2. don’t --force it on me';
    expect(values(`/subagents spawn main ${text}`)).toEqual({ agentId: 'main', task: text });
    expect(values('/steer\n  indented\n')).toEqual({ message: '  indented' });
  });

  test('flags stand directly before or after the text, in both forms', () => {
    const expected = { agentId: 'main', task: 'do  it', model: 'a/b', thinking: 'high' };
    for (const line of [
      '/subagents spawn main --model a/b --thinking=high do  it',
      '/subagents spawn main do  it --model a/b --thinking HIGH',
      '/subagents spawn --model=a/b main do  it —thinking high',
      '/subagents spawn main —model a/b do  it --thinking="high"',
    ]) {
      expect(values(line), line).toEqual(expected);
    }
    expect(values('/subagents spawn main do it --quiet --model x')).toEqual({
      agentId: 'main',
      task: 'do it',
      quiet: 'true',
      model: 'x',
    });
    expect(values('/subagents spawn main do it --quiet')).toEqual({ agentId: 'main', task: 'do it', quiet: 'true' });
  });

  test('-- ends the flags', () => {
    expect(values('/subagents spawn main -- --model x')).toEqual({ agentId: 'main', task: '--model x' });
    expect(values('/subagents spawn main --quiet -- go --model x')).toEqual({
      agentId: 'main',
      quiet: 'true',
      task: 'go --model x',
    });
    expect(values('/subagents spawn main npm test -- --model x')).toEqual({
      agentId: 'main',
      task: 'npm test -- --model x',
    });
  });

  test('a long dash between words of the text is punctuation, right before the text it is --', () => {
    expect(values('/subagents spawn main do A — then B —model x')).toEqual({
      agentId: 'main',
      task: 'do A — then B',
      model: 'x',
    });
    expect(values('/subagents spawn main — --model x')).toEqual({ agentId: 'main', task: '--model x' });
  });

  test('a flag in the middle of the text is text', () => {
    expect(values('/subagents spawn main explain --model in one line')).toEqual({
      agentId: 'main',
      task: 'explain --model in one line',
    });
  });

  test('a verb without flags takes everything as text', () => {
    expect(values('/steer --fast -- please --now')).toEqual({ message: '--fast -- please --now' });
  });

  test('every mistake has its own sentence', () => {
    const known = 'Known: --model, --thinking, --quiet. To keep it as text, put -- before the text.';
    expect(complaint('/subagents spawn main --modle x go')).toBe(`Unknown flag --modle. ${known}`);
    expect(complaint('/subagents spawn main go --modle x')).toBe(`Unknown flag --modle. ${known}`);
    expect(complaint('/subagents spawn main go --model')).toBe('--model needs a value.');
    expect(complaint('/subagents spawn main go --model=')).toBe('--model needs a value.');
    expect(complaint('/subagents spawn main --model --quiet go')).toBe('--model needs a value.');
    expect(complaint('/subagents spawn main go --thinking')).toBe('--thinking needs a value: low, high.');
    expect(complaint('/subagents spawn main go --thinking hard')).toBe(
      '--thinking cannot be "hard". Choose: low, high.',
    );
    expect(complaint('/subagents spawn main --quiet=yes go')).toBe('--quiet takes no value.');
    expect(complaint('/subagents spawn main --model a go --model b')).toBe('--model is given twice.');
    expect(complaint('/subagents spawn main --model a')).toBe('');
  });
});

describe('properties', () => {
  test('no text makes the parser throw', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '/',
        '/subagents ',
        'spawn ',
        'log ',
        '--',
        '--model',
        '=',
        '"',
        '“',
        "'",
        '—',
        ' ',
        '\n',
        '@',
        ':',
        'cap:',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        parse(pieces.join(''));
        return ['usage', 'call'].includes(parse(`/subagents spawn ${pieces.join('')}`).kind);
      }),
    );
  });

  test('a call written out and parsed again is the same call', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/["“”„‟]/.test(text));
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => text === text.trimEnd() && /^[^\s\u200b-\u200f\u2060]/u.test(text));
    const flags = fc.record(
      { model: word, thinking: fc.constantFrom('low', 'high'), quiet: fc.constant('true') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(word, line, flags, fc.boolean(), (agentId, task, given, before) => {
        const written = Object.entries(given).map(([name, value], index) =>
          name === 'quiet' ? '--quiet' : `--${name}${index % 2 === 0 ? '=' : ' '}${quoteWord(value)}`,
        );
        // Flags behind the text need a text that does not end in something like a flag; `--` protects the others.
        const parts = before ? [...written, '--', task] : [task.replaceAll(/[-‐‑‒–—―−]/g, '.'), ...written];
        const text = `/subagents spawn ${quoteWord(agentId)} ${parts.join(' ')}`;
        expect(values(text), text).toEqual({ agentId, task: before ? task : parts[0], ...given });
      }),
    );
  });
});
