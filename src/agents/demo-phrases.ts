// The phrasings the demo model understands, as data. Pure; called by demo-answer.ts.

export interface DemoTask {
  readonly task: string;
  readonly label: string;
}

export type DemoPhrase =
  /** `delegate: a; b` or `orchestrate: a; b`: one sub-agent per task. */
  | { readonly do: 'delegate'; readonly tasks: readonly DemoTask[] }
  | { readonly do: 'words'; readonly file: string }
  | { readonly do: 'scripts' }
  | { readonly do: 'summarise'; readonly file: string }
  | { readonly do: 'read'; readonly file: string }
  | { readonly do: 'count'; readonly to: number }
  | { readonly do: 'wait'; readonly seconds: number; readonly say: string }
  | { readonly do: 'say'; readonly text: string }
  | { readonly do: 'fail' };

/** Shown by the demo model to whoever asks for more. */
export const understood =
  'delegate: <task>; <task> · count the words in <file> · list the npm scripts · summarise <file> · read <file> · count to <n> · wait <n> seconds and say <text> · say <text> · fail';

const numberWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const longestCount = 1000;

type Rule = readonly [RegExp, (match: RegExpExecArray) => DemoPhrase | undefined];

/** Tried in order; each must match from the start of the text. */
const rules: readonly Rule[] = [
  [/^(?:delegate|orchestrate)\s*:\s*([\s\S]+)$/i, (m) => delegate(m[1] ?? '')],
  [/^(?:delegate|orchestrate)\s*\(([\s\S]+)\)\.?$/i, (m) => delegate(m[1] ?? '')],
  [/^count (?:the )?words (?:in|of) (?:the file )?(\S+)$/i, (m) => ({ do: 'words', file: fileName(m[1]) })],
  [/^list (?:the |all )?npm scripts\.?$/i, () => ({ do: 'scripts' })],
  [/^summari[sz]e (?:the file )?(\S+)$/i, (m) => ({ do: 'summarise', file: fileName(m[1]) })],
  [/^read (?:the )?(?:workspace )?(?:file )?["'`]?([\w./-]+)/i, (m) => ({ do: 'read', file: fileName(m[1]) })],
  [/^count (?:from one )?to (\d+|[a-z]+)\b/i, (m) => count(m[1] ?? '')],
  [
    /^wait (\d+(?:\.\d+)?) ?(?:s|sec|seconds?)(?:,? (?:and|then) say (.+?))?\.?$/is,
    (m) => ({ do: 'wait', seconds: Number(m[1]), say: (m[2] ?? 'done').trim() }),
  ],
  [
    /^reply with (?:only )?(?:the )?(?:single )?word ["'`]?([^\s"'`]+?)["'`]?\.?$/i,
    (m) => ({ do: 'say', text: m[1] ?? '' }),
  ],
  [/^say (.+?)\.?$/is, (m) => ({ do: 'say', text: (m[1] ?? '').trim() })],
  [/^fail\b/i, () => ({ do: 'fail' })],
];

/** What this text asks for; undefined when it is none of the documented phrasings. */
export function understand(text: string): DemoPhrase | undefined {
  const trimmed = text.trim();
  return phraseOf(trimmed) ?? phraseOf(trimmed.replace(inFront, ''));
}

/** In groups the speaker and a mention of the bot stand in front of what is asked. */
const inFront = /^(?:[^:\n]{1,64}: )?(?:@\w+[,:]?\s+)?/;

function phraseOf(text: string): DemoPhrase | undefined {
  for (const [pattern, make] of rules) {
    const match = pattern.exec(text);
    const phrase = match === null ? undefined : make(match);
    if (phrase !== undefined) return phrase;
  }
  return undefined;
}

function delegate(list: string): DemoPhrase | undefined {
  const tasks = splitTasks(list).map((task) => ({ task, label: labelOf(task) }));
  return tasks.length === 0 ? undefined : { do: 'delegate', tasks };
}

/** At semicolons outside brackets, so that `orchestrate (a; b); c` is two tasks. */
function splitTasks(list: string): string[] {
  const tasks: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i <= list.length; i += 1) {
    const char = list[i];
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (char !== undefined && (char !== ';' || depth > 0)) continue;
    tasks.push(list.slice(from, i).trim());
    from = i + 1;
  }
  return tasks.filter((task) => task !== '');
}

function labelOf(task: string): string {
  const phrase = understand(task);
  switch (phrase?.do) {
    case 'delegate':
      return 'team';
    case 'words':
    case 'scripts':
    case 'read':
    case 'count':
    case 'wait':
    case 'say':
    case 'fail':
      return phrase.do;
    case 'summarise':
      return 'summary';
    case undefined:
      return /[\p{L}\p{N}][\p{L}\p{N}-]*/u.exec(task)?.[0]?.toLowerCase().slice(0, 16) ?? 'task';
  }
}

function count(to: string): DemoPhrase | undefined {
  const word = numberWords.indexOf(to.toLowerCase());
  const number = word >= 0 ? word : Number(to);
  return Number.isInteger(number) && number > 0 ? { do: 'count', to: Math.min(number, longestCount) } : undefined;
}

/** Sentence ends and quotes around a name belong to the sentence. */
function fileName(text: string | undefined): string {
  return (text ?? '').replace(/^["'`]+/, '').replace(/["'`,.;:]+$/, '');
}
