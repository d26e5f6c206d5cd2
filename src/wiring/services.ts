// What commands and the CLI may ask of the engine, as plain data. Implements Services of src/core/services.ts.
import type { AgentRegistry } from '../agents/registry.ts';
import { sessionTools } from '../agents/tool-policy.ts';
import type { Command } from '../core/command.ts';
import type { Services, StatusView, ToolsView, UsageView } from '../core/services.ts';
import type { Session } from '../core/session.ts';
import type { ConfigFile } from '../infra/config-file.ts';
import { controlled } from './acp/control.ts';
import { acpServices } from './acp/services.ts';
import { doctorServices } from './doctor/services.ts';
import type { Engine } from './engine.ts';
import { approvePairing, denyPairing, revokePairing } from './pairing.ts';
import { configError } from './unused-config.ts';
import { version } from './version.ts';

export interface ServicesParts {
  readonly engine: Engine;
  readonly agents: () => AgentRegistry;
  readonly configFile: Pick<ConfigFile, 'path' | 'loadedAt' | 'error' | 'fileChangedAt'> &
    Partial<Pick<ConfigFile, 'fromFile' | 'channelsOff'>>;
  readonly table: readonly Command[];
  /** The file with tokens and keys in the working directory, and why it was not read. */
  readonly envFile?: { readonly path: string; readonly warning?: string | undefined };
  /** The default agent's model, for people. */
  readonly model: () => string;
  readonly page?: () => StatusView['page'];
}

export function engineServices(parts: ServicesParts): Services {
  const { engine, agents, table } = parts;
  return {
    ...controlled(engine),
    acp: acpServices(engine),
    doctor: doctorServices(parts, () => status(parts)),
    approvals: engine.approvals,
    pairing: {
      list: () => engine.pairing.view(),
      approve: (code, person) => approvePairing(engine, { code }, { via: 'chat', person }),
      deny: (code) => denyPairing(engine, { code }),
      revoke: (id) => revokePairing(engine, id),
    },
    agents: () =>
      agents()
        .list()
        .map(({ id, name, model, runtime }) => ({ id, name, model, runtime: runtime.type })),
    tools: (session) => tools(engine, session),
    status: () => status(parts),
    usage: async (place) => usage(engine, place.session),
    draining: () => engine.draining(),
    now: () => engine.parts.clock.now(),
    commands: () => table,
    maySee: (caller, command) => command.access === 'anyone' || caller.class === 'owner',
  };
}

export async function status({ engine, configFile, model, page }: ServicesParts): Promise<StatusView> {
  const { clock, config, adapters } = engine.parts;
  const changed = await configFile.fileChangedAt();
  const error = configError(configFile);
  const { lanes } = engine.layer.scheduler.stats();
  return {
    version,
    uptimeMs: clock.now() - engine.startedAt,
    generation: engine.generation,
    draining: engine.draining(),
    config: {
      path: configFile.path,
      loadedAt: configFile.loadedAt,
      ...(changed === undefined ? {} : { fileChangedAt: changed }),
      exists: configFile.fromFile !== false || configFile.error !== undefined,
      ...(error === undefined ? {} : { error }),
    },
    lanes: lanes.map(({ name, active, width, waiting }) => ({ name, active, width, waiting })),
    channels: [...adapters()].map(([id, adapter]) => ({ id, ...adapter.health() })),
    outbox: engine.delivery.outbox.stats(),
    closed: engine.delivery.closed.list(),
    acp: { enabled: config().acp.enabled, mode: config().acp.permissionMode },
    page: page?.(),
    model: model(),
  };
}

/** Of what is missing only the tools that start and reach runs: those are what people look for. */
async function tools(engine: Engine, session: Session): Promise<ToolsView> {
  const { available, removed } = await engine.layer.profiles.tools(session);
  return { available, removed: removed.filter((tool) => sessionTools.some((name) => name === tool.name)) };
}

function usage(engine: Engine, session: Session): UsageView {
  const { budgets, registry } = engine.stores;
  const tree =
    engine.layer.turns.active(session.key)?.tree ??
    registry.byChild(session.key)?.tree ??
    budgets.newestTree(session.key) ??
    '';
  return {
    session: session.usage,
    tree: budgets.treeUsage(tree),
    today: budgets.today(),
    left: budgets.left(tree),
    agents: budgets.byAgent(),
  };
}
