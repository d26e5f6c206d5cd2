// What commands and the CLI may ask of the engine, as plain data. Implements Services of src/core/services.ts.
import type { AgentRegistry } from '../agents/registry.ts';
import type { Command } from '../core/command.ts';
import type { Services, StatusView, UsageView } from '../core/services.ts';
import type { ConfigFile } from '../infra/config-file.ts';
import type { Engine } from './engine.ts';
import { version } from './version.ts';

export interface ServicesParts {
  readonly engine: Engine;
  readonly agents: () => AgentRegistry;
  readonly configFile: Pick<ConfigFile, 'path' | 'loadedAt' | 'error' | 'fileChangedAt'>;
  readonly table: readonly Command[];
  /** The default agent's model, for people. */
  readonly model: () => string;
}

export function engineServices(parts: ServicesParts): Services {
  const { engine, agents, table } = parts;
  return {
    runs: engine.runs,
    sessions: engine.sessions,
    bindings: engine.bindings,
    agents: () =>
      agents()
        .list()
        .map(({ id, name, model, runtime }) => ({ id, name, model, runtime: runtime.type })),
    tools: (session) => engine.layer.profiles.tools(session),
    status: () => status(parts),
    usage: async (place) => usage(engine, place.session),
    draining: () => engine.draining(),
    now: () => engine.parts.clock.now(),
    commands: () => table,
    maySee: (caller, command) => command.access === 'anyone' || caller.class === 'owner',
  };
}

export async function status({ engine, configFile, model }: ServicesParts): Promise<StatusView> {
  const { clock, config, adapters } = engine.parts;
  const changed = await configFile.fileChangedAt();
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
      ...(configFile.error === undefined ? {} : { error: configFile.error }),
    },
    lanes: lanes.map(({ name, active, width, waiting }) => ({ name, active, width, waiting })),
    channels: [...adapters()].map(([id, adapter]) => ({ id, ...adapter.health() })),
    outbox: engine.delivery.outbox.stats(),
    acp: { enabled: config().acp.enabled, mode: config().acp.permissionMode },
    model: model(),
  };
}

function usage(engine: Engine, session: Parameters<Services['tools']>[0]): UsageView {
  const { budgets, registry } = engine.stores;
  const tree =
    engine.layer.turns.active(session.key)?.tree ??
    registry.byChild(session.key)?.tree ??
    registry.newestBelow(session.key, 1)[0]?.tree ??
    '';
  return {
    session: session.usage,
    tree: budgets.treeUsage(tree),
    today: budgets.today(),
    left: budgets.left(tree),
    agents: budgets.byAgent(),
  };
}
