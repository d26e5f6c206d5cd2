// sessions_spawn: how an agent starts background work. Part of the session tools; the rules are in policy.ts.
import { z } from 'zod';
import { spawnRefusal } from '../core/errors.ts';
import type { Refusal, Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import type { AgentInfo } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import { type SpawnRequest, spawnRequestSchema } from '../core/spawn.ts';
import type { Tool, ToolContext, ToolOutput } from '../core/tool.ts';
import type { Log } from '../infra/log.ts';
import type { SpawnAsk, Spawned } from './spawn.ts';
import { json, refused } from './tool-answers.ts';

interface TurnFacts {
  readonly tree: string;
  readonly route: Route | undefined;
  /** See `InboundMessage`; in `route`. */
  readonly messageId: string | undefined;
}

export interface SpawnToolDeps {
  readonly spawn: (ask: SpawnAsk) => Promise<Result<Spawned>>;
  readonly log: Log;
  /** Tree, place and first message of a turn under way. */
  readonly turn: (session: SessionKey) => TurnFacts | undefined;
  /** Whose work a session does. */
  readonly startedBy: (session: SessionKey) => SpawnAsk['startedBy'];
  /** Where this session's person is, when no turn says so. */
  readonly origin: (session: Session) => Route | undefined;
}

const example = { task: 'Read README.md and list the commands it names.', label: 'commands' };
/** Parameters other systems have and ours on purpose has not: results always go back to whoever asked. */
const known = new Set(Object.keys(spawnRequestSchema.shape));

/** `allowed`: what this session may start, so that the schema offers only that. */
export function spawnTool(deps: SpawnToolDeps, allowed: readonly AgentInfo[]): Tool {
  return {
    name: 'sessions_spawn',
    group: 'session',
    description:
      'Start background work in a sub-agent and go on at once. Its result is pushed to you when it ends: never poll for it. Give a self-contained task; the child sees nothing of this conversation.',
    parameters: { kind: 'zod', schema: schemaFor(allowed) },
    example,
    async run(input, context) {
      const request = readRequest(input);
      if (!request.ok) return refuseCall(deps, context, request.refusal);
      const turn = deps.turn(context.session.key);
      const origin = turn?.route ?? deps.origin(context.session);
      if (turn === undefined || origin === undefined) return refuseCall(deps, context, spawnRefusal.noConversation());
      const result = await deps.spawn({
        request: request.value,
        caller: context.session,
        askedBy: 'agent',
        startedBy: deps.startedBy(context.session.key),
        turn: context.turn,
        tree: turn.tree,
        key: `${context.turn}:${context.callId}`,
        origin,
        messageId: turn.messageId,
        signal: context.signal,
      });
      return result.ok ? json(withoutAhead(result.value)) : refused(result.refusal);
    },
  };
}

/** Loose: an unknown parameter is refused by name, which a strict schema could not do in our words. */
function schemaFor(allowed: readonly AgentInfo[]): z.ZodType {
  const { runtime, resumeSessionId, streamTo, ...native } = spawnRequestSchema.shape;
  const ids = allowed.map((agent) => agent.id);
  const agentId = z.string().min(1).optional().describe('Agent to run it; default: yourself.');
  const external = allowed.some((agent) => agent.runtime === 'acp');
  return z.looseObject({
    ...native,
    // Listed for the model, but not enforced here: a refusal by policy says more than a schema fault. Providers reject
    // an empty list.
    agentId: ids.length === 0 ? agentId : agentId.meta({ enum: ids }),
    ...(external ? { runtime, resumeSessionId, streamTo } : {}),
  });
}

function readRequest(input: unknown): Result<SpawnRequest> {
  const request = spawnRequestSchema.safeParse(input);
  const unknown = Object.keys(Object(input)).filter((name) => !known.has(name));
  if (!request.success) {
    const faults = [...request.error.issues.map(faultOf), ...unknown.map((name) => `${name}: unknown parameter`)];
    return { ok: false, refusal: spawnRefusal.schemaInvalid(faults, example) };
  }
  if (unknown.length > 0) return { ok: false, refusal: spawnRefusal.unsupportedParameter(unknown) };
  return { ok: true, value: request.data };
}

function faultOf(issue: z.core.$ZodIssue): string {
  return `${issue.path.map(String).join('.') || 'arguments'}: ${issue.message}`;
}

function refuseCall({ log }: SpawnToolDeps, { session, turn }: ToolContext, refusal: Refusal): ToolOutput {
  log.debug({ session: session.key, turn }, 'spawn attempted');
  log.error({ session: session.key, code: refusal.code, reason: refusal.message }, 'spawn refused');
  return refused(refusal);
}

/** The queue matters to people who wait, not to an agent that goes on. */
function withoutAhead({ ahead: _, ...accepted }: Spawned): Omit<Spawned, 'ahead'> {
  return accepted;
}
