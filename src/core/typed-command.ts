// Writes a call of a command as a person would type it: the inverse of the parser in commands/, for platforms with commands of
// their own. Pure; one form of a command everywhere, so that access, history and recovery know no second one.
import type { Command, Param, Verb } from './command.ts';
import { quoted, quoteWord } from './tokens.ts';

/**
 * @param values by name of parameter or flag; a switch that is on has any value. What is missing is left out.
 * @returns the text; free text keeps its line breaks, white space at its end is lost
 */
export function typedCommand(command: Command, verb: Verb, values: Readonly<Record<string, string>>): string {
  const text = verb.params.find((param) => param.value.kind === 'text');
  const words = verb.params.flatMap((param) => {
    const value = values[param.name];
    return value === undefined || param === text ? [] : wordOf(value, param, { command, verb });
  });
  const flags = verb.flags.flatMap(({ name, value: kind }) => {
    const value = values[name];
    if (value === undefined) return [];
    return kind === undefined ? [`--${name}`] : [`--${name}`, quoteWord(value)];
  });
  const head = [`/${command.name}`, ...(verb.name === '' ? [] : [verb.name]), ...words, ...flags].join(' ');
  const said = text === undefined ? undefined : values[text.name];
  if (said === undefined) return head;
  // Where there are flags, nothing in the text may be taken for one; white space at its beginning needs a line of its own.
  return `${head}${verb.flags.length === 0 ? '' : ' --'}${/^\s/.test(said) ? '\n' : ' '}${said}`;
}

interface Spoken {
  readonly command: Command;
  readonly verb: Verb;
}

function wordOf(value: string, param: Param, spoken: Spoken): readonly string[] {
  const { kind } = param.value;
  const compact = value.replaceAll(/\s+/g, '');
  if (param.keyed === true) return compact === '' ? [] : [`${param.name}:${compact}`];
  if (kind === 'choice') return [value];
  // `1h 30m` is one value to a person.
  const word = kind === 'duration' || kind === 'number' ? compact : value;
  return [readsOtherwise(word, spoken) ? quoted(word) : quoteWord(word)];
}

/** Typed plainly it would be a setting, a choice that may stand anywhere, or a sub-word. */
function readsOtherwise(word: string, { command, verb }: Spoken): boolean {
  const text = word.toLowerCase();
  const taken = verb.params.some((param) => {
    if (param.keyed === true) return text.startsWith(`${param.name}:`);
    return !param.required && param.value.kind === 'choice' && param.value.of.includes(text);
  });
  const subWord = command.verbs.some(({ name, aliases = [] }) => name === text || aliases.includes(text));
  return taken || (verb.name === '' && subWord);
}
