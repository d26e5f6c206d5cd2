// The part of the config that says who works: agents, and which of them answers where. Used by config.ts.
import { z } from 'zod';
import { channelIds } from '../core/route.ts';
import { thinkingLevels } from '../core/session.ts';
import { plainName, toolLists } from './config-tools.ts';

const thinking = z.enum(thinkingLevels);
/** Ids are parts of session keys, which are separated by colons. */
const agentId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'use letters, digits, ".", "_" and "-", at most 64 characters');
const modelForm = 'use provider/model, e.g. anthropic/claude-sonnet-4-5';
const modelRef = z.string().regex(/^[^/\s]+\/\S+$/, modelForm);
const allowAgents = z.array(z.string().min(1));
/** A harness names its models without a provider, so the form is checked with the runtime at hand. */
const anyModel = z.string().min(1);

const subagentOverrides = z.strictObject({
  allowAgents: allowAgents
    .optional()
    .describe(
      'Agent ids that may be started. `["*"]` any, `[]` none. Unset: the list of the defaults, else only the agent itself.',
    ),
  requireAgentId: z.boolean().optional().describe('Whether every spawn must name an agentId. Unset: the default.'),
  model: anyModel.optional().describe('Model of this agent when it runs as a sub-agent, `provider/model`.'),
  thinking: thinking.optional().describe('Thinking level of this agent when it runs as a sub-agent.'),
});

const agentTools = z.strictObject({
  ...toolLists,
  nonOwner: z
    .array(z.enum(['write', 'edit', 'exec']))
    .default([])
    .describe(
      'Grants these tools also in sessions where others than the owner speak. They act with your rights on this machine.',
    ),
});

const runtime = z
  .strictObject({
    type: z
      .enum(['native', 'acp'])
      .default('native')
      .describe('`native`: our own model loop; `acp`: an external coding agent.'),
    agent: z.string().min(1).optional().describe('Harness id behind an `acp` agent, e.g. `claude`.'),
    cwd: z.string().min(1).optional().describe('Folder the harness works in. Unset: acp.cwd, else the workspace.'),
  })
  .refine((value) => value.type === 'native' || value.agent !== undefined, {
    path: ['agent'],
    error: 'is missing: runtime type acp needs the id of a harness, e.g. "claude"',
  });

const agentObject = z.strictObject({
  id: agentId.describe('Id of the agent, as used in session keys and commands.'),
  name: z.string().min(1).optional().describe('Name shown to people. Unset: the id.'),
  default: z
    .boolean()
    .default(false)
    .describe('Answers where no binding matches. With none marked, the first agent does.'),
  model: anyModel.optional().describe('Model of this agent, `provider/model`. Unset: agents.defaults.model.'),
  thinking: thinking.optional().describe('Thinking level. Unset: agents.defaults.thinking.'),
  workspace: z
    .string()
    .min(1)
    .optional()
    .describe('Folder its file tools are confined to and its context files live in. Unset: the working directory.'),
  auth: z
    .record(
      plainName,
      z.strictObject({ apiKey: z.string().min(1).describe('Key of this provider for this agent only.') }),
    )
    .default({})
    .describe('Provider keys of this agent, by provider id; stronger than the global ones.'),
  runtime: runtime.prefault({}).describe('What runs the agent.'),
  tools: agentTools.prefault({}).describe('Tool policy of this agent.'),
  allowAgents: allowAgents.optional().describe('Short form of subagents.allowAgents, which wins when both are set.'),
  subagents: subagentOverrides
    .prefault({})
    .describe('Rules for what this agent starts, and for itself as a sub-agent.'),
});

const agent = agentObject.superRefine((value, context) => {
  if (value.runtime.type === 'acp') return;
  const models = [['model', value.model] as const, ['subagents.model', value.subagents.model] as const];
  for (const [name, model] of models) {
    if (model === undefined || modelRef.safeParse(model).success) continue;
    context.addIssue({ code: 'custom', path: name.split('.'), message: modelForm });
  }
});

const seconds = z.number().nonnegative();

const subagentDefaults = z.strictObject({
  ...subagentOverrides.shape,
  model: modelRef.optional().describe('Model of every agent when it runs as a sub-agent, `provider/model`.'),
  thinking: thinking.optional().describe('Thinking level of every agent when it runs as a sub-agent.'),
  requireAgentId: z.boolean().default(false).describe('Whether every spawn must name an agentId.'),
  maxConcurrent: z
    .int()
    .positive()
    .default(8)
    .describe(
      'Width of the subagent lane. 1 GB of memory and a local model carry 2-3, 4 GB and remote models 10 and more.',
    ),
  maxSpawnDepth: z
    .int()
    .min(1)
    .max(5)
    .default(1)
    .describe(
      'How deep agents may start agents: a session of depth d may spawn if d is smaller. 2 allows orchestrators.',
    ),
  maxChildrenPerAgent: z.int().min(1).max(20).default(5).describe('Unfinished children one session may have.'),
  runTimeoutSeconds: seconds.default(0).describe('Time limit of a run from its first start, in seconds; 0 = none.'),
  startTimeoutSeconds: seconds
    .default(60)
    .describe('Seconds a run may hold its slots without a first sign of life; 0 = no limit.'),
  archiveAfterMinutes: z
    .number()
    .nonnegative()
    .default(60)
    .describe('Minutes after a run ended and was delivered until its session is archived; 0 = never.'),
  announceTimeoutMs: z
    .int()
    .positive()
    .default(120_000)
    .describe('Milliseconds an agent has to take over a result, lane wait excluded.'),
});

const defaults = z.strictObject({
  maxConcurrent: z.int().positive().default(4).describe('Width of the main lane: chat turns that run at once.'),
  model: modelRef
    .optional()
    .describe(
      'Model of every agent without its own, `provider/model`. Unset: chosen from the keys present, else Ollama, else the demo model.',
    ),
  thinking: thinking.optional().describe('Thinking level of every agent without its own. Unset: off.'),
  contextTokens: z
    .int()
    .min(1000)
    .default(200_000)
    .describe('Prompt size in tokens above which the oldest turns leave the prompt.'),
  stall: z
    .strictObject({
      warnSeconds: seconds
        .default(600)
        .describe('Seconds without any event after which a turn counts as stalled and its person is asked; 0 = never.'),
      abortSeconds: seconds
        .default(1800)
        .describe('Seconds without any event after which a turn is aborted; 0 = never.'),
    })
    .prefault({})
    .describe('What happens to silent turns.'),
  subagents: subagentDefaults.prefault({}).describe('Rules for background runs.'),
});

export const agentsSchema = z.strictObject({
  defaults: defaults.prefault({}).describe('Holds for every agent.'),
  list: z
    .array(agent)
    .superRefine((list, context) => {
      const seen = new Set<string>();
      for (const [index, { id }] of list.entries()) {
        if (seen.has(id.toLowerCase()))
          context.addIssue({ code: 'custom', path: [index, 'id'], message: 'another agent has this id' });
        seen.add(id.toLowerCase());
      }
      const marked = list.flatMap((entry, index) => (entry.default ? [index] : []));
      for (const index of marked.slice(1))
        context.addIssue({
          code: 'custom',
          path: [index, 'default'],
          message: 'is true, but only one agent can be the default',
        });
    })
    .default([])
    .describe('The agents. Empty: one agent named main.'),
});

export const bindingsSchema = z
  .array(
    z.strictObject({
      agentId: agentId.describe('Agent that answers.'),
      match: z.strictObject({
        channel: z.enum(channelIds).describe('Channel the message came from.'),
        account: z.string().min(1).optional().describe('Account name. Unset: every account.'),
        chat: z.string().min(1).optional().describe('Chat, group or channel id of the platform. Unset: every chat.'),
        sender: z.string().min(1).optional().describe('Id of the person. Unset: every person.'),
      }),
    }),
  )
  .default([])
  .describe('Which agent answers where. The most specific match wins: sender or chat, then account, then channel.');
