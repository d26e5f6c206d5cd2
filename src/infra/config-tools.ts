// The part of the config that says what agents work with: tools, MCP servers, model providers. Used by config.ts and its parts.
import { z } from 'zod';

const toolNames = z.array(z.string().min(1));
/** Names people give to providers, servers, accounts and harnesses. */
export const plainName = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'use letters, digits, ".", "_" and "-"');

/** What may be said about tools for all agents and for one. */
export const toolLists = {
  profile: z
    .enum(['messaging', 'coding', 'full'])
    .optional()
    .describe('Base set of tools. `messaging`: read-only ones; `coding`, `full` and unset: all.'),
  allow: toolNames.optional().describe('Only these tools stay. Unset: all of the profile.'),
  deny: toolNames.optional().describe('These tools are removed; stronger than allow.'),
  alsoAllow: toolNames.optional().describe('Tools added to those of the profile.'),
};

const mcpServer = z
  .strictObject({
    command: z.string().min(1).optional().describe('Program of a local server, spoken to over stdio.'),
    args: z.array(z.string()).default([]).describe('Its arguments.'),
    env: z
      .record(z.string(), z.string())
      .default({})
      .describe('Variables added to its environment, which holds no keys or tokens of ours.'),
    cwd: z.string().min(1).optional().describe('Folder it starts in. Unset: the working directory.'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Address of a remote server (streamable HTTP).'),
    headers: z.record(z.string(), z.string()).default({}).describe('Headers sent to a remote server.'),
  })
  .refine((server) => (server.command === undefined) !== (server.url === undefined), 'needs either command or url');

export const toolsSchema = z.strictObject({
  ...toolLists,
  subagents: z
    .strictObject({
      tools: z
        .strictObject({
          allow: toolNames.optional().describe('Sub-agents keep only these of their tools; adds nothing.'),
          deny: toolNames.optional().describe('Sub-agents never get these tools; stronger than everything else.'),
        })
        .prefault({})
        .describe('Tool lists for sub-agents.'),
    })
    .prefault({})
    .describe('Tool policy of sub-agents.'),
  web: z
    .strictObject({
      allowPrivateAddresses: z
        .boolean()
        .default(false)
        .describe('Whether web_fetch may reach private and loopback addresses.'),
    })
    .prefault({})
    .describe('Limits of web_fetch.'),
  mcp: z.record(plainName, mcpServer).default({}).describe('MCP servers whose tools agents may use, by name.'),
});

const price = z.number().nonnegative();

export const modelsSchema = z.strictObject({
  providers: z
    .record(
      plainName,
      z.strictObject({
        baseUrl: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe('Base URL of the API, including `/v1`.'),
        apiKey: z
          .string()
          .min(1)
          .optional()
          .describe('Key of the provider. Optional where the base URL is on this machine.'),
        rpm: z.int().positive().optional().describe('Requests per minute; further calls wait. Unset: no limit.'),
        models: z
          .array(
            z.strictObject({
              id: z.string().min(1).describe('Model id without the provider.'),
              contextTokens: z
                .int()
                .positive()
                .optional()
                .describe('Prompt size in tokens of this model. Unset: agents.defaults.contextTokens.'),
              cost: z
                .strictObject({
                  input: price.describe('US dollars per million input tokens.'),
                  output: price.describe('US dollars per million output tokens.'),
                })
                .optional()
                .describe('Price of this model; stronger than the built-in price table.'),
            }),
          )
          .default([])
          .describe('Known models. When not empty, every other id of this provider is unknown.'),
      }),
    )
    .default({})
    .describe('Model providers by id. An id that is not built in is an OpenAI-compatible API.'),
});
