// Telegram's HTML: what it takes, what it makes of it and what it says about the rest. After `do_parse_html` of TDLib
// (td/telegram/MessageEntity.cpp), which knows no mercy and tells byte offsets. Used by text.ts.
import type { MessageEntity } from 'grammy/types';
import { badRequest, type Refusal } from './refusal.ts';

export interface Parsed {
  readonly text: string;
  /** Offsets and lengths in UTF-16 units; outer before inner. */
  readonly entities: readonly MessageEntity[];
}

interface Open {
  readonly tag: string;
  readonly argument: string;
  readonly offset: number;
}

const kinds: Readonly<Record<string, MessageEntity['type']>> = {
  ...{ b: 'bold', strong: 'bold', i: 'italic', em: 'italic', u: 'underline', ins: 'underline' },
  ...{ s: 'strikethrough', strike: 'strikethrough', del: 'strikethrough', 'tg-spoiler': 'spoiler', span: 'spoiler' },
  ...{ a: 'text_link', code: 'code', pre: 'pre', blockquote: 'blockquote', 'tg-emoji': 'custom_emoji' },
};

const space = /\s/;

/** @throws Refusal `can't parse entities: ...` */
export function parseHtml(source: string): Parsed {
  const reader = new Reader(source);
  while (!reader.done) reader.step();
  return reader.finish();
}

class Reader {
  readonly #source: string;
  readonly #open: Open[] = [];
  readonly #entities: MessageEntity[] = [];
  #at = 0;
  #text = '';

  constructor(source: string) {
    this.#source = source;
  }

  get done(): boolean {
    return this.#at >= this.#source.length;
  }

  step(): void {
    const char = this.#here();
    if (char === '&') this.#text += this.#entityOrAmpersand();
    else if (char !== '<') {
      this.#text += char;
      this.#at += 1;
    } else if (this.#source[this.#at + 1] === '/') this.#endTag();
    else this.#startTag();
  }

  finish(): Parsed {
    const open = this.#open.at(-1);
    if (open !== undefined) throw wrong(`Can't find end tag corresponding to start tag "${open.tag}"`);
    const entities = this.#entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
    return { text: this.#text, entities };
  }

  #here(): string {
    return this.#source[this.#at] ?? '';
  }

  #skipSpace(): void {
    while (space.test(this.#here())) this.#at += 1;
  }

  /** Moves on while the character is none of these and answers what was passed. */
  #until(stop: RegExp): string {
    const start = this.#at;
    while (!this.done && !stop.test(this.#here())) this.#at += 1;
    return this.#source.slice(start, this.#at);
  }

  /** An `&` that starts nothing Telegram knows stands for itself. */
  #entityOrAmpersand(): string {
    const rest = this.#source.slice(this.#at, this.#at + 12);
    const match = /^&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot));?/i.exec(rest);
    const decoded = match === null ? undefined : decode(match);
    this.#at += decoded === undefined ? 1 : (match?.[0].length ?? 1);
    return decoded ?? '&';
  }

  #startTag(): void {
    const begin = this.#at;
    this.#at += 1;
    const tag = this.#until(/[\s>]/).toLowerCase();
    if (this.done) throw wrong(`Unclosed start tag at byte offset ${this.#byte(begin)}`);
    if (!Object.hasOwn(kinds, tag)) throw wrong(`Unsupported start tag "${tag}" at byte offset ${this.#byte(begin)}`);
    const argument = this.#attributes(tag, begin);
    if (tag === 'span' && argument !== 'spoiler')
      throw wrong(`Tag "span" must have class "tg-spoiler" at byte offset ${this.#byte(begin)}`);
    this.#open.push({ tag, argument, offset: this.#text.length });
  }

  /** Reads up to and with `>`; answers the one value that counts for this tag. */
  #attributes(tag: string, begin: number): string {
    let argument = '';
    for (this.#skipSpace(); this.#here() !== '>'; this.#skipSpace()) {
      const name = this.#until(/[\s=>/"']/).toLowerCase();
      if (name === '') throw wrong(`Empty attribute name in the tag "${tag}" at byte offset ${this.#byte(begin)}`);
      this.#skipSpace();
      if (this.#here() === '=') {
        this.#at += 1;
        this.#skipSpace();
        argument = telling(tag, name, this.#value()) ?? argument;
      }
      if (this.done) throw wrong(`Unclosed start tag "${tag}" at byte offset ${this.#byte(begin)}`);
    }
    this.#at += 1;
    return argument;
  }

  #value(): string {
    const quote = this.#here();
    if (quote !== '"' && quote !== "'") {
      const begin = this.#at;
      const token = this.#until(/[^A-Za-z0-9.-]/).toLowerCase();
      if (!this.done && !/[\s>]/.test(this.#here()))
        throw wrong(`Unexpected end of name token at byte offset ${this.#byte(begin)}`);
      return token;
    }
    this.#at += 1;
    let value = '';
    while (!this.done && this.#here() !== quote) {
      if (this.#here() === '&') value += this.#entityOrAmpersand();
      else {
        value += this.#here();
        this.#at += 1;
      }
    }
    this.#at += 1;
    return value;
  }

  #endTag(): void {
    const begin = this.#at;
    const open = this.#open.pop();
    if (open === undefined) throw wrong(`Unexpected end tag at byte offset ${this.#byte(begin)}`);
    this.#at += 2;
    const name = this.#until(/[\s>]/).toLowerCase();
    this.#skipSpace();
    if (this.#here() !== '>') throw wrong(`Unclosed end tag at byte offset ${this.#byte(begin)}`);
    this.#at += 1;
    if (name !== '' && name !== open.tag)
      throw wrong(
        `Unmatched end tag at byte offset ${this.#byte(begin)}, expected "</${open.tag}>", found "</${name}>"`,
      );
    if (this.#text.length > open.offset) this.#close(open);
  }

  #close({ tag, argument, offset }: Open): void {
    const span = { offset, length: this.#text.length - offset };
    const kind = kinds[tag];
    if (kind === 'text_link') {
      const url = argument === '' ? this.#text.slice(offset) : argument;
      if (linkable(url)) this.#entities.push({ type: 'text_link', ...span, url });
      return;
    }
    if (kind === 'pre') {
      const inner = this.#entities.at(-1);
      const language = inner?.type === 'code' && same(inner, span) ? languages.get(inner) : undefined;
      if (language !== undefined) this.#entities.pop();
      this.#entities.push({ type: 'pre', ...span, ...(language === undefined ? {} : { language }) });
      return;
    }
    const entity = { type: kind, ...span } as MessageEntity;
    if (tag === 'code' && argument !== '') languages.set(entity, argument);
    this.#entities.push(entity);
  }

  #byte(index: number): number {
    return Buffer.byteLength(this.#source.slice(0, index));
  }
}

/** The language a `code` was given; it counts only once a `pre` of the same extent closes around it. */
const languages = new WeakMap<MessageEntity, string>();

const same = (a: MessageEntity, b: { readonly offset: number; readonly length: number }): boolean =>
  a.offset === b.offset && a.length === b.length;

const wrong = (what: string): Refusal => badRequest(`can't parse entities: ${what}`);

/** Other addresses are dropped without a word: the text stays, the link goes. */
const linkable = (url: string): boolean =>
  /^(https?|tg|ton|mailto|tel):/i.test(url) || /^[\w-]+(\.[\w-]+)*\.[a-z]{2,}([/?#:]|$)/i.test(url);

function telling(tag: string, name: string, value: string): string | undefined {
  if (tag === 'a' && name === 'href') return value;
  if (tag === 'code' && name === 'class' && value.startsWith('language-')) return value.slice(9);
  if (tag === 'span' && name === 'class' && value.startsWith('tg-')) return value.slice(3);
  if (tag === 'tg-emoji' && name === 'emoji-id') return value;
  return undefined;
}

function decode([, decimal, hex, name]: RegExpExecArray): string | undefined {
  const named = { lt: '<', gt: '>', amp: '&', quot: '"' }[name?.toLowerCase() ?? ''];
  if (named !== undefined) return named;
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code > 0 && code < 0x10ffff ? String.fromCodePoint(code) : undefined;
}
