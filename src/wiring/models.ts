// Models, the native loop, and what a turn is told: prompt and tools of an agent. Used by app.ts.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createModels, type ModelResolver } from '../agents/models.ts';
import { type NativeDeps, nativeRuntime } from '../agents/native.ts';
import { createPricing } from '../agents/pricing.ts';
import { loadContextFiles, systemPrompt } from '../agents/prompt.ts';
import type { AgentDefinition, AgentRegistry } from '../agents/registry.ts';
import type { AgentRuntime } from '../core/agent.ts';
import type { Session } from '../core/session.ts';
import type { Tool } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import { childEnv, type Env } from '../infra/env.ts';
import type { Ids } from '../infra/ids.ts';
import { inboxFolder, inboxOf } from '../infra/inbox-folder.ts';
import type { Log } from '../infra/log.ts';
import { statePaths } from '../infra/state-paths.ts';
import type { ModelCheck } from '../runs/policy.ts';
import { execTool } from '../tools/exec.ts';
import { fileTools } from '../tools/files.ts';
import type { Hidden } from '../tools/inside.ts';
import { McpTools } from '../tools/mcp.ts';
import { ProcessGroups } from '../tools/process-groups.ts';
import { webFetchTool } from '../tools/web.ts';

export interface ToolboxParts {
  readonly home: string;
  /** The config file, which may hold tokens. */
  readonly configPath: string;
  readonly workingDirectory: string;
  /** Of all agents: one may lie in another. */
  readonly workspaces: () => readonly string[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly config: () => Config;
}

/** Whom tools are for, as far as it matters to them. */
type ToolUser = Pick<Session, 'ownerOnly' | 'controlScope'>;

/** Sets of tools kept: one for each workspace and conversation. */
const mostSets = 100;

/** The tools that work on this machine, and the programs they started. */
export class Toolbox {
  readonly groups: ProcessGroups;
  readonly mcp: McpTools;
  readonly #parts: ToolboxParts;
  /** By workspace and what is hidden in it; the longest unused first. The same tool is not described to a model anew. */
  readonly #sets = new Map<string, readonly Tool[]>();

  constructor(parts: ToolboxParts) {
    const { clock, ids, log, home, workingDirectory } = parts;
    this.#parts = parts;
    this.groups = new ProcessGroups({
      clock,
      ids,
      instance: createHash('sha256').update(home).digest('hex').slice(0, 16),
    });
    this.mcp = new McpTools({
      clock,
      groups: this.groups,
      childEnv,
      cwd: workingDirectory,
      onProblem: (server, sentence) => log.warn({ server, code: 'mcp' }, sentence),
    });
    this.mcp.configure(parts.config().tools.mcp);
  }

  async of(session: ToolUser, agent: Pick<AgentDefinition, 'workspace'>): Promise<readonly Tool[]> {
    return [...this.#local(session, agent.workspace), ...(await this.mcp.tools())];
  }

  async close(): Promise<void> {
    await this.mcp.close();
    await this.groups.killAll();
  }

  #local(session: ToolUser, workspace: string): readonly Tool[] {
    const hidden = [...ownFiles(this.#parts), ...filesOfOthers(session, [workspace, ...this.#parts.workspaces()])];
    const key = JSON.stringify([workspace, hidden]);
    const tools = this.#sets.get(key) ?? this.#make(workspace, hidden);
    this.#sets.delete(key);
    this.#sets.set(key, tools);
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > mostSets && oldest !== undefined) this.#sets.delete(oldest);
    return tools;
  }

  #make(workspace: string, hidden: readonly Hidden[]): readonly Tool[] {
    const { clock, ids, config } = this.#parts;
    return [
      ...fileTools(workspace, { clock, ids, hidden }),
      execTool({ workspace, childEnv, groups: this.groups, clock }),
      webFetchTool({ clock, allowPrivate: () => config().tools.web.allowPrivateAddresses }),
    ];
  }
}

/**
 * What file tools must not reach, since the workspace is the working directory unless somebody sets one: tokens and keys, and
 * what other people said. The state folder's parts are named too, in case the workspace lies in it.
 */
function ownFiles({ home, configPath, workingDirectory }: ToolboxParts): readonly string[] {
  const { database, log, consoleHistory, webToken } = statePaths(home);
  const parts = [database, `${database}-wal`, log, `${log}.1`, consoleHistory, webToken, join(home, 'transcripts')];
  return [home, ...parts, configPath, join(workingDirectory, '.env')];
}

/** Where others than the owner speak, the files of other conversations stay closed, also those of agents that work further down. */
function filesOfOthers(session: ToolUser, workspaces: readonly string[]): readonly Hidden[] {
  if (session.ownerOnly) return [];
  return [...new Set(workspaces)].map((workspace) => ({
    folder: join(workspace, inboxFolder),
    except: join(workspace, inboxOf(session)),
  }));
}

export interface NativeParts {
  readonly config: () => Config;
  readonly env: Env;
  readonly clock: Clock;
  readonly ids: Ids;
  /** What a call of a removed session tool is answered with. */
  readonly missingTool: (name: string, session: Session) => string | undefined;
  readonly log: Log;
}

export function nativeAgents(parts: NativeParts): { readonly models: ModelResolver; readonly runtime: AgentRuntime } {
  const { config, env, clock, ids, missingTool, log } = parts;
  const models = createModels({ config, env, clock });
  const price = createPricing(() => config().models.providers);
  const readImage = (path: string): Promise<Uint8Array | undefined> => readFile(path).catch(() => undefined);
  const native = nativeRuntime({ clock, ids, models, price, missingTool, malformed: malformedCall(log), readImage });
  return { models, runtime: logged(native, log) };
}

/** Whoever asked is told why a turn failed; so is the log. */
export function logged(runtime: AgentRuntime, log: Log): AgentRuntime {
  return {
    ...runtime,
    async *turn(session, prompt, tools, signal) {
      for await (const event of runtime.turn(session, prompt, tools, signal)) {
        if (event.type === 'settled' && event.outcome.kind === 'error') {
          const { code, message } = event.outcome;
          log.error(
            { session: session.key, run: session.runId, model: prompt.model, code, reason: message },
            'turn failed',
          );
        }
        yield event;
      }
    },
  };
}

/** A call that never reaches its tool is written down here. */
export function malformedCall(log: Log): NonNullable<NativeDeps['malformed']> {
  return (tool, faults, session) =>
    log.error({ session: session.key, tool, code: 'schema_invalid', reason: faults.join('; ') }, 'tool call refused');
}

/** The model check in the words of the spawn policy. */
export function modelCheck(models: ModelResolver): (ref: string, agentId: string) => ModelCheck {
  return (ref, agentId) => {
    const check = models.check(ref, agentId);
    if (check.kind === 'ok') return check;
    if (check.kind === 'unknown') return { kind: 'unknown', message: check.warning };
    return { kind: 'unavailable', message: check.refusal.message, fix: check.refusal.fix };
  };
}

export function systemPrompts(agents: () => AgentRegistry, clock: Clock) {
  return async (session: Session, agent: AgentDefinition, tools: readonly Tool[]): Promise<string> => {
    const read = (name: string): Promise<string | undefined> =>
      readFile(join(agent.workspace, name), 'utf8').catch(() => undefined);
    return systemPrompt({
      session,
      agent,
      workspace: agent.workspace,
      tools: tools.map((tool) => tool.name),
      allowedAgents: agents()
        .targets(agent.id)
        .map((target) => target.id),
      files: await loadContextFiles(session.kind, read),
      now: clock.now(),
    });
  };
}
