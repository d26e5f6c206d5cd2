// The control socket of a running process: the command line's verbs as HTTP over a unix domain socket. Opened by start.ts
// before anything else, which also makes it the proof that only one process works on a state folder.
import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { z } from 'zod';
import { ok, type Result, refuse } from '../core/result.ts';
import { http } from '../infra/http.ts';
import { pingControl } from './control-client.ts';
import { forgetControlPath, prepareControlPath, recordControlPath } from './control-path.ts';
import {
  type ControlAnswers,
  type ControlHandlers,
  type ControlParams,
  type ControlVerb,
  controlParams,
} from './engine-port.ts';
import { lockState } from './state-lock.ts';

export interface ControlOptions {
  readonly stateDir: string;
  /** Undefined until the engine exists: requests are then refused. */
  readonly handlers: () => ControlHandlers | undefined;
  /** A handler threw. */
  readonly onError: (verb: string, error: unknown) => void;
}

export interface Control {
  readonly path: string;
  close(): Promise<void>;
}

const largestBody = 65_536;

/** Opens the socket. A live process on the same folder is a refusal; what a killed one left behind is replaced. */
export async function startControl(options: ControlOptions): Promise<Result<Control>> {
  const { stateDir } = options;
  const prepared = prepareControlPath(stateDir);
  if (!prepared.ok) return prepared;
  const path = prepared.value;
  const unlock = lockState(stateDir);
  const pid = await pingControl(path);
  if (unlock === undefined || pid !== undefined) {
    unlock?.();
    return running(pid ?? 'unknown', stateDir);
  }
  try {
    recordControlPath(stateDir, path);
    rmSync(path, { force: true });
    const server = http.createServer((ask, answer) => void serve(options, ask, answer));
    await listen(server, path);
    return ok({ path, close: () => close(server, stateDir).finally(unlock) });
  } catch (error) {
    unlock();
    throw error;
  }
}

function running(pid: number | 'unknown', stateDir: string): Result<never> {
  const where = `state folder ${stateDir}`;
  const what =
    pid === 'unknown'
      ? `Switchyard is in use (${where}) and does not answer: it still starts, or links a phone (\`pair whatsapp\`).`
      : `Switchyard is already running (pid ${pid}, ${where}).`;
  return refuse('already_running', what, 'Stop it first, or set SWITCHYARD_HOME to another folder.');
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve();
    });
    // Bound within this call: the socket is private from its first moment.
    const before = process.umask(0o177);
    server.listen(path);
    process.umask(before);
  });
}

function close(server: Server, stateDir: string): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      forgetControlPath(stateDir);
      resolve();
    });
    server.closeAllConnections();
  });
}

async function serve(options: ControlOptions, ask: IncomingMessage, answer: ServerResponse): Promise<void> {
  const verb = (ask.url ?? '').slice(1);
  const body = await readBody(ask);
  const reply = verb === 'ping' ? { pid: process.pid } : await dispatch(options, verb, body);
  answer.on('error', () => undefined);
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify(reply));
}

async function readBody(ask: IncomingMessage): Promise<unknown> {
  let text = '';
  try {
    for await (const part of ask.setEncoding('utf8')) {
      text += part;
      if (text.length > largestBody) return undefined;
    }
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function dispatch(options: ControlOptions, verb: string, body: unknown): Promise<Result<unknown>> {
  if (!isVerb(verb))
    return refuse('unknown_verb', `The running process does not know "${verb}".`, 'Restart it after an update.');
  const handlers = options.handlers();
  if (handlers === undefined) return refuse('starting', 'Switchyard is still starting.', 'Try again in a moment.');
  try {
    return await perform(handlers, verb, body);
  } catch (error) {
    options.onError(verb, error);
    return refuse('internal', 'That failed inside the running process.', 'See `switchyard logs`.');
  }
}

function isVerb(verb: string): verb is ControlVerb {
  return Object.hasOwn(controlParams, verb);
}

function perform<V extends ControlVerb>(
  handlers: ControlHandlers,
  verb: V,
  body: unknown,
): Promise<Result<ControlAnswers[V]>> {
  const params = controlParams[verb].safeParse(body);
  if (!params.success)
    return Promise.resolve(refuse('bad_params', z.prettifyError(params.error), 'Restart it after an update.'));
  return handlers[verb](params.data as ControlParams<V>);
}
