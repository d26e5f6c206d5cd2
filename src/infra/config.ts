// Every config key with its default and meaning. Read by config-file.ts; `configSchema.parse({})` is a complete config.
import { z } from 'zod';
import { channelIds } from '../core/route.ts';
import { queueDrops, queueModes } from '../core/session.ts';
import { agentsSchema, bindingsSchema } from './config-agents.ts';
import { channelsSchema, threadBindingsSchema } from './config-channels.ts';
import { modelsSchema, plainName, toolsSchema } from './config-tools.ts';
import { webSchema } from './config-web.ts';

const seconds = z.number().nonnegative();
const person = z
  .string()
  .regex(
    new RegExp(`^(${channelIds.join('|')}):.+$`),
    `use <channel>:<id> with one of ${channelIds.join(', ')}, e.g. telegram:12345`,
  );
const budget = z.number().nonnegative();

const acp = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether external coding agents may be used.'),
  defaultAgent: z.string().min(1).optional().describe('Harness used when none is named.'),
  allowedAgents: z
    .array(z.string().min(1))
    .optional()
    .describe('Harness ids that may be started; `["*"]` any. Unset: only defaultAgent.'),
  permissionMode: z
    .enum(['approve-reads', 'approve-all', 'deny-all'])
    .default('approve-reads')
    .describe(
      '`approve-reads`: reading inside the working folder is allowed, all else is asked in chat; `approve-all`; `deny-all`.',
    ),
  permissionTimeoutSeconds: seconds
    .default(300)
    .describe('Seconds a person has to answer a permission question, then that call is denied; 0 = no limit.'),
  control: z
    .enum(['owner', 'allowed'])
    .default('owner')
    .describe('Who may start and talk to coding agents: the owner, or every allowed person.'),
  agents: z
    .record(
      plainName,
      z.strictObject({
        command: z.string().min(1).optional().describe('Program. Unset: the built-in one of this id.'),
        args: z.array(z.string()).optional().describe('Its arguments. Unset: the built-in ones.'),
        env: z.record(z.string(), z.string()).default({}).describe('Variables added to its environment.'),
      }),
    )
    .default({})
    .describe('Changes built-in harnesses or adds some, by id.'),
  allowNpx: z
    .boolean()
    .default(false)
    .describe('Whether a program that is not installed may be fetched and run with npx.'),
  cwd: z.string().min(1).optional().describe('Folder coding agents work in. Unset: the workspace of the agent.'),
  initTimeoutSeconds: seconds.default(60).describe('Seconds a harness has to get ready.'),
  turnTimeoutSeconds: seconds.default(0).describe('Time limit of one turn in seconds; 0 = none.'),
  idleTtlMinutes: z
    .number()
    .nonnegative()
    .default(30)
    .describe('Minutes without a turn after which the process is closed; its session stays loadable. 0 = never.'),
  maxSessions: z.int().positive().default(8).describe('Harness processes that run at once.'),
});

const session = z.strictObject({
  dmScope: z
    .enum(['per-channel-peer', 'main', 'per-peer', 'per-account-channel-peer'])
    .default('per-channel-peer')
    .describe(
      'What shares a memory in direct chats: each person per channel, everything (`main`), each person, or each person per account and channel.',
    ),
  threadBindings: threadBindingsSchema.prefault({}).describe('Bound threads, topics and chats.'),
});

const announce = z.strictObject({
  mode: z
    .strictObject({
      agentRuns: z
        .enum(['agent', 'direct'])
        .default('agent')
        .describe('Results of runs an agent started: told by that agent, or posted directly.'),
      userRuns: z
        .enum(['direct', 'agent'])
        .default('direct')
        .describe('Results of runs a person started: posted directly, or told by the agent.'),
    })
    .prefault({})
    .describe('Who tells a result.'),
  maxChars: z.int().min(100).default(8000).describe('Longest result text posted directly, in characters.'),
});

const queueMode = z.enum(queueModes);
const messages = z.strictObject({
  queue: z
    .strictObject({
      mode: queueMode
        .default('steer')
        .describe(
          'A message while the agent works: `steer` into the turn, `followup` its own turn, `collect` together, `interrupt` the turn.',
        ),
      debounceMs: z.int().nonnegative().default(500).describe('Milliseconds of quiet that `collect` waits for.'),
      cap: z.int().positive().default(20).describe('Messages that may wait in one session.'),
      drop: z
        .enum(queueDrops)
        .default('summarize')
        .describe('Over the cap: fold the oldest into one, discard the old, or discard the new.'),
      byChannel: z
        .strictObject({
          console: queueMode.optional().describe('Mode in the console.'),
          telegram: queueMode.optional().describe('Mode on Telegram.'),
          discord: queueMode.optional().describe('Mode on Discord.'),
          whatsapp: queueMode.optional().describe('Mode on WhatsApp.'),
        })
        .prefault({})
        .describe('Mode per channel, stronger than mode.'),
    })
    .prefault({})
    .describe('What happens to messages while an agent is busy.'),
  inbound: z
    .strictObject({
      maxAgeMinutes: z
        .number()
        .nonnegative()
        .default(60)
        .describe('Messages older than this many minutes are not executed; 0 = no limit.'),
      maxFileMb: z
        .number()
        .positive()
        .default(20)
        .describe('Largest file that is fetched for an agent, in megabytes (1,048,576 bytes).'),
    })
    .prefault({})
    .describe('Intake.'),
  outbound: z
    .strictObject({
      fileOverChunks: z
        .int()
        .nonnegative()
        .default(5)
        .describe(
          'A text of more messages than this goes as two messages and the file result.md, where the channel has files; 0 = never.',
        ),
    })
    .prefault({})
    .describe('Sending.'),
});

const budgets = z.strictObject({
  tree: z
    .strictObject({
      tokens: budget.default(2_000_000).describe('Tokens one tree of runs may use; 0 = no limit.'),
      costUsd: budget.default(5).describe('US dollars one tree of runs may cost; 0 = no limit.'),
      seconds: budget.default(0).describe('Seconds of work one tree of runs may take; 0 = no limit.'),
    })
    .prefault({})
    .describe('Limits of one root and everything below it.'),
  day: z
    .strictObject({
      tokens: budget.default(0).describe('Tokens per day; 0 = no limit.'),
      costUsd: budget.default(0).describe('US dollars per day; 0 = no limit.'),
    })
    .prefault({})
    .describe('Limits per day, all trees together.'),
  warnAt: z.number().gt(0).max(1).default(0.8).describe('Part of a budget (0 to 1) at which one notice is given.'),
  breaker: z
    .strictObject({
      failures: z
        .int()
        .nonnegative()
        .default(3)
        .describe('Failures in a row of the same agent and task after which it is refused; 0 = never.'),
      resetMinutes: z.number().positive().default(10).describe('Minutes it stays refused.'),
    })
    .prefault({})
    .describe('Stops repeating what keeps failing.'),
});

export const configSchema = z.strictObject({
  agents: agentsSchema.prefault({}).describe('Agents and background runs.'),
  bindings: bindingsSchema,
  tools: toolsSchema.prefault({}).describe('Tools of all agents.'),
  models: modelsSchema.prefault({}).describe('Model providers.'),
  session: session.prefault({}).describe('Sessions.'),
  announce: announce.prefault({}).describe('How results come back.'),
  messages: messages.prefault({}).describe('Incoming messages.'),
  channels: channelsSchema.prefault({}).describe('Chat platforms.'),
  commands: z
    .strictObject({
      ownerAllowFrom: z
        .array(person)
        .default([])
        .describe('The owner, as `<channel>:<id>`; several entries are the same person.'),
      allowFrom: z
        .array(z.string().min(1))
        .optional()
        .describe('When set, only these (`<channel>:<id>`, or `*`) may use commands.'),
    })
    .prefault({})
    .describe('Who commands.'),
  acp: acp.prefault({}).describe('External coding agents.'),
  budgets: budgets.prefault({}).describe('Limits on tokens, cost and time.'),
  gateway: z
    .strictObject({
      drainSeconds: seconds.default(60).describe('Seconds running turns get to finish when the process stops.'),
    })
    .prefault({})
    .describe('The process.'),
  web: webSchema.prefault({}).describe('The status page in a browser.'),
  logging: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info')
        .describe('Least severity that is logged.'),
    })
    .prefault({})
    .describe('Log output.'),
});
export type Config = z.infer<typeof configSchema>;
