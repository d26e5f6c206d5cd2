// A conversation with one harness process: requests that always come to an end, permission questions that can be withdrawn,
// and the reason when it dies. A thin layer over the ACP library, which is loaded with the first harness.
// Used by open.ts, and by doctor.ts through it.
import type { RequestError } from '@agentclientprotocol/sdk';
import { z } from 'zod';
import { redact } from '../core/redact.ts';
import type { Clock } from '../infra/clock.ts';
import { type HarnessProcess, type ProcessDeps, type ProcessSpec, startProcess } from './process.ts';
import { openStream } from './wire.ts';

export interface PermissionQuestion {
  readonly sessionId: string;
  /** As sent; see readToolCall. */
  readonly toolCall?: unknown;
  readonly options: readonly { readonly optionId: string; readonly kind: string }[];
}

export interface Hooks {
  /** Must not wait: the order of updates is the order of calls. */
  readonly update: (sessionId: string, update: unknown) => void;
  /** The optionId to answer with; null answers `cancelled`. `gone` aborts when nobody waits for the answer any more. */
  readonly ask: (question: PermissionQuestion, gone: AbortSignal) => Promise<string | null>;
}

/** Why a request has no answer. */
export class RequestFailure extends Error {
  readonly kind: 'rejected' | 'died' | 'timeout';
  /** Of a rejection: the code of JSON-RPC. */
  readonly code: number | undefined;
  constructor(kind: RequestFailure['kind'], message: string, code?: number) {
    super(message);
    this.kind = kind;
    this.code = code;
  }
}

export interface Connection {
  readonly process: HarnessProcess;
  /** @param limitMs 0: no limit. Throws a `RequestFailure`. */
  request(method: string, params: unknown, limitMs: number): Promise<unknown>;
  /** Best effort: a dead harness needs no notice. */
  notify(method: string, params: unknown): void;
  /** Answers all open permission questions with `cancelled`. */
  withdrawQuestions(): void;
  alive(): boolean;
  /** The reason of its end as a sentence where it has ended or soon does; undefined where it lives on. */
  ending(): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface ConnectionDeps extends ProcessDeps {
  readonly clock: Clock;
}

/** How long after its last words a process that is being ended may still seem to run. */
const soonMs = 500;

const questionSchema = z.looseObject({
  sessionId: z.string(),
  toolCall: z.unknown().optional(),
  options: z.array(z.looseObject({ optionId: z.string(), kind: z.string().catch('') })).catch([]),
});
const updateSchema = z.looseObject({ sessionId: z.string(), update: z.unknown().optional() });

/** Starts the program and speaks to it. Throws an `AcpError` where it cannot be started. */
export async function connect(deps: ConnectionDeps, spec: ProcessSpec, hooks: Hooks): Promise<Connection> {
  const acp = await import('@agentclientprotocol/sdk');
  const harness = await startProcess(deps, spec);
  const open = new Set<AbortController>();
  let alive = true;
  const stream = openStream({
    stdin: harness.stdin,
    stdout: harness.stdout,
    onUpdate: (params) => {
      const found = updateSchema.safeParse(params).data;
      if (found !== undefined) hooks.update(found.sessionId, found.update);
    },
  });
  const connection = acp
    .client({ name: 'switchyard' })
    .onRequest('session/request_permission', questionSchema, async ({ params, signal }) => {
      const gone = new AbortController();
      open.add(gone);
      const asked = AbortSignal.any([gone.signal, signal]);
      const optionId = await Promise.race([hooks.ask(params, asked), whenAborted(asked)]).finally(() =>
        open.delete(gone),
      );
      return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
    })
    .onRequest('*', ({ method }) => {
      throw acp.RequestError.methodNotFound(method);
    })
    .onNotification('*', () => undefined)
    .connect(stream);
  const { exited } = harness;
  const gone = harness.gone.then(() => {
    alive = false;
    withdraw();
  });
  function withdraw(): void {
    for (const each of open) each.abort();
  }
  const reason = (how: string): string => withWords(how, harness.lastWords());
  const died = (how: string): RequestFailure => new RequestFailure('died', reason(how));

  async function request(method: string, params: unknown, limitMs: number): Promise<unknown> {
    const ended = exited.then((how): never => {
      throw died(how);
    });
    ended.catch(() => undefined);
    const limit = timeLimit(deps.clock, limitMs, method);
    const asked = connection.agent.request<unknown>(method, params);
    try {
      return await Promise.race([asked, ended, limit.over]);
    } catch (error) {
      if (error instanceof RequestFailure) throw error;
      if (error instanceof acp.RequestError) throw rejected(error);
      // The pipe broke or the stream ended: the process has gone, or is useless and must go.
      await Promise.race([gone, deps.clock.sleep(soonMs)]);
      if (alive) void harness.stop();
      throw died(alive ? 'it closed the connection' : await exited);
    } finally {
      limit.cancel();
    }
  }

  return {
    process: harness,
    request,
    notify: (method, params) => {
      connection.agent.notify(method, params).catch(() => undefined);
    },
    withdrawQuestions: withdraw,
    alive: () => alive && !connection.signal.aborted,
    ending: async () => {
      await Promise.race([gone, deps.clock.sleep(soonMs)]);
      return alive ? undefined : reason(await exited);
    },
    stop: async () => {
      withdraw();
      connection.close();
      await harness.stop();
    },
  };
}

/** All that waits for an answer of the process is over with it. */
export function endWhenAborted(connection: Connection, signal: AbortSignal | undefined): void {
  const end = (): void => void connection.stop().catch(() => undefined);
  if (signal?.aborted) end();
  else signal?.addEventListener('abort', end, { once: true });
}

function whenAborted(signal: AbortSignal): Promise<null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}

function timeLimit(
  clock: Clock,
  ms: number,
  method: string,
): { readonly over: Promise<never>; readonly cancel: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  if (ms === 0) return { over: promise, cancel: () => undefined };
  const late = `it did not answer ${method} within ${Math.round(ms / 1000)} s`;
  const timer = clock.after(ms, () => reject(new RequestFailure('timeout', late)));
  return { over: promise, cancel: () => timer.cancel() };
}

const detailsSchema = z.looseObject({ details: z.string().optional(), message: z.string().optional() });

/** Harnesses put what went wrong into the message, the data, or its details. */
function rejected({ code, message, data }: RequestError): RequestFailure {
  const details = typeof data === 'string' ? data : undefined;
  const found = detailsSchema.safeParse(data).data;
  const more = details ?? found?.details ?? found?.message;
  const said = more === undefined || message.includes(more) ? message : `${message}: ${more}`;
  // Providers repeat the key they did not like.
  return new RequestFailure('rejected', redact(said), code);
}

function withWords(how: string, words: string): string {
  return words === '' ? `${how}.` : `${how}. Its last words:\n${words}`;
}
