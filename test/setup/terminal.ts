// A program in a pseudo-terminal, and the person in front of it: reads the screen, presses keys. Used by all.ts. The terminal
// comes from `script` of util-linux.
import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { until } from '../fakes/wait.ts';

export const keys = {
  enter: '\r',
  space: ' ',
  down: '\u001b[B',
  up: '\u001b[A',
  ctrlC: '\u0003',
  esc: '\u001b',
} as const;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class PseudoTerminal {
  /** All that was ever written. */
  raw = '';
  readonly exit: Promise<number>;
  readonly #child: ChildProcess;
  /** Up to where the person has read. */
  #read = 0;

  /** @param command for the shell */
  constructor(command: string, how: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly size: Size }) {
    const { columns, rows } = how.size;
    const inside = `stty cols ${columns} rows ${rows}; exec ${command}`;
    // -q quiet, -f at once, -e its exit code is the program's.
    this.#child = spawn('script', ['-qfec', inside, '/dev/null'], { cwd: how.cwd, env: how.env, stdio: 'pipe' });
    const take = (part: Buffer): void => {
      this.raw += part.toString();
    };
    this.#child.stdout?.on('data', take);
    this.#child.stderr?.on('data', take);
    this.exit = new Promise((resolve) => {
      this.#child.on('close', (code) => resolve(code ?? -1));
    });
  }

  /** Waits until the screen says this, after what was read before. @returns what it matched */
  async sees(text: string | RegExp): Promise<RegExpExecArray> {
    const pattern = typeof text === 'string' ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : text;
    let found: RegExpExecArray | null = null;
    const look = (): boolean => {
      found = pattern.exec(this.#words().slice(this.#read));
      return found !== null;
    };
    await until(
      look,
      `«${String(text)}» on the screen:\n${stripVTControlCharacters(this.raw).slice(-2_000)}`,
      60_000,
    ).catch(() => {
      throw new Error(`waited for «${String(text)}»; the screen:\n${stripVTControlCharacters(this.raw).slice(-2_000)}`);
    });
    if (found === null) throw new Error('unreachable');
    const match: RegExpExecArray = found;
    this.#read += match.index + match[0].length;
    return match;
  }

  press(...pressed: readonly string[]): void {
    for (const one of pressed) this.#child.stdin?.write(one);
  }

  /** Waits for a question and answers it. */
  async answers(question: string, ...pressed: readonly string[]): Promise<void> {
    await this.sees(question);
    // A key that comes before the dialogue listens is lost, as with a person who is too quick; the next frame shows it listens.
    for (const one of pressed) {
      const before = this.raw.length;
      this.press(one);
      await until(() => this.raw.length > before, `an echo of ${JSON.stringify(one)}`, 60_000);
    }
  }

  /** Closes the window: what still runs in it is told, and ends. */
  close(): void {
    this.#child.kill('SIGTERM');
  }

  /** Without colours, frames and line breaks, which differ with the width. */
  #words(): string {
    return stripVTControlCharacters(this.raw)
      .replace(/[│┌└◆◇●○◻◼▲■]/g, ' ')
      .replace(/\s+/g, ' ');
  }
}
