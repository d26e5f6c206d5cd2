// What a session is, and how its key is spelled. Depth, role and scope are stored facts: nothing reads them out of a key.
import { z } from 'zod';
import { type ChannelId, type Route, routeSchema } from './route.ts';

export type SessionKey = string;

export const queueModes = ['steer', 'followup', 'collect', 'interrupt'] as const;
export const queueDrops = ['summarize', 'old', 'new'] as const;
const queueSettingsSchema = z.object({
  mode: z.enum(queueModes),
  debounceMs: z.number().int().nonnegative(),
  cap: z.number().int().positive(),
  drop: z.enum(queueDrops),
});
/** What happens to a message that arrives while a turn is active, see src/agents/mailbox.ts. */
export type QueueSettings = z.infer<typeof queueSettingsSchema>;

export const thinkingLevels = ['off', 'minimal', 'low', 'medium', 'high'] as const;
export type ThinkingLevel = (typeof thinkingLevels)[number];

export const usageSchema = z.object({
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  /** US dollars; null when no price is known for some of the calls. */
  costUsd: z.number().nonnegative().nullable(),
  /** Tokens in the prompt of the latest model call. */
  context: z.number().nonnegative(),
  /** False for a runtime that reports no usage: shown as n/a. */
  reported: z.boolean(),
});
export type Usage = z.infer<typeof usageSchema>;
export const noUsage: Usage = { input: 0, output: 0, costUsd: null, context: 0, reported: false };

/** Adds a step's usage to a total. An unpriced step makes the total unpriced only where tokens were spent. */
export function addUsage(total: Usage, step: Usage): Usage {
  if (!step.reported) return total;
  const unpriced = step.costUsd === null || (total.reported && total.costUsd === null);
  return {
    input: total.input + step.input,
    output: total.output + step.output,
    costUsd: unpriced ? null : (total.costUsd ?? 0) + (step.costUsd ?? 0),
    context: step.context === 0 ? total.context : step.context,
    reported: true,
  };
}

export const sessionSchema = z.object({
  key: z.string(),
  /** uuid; names the transcript file. A reset gives the session a new one. */
  id: z.string(),
  kind: z.enum(['chat', 'subagent', 'acp']),
  agentId: z.string(),
  depth: z.number().int().nonnegative(),
  role: z.enum(['main', 'orchestrator', 'leaf']),
  /** Session this one was started from; absent for chats. */
  requester: z.string().optional(),
  /** The run whose task this session was made for. */
  runId: z.string().optional(),
  /** Top of the tree this session belongs to: a chat session's own key, a child's chat session. */
  controlScope: z.string(),
  /** True only where nobody but the owner speaks here; children inherit it. */
  ownerOnly: z.boolean(),
  /** A run's overrides, from spawn. */
  model: z.string().optional(),
  thinking: z.enum(thinkingLevels).optional(),
  queue: queueSettingsSchema.partial().optional(),
  lastChannel: z.string().optional(),
  lastTo: z.string().optional(),
  lastAccountId: z.string().optional(),
  lastThread: z.string().optional(),
  /** Who wrote from there, `<channel>:<id>`; only in direct chats. */
  lastPerson: z.string().optional(),
  /** A turn was cut off by a restart and has not been resumed yet. */
  abortedLastRun: z.boolean().optional(),
  /** When turns went on with what a restart had cut off, lately; unix ms. */
  resumedAt: z.array(z.number()).optional(),
  /** Turns since the session was opened or reset. */
  turns: z.number().int().nonnegative(),
  usage: usageSchema,
  createdAt: z.number(),
  updatedAt: z.number(),
  endedAt: z.number().optional(),
});
export type Session = z.infer<typeof sessionSchema>;

/** `:` separates the parts of a key, so it is percent-encoded inside one. Lower case: people type ids by hand. */
function keyPart(id: string): string {
  return id.toLowerCase().replaceAll('%', '%25').replaceAll(':', '%3a');
}

export type DmScope = 'main' | 'per-channel-peer' | 'per-peer' | 'per-account-channel-peer';

function mainKey(agentId: string): SessionKey {
  return `agent:${agentId}:main`;
}

/** Key of a direct chat. `personId` is the canonical id of the other person. */
export function directKey(agentId: string, route: Route, personId: string, scope: DmScope): SessionKey {
  const person = keyPart(personId);
  switch (scope) {
    case 'main':
      return mainKey(agentId);
    case 'per-channel-peer':
      return `agent:${agentId}:${route.channel}:direct:${person}`;
    case 'per-peer':
      return `agent:${agentId}:direct:${person}`;
    case 'per-account-channel-peer':
      return `agent:${agentId}:${route.channel}:${keyPart(route.account)}:direct:${person}`;
  }
}

/** Key of a group, guild channel, thread or forum topic. A Telegram General topic has no thread. */
export function groupKey(agentId: string, route: Route): SessionKey {
  const place = route.channel === 'discord' ? 'channel' : 'group';
  const base = `agent:${agentId}:${route.channel}:${place}:${keyPart(route.chat)}`;
  if (route.thread === undefined) return base;
  return `${base}:${threadWord(route.channel)}:${keyPart(route.thread)}`;
}

function threadWord(channel: ChannelId): string {
  return channel === 'telegram' ? 'topic' : 'thread';
}

/** Key of a child: its own agent id, then the parent's chain of subagent uuids, then its own. */
export function subagentKey(childAgentId: string, parent: SessionKey, uuid: string): SessionKey {
  const chain = /^agent:[^:]+((?::subagent:[^:]+)+)$/.exec(parent)?.[1] ?? '';
  return `agent:${childAgentId}${chain}:subagent:${uuid}`;
}

export function acpKey(harnessId: string, uuid: string): SessionKey {
  return `agent:${harnessId}:acp:${uuid}`;
}

/** The session's last known place, or undefined while it has spoken to nobody. */
export function lastRoute(session: Session): Route | undefined {
  const parsed = routeSchema.safeParse({
    channel: session.lastChannel,
    account: session.lastAccountId,
    chat: session.lastTo,
    ...(session.lastThread === undefined ? {} : { thread: session.lastThread }),
  });
  return parsed.success ? parsed.data : undefined;
}
