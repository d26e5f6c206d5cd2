// What could be typed next: for the terminal's tab key and for platforms that ask for suggestions.
import type { Suggestion } from '../src/core/channel.ts';
import type { Command, Flag, Param, ValueKind, Verb } from '../src/core/command.ts';
import { assertNever } from '../src/core/result.ts';
import { plain, quoteWord, type Token, tokenize } from '../src/core/tokens.ts';
import { findCommand, findVerb } from './args.ts';

/** Values only the engine knows. */
export type Candidates = (
  kind: 'target' | 'agent' | 'harness' | 'acp' | 'model' | 'approval',
) => readonly Suggestion[] | Promise<readonly Suggestion[]>;

export interface Completion {
  /** Whole words that can stand in place of `word`, each with a trailing space where more follows. */
  readonly matches: readonly string[];
  /** The unfinished word at the end of the line. */
  readonly word: string;
}

/** @param line the text up to the cursor; `table` holds only what this person may use */
export async function complete(line: string, table: readonly Command[], candidates: Candidates): Promise<Completion> {
  const name = /^\s*\/(\S*)(\s?)/.exec(line);
  if (name === null) return { matches: [], word: line };
  const typed = name[1] ?? '';
  if (name[2] === '') return { matches: commandNames(table, typed), word: `/${typed}` };
  const command = findCommand(table, plain(typed));
  const words = tokenize(line, name[0].length);
  const last = words.at(-1);
  const unfinished = last !== undefined && last.end === line.length ? last : undefined;
  const word = unfinished === undefined ? '' : line.slice(unfinished.start);
  if (command === undefined) return { matches: [], word };
  const before = unfinished === undefined ? words : words.slice(0, -1);
  const options = await optionsAfter(before, command, candidates);
  const start = (unfinished?.text ?? '').replace(/^["']/, '').toLowerCase();
  const matches = options.filter((option) => option.toLowerCase().startsWith(start));
  return { matches: [...new Set(matches)].map(finish), word };
}

/** `name:` waits for its value; everything else ends its word. */
function finish(option: string): string {
  if (/^[a-z]+:$/.test(option)) return option;
  return `${option.startsWith('--') ? option : quoteWord(option)} `;
}

function commandNames(table: readonly Command[], typed: string): readonly string[] {
  const wanted = plain(typed).toLowerCase();
  return table
    .flatMap((command) => [command.name, ...(command.aliases ?? [])])
    .filter((name) => name.startsWith(wanted))
    .map((name) => `/${name} `);
}

async function optionsAfter(
  before: readonly Token[],
  command: Command,
  candidates: Candidates,
): Promise<readonly string[]> {
  const first = before[0];
  const bare = findVerb(command, '');
  if (first === undefined) {
    const verbs = command.verbs.map((verb) => verb.name).filter((name) => name !== '');
    return [...verbs, ...(bare === undefined ? [] : await verbOptions([], bare, candidates))];
  }
  const named = findVerb(command, first.text);
  const verb = named ?? bare;
  if (verb === undefined) return [];
  return verbOptions(named === undefined ? before : before.slice(1), verb, candidates);
}

async function verbOptions(before: readonly Token[], verb: Verb, candidates: Candidates): Promise<readonly string[]> {
  const pending = pendingFlag(before.at(-1), verb.flags);
  if (pending?.value !== undefined) return valueOptions(pending.value, candidates);
  const words = wordsOnly(before, verb.flags);
  const keyed = verb.params.filter((param) => param.keyed === true);
  const inOrder = verb.params.filter((param) => param.keyed !== true);
  const next = inOrder[Math.min(words.filter((word) => !isKeyed(word, keyed)).length, inOrder.length)];
  const flags = verb.flags.filter((flag) => !before.some((token) => token.text.split('=')[0] === `--${flag.name}`));
  return [
    ...(next === undefined ? [] : await valueOptions(next.value, candidates)),
    ...keyed.filter((param) => !words.some((word) => isKeyed(word, [param]))).flatMap(keyedOptions),
    ...flags.map((flag) => `--${flag.name}`),
  ];
}

function keyedOptions(param: Param): readonly string[] {
  return param.value.kind === 'choice' ? param.value.of.map((one) => `${param.name}:${one}`) : [`${param.name}:`];
}

function isKeyed(word: Token, keyed: readonly Param[]): boolean {
  return keyed.some((param) => word.text.toLowerCase().startsWith(`${param.name}:`));
}

function pendingFlag(token: Token | undefined, flags: readonly Flag[]): Flag | undefined {
  return flags.find((flag) => flag.value !== undefined && token?.quoted === false && token.text === `--${flag.name}`);
}

/** The words that fill parameters: flags and their values left out. */
function wordsOnly(tokens: readonly Token[], flags: readonly Flag[]): readonly Token[] {
  return tokens.filter((token, index) => {
    const valueOfFlag = pendingFlag(tokens[index - 1], flags) !== undefined;
    return !valueOfFlag && (token.quoted || !token.text.startsWith('--'));
  });
}

async function valueOptions(kind: ValueKind, candidates: Candidates): Promise<readonly string[]> {
  return (await valueSuggestions(kind, candidates)).map(({ value }) => value);
}

/** What may stand for a parameter or flag, best first. */
export async function valueSuggestions(kind: ValueKind, candidates: Candidates): Promise<readonly Suggestion[]> {
  switch (kind.kind) {
    case 'choice':
      return asTyped(kind.of);
    case 'target':
      return [...(await candidates('target')), ...asTyped(kind.all === true ? ['all'] : [])];
    case 'agent':
    case 'harness':
    case 'acp':
    case 'model':
    case 'approval':
      return candidates(kind.kind);
    case 'duration':
      return asTyped(['30m', '2h', '1d', 'off']);
    case 'word':
    case 'text':
    case 'number':
      return [];
    default:
      return assertNever(kind);
  }
}

function asTyped(words: readonly string[]): readonly Suggestion[] {
  return words.map((word) => ({ label: word, value: word }));
}
