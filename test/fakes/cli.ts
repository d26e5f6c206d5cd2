// The command line's surroundings for tests: collects what is printed, answers control calls as told.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Cli } from '../../src/cli/cli.ts';
import type { CallResult } from '../../src/cli/control-client.ts';
import type { ControlParams, ControlVerb } from '../../src/cli/engine-port.ts';
import { runCli } from '../../src/cli/program.ts';
import { readEnv } from '../../src/infra/env.ts';
import { virtualClock } from './clock.ts';

export interface FakeCli {
  readonly parts: Omit<Cli, 'finish'>;
  readonly out: string[];
  readonly err: string[];
  readonly calls: { readonly verb: ControlVerb; readonly params: unknown }[];
  readonly killed: number[];
  readonly signals: EventEmitter;
  /** Emits `crash`. */
  readonly crash: EventEmitter;
  /** Answers of a running process by verb; a verb without one is answered `not-running`. */
  readonly answers: Partial<Record<ControlVerb, unknown>>;
  run(...args: readonly string[]): Promise<number>;
}

export function fakeCli(home: string, change: Partial<Omit<Cli, 'finish'>> = {}): FakeCli {
  const out: string[] = [];
  const err: string[] = [];
  const calls: FakeCli['calls'] = [];
  const killed: number[] = [];
  const signals = new EventEmitter();
  const crash = new EventEmitter();
  const answers: FakeCli['answers'] = {};
  const parts: Omit<Cli, 'finish'> = {
    env: readEnv({ SWITCHYARD_HOME: home }, home),
    workingDirectory: home,
    clock: virtualClock(),
    // Streams a test never reads as a terminal; the types of the real ones have no smaller form.
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    signals: { on: (name, fn) => signals.on(name, fn), off: (name, fn) => signals.off(name, fn) },
    kill: (code) => killed.push(code),
    onCrash: (fn) => crash.on('crash', fn),
    createApp: () => Promise.reject(new Error('no app in this test')),
    openStore: async () => undefined,
    openLinks: () => Promise.reject(new Error('no links in this test')),
    reconcile: async () => undefined,
    call: async <V extends ControlVerb>(verb: V, params: ControlParams<V>): Promise<CallResult<V>> => {
      calls.push({ verb, params });
      return verb in answers ? (answers[verb] as CallResult<V>) : { kind: 'not-running' };
    },
    ...change,
  };
  return { parts, out, err, calls, killed, signals, crash, answers, run: (...args) => runCli(args, parts) };
}
