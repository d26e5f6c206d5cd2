// From a person's text to a parsed call: which command, which verb, which values. Pure; used by run.ts and the channels' tests.
import { distance } from 'fastest-levenshtein';
import type { Command, Verb } from '../src/core/command.ts';
import { commandStart, isCommandText } from '../src/core/command-text.ts';
import { plain, tokenize } from '../src/core/tokens.ts';
import { readWords } from './words.ts';

export type ParsedCommand =
  | { readonly kind: 'not-a-command' }
  /** Addressed to another bot of the same chat. */
  | { readonly kind: 'other-bot' }
  | { readonly kind: 'unknown'; readonly name: string; readonly nearest: string | undefined }
  /** The sub-word is unknown, or missing where one is needed (`word` empty). */
  | { readonly kind: 'help'; readonly command: Command; readonly word: string }
  | {
      readonly kind: 'usage';
      readonly command: Command;
      readonly verb: Verb;
      readonly message: string;
      readonly syntax: string;
    }
  | {
      readonly kind: 'call';
      readonly command: Command;
      readonly verb: Verb;
      readonly args: Readonly<Record<string, string>>;
      readonly flags: Readonly<Record<string, string>>;
    };

/** True when a text is a command by its first visible character. */
export function isCommand(text: string): boolean {
  return isCommandText(text);
}

/** True when a text begins with the name of a command of the table, or an alias. */
export function namesCommand(text: string, table: readonly Command[]): boolean {
  const slash = commandStart.exec(text)?.[0].length;
  if (slash === undefined) return false;
  const [name] = splitName(/^\S*/.exec(text.slice(slash))?.[0] ?? '');
  return findCommand(table, name) !== undefined;
}

/**
 * Parses a message. Never throws.
 * @param botName this bot's name in the chat, without `@`; undefined where the platform has no `/name@bot`
 */
export function parseCommand(text: string, table: readonly Command[], botName: string | undefined): ParsedCommand {
  const slash = commandStart.exec(text)?.[0].length;
  if (slash === undefined) return { kind: 'not-a-command' };
  const typed = /^\S*/.exec(text.slice(slash))?.[0] ?? '';
  const [name = '', addressee] = splitName(typed);
  if (addressee !== undefined && botName !== undefined && !sameName(addressee, botName)) return { kind: 'other-bot' };
  const command = findCommand(table, name);
  if (command === undefined) return { kind: 'unknown', name, nearest: nearestName(table, name) };
  return parseVerb(text, slash + typed.length, command);
}

function splitName(typed: string): readonly [string, string | undefined] {
  const at = typed.indexOf('@');
  const name = plain(at < 0 ? typed : typed.slice(0, at)).toLowerCase();
  return [name, at < 0 ? undefined : plain(typed.slice(at + 1))];
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.replace(/^@/, '').toLowerCase();
}

/** @param name without the slash; an alias is accepted */
export function findCommand(table: readonly Command[], name: string): Command | undefined {
  const wanted = name.toLowerCase();
  return table.find((command) => command.name === wanted || command.aliases?.includes(wanted));
}

/** The verb of a typed sub-word; the empty word is the bare command. */
export function findVerb(command: Command, word: string): Verb | undefined {
  const wanted = word.toLowerCase();
  return command.verbs.find((verb) => verb.name === wanted || verb.aliases?.includes(wanted));
}

function parseVerb(text: string, from: number, command: Command): ParsedCommand {
  const first = tokenize(text, from)[0];
  const named = first === undefined || first.text === '' || first.quoted ? undefined : findVerb(command, first.text);
  const verb = named ?? findVerb(command, '');
  const takesWords = command.verbs.length === 1 || (verb?.params.length ?? 0) > 0;
  if (verb === undefined || (named === undefined && first !== undefined && !takesWords)) {
    return { kind: 'help', command, word: first?.text ?? '' };
  }
  const read = readWords(text, named === undefined ? from : (first?.end ?? from), verb);
  if (!read.ok) return { kind: 'usage', command, verb, message: read.message, syntax: verb.syntax };
  return { kind: 'call', command, verb, args: read.args, flags: read.flags };
}

const longestTypo = 32;

/** The known name a typo most likely meant: one that begins like it, else the closest within half its length. */
export function nearestName(table: readonly Command[], typed: string): string | undefined {
  if (typed === '' || typed.length > longestTypo) return undefined;
  const names = table.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
  const longer = names.find((name) => name.startsWith(typed));
  if (longer !== undefined) return longer;
  const ranked = names.map((name) => ({ name, off: distance(name, typed) })).sort((a, b) => a.off - b.off);
  const best = ranked[0];
  return best !== undefined && best.off <= Math.max(2, Math.floor(typed.length / 2)) ? best.name : undefined;
}
