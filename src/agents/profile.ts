// What a turn of a session needs: agent, model, prompt and tools, gathered anew for every turn so that config changes hold
// from the next one on. Called by the turn engine; made by src/wiring/runs.ts.
import type { AgentRuntime } from '../core/agent.ts';
import type { Route } from '../core/route.ts';
import type { ToolsView } from '../core/services.ts';
import { lastRoute, type Session, type SessionKey } from '../core/session.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { Config } from '../infra/config.ts';
import type { AgentDefinition, AgentRegistry } from './registry.ts';
import { toolPolicy } from './tool-policy.ts';
import type { Profile } from './turn-types.ts';

export interface ProfileDeps {
  readonly config: () => Config;
  readonly agents: () => AgentRegistry;
  readonly runtime: (session: Session) => AgentRuntime;
  /** Every tool there is for this session, before policy. */
  readonly catalogue: (session: Session, agent: AgentDefinition) => Promise<readonly Tool[]>;
  readonly system: (session: Session, agent: AgentDefinition, tools: readonly Tool[]) => Promise<string>;
  readonly contextTokens: (model: string) => number;
  /** The stored session, which may have changed since a turn began. */
  readonly session: (key: SessionKey) => Promise<Session | undefined>;
  /** Place a child's tree was started from. */
  readonly origin: (session: Session) => Route | undefined;
}

export class Profiles {
  readonly #deps: ProfileDeps;
  /** Made once per tool: what a tool costs in a prompt is remembered by the tool. */
  readonly #trusting = new WeakMap<Tool, Tool>();

  constructor(deps: ProfileDeps) {
    this.#deps = deps;
  }

  /** The agent a session speaks as; one that left the config is served by the default agent's settings. */
  agent(session: Pick<Session, 'agentId'>): AgentDefinition {
    const agents = this.#deps.agents();
    return agents.get(session.agentId) ?? agents.default();
  }

  async of(session: Session): Promise<Profile> {
    const agent = this.agent(session);
    const runtime = this.#deps.runtime(session);
    const model = session.model ?? agent.model;
    const about = { runtime, model, thinking: session.thinking ?? agent.thinking };
    const contextTokens = this.#deps.contextTokens(model);
    // A coding agent has its own prompt and its own tools.
    if (runtime.kind === 'acp') return { ...about, contextTokens, system: '', tools: [] };
    const all = await this.#deps.catalogue(session, agent);
    const available = new Set(this.#policy(session, agent, all).available);
    const tools = all.filter((tool) => available.has(tool.name)).map((tool) => this.#asTrusted(tool));
    return { ...about, contextTokens, system: await this.#deps.system(session, agent, tools), tools };
  }

  /** What the session may use, and which stage took the rest. */
  async tools(session: Session): Promise<ToolsView> {
    const agent = this.agent(session);
    return this.#policy(session, agent, await this.#deps.catalogue(session, agent));
  }

  /** Why one of our own tools is not offered; `names` are tools that need no server to be known. */
  removal(
    session: Session,
    tool: Pick<Tool, 'name' | 'group'>,
  ): { readonly stage: string; readonly fix: string } | undefined {
    const view = this.#policy(session, this.agent(session), [tool]);
    return view.removed.find((removed) => removed.name === tool.name);
  }

  /** Somebody else may have begun to speak here while the turn goes on: a call has the rights the session has by then. */
  #asTrusted(tool: Tool): Tool {
    const known = this.#trusting.get(tool);
    if (known !== undefined) return known;
    const made: Tool = {
      ...tool,
      run: async (input, context): Promise<ToolOutput> => {
        const stored = context.session.ownerOnly ? await this.#deps.session(context.session.key) : undefined;
        if (stored === undefined || stored.ownerOnly) return tool.run(input, context);
        const session = { ...context.session, ownerOnly: false };
        const removed = this.removal(session, tool);
        if (removed === undefined) return tool.run(input, { ...context, session });
        return { text: `${tool.name}: not available any more, by ${removed.stage}. ${removed.fix}`, failed: true };
      },
    };
    this.#trusting.set(tool, made);
    return made;
  }

  #policy(session: Session, agent: AgentDefinition, catalogue: readonly Pick<Tool, 'name' | 'group'>[]): ToolsView {
    const place = this.#deps.origin(session) ?? lastRoute(session);
    return toolPolicy({ config: this.#deps.config(), agent, session, place, catalogue });
  }
}
