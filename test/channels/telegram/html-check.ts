// Reads the HTML of a message as strictly as the Bot API describes it, and answers what people see. Used by render tests.

export interface Seen {
  readonly text: string;
  /** `tag: text` for each, in the order they end. */
  readonly entities: readonly string[];
}

const allowed =
  /^<(?:(b|i|u|s|tg-spoiler|pre|blockquote|code)|(code) class="language-[\w+#.-]+"|(a) href="(?:[^"<>&]|&(?:amp|lt|gt|quot);)+")>/;
const closing = /^<\/([a-z-]+)>/;
const character = /^(?:[^<>&]|&(?:amp|lt|gt);)/u;
const characters: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** Throws on anything Telegram might refuse or drop: unknown or crossing tags, bare `<`, what may not be nested. */
export function readHtml(html: string): Seen {
  const open: { readonly tag: string; readonly from: number }[] = [];
  const entities: string[] = [];
  let text = '';
  let at = 0;
  while (at < html.length) {
    // A window keeps long texts quick.
    const rest = html.slice(at, at + 10_000);
    const end = closing.exec(rest);
    const start = end === null ? allowed.exec(rest) : null;
    const plain = end === null && start === null ? character.exec(rest) : null;
    if (end !== null) {
      const last = open.pop();
      if (last === undefined || last.tag !== end[1]) throw new Error(`</${end[1]}> closes ${last?.tag} at ${at}`);
      if (last.from === text.length) throw new Error(`empty ${last.tag} at ${at}`);
      entities.push(`${last.tag}: ${text.slice(last.from)}`);
    } else if (start !== null) {
      const tag = start[1] ?? start[2] ?? start[3] ?? '';
      const refusal = nesting(tag, start[2] !== undefined, html.charAt(at - 1) === '>', open);
      if (refusal !== undefined) throw new Error(`${refusal} at ${at}`);
      open.push({ tag, from: text.length });
    } else if (plain !== null) {
      text += characters[plain[0]] ?? plain[0];
    } else {
      throw new Error(`unreadable at ${at}: ${rest.slice(0, 30)}`);
    }
    at += (end ?? start ?? plain)?.[0].length ?? 1;
  }
  if (open.length > 0) throw new Error(`left open: ${open.map(({ tag }) => tag).join(' ')}`);
  return { text, entities };
}

function nesting(tag: string, language: boolean, afterTag: boolean, open: readonly { tag: string }[]) {
  const tags = open.map((each) => each.tag);
  if (language) return tags.at(-1) === 'pre' && afterTag ? undefined : 'a language outside of pre';
  if (tags.includes('pre') || tags.includes('code')) return `${tag} in code`;
  if ((tag === 'code' || tag === 'pre') && tags.some((each) => each !== 'blockquote'))
    return `${tag} in ${tags.join()}`;
  if (tags.includes(tag)) return `${tag} in itself`;
  return tag === 'blockquote' && tags.length > 0 ? `a quote in ${tags.join()}` : undefined;
}
