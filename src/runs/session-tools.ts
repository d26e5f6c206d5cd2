// The tools by which an agent starts, watches and reaches other sessions. Offered by tool policy, called by the native loop.
// They see the agent's own tree and nothing else.
import { z } from 'zod';
import { clip, oneLine } from '../core/format.ts';
import type { Refusal, Result } from '../core/result.ts';
import type { Run } from '../core/run.ts';
import type { AgentInfo, LogLine, SteerResult, StopReport } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { RunRegistry } from './registry.ts';
import { type SpawnToolDeps, spawnTool } from './spawn-tool.ts';
import { resolveTarget, type TargetScope } from './targets.ts';
import { failed, info, json, killed, refused, summary } from './tool-answers.ts';

export interface SessionToolsDeps extends SpawnToolDeps {
  readonly registry: RunRegistry;
  readonly kill: (run: Run) => Promise<StopReport>;
  readonly steer: (run: Run, text: string, from: Session) => Promise<SteerResult>;
  readonly send: (run: Run, text: string, from: Session) => Promise<void>;
  /** Why what this session says may not reach the other one. */
  readonly closed: (target: Session, from: Session) => Refusal | undefined;
  readonly history: (session: SessionKey, limit: number) => Promise<Result<readonly LogLine[]>>;
  readonly session: (key: SessionKey) => Promise<Session | undefined>;
  /** What a session may start, each with the model it would run on. */
  readonly targets: (session: Session) => readonly AgentInfo[];
  /** The run numbers people see in the session's conversation. */
  readonly numbers: (session: Session) => Promise<TargetScope['numbers']>;
  /** Puts the session to sleep until these runs have ended. */
  readonly hold: (
    session: Session,
    wait: { readonly runIds: readonly string[]; readonly waitFor: 'all' | 'any'; readonly timeoutSeconds: number },
  ) => 'holding' | 'ready' | 'nothing';
}

export function sessionToolset(deps: SessionToolsDeps, session: Session): readonly Tool[] {
  return [
    spawnTool(deps, deps.targets(session)),
    yieldTool(deps),
    agentsListTool(deps),
    subagentsTool(deps),
    listTool(deps),
    historyTool(deps),
    sendTool(deps),
  ];
}

const yieldSchema = z.object({
  waitFor: z.enum(['all', 'any']).default('all').describe('Wake when all of your children have ended, or any of them.'),
  timeoutSeconds: z.number().nonnegative().default(0).describe('Wake after this time anyway; 0 = no limit.'),
});

function yieldTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'sessions_yield',
    group: 'session',
    description:
      'End this turn and wait for your children. You are woken once, with their results. Costs nothing while waiting.',
    parameters: { kind: 'zod', schema: yieldSchema },
    example: { waitFor: 'all' },
    async run(input, { session }) {
      const { waitFor, timeoutSeconds } = yieldSchema.parse(input);
      // A completion that was handed over is here already: in the mailbox, or taken in by this very turn.
      const awaited = deps.registry.openChildren(session.key).filter((run) => run.delivery.state !== 'handed');
      const runIds = awaited.map((run) => run.id);
      if (deps.hold(session, { runIds, waitFor, timeoutSeconds }) === 'nothing')
        return json({ status: 'nothing_pending' });
      return { ...json({ status: 'waiting', for: waitFor, children: awaited.map((run) => run.label) }), yields: true };
    },
  };
}

function agentsListTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'agents_list',
    group: 'session',
    description: 'Agents you may start with sessions_spawn.',
    parameters: { kind: 'zod', schema: z.object({}) },
    example: {},
    run: async (_input, { session }) =>
      json({ agents: deps.targets(session).map(({ id, model, runtime }) => ({ id, model, runtime })) }),
  };
}

const subagentsSchema = z.object({
  action: z.enum(['list', 'info', 'steer', 'kill']),
  target: z.string().optional().describe('Label, number, run id or session key; not needed for list.'),
  message: z.string().optional().describe('For steer.'),
});

function subagentsTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'subagents',
    group: 'session',
    description: 'List, look at, steer or kill your own sub-agents. Results come to you by themselves: do not poll.',
    parameters: { kind: 'zod', schema: subagentsSchema },
    example: { action: 'list' },
    async run(input, { session }) {
      const { action, target, message } = subagentsSchema.parse(input);
      if (action === 'list') return json({ runs: deps.registry.newestBelow(session.key, 50).map(summary) });
      if (target === undefined)
        return failed(
          'target_required',
          `subagents ${action} needs target.`,
          'Give a label or run id from action "list".',
        );
      const found = resolveTarget(target, await scopeOf(deps, session));
      if (!found.ok) return refused(found.refusal);
      if (action === 'info') return json(info(found.value));
      if (action === 'kill') return json(killed(await deps.kill(found.value)));
      if (message === undefined || message.trim() === '')
        return failed('message_required', 'subagents steer needs message.', 'Say what the sub-agent should do.');
      const child = await deps.session(found.value.child);
      if (child === undefined) return archived(found.value);
      const closed = deps.closed(child, session);
      if (closed !== undefined) return refused(closed);
      return json({ status: await deps.steer(found.value, message, session) });
    },
  };
}

function listTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'sessions_list',
    group: 'session',
    description: 'Sessions of your own tree: key, status, model, tokens, first line of the last message.',
    parameters: { kind: 'zod', schema: z.object({}) },
    example: {},
    async run(_input, { session }) {
      const runs = deps.registry.newestBelow(session.key, 50);
      const rows = await Promise.all(
        runs.map(async (run) => {
          const lines = await deps.history(run.child, 1);
          const last = lines.ok ? (lines.value.at(-1)?.text ?? '') : 'archived';
          return {
            sessionKey: run.child,
            label: run.label,
            status: run.state.status,
            model: run.model,
            tokens: run.usage.input + run.usage.output,
            last: clip(oneLine(last.split('\n')[0] ?? ''), 160),
          };
        }),
      );
      return json({ sessions: rows });
    },
  };
}

const historySchema = z.object({
  sessionKey: z.string().describe('A session of your own tree.'),
  limit: z.number().int().min(1).max(200).default(20),
});

function historyTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'sessions_history',
    group: 'session',
    description: 'What was said in a session of your own tree, cleaned and bounded.',
    parameters: { kind: 'zod', schema: historySchema },
    example: { sessionKey: 'agent:main:subagent:…', limit: 20 },
    async run(input, { session }) {
      const { sessionKey, limit } = historySchema.parse(input);
      if (!inTree(deps, session, sessionKey))
        return failed('not_in_tree', `${sessionKey} is not a session of your own tree.`, 'See sessions_list.');
      const lines = await deps.history(sessionKey, limit);
      return lines.ok ? json({ messages: lines.value }) : refused(lines.refusal);
    },
  };
}

const sendSchema = z.object({ sessionKey: z.string(), message: z.string().min(1) });

function sendTool(deps: SessionToolsDeps): Tool {
  return {
    name: 'sessions_send',
    group: 'session',
    description: 'Queue a message in a session of your own tree. Its answer comes to you by itself.',
    parameters: { kind: 'zod', schema: sendSchema },
    example: { sessionKey: 'agent:main:subagent:…', message: 'Also check the tests.' },
    async run(input, { session }) {
      const { sessionKey, message } = sendSchema.parse(input);
      const run = deps.registry.byChild(sessionKey);
      if (run === undefined || !inTree(deps, session, sessionKey)) {
        return failed('not_in_tree', `${sessionKey} is not a session of your own tree.`, 'See sessions_list.');
      }
      const child = await deps.session(sessionKey);
      if (child === undefined) return archived(run);
      const closed = deps.closed(child, session);
      if (closed !== undefined) return refused(closed);
      await deps.send(run, message, session);
      return json({ status: 'queued', sessionKey });
    },
  };
}

function archived(run: Run): ToolOutput {
  return failed('archived', `${run.label} is archived.`, 'Start a new one with sessions_spawn.');
}

/** The session itself, or one that descends from it. */
function inTree({ registry }: SessionToolsDeps, session: Session, key: SessionKey): boolean {
  for (let at: SessionKey | undefined = key; at !== undefined; at = registry.byChild(at)?.requester) {
    if (at === session.key) return true;
  }
  return false;
}

async function scopeOf({ registry, numbers }: SessionToolsDeps, session: Session): Promise<TargetScope> {
  return {
    runs: registry.newestBelow(session.key, 1000),
    numbers: await numbers(session),
  };
}
