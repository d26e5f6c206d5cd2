// The HTTP side of the twin: addresses, faults, the record of calls, going down and coming up on the same port. What is
// answered comes from twin.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/infra/clock.ts';
import { type Fault, Faults } from './faults.ts';
import { Params, readParams } from './params.ts';
import { PollMeter } from './poll-meter.ts';
import { bare, Refusal } from './refusal.ts';

export interface TwinCall {
  /** A method of the Bot API, or `download` for a file. */
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** The HTTP status; what became of it otherwise; undefined while it is open. `gone`: the caller left before. */
  answered?: number | 'reset' | 'gone';
}

export interface Backend {
  readonly token: string;
  /** @throws Refusal */
  answer(method: string, params: Params, gone: AbortSignal): Promise<unknown>;
  file(path: string): Uint8Array | undefined;
}

interface Exchange {
  readonly call: TwinCall;
  readonly params: Params;
  readonly token: string;
  readonly response: ServerResponse;
  readonly gone: AbortSignal;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}

export class TwinServer {
  readonly calls: TwinCall[] = [];
  readonly polls = new PollMeter();
  readonly faults = new Faults();
  readonly #clock: Clock;
  readonly #backend: Backend;
  readonly #server: Server;
  #port = 0;

  constructor(clock: Clock, backend: Backend) {
    this.#clock = clock;
    this.#backend = backend;
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => void this.#handle(incoming, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens on loopback; from the second time on at the same port. */
  async up(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections; new ones are refused. */
  async down(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const url = new URL(incoming.url ?? '/', 'http://twin');
    const path = /^\/(file\/)?bot([^/]+)\/(.+)$/.exec(decodeURIComponent(url.pathname));
    if (path === null) return write(response, refused(bare(404)));
    const [, file, token = '', name = ''] = path;
    const params = await this.#params(incoming, { file: file !== undefined, name, query: url.searchParams });
    if (params instanceof Refusal) return write(response, refused(params));
    // A client that broke off while it was still sending made no call.
    if (params === undefined) return void response.destroy();
    const call: TwinCall = {
      method: file === undefined ? name : 'download',
      params: params.values,
      at: this.#clock.now(),
    };
    this.calls.push(call);
    response.on('close', () => {
      call.answered ??= 'gone';
    });
    if (call.method === 'getUpdates') await this.polls.enter(gone.signal);
    await this.#play({ call, params, token, response, gone: gone.signal }, this.faults.take(call.method));
  }

  async #params(
    incoming: IncomingMessage,
    to: { readonly file: boolean; readonly name: string; readonly query: URLSearchParams },
  ): Promise<Params | Refusal | undefined> {
    if (to.file) return new Params({ path: to.name });
    return readParams(incoming, to.query).catch((reason: unknown) => (reason instanceof Refusal ? reason : undefined));
  }

  /** Carries a call out and answers it, or does to it what the fault says. */
  async #play(exchange: Exchange, fault: Fault | undefined): Promise<void> {
    const { call, response, gone } = exchange;
    if (fault === undefined) return this.#answer(exchange, await this.#carryOut(exchange));
    if (typeof fault === 'object') {
      if ('slow' in fault) {
        const reply = await this.#carryOut(exchange);
        await this.#clock.sleep(fault.slow, gone);
        return this.#answer(exchange, reply);
      }
      if ('html' in fault) {
        if (fault.applied === true) await this.#carryOut(exchange);
        return this.#answer(exchange, page(fault.html));
      }
      return this.#answer(exchange, refused(Faults.refusal(fault)));
    }
    if (fault === 'hang') return;
    if (fault === 'html') return this.#answer(exchange, page(502));
    const reply = fault === 'reset-before' ? undefined : await this.#carryOut(exchange);
    if (fault === 'hang-after') return;
    call.answered = 'reset';
    if (fault === 'cut' && reply !== undefined) return cut(response, reply);
    response.socket?.resetAndDestroy();
  }

  async #carryOut({ call, params, token, gone }: Exchange): Promise<Reply> {
    try {
      if (!/^\d+:[\w-]+$/.test(token)) throw bare(404);
      if (token !== this.#backend.token) throw bare(401);
      if (call.method === 'download') return download(this.#backend.file(params.text('path') ?? ''));
      return json(200, { ok: true, result: await this.#backend.answer(call.method, params, gone) });
    } catch (reason) {
      if (reason instanceof Refusal) return refused(reason);
      return json(500, { ok: false, error_code: 500, description: `Internal Server Error: ${String(reason)}` });
    }
  }

  #answer({ call, response, gone }: Exchange, reply: Reply): void {
    if (gone.aborted) return;
    call.answered = reply.status;
    if (call.method === 'getUpdates' && reply.status === 409) this.polls.answered409 += 1;
    write(response, reply);
  }
}

const json = (status: number, body: unknown): Reply => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});

const page = (status: number): Reply => ({
  ...{ status, type: 'text/html' },
  body: `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>`,
});

const refused = ({ code, message, parameters }: Refusal): Reply =>
  json(code, {
    ok: false,
    error_code: code,
    description: message,
    ...(parameters === undefined ? {} : { parameters }),
  });

const download = (data: Uint8Array | undefined): Reply =>
  data === undefined ? refused(bare(404)) : { status: 200, type: 'application/octet-stream', body: data };

function write(response: ServerResponse, { status, type, body }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Half of the body, then the connection breaks. */
function cut(response: ServerResponse, { status, type, body }: Reply): void {
  const whole = Buffer.from(body);
  response.writeHead(status, { 'content-type': type, 'content-length': whole.byteLength });
  response.write(whole.subarray(0, Math.floor(whole.byteLength / 2)), () => response.destroy());
}
