// The console on a terminal: line editing, history, completion, and answers that arrive above the line being typed.
// Used by adapter.ts. Readline owns the input line; this file only moves it out of the way and back.
import { createInterface, type Interface, type Key } from 'node:readline';
import { type Complete, completions } from './completion.ts';
import { wrapped } from './format.ts';
import { historySize, loadHistory, rememberLine } from './history.ts';
import { type ConsoleStreams, type Surface, type SurfaceEvents, write } from './surface.ts';

const prompts = { ready: '> ', busy: '… > ', more: '| ' } as const;
const leaveHint = 'Press Ctrl-C again or Ctrl-D to quit.';

/** xterm's bracketed paste: a paste arrives between two marks, which readline reports as keys `paste-start`, `paste-end`. */
const pasteMarks = { on: '\u001b[?2004h', off: '\u001b[?2004l' } as const;

export interface TerminalOptions extends ConsoleStreams {
  readonly historyFile: string;
  readonly complete: Complete;
}

/** Two properties of Node's readline that its types leave out (lib/internal/readline/interface.js). */
interface Readline extends Interface {
  /** The row its cursor stands on, counted from the prompt. */
  prevRows?: number;
  /** False while the characters of a chunk come in, its last one excepted. */
  isCompletionEnabled?: boolean;
}

/** One character of the basic plane that only moves the cursor on. */
const simple = /^[\u0020-\u007e\u00a0-\ud7ff\ue000-\uffff]$/;

export class TerminalSurface implements Surface {
  readonly #options: TerminalOptions;
  #line: Readline | undefined;
  #events: SurfaceEvents | undefined;
  /** Earlier lines of a message that is not complete yet. */
  #parts: string[] = [];
  #pasting = false;
  #busy = false;
  #appended = false;
  #forced = false;
  #leaving = false;
  #gone = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  open(events: SurfaceEvents): void {
    const { input, output } = this.#options;
    this.#events = events;
    input.on('error', this.#lost);
    // What readline does first; it could not be taken back if it failed there.
    input.setRawMode?.(true);
    if (this.#gone) {
      this.#closed();
      return;
    }
    const line = this.#create();
    this.#line = line;
    // Readline repeats the input's errors.
    line.on('error', this.#lost);
    // Before readline's own listener.
    input.prependListener('keypress', this.#beforeKey);
    input.on('keypress', this.#afterKey);
    line.on('line', (text) => this.#entered(text));
    line.on('SIGINT', () => this.#interrupted(line));
    line.once('close', () => this.#closed());
    output.write(pasteMarks.on);
    line.prompt();
  }

  #create(): Readline {
    const { input, output, historyFile, complete } = this.#options;
    return createInterface({
      input,
      output,
      terminal: true,
      prompt: prompts.ready,
      history: loadHistory(historyFile),
      historySize,
      removeHistoryDuplicates: true,
      completer: (text: string, answer: (error: null, result: [string[], string]) => void) =>
        void completions(text, complete).then((result) => answer(null, result)),
    });
  }

  show(text: string): Promise<Error | undefined> {
    const { output } = this.#options;
    const line = this.#line;
    if (line === undefined) return write(output, `${text}\n`);
    const up = line.getCursorPos().rows;
    const shown = wrapped(text, output.columns ?? 0);
    const written = write(output, `${up === 0 ? '' : `\u001b[${up}A`}\r\u001b[J${shown}\n`);
    line.prevRows = 0;
    line.prompt(true);
    return written;
  }

  busy(on: boolean): void {
    if (this.#busy === on) return;
    this.#busy = on;
    this.#redraw();
  }

  close(): void {
    this.#events = undefined;
    this.#line?.close();
  }

  /**
   * All but the last characters of one chunk (a paste, a fast typist) readline only appends to the screen: it neither counts
   * the rows they fill nor draws what stands behind the cursor. That is fast, and is put right before anything else happens.
   */
  readonly #beforeKey = (text: string | undefined, key: Key): void => {
    const line = this.#line;
    if (line === undefined) return;
    if (!(key.ctrl === true && key.name === 'c')) this.#leaving = false;
    const inChunk = line.isCompletionEnabled === false;
    const appended = inChunk && text !== undefined && simple.test(text);
    if (this.#appended && !appended) this.#settle(line);
    this.#appended = appended;
    // A tab inside a paste is a tab; everything else readline shall handle as if it were typed.
    this.#forced = inChunk && !appended && text !== '\t';
    if (this.#forced) line.isCompletionEnabled = true;
    if (key.name === 'paste-start') this.#pasting = true;
    if (key.name === 'paste-end') this.#pasting = false;
    // The sign must not stay behind in what was said.
    if (key.name === 'return' && this.#busy && !this.#pasting && this.#parts.length === 0) {
      line.setPrompt(prompts.ready);
      line.prompt(true);
    }
  };

  /**
   * The terminal is gone. Readline's attempt to leave raw mode while it closes is then an error of the input too (lib/tty.js):
   * it must neither be thrown nor close once more.
   */
  readonly #lost = (): void => {
    if (this.#gone) return;
    this.#gone = true;
    this.#line?.close();
  };

  readonly #afterKey = (): void => {
    if (this.#forced && this.#line !== undefined) this.#line.isCompletionEnabled = false;
    this.#forced = false;
  };

  #settle(line: Readline): void {
    const at = line.getCursorPos();
    // A terminal waits at the right edge until one more character comes; readline thinks it is on the next row.
    if (at.cols === 0 && at.rows > 0) this.#options.output.write(' \r');
    line.prevRows = at.rows;
    line.prompt(true);
  }

  #entered(text: string): void {
    rememberLine(this.#options.historyFile, text);
    const continued = !this.#pasting && text.endsWith('\\');
    this.#parts.push(continued ? text.slice(0, -1) : text);
    if (!this.#pasting && !continued) {
      const message = this.#parts.join('\n').trimEnd();
      this.#parts = [];
      if (message.trim() !== '') void this.#events?.message(message);
    }
    this.#redraw();
  }

  #redraw(): void {
    const line = this.#line;
    if (line === undefined) return;
    line.setPrompt(this.#parts.length > 0 ? prompts.more : this.#busy ? prompts.busy : prompts.ready);
    line.prompt(true);
  }

  #interrupted(line: Interface): void {
    if (line.line !== '' || this.#parts.length > 0) {
      this.#parts = [];
      line.write(null, { ctrl: true, name: 'e' });
      line.write(null, { ctrl: true, name: 'u' });
      this.#redraw();
      return;
    }
    if (this.#leaving) {
      line.close();
      return;
    }
    this.#leaving = true;
    void this.show(leaveHint);
  }

  #closed(): void {
    const { input, output } = this.#options;
    input.off('keypress', this.#beforeKey);
    input.off('keypress', this.#afterKey);
    this.#line = undefined;
    // What follows starts on a line of its own, not behind the prompt.
    output.write(`${pasteMarks.off}\n`);
    this.#events?.ended('quit');
    this.#events = undefined;
  }
}
