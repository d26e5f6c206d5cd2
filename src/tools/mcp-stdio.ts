// MCP over the stdin and stdout of a program, one JSON message per line. Unlike the SDK's own transport the program gets
// exactly the environment given, runs in a process group that ends as a whole, and its last words are kept for errors.
// Called by mcp-server.ts. Wire rules: MCP specification 2025-11-25, "Transports", stdio.
import type { JSONRPCMessage, MCPTransport, MCPTransportSendOptions } from '@ai-sdk/mcp';
import type { Clock } from '../infra/clock.ts';
import { CapturedOutput } from './captured-output.ts';
import { isRecord } from './mcp-names.ts';
import type { Exit, ProcessGroup, ProcessGroups, ProgramSpec } from './process-groups.ts';

/** A line longer than this ends the server, in bytes. */
const maxLine = 10_000_000;
/** How long the rest of its output is awaited after it ended, in milliseconds. */
const drainMs = 500;

export interface StdioParts {
  readonly groups: ProcessGroups;
  readonly clock: Clock;
}

export class StdioTransport implements MCPTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #parts: StdioParts;
  readonly #spec: ProgramSpec;
  readonly #said = new CapturedOutput(0, 2000);
  readonly #cancels = new Map<number | string, () => void>();
  #group: ProcessGroup | undefined;
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #exit: Exit | undefined;
  #tooLong = false;

  constructor(parts: StdioParts, spec: Omit<ProgramSpec, 'stdin'>) {
    this.#parts = parts;
    this.#spec = { ...spec, stdin: 'pipe' };
  }

  async start(): Promise<void> {
    const group = this.#parts.groups.start(this.#spec);
    this.#group = group;
    const { stdin, stdout, stderr } = group.child;
    stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
    stderr?.on('data', (chunk: Buffer) => this.#said.add(chunk));
    for (const stream of [stdin, stdout, stderr]) stream?.on('error', (error: Error) => this.onerror?.(error));
    const closed = new Promise<void>((resolve) => group.child.once('close', () => resolve()));
    void group.exited.then((exit) => this.#ended(exit, closed));
    await new Promise<void>((resolve, reject) => {
      group.child.once('spawn', resolve);
      group.child.once('error', reject);
    });
  }

  /** Why the server is not there any more, as the end of a sentence; undefined while it runs. */
  whyEnded(): string | undefined {
    if (this.#tooLong) return 'it sent a message larger than 10 MB';
    if (this.#exit === undefined) return undefined;
    const said = this.#said.text().trim();
    return said === '' ? exitText(this.#exit) : `${exitText(this.#exit)}; its last words: ${said}`;
  }

  async send(message: JSONRPCMessage, options?: MCPTransportSendOptions): Promise<void> {
    const stdin = this.#group?.child.stdin;
    if (stdin === null || stdin === undefined || this.#exit !== undefined || stdin.destroyed) {
      throw new Error('Connection closed');
    }
    this.#cancelOnAbort(message, options?.signal);
    await new Promise<void>((resolve, reject) => {
      stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends the program and all it started. */
  async close(): Promise<void> {
    this.#group?.child.stdin?.end();
    await this.#group?.stop();
  }

  /** A request given up on our side is also cancelled on theirs, as the specification asks. */
  #cancelOnAbort(message: JSONRPCMessage, signal: AbortSignal | undefined): void {
    if (signal === undefined || !('method' in message) || !('id' in message)) return;
    const { id, method } = message;
    // "The initialize request MUST NOT be cancelled by clients."
    if (method === 'initialize') return;
    const cancel = (): void => {
      this.#cancels.delete(id);
      const notice: JSONRPCMessage = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } };
      this.send(notice).catch(() => undefined);
    };
    signal.addEventListener('abort', cancel, { once: true });
    this.#cancels.set(id, () => signal.removeEventListener('abort', cancel));
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#pending, rest.subarray(0, end)]);
      this.#pending = [];
      this.#pendingLength = 0;
      rest = rest.subarray(end + 1);
      this.#line(line.toString('utf8').trim());
    }
    this.#pending.push(rest);
    this.#pendingLength += rest.length;
    if (this.#pendingLength <= maxLine || this.#tooLong) return;
    this.#tooLong = true;
    this.#pending = [];
    void this.close();
  }

  #line(text: string): void {
    if (text === '') return;
    try {
      const message: unknown = JSON.parse(text);
      if (!isMessage(message)) throw new Error('not a JSON-RPC message');
      if ('id' in message && !('method' in message) && message.id !== undefined) this.#answered(message.id);
      this.onmessage?.(message);
    } catch (error) {
      // A stray print, or the answer to a request that was given up: neither ends the connection.
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #answered(id: number | string): void {
    this.#cancels.get(id)?.();
    this.#cancels.delete(id);
  }

  async #ended(exit: Exit, closed: Promise<void>): Promise<void> {
    this.#exit = exit;
    for (const forget of this.#cancels.values()) forget();
    this.#cancels.clear();
    // What the server had started has no use without it, and would hold the pipes open.
    await this.#group?.stop();
    const drained = new AbortController();
    void closed.then(() => drained.abort());
    await this.#parts.clock.sleep(drainMs, drained.signal);
    this.onclose?.();
  }
}

/** The client checks results against their schemas; here only the envelope is. */
function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isRecord(value) || value.jsonrpc !== '2.0') return false;
  return typeof value.method === 'string' || isRecord(value.result) || isRecord(value.error);
}

function exitText(exit: Exit): string {
  switch (exit.kind) {
    case 'exited':
      return `it ended with exit code ${exit.code}`;
    case 'killed':
      return `it was ended by ${exit.signal}`;
    case 'not-started':
      return `it could not be started (${exit.error.message})`;
  }
}
