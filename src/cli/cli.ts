// What every verb gets: where the state is, how to speak, how to reach the engine, how to end. Built by main.ts; faked in tests.
import type { Command } from 'commander';
import { type Refusal, type Result, refusalText } from '../core/result.ts';
import type { Clock } from '../infra/clock.ts';
import type { Env } from '../infra/env.ts';
import type { CallResult } from './control-client.ts';
import type {
  ControlAnswers,
  ControlParams,
  ControlVerb,
  CreateApp,
  LinkDesk,
  MaintenanceFinding,
  OfflineStore,
} from './engine-port.ts';

/** Exit codes of all verbs. */
export const exits = { ok: 0, failed: 1, notRunning: 2, noTerminal: 2 } as const;
export type Exit = (typeof exits)[keyof typeof exits];

export interface Signals {
  on(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', fn: () => void): void;
  off(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', fn: () => void): void;
}

export interface Cli {
  readonly env: Env;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Write whole lines; the line break is added. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly signals: Signals;
  /** Ends the process at once, for the second signal. */
  readonly kill: (code: number) => void;
  /** Calls `fn` when a bug is about to end the process. */
  readonly onCrash: (fn: (error: unknown) => void) => void;
  readonly createApp: CreateApp;
  readonly openStore: () => Promise<OfflineStore | undefined>;
  /**
   * Links accounts while no process runs. Refused: `already_running`, and whatever keeps the state from being opened.
   * @param env the one to work with, where it is not `env` any more
   */
  readonly openLinks: (env?: Env) => Promise<Result<LinkDesk>>;
  /**
   * Puts right what a crash left, while no process runs. Undefined: there is no state. Refused: `already_running`.
   * @param forget deletes what is kept of damaged records as well
   */
  readonly reconcile: (forget: boolean) => Promise<Result<readonly MaintenanceFinding[]> | undefined>;
  readonly call: <V extends ControlVerb>(verb: V, params: ControlParams<V>) => Promise<CallResult<V>>;
  /** Exit code of the verb; the last one said counts. */
  readonly finish: (code: Exit) => void;
}

/** Adds one verb to the program; each verb's file exports one. */
export type AddVerb = (program: Command, cli: Cli) => void;

export function refused(cli: Cli, refusal: Refusal): void {
  cli.err(refusalText(refusal));
  cli.finish(exits.failed);
}

export function notRunning(cli: Cli): void {
  cli.err(`not running (state folder ${cli.env.home}). Start it with: switchyard start`);
  cli.finish(exits.notRunning);
}

export function printJson(cli: Cli, value: unknown): void {
  cli.out(JSON.stringify(value, undefined, 2));
}

/** Asks the running process, for verbs that cannot work without it. Undefined: the person has been told why not. */
export async function ask<V extends ControlVerb, T>(
  cli: Cli,
  verb: V,
  params: ControlParams<V>,
  then: (value: Extract<CallResult<V>, { kind: 'answered' }>['value']) => T,
): Promise<T | undefined> {
  const reply = await cli.call(verb, params);
  switch (reply.kind) {
    case 'answered':
      return then(reply.value);
    case 'refused':
      refused(cli, reply.refusal);
      return undefined;
    case 'not-running':
      notRunning(cli);
      return undefined;
  }
}

/** Asks the running process, or, when there is none, the stored records. Undefined: the person has been told why not. */
export async function look<V extends ControlVerb>(
  cli: Cli,
  verb: V,
  params: ControlParams<V>,
  read: (store: OfflineStore) => Promise<Result<ControlAnswers[V]> | ControlAnswers[V]>,
): Promise<ControlAnswers[V] | undefined> {
  const reply = await cli.call(verb, params);
  if (reply.kind === 'answered') return reply.value;
  if (reply.kind === 'refused') {
    refused(cli, reply.refusal);
    return undefined;
  }
  const store = await cli.openStore();
  if (store === undefined) {
    notRunning(cli);
    return undefined;
  }
  try {
    const found = await read(store);
    if (!isResult(found)) return found;
    if (found.ok) return found.value;
    refused(cli, found.refusal);
    return undefined;
  } finally {
    await store.close();
  }
}

function isResult<T>(value: Result<T> | T): value is Result<T> {
  return typeof value === 'object' && value !== null && 'ok' in value;
}
