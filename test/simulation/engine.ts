// The real engine, as app.ts builds it, on the parts of a simulation. Used by world.ts.
import { isCommand, namesCommand } from '../../commands/args.ts';
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import type { ChannelAdapter } from '../../src/core/channel.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { HarnessHost } from '../../src/wiring/acp/host.ts';
import { Engine } from '../../src/wiring/engine.ts';
import type { Storage } from '../../src/wiring/parts.ts';
import { engineServices } from '../../src/wiring/services.ts';
import { suggest } from '../../src/wiring/suggest.ts';
import { seededIds } from '../fakes/ids.ts';
import { lookTool, type Slots, agents as scriptedAgents } from './agents.ts';
import type { Life } from './life.ts';
import { lifeLog } from './log.ts';
import type { Plan } from './plan.ts';
import { random } from './random.ts';
import type { Sighting } from './record.ts';
import type { Configured } from './settings.ts';

export interface EngineSetup extends Configured {
  readonly plan: Plan;
  readonly life: Life;
  readonly storage: Storage;
  readonly adapters: ReadonlyMap<string, ChannelAdapter>;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly seen: Sighting;
  readonly verbose: boolean;
}

const table = commandTable();

export async function openEngine(setup: EngineSetup): Promise<Engine> {
  const { plan, life, storage, adapters, clock, slots, seen, config, agents } = setup;
  const runtime = scriptedAgents({ plan, life, clock, seen, slots });
  const look = lookTool(clock);
  const engine: Engine = await Engine.open({
    ...{ home: '/nowhere', storage, clock, isCommand },
    log: lifeLog(seen, life, setup.verbose),
    ids: seededIds(random(plan.seed, 'ids', life.number).int(0, 2 ** 31)),
    config: () => config,
    agents: () => agents,
    adapters: () => adapters,
    runtime: () => runtime,
    tools: async () => [look],
    system: async () => 'You are simulated.',
    checkModel: () => ({ kind: 'ok' }),
    contextTokens: () => 200_000,
    harnesses: noHarnesses,
    namesCommand: (text) => namesCommand(text, table),
    runCommand: (text, place) =>
      runCommand(text, place, { services, table, botName: undefined, onBug: (error) => bug(seen, error) }),
    suggest: (ask) => suggest({ engine, agents: () => agents, table }, ask),
    killPrograms: async () => 0,
  });
  const configFile = {
    path: 'switchyard.json5',
    loadedAt: clock.now(),
    error: undefined,
    fileChangedAt: async () => undefined,
  };
  const services = engineServices({ engine, agents: () => agents, configFile, table, model: () => 'scripted/one' });
  return engine;
}

function bug(seen: Sighting, error: unknown): void {
  seen.broken.push({ rule: 'no fault of ours', detail: String(error instanceof Error ? error.stack : error) });
}

const noHarnesses: HarnessHost = {
  groups: {
    start: () => {
      throw new Error('no program is there to be started');
    },
  },
  lookup: () => ({ path: '', bins: [], isProgram: () => false }),
  childEnv: () => ({}),
  realPath: (path) => path,
  readFile: async () => undefined,
};
