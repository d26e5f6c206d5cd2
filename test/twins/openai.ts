// A loopback server that speaks OpenAI's streaming chat completions (and lists models, also as Ollama's /api/tags): what the
// real AI SDK talks to in tests. Answers what it was told to, in order, and keeps every request.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TwinCall {
  readonly id?: string;
  readonly name: string;
  /** A string is sent as it is, valid JSON or not. */
  readonly arguments: Record<string, unknown> | string;
}

export type TwinReply =
  | { readonly kind: 'text'; readonly text: string; readonly usage?: readonly [number, number] | null }
  /** Arguments are streamed in pieces of `chunk` characters. */
  | { readonly kind: 'calls'; readonly text?: string; readonly calls: readonly TwinCall[]; readonly chunk?: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** Sends `text`, then nothing more until the client goes away. Without `text` not even headers. */
  | { readonly kind: 'hang'; readonly text?: string }
  /** Sends `text`, then breaks the connection. */
  | { readonly kind: 'cut'; readonly text: string }
  /** Sends `text`, then ends cleanly without a finish reason. */
  | { readonly kind: 'unfinished'; readonly text: string };

export interface TwinMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
}

export interface TwinRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly model: string;
    readonly messages: readonly TwinMessage[];
    readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: unknown } }[];
    readonly reasoning_effort?: string;
  };
  /** The client closed the connection before the answer was complete. */
  gone: boolean;
}

export type TwinScript = (request: TwinRequest) => TwinReply | Promise<TwinReply>;

export interface OpenAiTwin {
  /** Base URL with `/v1`. */
  readonly url: string;
  readonly requests: readonly TwinRequest[];
  /** Answers for the next requests, in order. */
  queue(...replies: readonly TwinReply[]): void;
  /** Answers everything the queue does not; default: the text `ok`. */
  always(script: TwinScript): void;
  /** Names listed by /api/tags and /v1/models. */
  models: string[];
  close(): Promise<void>;
}

export const text = (value: string): TwinReply => ({ kind: 'text', text: value });
export const calls = (...list: readonly TwinCall[]): TwinReply => ({ kind: 'calls', calls: list });
export const status = (code: number, headers: Record<string, string> = {}, body?: unknown): TwinReply => ({
  ...{ kind: 'status', status: code, headers },
  body: body ?? { error: { message: `twin says ${code}`, type: 'twin', code: null } },
});

export async function openAiTwin(): Promise<OpenAiTwin> {
  const queue: TwinReply[] = [];
  const requests: TwinRequest[] = [];
  let script: TwinScript = () => ({ kind: 'text', text: 'ok' });
  const server = createServer(async (incoming, response) => {
    if (incoming.url === '/api/tags') {
      const models = twin.models.map((name) => ({ name, details: { family: 'llama' } }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ models }));
      return;
    }
    if (incoming.url === '/v1/models') {
      const data = twin.models.map((id) => ({ id, object: 'model' }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
      return;
    }
    const body = JSON.parse(await readBody(incoming)) as TwinRequest['body'];
    const request: TwinRequest = { path: incoming.url ?? '', headers: incoming.headers, body, gone: false };
    requests.push(request);
    response.on('close', () => {
      request.gone = !response.writableFinished;
    });
    await answer(response, queue.shift() ?? (await script(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const twin: OpenAiTwin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    models: [],
    queue: (...replies) => void queue.push(...replies),
    always: (next) => {
      script = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return twin;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function answer(response: ServerResponse, reply: TwinReply): Promise<void> {
  switch (reply.kind) {
    case 'status':
      response
        .writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
        .end(JSON.stringify(reply.body));
      return;
    case 'text':
      stream(response, pieces(reply.text, 8).map(textDelta));
      finish(response, 'stop', reply.usage === undefined ? [12, 7] : reply.usage);
      return;
    case 'calls':
      stream(response, reply.text === undefined ? [] : [textDelta(reply.text)]);
      reply.calls.forEach((call, index) => {
        stream(response, callDeltas(call, index, reply.chunk ?? 7));
      });
      finish(response, 'tool_calls', [12, 7]);
      return;
    case 'hang':
      if (reply.text !== undefined) stream(response, [textDelta(reply.text)]);
      return;
    case 'cut':
      stream(response, [textDelta(reply.text)]);
      await new Promise((resolve) => setImmediate(resolve));
      response.destroy();
      return;
    case 'unfinished':
      stream(response, reply.text === '' ? [] : [textDelta(reply.text)]);
      response.end();
      return;
  }
}

function callDeltas(call: TwinCall, index: number, chunk: number): unknown[] {
  const args = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments);
  const id = call.id ?? `call_${index}`;
  const first = { index, id, type: 'function', function: { name: call.name, arguments: '' } };
  const rest = pieces(args, chunk).map((piece) => ({ index, function: { arguments: piece } }));
  return [first, ...rest].map((one) => ({ tool_calls: [one] }));
}

const textDelta = (content: string): unknown => ({ content });

function pieces(value: string, size: number): string[] {
  return value.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
}

function stream(response: ServerResponse, deltas: readonly unknown[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const delta of deltas) send(response, { choices: [{ index: 0, delta, finish_reason: null }] });
}

function finish(response: ServerResponse, reason: string, usage: readonly [number, number] | null): void {
  send(response, { choices: [{ index: 0, delta: {}, finish_reason: reason }] });
  if (usage !== null) {
    const [input, output] = usage;
    send(response, {
      choices: [],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    });
  }
  response.end('data: [DONE]\n\n');
}

function send(response: ServerResponse, part: Record<string, unknown>): void {
  const chunk = { id: 'chatcmpl-twin', object: 'chat.completion.chunk', created: 1, model: 'twin', ...part };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
