// The whole program as a person meets it: the real app on real time, with a pipe or a terminal in front of it, and the
// command line beside it. Used by the flows that must not be told apart from `npm start`.
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { createApp } from '../../src/app.ts';
import type { Cli } from '../../src/cli/cli.ts';
import { callControl } from '../../src/cli/control-client.ts';
import { reconcileOffline } from '../../src/cli/offline-care.ts';
import { openOfflineLinks } from '../../src/cli/offline-links.ts';
import { openOfflineStore } from '../../src/cli/offline-store.ts';
import { runCli } from '../../src/cli/program.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { readEnv } from '../../src/infra/env.ts';
import { Keyboard, key, Screen } from '../fakes/terminal.ts';
import { until } from '../fakes/wait.ts';

/** A working directory of its own with the state folder in it. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'switchyard-app-'));
  readonly home = join(this.folder, '.switchyard');

  write(name: string, content: string | object): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }

  config(value: object): void {
    this.write('switchyard.json5', value);
  }

  log(): string {
    return readFileSync(join(this.home, 'switchyard.log'), 'utf8');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** No key, no Ollama: whatever this machine has must not show. */
const variables = (home: string): Record<string, string> => ({ SWITCHYARD_HOME: home, OLLAMA_HOST: '127.0.0.1:1' });

class Pipe extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Told {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RealApp {
  /** Types a line and presses enter. */
  say(line: string): Promise<void>;
  /** All that was shown so far; on a terminal what the screen shows. */
  shown(): string;
  /** Messages of the bot so far, without the `bot: ` in front and the indent. */
  heard(): readonly string[];
  /** Types a line and resolves with the next message of the bot that fits. */
  ask(line: string, fits?: RegExp): Promise<string>;
  /** The next message from now on that fits. */
  next(fits: RegExp, timeoutMs?: number): Promise<string>;
  readonly keyboard: Keyboard;
  readonly screen: Screen;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void;
  /** Ends the input and resolves with the exit code. */
  end(): Promise<number>;
  readonly exit: Promise<number>;
  readonly errors: readonly string[];
}

interface Streams {
  readonly input: PassThrough;
  readonly output: Writable;
  readonly text: () => string;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  /** A terminal this wide instead of a pipe. */
  readonly columns?: number;
  readonly args?: readonly string[];
}

export async function startApp(place: Place, options: StartOptions = {}): Promise<RealApp> {
  const keyboard = new Keyboard();
  const screen = new Screen(options.columns ?? 100);
  const streams =
    options.columns === undefined
      ? pipes()
      : { input: keyboard, output: screen, text: () => screen.lines().join('\n') };
  const signals = new EventEmitter();
  const errors: string[] = [];
  const parts = {
    ...surroundings(place, options.env),
    stdin: streams.input as unknown as NodeJS.ReadStream,
    stdout: streams.output as unknown as NodeJS.WriteStream,
    out: (text: string) => streams.output.write(`${text}\n`),
    err: (text: string) => void errors.push(text),
    signals: {
      on: (name: string, fn: () => void) => signals.on(name, fn),
      off: (name: string, fn: () => void) => signals.off(name, fn),
    },
  };
  const exit = runCli(['start', ...(options.args ?? [])], parts);
  let over = false;
  void exit.finally(() => {
    over = true;
  });
  await until(async () => over || (await callControl(place.home, 'status', {})).kind === 'answered', 'the start');
  const app: RealApp = {
    ...{ keyboard, screen, exit, errors, shown: streams.text },
    say: async (line) => {
      if (options.columns === undefined) streams.input.write(`${line}\n`);
      else await keyboard.press(...line, key.enter);
    },
    heard: () => messages(streams.text()),
    async ask(line, fits = /^/) {
      const reply = app.next(fits);
      await app.say(line);
      return reply;
    },
    async next(fits, timeoutMs = 30_000) {
      const from = app.heard().length;
      const found = (): string | undefined =>
        app
          .heard()
          .slice(from)
          .find((text) => fits.test(text));
      await until(() => found() !== undefined, `${fits}; shown:\n${streams.text()}`, timeoutMs).catch(() => {
        throw new Error(`waited for ${fits}; shown:\n${streams.text()}\n${errors.join('\n')}`);
      });
      return found() ?? '';
    },
    signal: (name) => void signals.emit(name),
    end: () => {
      streams.input.end();
      return exit;
    },
  };
  return app;
}

/** A verb of the command line, beside a running process or without one. */
export async function cli(place: Place, ...args: readonly string[]): Promise<Told> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(args, {
    ...surroundings(place),
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    signals: { on: () => undefined, off: () => undefined },
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function surroundings(place: Place, env: Record<string, string> = {}) {
  const { folder, home } = place;
  return {
    env: readEnv({ ...variables(home), ...env }, folder),
    workingDirectory: folder,
    clock: systemClock,
    kill: (code: number) => {
      throw new Error(`ended by force with ${code}`);
    },
    onCrash: () => undefined,
    createApp,
    openStore: () => openOfflineStore(home, systemClock.now),
    reconcile: (forget) => reconcileOffline(readEnv({ ...variables(home), ...env }, folder), folder, forget),
    openLinks: () => openOfflineLinks(readEnv({ ...variables(home), ...env }, folder), folder),
    call: (verb, params) => callControl(home, verb, params),
  } satisfies Partial<Omit<Cli, 'finish'>>;
}

function pipes(): Streams {
  const output = new Pipe();
  return { input: new PassThrough(), output, text: () => output.text };
}

function messages(text: string): readonly string[] {
  const found: string[] = [];
  let open = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('bot: ')) {
      found.push(line.slice(5));
      open = true;
    } else if (open && (line === '' || line.startsWith('     '))) found.push(`${found.pop() ?? ''}\n${line.slice(5)}`);
    else open = false;
  }
  return found.map((message) => message.trimEnd());
}
