// The real program as a process that is killed and started again, with a folder of its own: as people start it, or with
// failpoints. Used by the programs that kill.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Point, pointText } from './failpoints.ts';
import { until } from './moments.ts';
import type { Ask, Told } from './program.ts';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'src/cli/launch.mjs');
const withFailpoints = join(import.meta.dirname, '/program.ts');
/** So long a start may take on a busy machine. */
const startMs = 60_000;

/** A message of which it is not known whether it arrived. */
export interface Unknown {
  readonly place: string;
  /** As stored, JSON. */
  readonly message: string;
}

export class Program {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'switchyard-kill-')));
  #child: ChildProcess | undefined;
  #told: Told = {};

  /** @param config beside the model; a function of its working directory, or a value */
  constructor(config: object | ((folder: string) => object)) {
    const model = { agents: { defaults: { model: 'demo/demo' } } };
    const rest = typeof config === 'function' ? config(this.#folder) : config;
    writeFileSync(join(this.#folder, 'switchyard.json5'), JSON.stringify({ ...model, ...rest }));
  }

  /** As people start it. */
  start(): void {
    this.#told = {};
    this.#child = spawn(process.execPath, [launcher, 'start'], {
      ...{ cwd: this.#folder, env: this.#env(), stdio: ['pipe', 'ignore', 'ignore'] },
    });
  }

  /**
   * With failpoints.
   * @param point where it dies, counted from its first step on
   * @returns whether it came up; false: it died before
   */
  async startWatched(point?: Point): Promise<boolean> {
    const args = ['--disable-warning=ExperimentalWarning', withFailpoints];
    const env = {
      ...{ ...this.#env(), NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/switchyard') },
      ...(point === undefined ? {} : { SWITCHYARD_KILL_AT: pointText(point) }),
    };
    const child = spawn(process.execPath, args, {
      ...{ cwd: this.#folder, env, stdio: ['pipe', 'ignore', 'ignore', 'ipc'] },
    });
    this.#child = child;
    this.#told = {};
    child.on('message', (told: Told) => {
      this.#told = { ...this.#told, ...told };
    });
    return until(() => this.#told.started === true || this.dead, startMs).then(() => !this.dead);
  }

  /** From now on it dies there. @param point undefined: it only counts */
  async arm(point: Point | undefined): Promise<void> {
    await this.#ask({ arm: point ?? 'none' }, 'armed');
  }

  /** Points passed since it was armed. */
  async passed(): Promise<readonly Point[]> {
    await this.#ask({ passed: true }, 'passed');
    return this.#told.passed ?? [];
  }

  /** Loses its power: nothing of it runs afterwards. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.dead) return;
    const over = once(child, 'exit');
    child.kill(signal);
    await over;
  }

  /** With failpoints: resolves once it has the database open, or is dead. */
  async begun(): Promise<void> {
    await until(() => this.#told.begun === true || this.dead, startMs, 5);
  }

  /** Runs, with failpoints. */
  get watched(): boolean {
    return !this.dead && this.#told.started === true;
  }

  get dead(): boolean {
    const child = this.#child;
    return child === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  /** Nothing is open: no message, no run, nothing to send. */
  get quiet(): boolean {
    const open = `SELECT (SELECT count(*) FROM inbox WHERE state = 'accepted')
      + (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending'))
      + (SELECT count(*) FROM runs WHERE status IN ('queued', 'running') OR delivery IN ('pending', 'handed', 'sending')) AS n`;
    return this.query(open)?.[0]?.n === 0;
  }

  /** Messages of which it is not known whether they arrived, and which are marked so. */
  get unknown(): readonly Unknown[] {
    const rows = this.query("SELECT place, message FROM outbox WHERE state = 'ambiguous'") ?? [];
    return rows.map(({ place, message }) => ({ place: String(place), message: String(message) }));
  }

  /** Lines of its log that are warnings or worse. */
  get troubles(): readonly string[] {
    const lines = readFileSync(join(this.home, 'switchyard.log'), 'utf8').split('\n');
    return lines.filter((line) => /"level":"(warn|error|fatal)"/.test(line));
  }

  /** Rows of its database; undefined while that is not there. */
  query(sql: string): readonly Readonly<Record<string, unknown>>[] | undefined {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(join(this.home, 'switchyard.db'), { readOnly: true });
      return database.prepare(sql).all();
    } catch {
      return undefined;
    } finally {
      database?.close();
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Its working directory. */
  get folder(): string {
    return this.#folder;
  }

  /** The state folder. */
  get home(): string {
    return join(this.#folder, '.switchyard');
  }

  /** Asks and waits for the answer, or for its death. */
  async #ask(ask: Ask, answer: 'armed' | 'passed'): Promise<void> {
    this.#told = { started: true };
    this.#child?.send(ask);
    await until(() => this.#told[answer] !== undefined || this.dead, startMs);
  }

  #env(): Record<string, string> {
    return {
      ...{ PATH: process.env.PATH ?? '', HOME: this.#folder, SWITCHYARD_HOME: this.home, OLLAMA_HOST: '127.0.0.1:1' },
    };
  }
}
