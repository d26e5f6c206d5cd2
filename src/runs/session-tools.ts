// The tools by which an agent starts, watches and reaches other sessions. Offered by tool policy, called by the native loop.
// They see the agent's own tree and nothing else.
import { z } from 'zod';
import { spawnRefusal } from '../core/errors.ts';
import { clip, oneLine } from '../core/format.ts';
import type { Refusal, Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { type Run, shortId } from '../core/run.ts';
import type { AgentInfo, LogLine, StopReport } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import { spawnRequestSchema } from '../core/spawn.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { RunRegistry } from './registry.ts';
import type { SpawnAsk, Spawned } from './spawn.ts';
import { resolveTarget } from './targets.ts';

export interface SessionToolsDeps {
  readonly registry: RunRegistry;
  readonly spawn: (ask: SpawnAsk) => Promise<Result<Spawned>>;
  readonly kill: (run: Run) => Promise<StopReport>;
  readonly steer: (run: Run, text: string, from: Session) => Promise<'injected' | 'queued' | 'idle'>;
  readonly send: (run: Run, text: string, from: Session) => Promise<void>;
  readonly history: (session: SessionKey, limit: number) => Promise<Result<readonly LogLine[]>>;
  readonly session: (key: SessionKey) => Promise<Session | undefined>;
  /** External coding agents can be started from here. */
  readonly acpOffered: () => boolean;
  readonly targets: (agentId: string) => readonly AgentInfo[];
  /** Tree and place of a turn under way. */
  readonly turn: (session: SessionKey) => { readonly tree: string; readonly route: Route | undefined } | undefined;
  /** Where this session's person is, when no turn says so. */
  readonly origin: (session: Session) => Route | undefined;
  /** Puts the session to sleep until these runs have ended. */
  readonly hold: (
    session: Session,
    wait: { readonly runIds: readonly string[]; readonly waitFor: 'all' | 'any'; readonly timeoutSeconds: number },
  ) => 'holding' | 'ready' | 'nothing';
}

const spawnExample = { task: 'Read README.md and list the commands it names.', label: 'commands' };
/** Parameters other systems have and ours on purpose has not: results always go back to whoever asked. */
const known = new Set(Object.keys(spawnRequestSchema.shape));

/** `allowed`: agents this session may start, so that the schema offers only those. */
export function sessionToolset(deps: SessionToolsDeps, allowed: readonly AgentInfo[]): readonly Tool[] {
  return [
    spawnTool(deps, allowed),
    yieldTool(deps),
    agentsListTool(deps),
    subagentsTool(deps),
    listTool(deps),
    historyTool(deps),
    sendTool(deps),
  ];
}

function spawnTool(deps: SessionToolsDeps, allowed: readonly AgentInfo[]): Tool {
  const ids = allowed.map((agent) => agent.id);
  const { runtime, resumeSessionId, streamTo, ...native } = spawnRequestSchema.shape;
  const shape = {
    ...native,
    // Listed for the model, but not enforced here: a refusal by policy says more than a schema fault.
    agentId: z.string().min(1).optional().describe('Agent to run it; default: yourself.').meta({ enum: ids }),
    ...(deps.acpOffered() ? { runtime, resumeSessionId, streamTo } : {}),
  };
  return {
    name: 'sessions_spawn',
    group: 'session',
    description:
      'Start background work in a sub-agent and go on at once. Its result is pushed to you when it ends: never poll for it. Give a self-contained task; the child sees nothing of this conversation.',
    // Unknown parameters are refused by name below, which a strict schema could not do in our words.
    parameters: { kind: 'zod', schema: z.looseObject(shape) },
    example: spawnExample,
    async run(input, context) {
      const extra = Object.keys(input as object).filter((name) => !known.has(name));
      if (extra.length > 0) return refused(spawnRefusal.unsupportedParameter(extra));
      const request = spawnRequestSchema.safeParse(input);
      if (!request.success) return refused(spawnRefusal.schemaInvalid(faults(request.error), spawnExample));
      const turn = deps.turn(context.session.key);
      const origin = turn?.route ?? deps.origin(context.session);
      if (turn === undefined || origin === undefined)
        return refused({
          code: 'no_route',
          message: 'this session belongs to no conversation.',
          fix: 'Start it from a chat.',
        });
      const ask: SpawnAsk = {
        request: request.data,
        caller: context.session,
        askedBy: 'agent',
        turn: context.turn,
        tree: turn.tree,
        key: `${context.turn}:${context.callId}`,
        origin,
      };
      const result = await deps.spawn(ask);
      return result.ok ? json(withoutAhead(result.value)) : refused(result.refusal);
    },
  };
}

function faults(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
}

function withoutAhead({ ahead: _, ...accepted }: Spawned): Omit<Spawned, 'ahead'> {
  return accepted;
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
      json({ agents: deps.targets(session.agentId).map(({ id, model, runtime }) => ({ id, model, runtime })) }),
  };
}

const subagentsSchema = z.object({
  action: z.enum(['list', 'info', 'steer', 'kill']),
  target: z.string().optional().describe('Label, run id or session key; not needed for list.'),
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
      const found = resolveTarget(target, scopeOf(deps, session));
      if (!found.ok) return refused(found.refusal);
      if (action === 'info') return json(info(found.value));
      if (action === 'kill') return json(killed(await deps.kill(found.value)));
      if (message === undefined || message.trim() === '')
        return failed('message_required', 'subagents steer needs message.', 'Say what the sub-agent should do.');
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
      if ((await deps.session(sessionKey)) === undefined)
        return failed('archived', `${run.label} is archived.`, 'Start a new one with sessions_spawn.');
      await deps.send(run, message, session);
      return json({ status: 'queued', sessionKey });
    },
  };
}

function inTree(deps: SessionToolsDeps, session: Session, key: SessionKey): boolean {
  return key === session.key || deps.registry.newestBelow(session.key, 1000).some((run) => run.child === key);
}

function scopeOf(deps: SessionToolsDeps, session: Session) {
  return {
    runs: deps.registry.newestBelow(session.key, 1000),
    numbers: [],
    sessionIdOf: (run: Run) => run.childSessionId,
  };
}

function summary(run: Run) {
  return {
    label: run.label,
    run: shortId(run.id),
    agentId: run.agentId,
    status: run.state.status,
    delivery: run.delivery.state,
  };
}

function info(run: Run) {
  return {
    ...summary(run),
    sessionKey: run.child,
    task: run.task,
    model: run.model,
    warnings: run.warnings,
    tokens: run.usage.input + run.usage.output,
  };
}

function killed(report: StopReport) {
  const names = (runs: readonly Run[]) => runs.map((run) => run.label);
  return {
    stopped: report.stopped.length,
    alreadyFinished: report.alreadyFinished.length,
    failed: names(report.failed),
  };
}

function json(value: unknown): ToolOutput {
  return { text: JSON.stringify(value) };
}

function refused(refusal: Refusal): ToolOutput {
  return { text: JSON.stringify({ status: 'refused', ...refusal }), failed: true };
}

function failed(code: string, message: string, fix: string): ToolOutput {
  return refused({ code, message, fix });
}
