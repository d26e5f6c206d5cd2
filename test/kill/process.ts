// The real program as a process that is killed and started again, with a folder of its own. Used by all.ts and
// linking.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const launcher = join(import.meta.dirname, '../../src/cli/launch.mjs');

export class Program {
  readonly #folder = mkdtempSync(join(tmpdir(), 'switchyard-kill-'));
  #child: ChildProcess | undefined;

  constructor(config: object) {
    const model = { agents: { defaults: { model: 'demo/demo' } } };
    writeFileSync(join(this.#folder, 'switchyard.json5'), JSON.stringify({ ...model, ...config }));
  }

  start(): void {
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: this.#folder,
      SWITCHYARD_HOME: this.home,
      OLLAMA_HOST: '127.0.0.1:1',
    };
    this.#child = spawn(process.execPath, [launcher, 'start'], {
      cwd: this.#folder,
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /** Loses its power: nothing of it runs afterwards. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const over = once(child, 'exit');
    child.kill('SIGKILL');
    await over;
  }

  /** Messages of which it is not known whether they arrived, and which are marked so; once it is killed. */
  ambiguous(): readonly string[] {
    const database = new DatabaseSync(join(this.home, 'switchyard.db'), { readOnly: true });
    const rows = database.prepare("SELECT message FROM outbox WHERE state = 'ambiguous'").all();
    database.close();
    return rows.map(({ message }) => String(message));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The state folder. */
  get home(): string {
    return join(this.#folder, '.switchyard');
  }
}
