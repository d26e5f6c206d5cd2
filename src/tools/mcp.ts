// The tools of the configured MCP servers as tools of ours.
// src/wiring/models.ts makes one McpTools for the process, asks it for tools before each turn, tells it
// about config changes and closes it at shutdown.
import type { Tool, ToolOutput } from '../core/tool.ts';
import { failure } from './define.ts';
import { exampleFor, isRecord, mcpDescription, mcpResultText, mcpToolName } from './mcp-names.ts';
import { type McpParts, McpServer, type McpServerConfig, type ToolDefinitions } from './mcp-server.ts';

/** How long a turn waits for servers that are still starting; their tools are there at a later turn. */
const startWaitMs = 10_000;

export interface McpStatus {
  readonly name: string;
  readonly state: 'ready' | 'starting' | 'idle' | 'failed';
  /** One sentence. */
  readonly detail: string;
}

export class McpTools {
  readonly #parts: McpParts;
  readonly #servers = new Map<string, { readonly server: McpServer; readonly config: string }>();

  constructor(parts: McpParts) {
    this.#parts = parts;
  }

  /** Takes the current `tools.mcp`. Servers that are gone or changed are closed; nothing is started yet. */
  async configure(servers: Readonly<Record<string, McpServerConfig>>): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [name, { server, config }] of this.#servers) {
      if (JSON.stringify(servers[name]) === config) continue;
      this.#servers.delete(name);
      closing.push(server.close());
    }
    for (const [name, config] of Object.entries(servers)) {
      if (this.#servers.has(name)) continue;
      const server = new McpServer(name, config, this.#parts);
      this.#servers.set(name, { server, config: JSON.stringify(config) });
    }
    await Promise.all(closing);
  }

  /** All tools that can be offered now, starting servers that were not needed before. Never throws, waits at most 10 s. */
  async tools(): Promise<readonly Tool[]> {
    const waited = new AbortController();
    const patience = this.#parts.clock.sleep(startWaitMs, waited.signal);
    const all = [...this.#servers.values()].map(async ({ server }) => {
      const listed = await Promise.race([server.tools(), patience]);
      const definitions = listed?.ok ? listed.value : server.known();
      return definitions.map((definition) => toolOf(server, definition));
    });
    const tools = (await Promise.all(all)).flat();
    waited.abort();
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    return [...byName.values()];
  }

  status(): readonly McpStatus[] {
    return [...this.#servers.values()].map(({ server }) => ({ name: server.name, ...server.status() }));
  }

  /** Ends all connections and local servers. Resolves when their processes are gone. */
  async close(): Promise<void> {
    await this.configure({});
  }
}

function toolOf(server: McpServer, definition: ToolDefinitions[number]): Tool {
  const schema: Record<string, unknown> = { ...definition.inputSchema, type: 'object' };
  return {
    name: mcpToolName(server.name, definition.name),
    group: 'mcp',
    description: mcpDescription(server.name, definition.description ?? definition.title),
    parameters: { kind: 'json', schema },
    example: exampleFor(schema),
    async run(input, { signal }): Promise<ToolOutput> {
      if (!isRecord(input)) return failure('The parameters must be one JSON object.');
      const result = await server.call(definition.name, input, signal);
      if (!result.ok) return failure(`${result.refusal.message} ${result.refusal.fix}`.trim());
      const text = mcpResultText(result.value);
      return result.value.isError === true ? failure(text) : { text };
    },
  };
}
