// A terminal for tests: a keyboard that is a stream, and a screen that obeys the control sequences readline writes.
// Rows are unlimited, so nothing scrolls away; characters are one column wide.
import { PassThrough, Writable } from 'node:stream';

export class Screen extends Writable {
  readonly isTTY = true;
  readonly columns: number;
  /** Everything written, for what cannot be seen. */
  raw = '';
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** At the right edge a terminal wraps only when the next character comes. */
  #wraps = false;

  constructor(columns: number) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    const text = String(chunk);
    this.raw += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal obeys
    for (const [token] of text.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#take(token);
    done();
  }

  /** What a person sees, without trailing blanks and empty last rows. */
  lines(): string[] {
    const lines = this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  cursor(): { row: number; column: number } {
    return this.#wraps ? { row: this.#row + 1, column: 0 } : { row: this.#row, column: this.#column };
  }

  #take(token: string): void {
    if (token === '\n') this.#moveTo(this.#row + 1, 0);
    else if (token === '\r') this.#moveTo(this.#row, 0);
    else if (token.startsWith('\u001b')) this.#obey(token.slice(2));
    else this.#print(token);
  }

  #print(character: string): void {
    if (this.#wraps) this.#moveTo(this.#row + 1, 0);
    this.#line()[this.#column] = character;
    if (this.#column + 1 === this.columns) this.#wraps = true;
    else this.#column += 1;
  }

  #obey(sequence: string): void {
    const count = Number.parseInt(sequence, 10) || 0;
    const step = Math.max(1, count);
    switch (sequence.at(-1)) {
      case 'A':
        this.#moveTo(this.#row - step, this.#column);
        break;
      case 'B':
        this.#moveTo(this.#row + step, this.#column);
        break;
      case 'C':
        this.#moveTo(this.#row, this.#column + step);
        break;
      case 'D':
        this.#moveTo(this.#row, this.#column - step);
        break;
      case 'G':
        this.#moveTo(this.#row, step - 1);
        break;
      case 'J':
        this.#line().length = Math.min(this.#line().length, this.#column);
        this.#rows.length = this.#row + 1;
        break;
      case 'K':
        this.#line().length = Math.min(this.#line().length, this.#column);
        break;
      case 'h':
      case 'l':
      case 'm':
        break;
      default:
        throw new Error(`the fake terminal does not know ${JSON.stringify(sequence)}`);
    }
  }

  #moveTo(row: number, column: number): void {
    this.#row = Math.max(0, row);
    this.#column = Math.min(Math.max(0, column), this.columns - 1);
    this.#wraps = false;
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }

  #line(): string[] {
    const line = this.#rows[this.#row];
    if (line === undefined) throw new Error('the cursor left the screen');
    return line;
  }
}

export class Keyboard extends PassThrough {
  readonly isTTY = true;
  raw = false;
  #hungUp = false;

  /** As Node's own (lib/tty.js): a failure is an `error` event, which is thrown where nobody listens. */
  setRawMode(on: boolean): this {
    if (this.#hungUp) this.emit('error', broken('setRawMode'));
    else this.raw = on;
    return this;
  }

  /** The window is closed: nothing can be set any more, and reading ends, or fails where the process stood in the background. */
  hangUp(reading: 'ends' | 'fails'): void {
    this.#hungUp = true;
    if (reading === 'ends') this.end();
    else this.destroy(broken('read'));
  }

  /** Resolves once everything that follows from the keys has happened. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.write(key);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What every call on a terminal that is gone comes to. */
export function broken(call: string): Error {
  return Object.assign(new Error(`${call} EIO`), { code: 'EIO', syscall: call });
}

export const key = {
  enter: '\r',
  tab: '\t',
  left: '\u001b[D',
  up: '\u001b[A',
  home: '\u001b[H',
  backspace: '\u007f',
  ctrlC: '\u0003',
  ctrlD: '\u0004',
  /** What a terminal sends for a paste in bracketed mode. */
  paste: (text: string): string => `\u001b[200~${text.replaceAll('\n', '\r')}\u001b[201~`,
} as const;
