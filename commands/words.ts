// From the text behind a verb to its named values: flags, words, free text. Used by args.ts.
import type { Flag, Param, Verb } from '../src/core/command.ts';
import { type Token, tokenize } from '../src/core/tokens.ts';
import { checkValue } from './values.ts';

type Values = Readonly<Record<string, string>>;
interface Fault {
  readonly ok: false;
  /** What is wrong in one sentence; empty when the syntax line alone says it (something required is missing). */
  readonly message: string;
}
export type Words = { readonly ok: true; readonly args: Values; readonly flags: Values } | Fault;

/**
 * Reads everything from position `from` of `text` as arguments of `verb`. Free text stays verbatim between the flags
 * directly before and directly after it; a verb without flags takes all of it.
 */
export function readWords(text: string, from: number, verb: Verb): Words {
  const tokens = tokenize(text, from);
  const freeText = verb.params.find((param) => param.value.kind === 'text');
  const head = readHead(
    tokens,
    verb,
    freeText === undefined ? undefined : verb.params.filter((each) => each !== freeText),
  );
  if (!head.ok) return head;
  const bound = bindWords(
    head.words,
    verb.params.filter((param) => param !== freeText),
  );
  if (!bound.ok) return bound;
  if (freeText === undefined) return { ok: true, args: bound.values, flags: head.flags };

  const tail = head.open
    ? readTail(tokens, head.next, verb.flags)
    : { ok: true as const, flags: {}, end: tokens.length };
  if (!tail.ok) return tail;
  const twice = Object.keys(tail.flags).find((name) => name in head.flags);
  if (twice !== undefined) return fault(givenTwice(twice));
  const body = text.slice(tokens[head.next - 1]?.end ?? from, tokens[tail.end - 1]?.end ?? from);
  // The separator before free text is one line's white space and at most one line break; the rest is the person's.
  const verbatim = body.replace(/^[^\S\n]*\n?/, '');
  if (verbatim.trim() === '')
    return freeText.required ? fault('') : { ok: true, args: bound.values, flags: head.flags };
  return { ok: true, args: { ...bound.values, [freeText.name]: verbatim }, flags: { ...head.flags, ...tail.flags } };
}

function fault(message: string): Fault {
  return { ok: false, message };
}

interface Head {
  readonly ok: true;
  readonly words: readonly Token[];
  readonly flags: Values;
  /** Index of the first token of the free text. */
  readonly next: number;
  /** Flags may still follow: no `--` was read. */
  readonly open: boolean;
}

/**
 * Reads words and the flags between them until all `before` free text are there, or those that must be and a `--`.
 * @param before undefined: no free text follows
 */
function readHead(tokens: readonly Token[], verb: Verb, before: readonly Param[] | undefined): Head | Fault {
  const wanted = before?.length ?? tokens.length;
  const needed = before?.filter((param) => param.required).length ?? tokens.length;
  const words: Token[] = [];
  const flags: Record<string, string> = {};
  const verbatim = verb.flags.length === 0 && verb.params.some((param) => param.value.kind === 'text');
  let open = !verbatim;
  let next = 0;
  for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
    if (open && isTerminator(token)) {
      open = false;
      next += 1;
      if (words.length >= needed) break;
    } else if (open && flagName(token) !== undefined) {
      const taken = takeFlag(tokens, next, verb.flags);
      if (!taken.ok) return taken;
      if (taken.name in flags) return fault(givenTwice(taken.name));
      flags[taken.name] = taken.value;
      next = taken.next;
    } else {
      if (words.length === wanted) break;
      words.push(token);
      next += 1;
    }
  }
  return { ok: true, words, flags, next, open };
}

/** Takes flags off the end of the free text that begins at token `first`; `end` is the index behind its last token. */
function readTail(
  tokens: readonly Token[],
  first: number,
  known: readonly Flag[],
): Fault | { readonly ok: true; readonly flags: Values; readonly end: number } {
  const flags: Record<string, string> = {};
  let end = tokens.length;
  // Inside a sentence a long dash is punctuation, so only a typed `--` ends the flags there.
  if (tokens.slice(first).some((token) => token.raw === '--')) return { ok: true, flags, end };
  while (end - 1 > first) {
    const start = tailFlagStart(tokens, end, known);
    if (start === undefined) break;
    const taken = takeFlag(tokens.slice(0, end), start, known);
    if (!taken.ok) return taken;
    if (taken.name in flags) return fault(givenTwice(taken.name));
    flags[taken.name] = taken.value;
    end = start;
  }
  return { ok: true, flags, end };
}

/** Index of the flag that ends right before `end`: `--switch`, `--name=value`, or `--name value`. */
function tailFlagStart(tokens: readonly Token[], end: number, known: readonly Flag[]): number | undefined {
  const last = tokens[end - 1];
  if (last !== undefined && flagName(last) !== undefined) return end - 1;
  const before = tokens[end - 2];
  const name = before === undefined ? undefined : flagName(before);
  if (name === undefined || before?.text.includes('=')) return undefined;
  const flag = known.find((one) => one.name === name);
  return flag !== undefined && flag.value === undefined ? undefined : end - 2;
}

function isTerminator(token: Token): boolean {
  return token.text === '--' && !token.quoted;
}

function flagName(token: Token): string | undefined {
  if (token.quoted) return undefined;
  return /^--(\p{L}[\p{L}\p{N}_-]*)(?:=|$)/u.exec(token.text)?.[1]?.toLowerCase();
}

type Taken = { readonly ok: true; readonly name: string; readonly value: string; readonly next: number };

function takeFlag(tokens: readonly Token[], index: number, known: readonly Flag[]): Taken | Fault {
  const token = tokens[index];
  const name = token === undefined ? undefined : flagName(token);
  const flag = known.find((one) => one.name === name);
  if (token === undefined || name === undefined || flag === undefined) return fault(unknownFlag(name ?? '', known));
  const equals = token.text.indexOf('=');
  if (flag.value === undefined) {
    if (equals >= 0) return fault(`--${name} takes no value.`);
    return { ok: true, name, value: 'true', next: index + 1 };
  }
  const follower = tokens[index + 1];
  const usable = follower !== undefined && flagName(follower) === undefined && !isTerminator(follower);
  const typed = equals >= 0 ? token.text.slice(equals + 1) : usable ? follower.text : '';
  if (typed === '') return fault(missingValue(flag));
  const checked = checkValue(flag.value, `--${name}`, typed);
  if (!checked.ok) return checked;
  return { ok: true, name, value: checked.value, next: index + (equals >= 0 ? 1 : 2) };
}

function unknownFlag(name: string, known: readonly Flag[]): string {
  if (known.length === 0) return `Unknown flag --${name}. There are no flags here.`;
  const list = known.map((flag) => `--${flag.name}`).join(', ');
  return `Unknown flag --${name}. Known: ${list}. To keep it as text, put -- before the text.`;
}

function missingValue(flag: Flag): string {
  const choices = flag.value?.kind === 'choice' ? `: ${flag.value.of.join(', ')}` : '';
  return `--${flag.name} needs a value${choices}.`;
}

function givenTwice(name: string): string {
  return `--${name} is given twice.`;
}

type Bound = { readonly ok: true; readonly values: Values } | Fault;

/** Gives each word to its parameter: `name:value` and optional choices anywhere, all others in order. */
function bindWords(words: readonly Token[], params: readonly Param[]): Bound {
  const typed = new Map<Param, string>();
  const inOrder: Token[] = [];
  for (const word of words) {
    const anywhere = params.find((param) => !typed.has(param) && standsAnywhere(param, word));
    if (anywhere === undefined) inOrder.push(word);
    else typed.set(anywhere, anywhere.keyed === true ? word.text.slice(anywhere.name.length + 1) : word.text);
  }
  const open = params.filter((param) => param.keyed !== true && !typed.has(param));
  for (const [index, word] of inOrder.entries()) {
    const param = open[index];
    if (param === undefined) return fault(`Surplus argument "${word.text}". A name with spaces goes in quotes.`);
    typed.set(param, word.text);
  }
  const values: Record<string, string> = {};
  for (const param of params) {
    const text = typed.get(param);
    if (text === undefined && param.required) return fault('');
    if (text === undefined) continue;
    if (param.keyed === true && text === '') return fault(`${param.name}: needs a value.`);
    const checked = checkValue(param.value, param.name, text);
    if (!checked.ok) return checked;
    values[param.name] = checked.value;
  }
  return { ok: true, values };
}

function standsAnywhere(param: Param, word: Token): boolean {
  if (word.quoted) return false;
  const text = word.text.toLowerCase();
  if (param.keyed === true) return text.startsWith(`${param.name}:`);
  return !param.required && param.value.kind === 'choice' && param.value.of.includes(text);
}
