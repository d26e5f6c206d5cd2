// One MCP server: started on first need, restarted with backoff after it ended, asked with deadlines. Called by mcp.ts.
import type { ListToolsResult, MCPClient, MCPTransport } from '@ai-sdk/mcp';
import { ok, type Result, refuse } from '../core/result.ts';
import type { Clock } from '../infra/clock.ts';
import { errorCode, errorText } from './define.ts';
import { boundedFetch } from './mcp-http.ts';
import { StdioTransport } from './mcp-stdio.ts';
import type { ProcessGroups } from './process-groups.ts';
import { clipEnd, secondsText } from './text.ts';

/** One entry of `tools.mcp`: either `command` or `url` is set. */
export interface McpServerConfig {
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface McpParts {
  readonly clock: Clock;
  readonly groups: ProcessGroups;
  /** The allowed part of our environment, for local servers. */
  readonly childEnv: () => Readonly<Record<string, string>>;
  /** Where local servers start unless their config says otherwise. */
  readonly cwd: string;
  /** Of one tool call, in milliseconds; default 120,000. */
  readonly callTimeoutMs?: number;
  /** Told once for every failed start and every crash. */
  readonly onProblem?: (server: string, sentence: string) => void;
}

export type ToolDefinitions = ListToolsResult['tools'];

const startTimeoutMs = 60_000;
const listTimeoutMs = 30_000;
const defaultCallTimeoutMs = 120_000;
const closeTimeoutMs = 5000;
/** How long a list of tools is trusted. */
const listFreshMs = 60_000;
const firstBackoffMs = 1000;
const maxBackoffMs = 60_000;
/** A server that lived this long starts its backoff anew. */
const stableMs = 60_000;
/** A restart due sooner than this is waited for, a later one is refused. */
const patienceMs = 3000;
const maxPages = 20;

interface Connection {
  readonly client: MCPClient;
  readonly transport: StdioTransport | undefined;
  readonly since: number;
  ended: boolean;
}

export class McpServer {
  readonly name: string;
  readonly #config: McpServerConfig;
  readonly #parts: McpParts;
  #connection: Connection | undefined;
  #connecting: Promise<Result<Connection>> | undefined;
  #tools: { readonly list: ToolDefinitions; readonly at: number } | undefined;
  #failures = 0;
  #retryAt = 0;
  #lastError = '';
  readonly #closing = new AbortController();

  constructor(name: string, config: McpServerConfig, parts: McpParts) {
    this.name = name;
    this.#config = config;
    this.#parts = parts;
  }

  /** One sentence for the doctor and for people. */
  status(): { readonly state: 'ready' | 'starting' | 'idle' | 'failed'; readonly detail: string } {
    if (this.#connection !== undefined) return { state: 'ready', detail: `${this.#tools?.list.length ?? 0} tools.` };
    if (this.#connecting !== undefined) return { state: 'starting', detail: 'It is being started.' };
    if (this.#lastError !== '') return { state: 'failed', detail: this.#lastError };
    return { state: 'idle', detail: 'It is started when an agent first needs it.' };
  }

  /** What the server last said it offers; also known while it is down. */
  known(): ToolDefinitions {
    return this.#tools?.list ?? [];
  }

  /** Its tools, starting it if needed. Never throws. */
  async tools(): Promise<Result<ToolDefinitions>> {
    const { clock } = this.#parts;
    const fresh = this.#tools !== undefined && clock.now() - this.#tools.at < listFreshMs;
    if (fresh && this.#connection !== undefined && this.#tools !== undefined) return ok(this.#tools.list);
    const connected = await this.#connect();
    if (!connected.ok) return connected;
    try {
      const list = await this.#list(connected.value.client);
      this.#tools = { list, at: clock.now() };
      return ok(list);
    } catch (error) {
      return this.#failed(connected.value, error, 'listing its tools');
    }
  }

  /**
   * Calls a tool by the server's own name for it. A call is never repeated: it may have had its effect.
   * @returns the raw result, or a refusal (`mcp_unavailable`, `mcp_failed`, `mcp_stopped`)
   */
  async call(
    tool: string,
    input: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<Result<Record<string, unknown>>> {
    const connected = await this.#connect(signal);
    if (!connected.ok) return connected;
    const timeout = this.#parts.callTimeoutMs ?? defaultCallTimeoutMs;
    try {
      const args = { name: tool, arguments: input, options: { signal, timeout } };
      return ok(await connected.value.client.callTool(args));
    } catch (error) {
      if (signal.aborted) return refuse('mcp_stopped', 'The call was stopped.', '');
      return this.#failed(connected.value, error, `running ${tool}`);
    }
  }

  /** Ends the connection and, for a local server, its processes. */
  async close(): Promise<void> {
    this.#closing.abort();
    const waiting = await this.#connecting;
    const connection = this.#connection ?? (waiting?.ok ? waiting.value : undefined);
    if (connection !== undefined) await this.#drop(connection);
  }

  async #connect(signal?: AbortSignal): Promise<Result<Connection>> {
    if (this.#closing.signal.aborted) return refuse('mcp_unavailable', `The MCP server ${this.name} is closed.`, '');
    if (this.#connection !== undefined) return ok(this.#connection);
    const wait = this.#retryAt - this.#parts.clock.now();
    if (this.#connecting === undefined && wait > patienceMs) {
      return refuse('mcp_unavailable', this.#lastError, `It is tried again in ${secondsText(wait)}.`);
    }
    this.#connecting ??= this.#open(Math.max(0, wait)).finally(() => {
      this.#connecting = undefined;
    });
    const stopped = refuse('mcp_stopped', 'The call was stopped.', '');
    return signal === undefined ? this.#connecting : orAbort(this.#connecting, signal, stopped);
  }

  async #open(waitMs: number): Promise<Result<Connection>> {
    const { signal } = this.#closing;
    if (waitMs > 0) await this.#parts.clock.sleep(waitMs, signal);
    const transport = this.#config.command === undefined ? undefined : this.#stdio(this.#config.command);
    try {
      const { createMCPClient } = await import('@ai-sdk/mcp');
      const client = await createMCPClient({
        transport: transport ?? this.#http(),
        clientName: 'switchyard',
        initializationOptions: { timeout: startTimeoutMs, signal },
        // Stray output and late answers; what matters fails its request as well.
        onUncaughtError: () => undefined,
      });
      const connection: Connection = { client, transport, since: this.#parts.clock.now(), ended: false };
      this.#connection = connection;
      this.#lastError = '';
      if (transport !== undefined) this.#watch(connection, transport);
      return ok(connection);
    } catch (error) {
      const why = transport?.whyEnded() ?? reasonText(error);
      if (!signal.aborted) this.#backOff(`The MCP server ${this.name} could not be started: ${why}.`);
      await transport?.close();
      return refuse('mcp_unavailable', this.#lastError, `Check tools.mcp.${this.name} in the config.`);
    }
  }

  #stdio(command: string): StdioTransport {
    const { args = [], env = {}, cwd } = this.#config;
    return new StdioTransport(this.#parts, {
      owner: `mcp:${this.name}`,
      command,
      args,
      cwd: cwd ?? this.#parts.cwd,
      env: { ...this.#parts.childEnv(), ...env },
    });
  }

  #http(): {
    readonly type: 'http';
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly fetch: typeof fetch;
  } {
    return { type: 'http', url: this.#config.url ?? '', headers: { ...this.#config.headers }, fetch: boundedFetch };
  }

  /** The client has its own `onclose`; ours runs after it. */
  #watch(connection: Connection, transport: MCPTransport): void {
    const inner = transport.onclose;
    transport.onclose = () => {
      inner?.();
      this.#lost(
        connection,
        `The MCP server ${this.name} ended: ${connection.transport?.whyEnded() ?? 'connection closed'}.`,
      );
    };
  }

  #lost(connection: Connection, sentence: string): void {
    if (connection.ended || this.#closing.signal.aborted) return;
    connection.ended = true;
    if (this.#connection === connection) this.#connection = undefined;
    if (this.#parts.clock.now() - connection.since >= stableMs) this.#failures = 0;
    this.#backOff(sentence);
  }

  #backOff(sentence: string): void {
    this.#lastError = sentence;
    this.#parts.onProblem?.(this.name, sentence);
    const wait = Math.min(maxBackoffMs, firstBackoffMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = this.#parts.clock.now() + wait;
  }

  async #list(client: MCPClient): Promise<ToolDefinitions> {
    const all: ToolDefinitions = [];
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page += 1) {
      const answer = await client.listTools({
        ...(cursor === undefined ? {} : { params: { cursor } }),
        options: { timeout: listTimeoutMs },
      });
      all.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    return all;
  }

  /** A server that answered with an error is well; one whose connection broke is let go, to be started anew. */
  #failed(connection: Connection, error: unknown, doing: string): Result<never> {
    const text = reasonText(error);
    if (isAnswer(error)) return refuse('mcp_failed', `${this.name} refused: ${text}.`, 'Check the parameters.');
    if (/timed out after/i.test(text)) {
      return refuse('mcp_failed', `${this.name} took too long ${doing}: ${text}.`, 'Try a smaller task.');
    }
    const why = connection.transport?.whyEnded() ?? text;
    const sentence = `The MCP server ${this.name} broke off while ${doing}: ${why}.`;
    this.#lost(connection, sentence);
    void this.#drop(connection);
    return refuse('mcp_failed', sentence, 'It may or may not have had its effect; look before you repeat it.');
  }

  async #drop(connection: Connection): Promise<void> {
    connection.ended = true;
    if (this.#connection === connection) this.#connection = undefined;
    const closing = connection.client.close().catch(() => undefined);
    const limit = new AbortController();
    await Promise.race([closing.finally(() => limit.abort()), this.#parts.clock.sleep(closeTimeoutMs, limit.signal)]);
    await connection.transport?.close();
  }
}

/** JSON-RPC errors carry a number; errors of the connection do not. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && errorCode(error) === '';
}

/** Bounded, since servers put whole pages into errors; with the cause, since "fetch failed" alone says nothing. */
function reasonText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const text = cause === undefined ? errorText(error) : `${errorText(error)} (${errorCode(cause) || errorText(cause)})`;
  return clipEnd(text, 500).text.replace(/\.$/, '');
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal, aborted: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(aborted);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
