// A run: background work in a child session. Four separate timed facts: accepted, started, finished, delivered.
import { z } from 'zod';
import { routeSchema } from './route.ts';
import { thinkingLevels, usageSchema } from './session.ts';

const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('success'), text: z.string() }),
  z.object({ kind: z.literal('error'), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('timeout'), partial: z.string().optional() }),
  z.object({ kind: z.literal('stopped'), by: z.enum(['user', 'cascade', 'budget', 'shutdown']) }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

export const runStatuses = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'timed_out',
  'stopped',
  'lost',
] as const;
export type RunStatus = (typeof runStatuses)[number];
export type TerminalStatus = Extract<RunStatus, 'succeeded' | 'failed' | 'timed_out' | 'stopped' | 'lost'>;

export function isTerminal(status: RunStatus): status is TerminalStatus {
  return status !== 'queued' && status !== 'running' && status !== 'waiting';
}

const runStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('queued') }),
  z.object({ status: z.literal('running'), startedAt: z.number() }),
  /** The task turn ended; direct children are still at work or not digested yet. */
  z.object({ status: z.literal('waiting'), startedAt: z.number() }),
  z.object({
    status: z.enum(['succeeded', 'failed', 'timed_out', 'stopped', 'lost']),
    /** Absent when the run ended before it started. */
    startedAt: z.number().optional(),
    endedAt: z.number(),
    outcome: outcomeSchema,
  }),
]);
export type RunState = z.infer<typeof runStateSchema>;

export const deliveryStates = [
  'none', // not ended yet: nothing is owed
  'pending', // ended, completion owed
  'handed', // given to the requester's session
  'sending', // in the outbox
  'delivered',
  'skipped',
  'silent',
  'ambiguous', // may have arrived; not repeated blindly
  'undelivered', // given up, with a reason
] as const;
const deliverySchema = z.object({
  state: z.enum(deliveryStates),
  attempts: z.number().int().nonnegative(),
  nextAt: z.number().optional(),
  deliveredAt: z.number().optional(),
  reason: z.string().optional(),
});
export type RunDelivery = z.infer<typeof deliverySchema>;

export const runSchema = z.object({
  /** uuid; shown as its first 8 characters. */
  id: z.string(),
  /** Root of the tree: the id of the chat turn or command that everything below belongs to. */
  tree: z.string(),
  child: z.string(),
  /** Id of the child's session when it was made; names its transcript. */
  childSessionId: z.string(),
  requester: z.string(),
  /** Turn of the requester that asked; completions of one turn are handed over together. */
  requesterTurn: z.string(),
  /** The run whose session asked, for nested runs. */
  parent: z.string().optional(),
  /** Place that asked, frozen at spawn. */
  origin: routeSchema,
  askedBy: z.enum(['agent', 'person']),
  /** Person at the top of it, `<channel>:<id>`; absent: not known. */
  startedBy: z.object({ id: z.string(), name: z.string() }).optional(),
  agentId: z.string(),
  runtime: z.enum(['native', 'acp']),
  mode: z.enum(['run', 'session']),
  depth: z.number().int().positive(),
  role: z.enum(['orchestrator', 'leaf']),
  task: z.string(),
  label: z.string(),
  model: z.string(),
  thinking: z.enum(thinkingLevels),
  context: z.enum(['isolated', 'fork']),
  cleanup: z.enum(['keep', 'delete']),
  /** Seconds from first start; 0 = none. */
  timeoutSeconds: z.number().nonnegative(),
  /** Of a coding agent: its session that goes on, and whether it is followed where it was asked for. */
  resumeSessionId: z.string().optional(),
  streamTo: z.literal('parent').optional(),
  /** Whoever started it looks at how it ends: nobody is told. */
  quiet: z.boolean().optional(),
  warnings: z.array(z.string()),
  usage: usageSchema,
  acceptedAt: z.number(),
  /** Last sign of life: any event of any of its turns. */
  lastEventAt: z.number(),
  stalledSince: z.number().optional(),
  state: runStateSchema,
  delivery: deliverySchema,
  /** When the session record is removed and the transcript renamed. */
  archiveAt: z.number().optional(),
  archivedAt: z.number().optional(),
});
export type Run = z.infer<typeof runSchema>;

export function shortId(id: string): string {
  return id.slice(0, 8);
}
