// What models leave in their text that is not meant for people: every mark, and what it begins or ends. Read by strip.ts.

export type Family = 'thinking' | 'memories' | 'tools' | 'block';

export interface Mark {
  readonly at: number;
  readonly end: number;
  readonly family: Family;
  /** `open` to its `close` is removed; `single` stands for itself; `paragraph` takes the lines below along. */
  readonly kind: 'open' | 'close' | 'single' | 'paragraph';
  /** Pairs an opening with its closing. */
  readonly name: string;
}

const families: readonly { readonly family: Family; readonly names: string }[] = [
  { family: 'thinking', names: 'think(?:ing)?|thoughts?|antthinking|reasoning|(?:seed|antml):think(?:ing)?' },
  { family: 'memories', names: 'relevant[-_]memor(?:y|ies)' },
  {
    family: 'tools',
    names:
      '(?:antml:|minimax:)?(?:(?:tool|function)[-_]?(?:calls?|results?|responses?|outputs?)|tool_use|invoke)|function(?==)',
  },
];

/** The end of the whole text, whatever the flags. */
const textEnd = '(?![\\s\\S])';

/** Sources of the alternatives; each is linear because its inside excludes the character it starts with. */
export const markSource = [
  // Several words with spaces around them stand between operators of a programming language, not in a token.
  '<[|｜](?<token>(?![ \\t]+[^\\s<>]+[ \\t]+[^\\s<>|｜])[^<>\\n]*)[|｜]>',
  ...families.map(
    ({ family, names }) =>
      `<[ \\t]{0,4}(?<${family}Slash>/[ \\t]{0,4})?(?<${family}>${names})(?:(?:[\\s/=][^<>]{0,400})?>|[ \\t]*${textEnd})`,
  ),
  '</(?<stray>function|parameter)>',
  '\\[(?<bracket>/?(?:THINK|TOOL_CALLS|TOOL_RESULTS))\\]',
  '\\[(?<scaffold>Tool[ _](?:Call|Use|Result|Response)s?(?::| for | \\(ID))',
  '\\[Historical context:(?<history>[^\\]\\n]*(?:\\n(?![ \\t]*\\n)[^\\]\\n]*)*\\]?)',
  '\\[(?<context>Chat messages since your last reply|Current message)[^\\]\\n]*\\]',
  '\\[[ \\t]{0,4}(?<blockEnd>end of )?switchyard completion(?<block>)[^\\]\\n]*\\]',
  '◁(?<kimiSlash>/)?think(?<kimi>)▷',
].join('|');

/** Reads a match of a pattern made of `markSource`; undefined when another alternative of that pattern matched. */
export function readMark(match: RegExpExecArray): Mark | undefined {
  const groups = match.groups ?? {};
  const at = match.index;
  const mark = (family: Family, kind: Mark['kind'], name: string, end = at + match[0].length): Mark => ({
    at,
    end,
    family,
    kind,
    name,
  });
  for (const { family } of families) {
    const name = groups[family]?.toLowerCase();
    if (name === undefined) continue;
    if (groups[`${family}Slash`] !== undefined) return mark(family, 'close', name);
    return mark(family, match[0].endsWith('/>') ? 'single' : 'open', name);
  }
  if (groups.token !== undefined) return readToken(groups.token, match, mark);
  if (groups.kimi !== undefined) return mark('thinking', groups.kimiSlash === undefined ? 'open' : 'close', 'kimi');
  if (groups.block !== undefined) return mark('block', groups.blockEnd === undefined ? 'open' : 'close', 'block');
  if (groups.stray !== undefined) return readStray(groups.stray.toLowerCase(), mark);
  if (groups.scaffold !== undefined) return mark('tools', 'paragraph', 'scaffold');
  if (groups.bracket !== undefined) return readBracket(groups.bracket.toUpperCase(), mark);
  if (groups.history !== undefined || groups.context !== undefined) return mark('block', 'single', 'context');
  return undefined;
}

type MakeMark = (family: Family, kind: Mark['kind'], name: string, end?: number) => Mark;

/** Ends of what is opened with an attribute. Parameters stand inside calls, so their end closes nothing. */
function readStray(name: string, mark: MakeMark): Mark {
  return mark('tools', name === 'parameter' ? 'single' : 'close', name);
}

/** Mistral writes its special tokens in brackets. */
function readBracket(bracket: string, mark: MakeMark): Mark {
  if (bracket === 'TOOL_CALLS') return mark('tools', 'paragraph', bracket);
  const name = bracket.replace('/', '');
  return mark(name === 'THINK' ? 'thinking' : 'tools', bracket.startsWith('/') ? 'close' : 'open', name);
}

const role = /(?:assistant|user|system|tool|developer)\b[ \t]*\n?/iy;
const channel = /[ \t]*(analysis|commentary|final)\b[^<\n]{0,200}(?:<\|message\|>)?/iy;
const channelEnd = /<\|(?:end|return|call|start|channel)\|>|$(?![\s\S])/gi;

/** A control token `<|name|>`: some begin or end a block of a tool call or of thinking, the others stand alone. */
function readToken(token: string, match: RegExpExecArray, mark: MakeMark): Mark {
  const name = token.trim().toLowerCase().replace(/[▁\s]/g, '_');
  const end = match.index + match[0].length;
  if (/^tool.*begin$/.test(name))
    return mark('tools', name.includes('argument') ? 'single' : 'open', name.slice(0, -'begin'.length));
  if (/^tool.*end$/.test(name)) return mark('tools', 'close', name.slice(0, -'end'.length));
  if (/^\/?tool_calls?$/.test(name))
    return mark('tools', name.startsWith('/') ? 'close' : 'open', name.replace('/', ''));
  if (name === 'begin_of_thought') return mark('thinking', 'open', 'thought');
  if (name === 'end_of_thought') return mark('thinking', 'close', 'thought');
  if (name === 'start' || name === 'im_start' || name === 'start_header_id')
    return mark('tools', 'single', name, after(role, match.input, end));
  if (name === 'channel') return mark('tools', 'single', name, channelSpan(match.input, end));
  return mark('tools', 'single', name);
}

function after(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

/** Harmony: only the channel `final` is for people; `analysis` is thinking and `commentary` a tool call. */
function channelSpan(text: string, from: number): number {
  channel.lastIndex = from;
  const found = channel.exec(text);
  if (found === null) return from;
  if (found[1]?.toLowerCase() === 'final') return channel.lastIndex;
  channelEnd.lastIndex = channel.lastIndex;
  return channelEnd.exec(text)?.index ?? text.length;
}
