// What is asked of the spawn engine and what it answers; the tool, /subagents spawn and tests all speak this.
import { z } from 'zod';
import { type ThinkingLevel, thinkingLevels } from './session.ts';

export const spawnRequestSchema = z.object({
  task: z
    .string()
    .refine((text) => text.trim() !== '', 'must not be blank')
    .describe('Self-contained brief: the child sees nothing of this conversation.'),
  label: z.string().min(1).optional().describe('Short name for people.'),
  agentId: z.string().min(1).optional().describe('Agent to run it; default: yourself.'),
  runtime: z.enum(['subagent', 'acp']).optional().describe('`acp` only for external coding agents.'),
  resumeSessionId: z.string().min(1).optional().describe('ACP only: continue that session of the harness.'),
  streamTo: z.literal('parent').optional().describe('ACP only: show progress in this chat.'),
  model: z.string().min(1).optional().describe('provider/model for this run.'),
  thinking: z
    .string()
    .optional()
    .describe(`One of ${thinkingLevels.join(', ')}.`),
  runTimeoutSeconds: z.number().nonnegative().optional().describe('0 = no limit.'),
  thread: z.boolean().optional().describe('Give the run a thread of its own, where the chat has threads.'),
  mode: z.enum(['run', 'session']).optional().describe('`session` stays open for follow-ups and needs thread: true.'),
  cleanup: z.enum(['keep', 'delete']).optional().describe('`delete` archives right after the result was delivered.'),
  sandbox: z.enum(['inherit', 'require']).optional(),
  context: z.enum(['isolated', 'fork']).optional().describe('`fork` starts from a copy of this conversation.'),
});
export type SpawnRequest = z.infer<typeof spawnRequestSchema>;

export interface SpawnAccepted {
  readonly status: 'accepted';
  readonly runId: string;
  readonly childSessionKey: string;
  readonly label: string;
  readonly agentId: string;
  readonly runtime: 'subagent' | 'acp';
  readonly mode: 'run' | 'session';
  readonly context: 'isolated' | 'fork';
  readonly model: string;
  readonly thinking: ThinkingLevel;
  readonly runTimeoutSeconds: number;
  readonly warnings: readonly string[];
}
