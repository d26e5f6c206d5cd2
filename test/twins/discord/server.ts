// The REST side of the twin: addresses, tokens, faults, rates, the record of calls, going down and coming up on the same
// port. What is answered comes from routes.ts. Made by twin.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/infra/clock.ts';
import { type Fault, Faults } from './faults.ts';
import type { Headers, Rates } from './rates.ts';
import { plain, Refusal } from './refusal.ts';
import { type Answer, type Request, readBody } from './request.ts';
import { find, type Route } from './routes.ts';
import type { StoredFile, Wire } from './world.ts';

export interface TwinCall {
  /** `POST /channels/:id/messages` */
  readonly route: string;
  /** `/channels/1234.../messages` */
  readonly path: string;
  readonly ids: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly body: Wire;
  /** Names of the files sent along. */
  readonly files: readonly string[];
  /** Unix time in milliseconds. */
  readonly at: number;
  /** The HTTP status; what became of it otherwise; undefined while it is open. `gone`: the caller left before. */
  answered?: number | 'reset' | 'gone';
}

export interface Backend {
  readonly clock: Clock;
  readonly rates: Rates;
  readonly routes: readonly Route[];
  /** The bot's token is right. */
  authorized(token: string): boolean;
  file(id: string): StoredFile | undefined;
  /** A fault is made of the call. */
  faulted(call: TwinCall): void;
}

interface Exchange {
  readonly call: TwinCall;
  readonly route: Route | undefined;
  readonly request: Request;
  readonly token: string;
  readonly response: ServerResponse;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers: Headers;
}

export class TwinServer {
  readonly calls: TwinCall[] = [];
  readonly faults = new Faults();
  readonly #backend: Backend;
  readonly #server: Server;
  #port = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => void this.#handle(incoming, response));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens on loopback; from the second time on at the same port. */
  async up(): Promise<void> {
    if (this.#server.listening) return;
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
    const url = new URL(incoming.url ?? '/', 'http://twin');
    const file = /^\/attachments\/(\d+)\//.exec(url.pathname)?.[1];
    if (file !== undefined) return write(response, download(this.#backend.file(file)));
    const path = /^\/api\/v10(\/.+)$/.exec(url.pathname)?.[1];
    if (path === undefined) return write(response, refused(plain(404)));
    const { method = 'GET' } = incoming;
    const read = await readBody(incoming).catch((reason: unknown) => (reason instanceof Refusal ? reason : undefined));
    if (read instanceof Refusal) return write(response, refused(read));
    // A client that broke off while it was still sending made no call.
    if (read === undefined) return void response.destroy();
    const found = find(this.#backend.routes, `${method} ${path}`);
    const ids = found?.ids ?? [];
    const call: TwinCall = {
      ...{ route: found?.route.name ?? `${method} ${path}`, path, ids, query: Object.fromEntries(url.searchParams) },
      ...{ body: read.body, files: [...read.files.values()].map(({ name }) => name), at: this.#backend.clock.now() },
    };
    this.calls.push(call);
    response.on('close', () => {
      call.answered ??= 'gone';
    });
    const token = /^Bot (.+)$/.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
    const request = { ids, query: url.searchParams, ...read };
    const fault = this.faults.take(call.route, `${method} ${path}`);
    await this.#play({ call, route: found?.route, request, token, response }, fault);
  }

  /** Carries a call out and answers it, or does to it what the fault says. */
  async #play(exchange: Exchange, fault: Fault | undefined): Promise<void> {
    if (fault === undefined) return this.#answer(exchange, this.#carryOut(exchange));
    this.#backend.faulted(exchange.call);
    if (typeof fault === 'object') {
      if ('slow' in fault) {
        const reply = this.#carryOut(exchange);
        await this.#backend.clock.sleep(fault.slow);
        return this.#answer(exchange, reply);
      }
      if (fault.applied === true) this.#carryOut(exchange);
      return this.#answer(exchange, fault.html === true ? page(fault.status) : refused(Faults.refusal(fault)));
    }
    if (fault === 'hang') return;
    if (fault === 'html') return this.#answer(exchange, page(502));
    if (fault !== 'reset-before') this.#carryOut(exchange);
    if (fault === 'hang-after') return;
    exchange.call.answered = 'reset';
    exchange.response.socket?.resetAndDestroy();
  }

  #carryOut({ call, route, request, token }: Exchange): Reply {
    let headers: Headers = {};
    try {
      if (route === undefined) throw plain(404);
      if (!route.open && !this.#backend.authorized(token)) throw plain(401);
      const major = route.name.includes('/:id') ? (call.ids[0] ?? '') : '';
      const renames = route.name === 'PATCH /channels/:id' && 'name' in request.body;
      const rate = this.#backend.rates.take({
        ...{ route: route.name, renames },
        major: route.name.includes('/:id/:token') ? `${major}/${call.ids[1]}` : major,
      });
      headers = rate.headers;
      if (rate.refusal !== undefined) throw rate.refusal;
      return json(route.handle(request), headers);
    } catch (reason) {
      if (reason instanceof Refusal) return refused(reason, headers);
      return refused(new Refusal(500, 0, `500: Internal Server Error: ${String(reason)}`));
    }
  }

  #answer({ call, response }: Exchange, reply: Reply): void {
    if (response.destroyed) return;
    call.answered = reply.status;
    this.#backend.rates.answered(reply.status);
    write(response, reply);
  }
}

const json = ({ status, body }: Answer, headers: Headers): Reply => ({
  ...{ status, type: 'application/json', headers },
  body: body === undefined ? '' : JSON.stringify(body),
});

const page = (status: number): Reply => ({
  ...{ status, type: 'text/html', headers: {} },
  body: `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>`,
});

function refused({ status, code, message, more }: Refusal, headers: Headers = {}): Reply {
  const { retry_after: wait, global } = more;
  const limited = {
    ...(typeof wait === 'number' ? { 'retry-after': String(wait) } : {}),
    ...(status === 429 ? { 'x-ratelimit-scope': global === true ? 'global' : 'user' } : {}),
    ...(global === true ? { 'x-ratelimit-global': 'true' } : {}),
  };
  return {
    ...{ status, type: 'application/json', headers: { ...headers, ...limited } },
    body: JSON.stringify(status === 429 ? { message, ...more } : { message, code, ...more }),
  };
}

const download = (file: StoredFile | undefined): Reply =>
  file === undefined
    ? refused(plain(404))
    : { status: 200, type: file.type ?? 'application/octet-stream', body: file.data, headers: {} };

function write(response: ServerResponse, { status, type, body, headers }: Reply): void {
  const content = status === 204 ? {} : { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
  response.writeHead(status, { ...content, ...headers }).end(status === 204 ? undefined : body);
}
