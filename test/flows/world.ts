// A whole engine with a fake channel, a scripted agent and a clock that stands still until a test moves it. Used by flows.
// Nothing waits for real time: tests wait for a condition (`until`, `channel.next`, `settled`) and move the clock themselves.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCommand, namesCommand } from '../../commands/args.ts';
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import { agentRegistry } from '../../src/agents/registry.ts';
import type { AgentRuntime } from '../../src/core/agent.ts';
import type { Run } from '../../src/core/run.ts';
import type { OnRunEnded, Tool } from '../../src/core/tool.ts';
import type { Clock } from '../../src/infra/clock.ts';
import { type Config, configSchema } from '../../src/infra/config.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { type Log, silentLog } from '../../src/infra/log.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { Transcripts } from '../../src/sessions/transcript.ts';
import type { HarnessHost } from '../../src/wiring/acp/host.ts';
import { Engine } from '../../src/wiring/engine.ts';
import type { EngineParts, Storage } from '../../src/wiring/parts.ts';
import { engineServices, type ServicesParts } from '../../src/wiring/services.ts';
import { suggest } from '../../src/wiring/suggest.ts';
import { type FakeChannel, type FakeChannelOptions, fakeChannel, type ReceiveOptions } from '../fakes/channel.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { instantFlush } from '../fakes/disk.ts';
import { seededIds } from '../fakes/ids.ts';
import { type ScriptedRuntime, scriptedRuntime } from '../fakes/scripted-runtime.ts';
import { until } from '../fakes/wait.ts';

export interface WorldOptions {
  /** Raw config, as in the file. */
  readonly config?: object;
  readonly channel?: FakeChannelOptions;
  /** A runtime in place of the scripted one. */
  readonly runtime?: AgentRuntime;
  readonly tools?: readonly Tool[] | EngineParts['tools'];
  readonly checkModel?: EngineParts['checkModel'];
  readonly onRunEnded?: OnRunEnded;
  readonly log?: Log;
  /** What /status is told of the config file. */
  readonly configFile?: Partial<ServicesParts['configFile']>;
  readonly seed?: number;
  /** What coding agents get of this machine; default: no program is there. */
  readonly harnesses?: HarnessHost;
  /** A clock that runs by itself; `world.clock` is then not to be used. */
  readonly time?: Clock;
}

export interface World {
  readonly engine: Engine;
  readonly channel: FakeChannel;
  readonly clock: VirtualClock;
  readonly agent: ScriptedRuntime;
  /** Changes the config as a reload would. */
  configure(raw: object): void;
  /** Hands a message in; by default from the owner in their direct chat. */
  say(text: string, options?: ReceiveOptions): Promise<string>;
  /** Hands a message in and waits for the next message that fits. */
  ask(text: string, fits?: Parameters<FakeChannel['next']>[0]): Promise<string>;
  runs(): readonly Run[];
  run(label: string): Run;
  /** Waits until nothing runs, nothing is owed and nothing waits to be sent. */
  settled(): Promise<void>;
  until(condition: () => boolean, what: string): Promise<void>;
  /** The same state folder in a new engine, as after a restart; `kill` leaves the old one as a crash would. */
  restart(how?: 'drain' | 'kill'): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const homes = [mkdtempSync(join(tmpdir(), 'switchyard-flow-'))];
  const home = (): string => homes.at(-1) ?? '';
  // Room for a few commits between two timers: their disk is real.
  const virtual = virtualClock(undefined, 12);
  const clock: Clock = options.time ?? virtual;
  const ids = seededIds(options.seed ?? 1);
  const agent = scriptedRuntime({ clock });
  let config: Config = configSchema.parse(options.config ?? {});
  const channel = fakeChannel({ id: 'console', now: clock.now, ...options.channel });
  const key = `${channel.id}:${channel.account}`;

  async function open(): Promise<Engine> {
    const mine = home();
    const table = commandTable();
    const given = options.tools ?? [];
    const agents = () => agentRegistry(config, { fallbackModel: 'scripted/one', workingDirectory: mine });
    const engine: Engine = await Engine.open({
      ...{
        home: mine,
        storage: storageIn(mine),
        clock,
        ids,
        agents,
        isCommand,
        namesCommand: (text) => namesCommand(text, table),
        log: options.log ?? silentLog,
      },
      config: () => config,
      // An engine that was killed reaches nobody any more.
      adapters: () => (home() === mine ? new Map([[key, channel]]) : new Map()),
      runtime: () => options.runtime ?? agent,
      tools: async (session, agent) => (typeof given === 'function' ? given(session, agent) : given),
      system: async () => 'You are a test.',
      checkModel: options.checkModel ?? (() => ({ kind: 'ok' })),
      contextTokens: () => 200_000,
      harnesses: options.harnesses ?? noHarnesses,
      runCommand: (text, place) =>
        runCommand(text, place, { services, table, botName: channel.botName?.(), onBug: (error) => fail(error) }),
      suggest: (ask) => suggest({ engine, agents, table }, ask),
      killPrograms: async () => 0,
      onRunEnded: options.onRunEnded,
    });
    const configFile = {
      path: 'switchyard.json5',
      loadedAt: clock.now(),
      error: undefined,
      fileChangedAt: async () => undefined,
      ...options.configFile,
    };
    const services = engineServices({ engine, agents, configFile, table, model: () => 'scripted/one' });
    await engine.start();
    await channel.start(engine.events(channel));
    return engine;
  }

  let engine = await open();
  const drained = async (limitMs: number): Promise<void> => {
    const over = engine.drain();
    await (options.time === undefined ? Promise.all([over, virtual.runUntil(over, limitMs)]) : over);
  };
  const world: World = {
    get engine() {
      return engine;
    },
    channel,
    clock: virtual,
    agent,
    configure(raw) {
      config = configSchema.parse(raw);
      engine.reconfigured();
    },
    say: (text, how) => channel.receive(text, how),
    async ask(text, fits) {
      const reply = channel.next(fits);
      await channel.receive(text);
      return (await reply).text;
    },
    runs: () => engine.stores.registry.newest(1000).toReversed(),
    run(label) {
      const found = world.runs().find((run) => run.label === label);
      if (found === undefined)
        throw new Error(
          `no run ${label}; there are: ${world
            .runs()
            .map((run) => run.label)
            .join(', ')}`,
        );
      return found;
    },
    settled: () => until(() => engine.quiet() && engine.delivery.outbox.stats().pending === 0, 'everything to settle'),
    until: (condition, what) => until(condition, what),
    async restart(how = 'drain') {
      if (how === 'drain') await drained(120_000);
      else {
        const copy = mkdtempSync(join(tmpdir(), 'switchyard-flow-'));
        cpSync(home(), copy, { recursive: true });
        homes.push(copy);
      }
      engine = await open();
    },
    async close() {
      // However far time runs meanwhile: nothing looks at it any more.
      await drained(Infinity);
      for (const each of homes) rmSync(each, { recursive: true, force: true });
    },
  };
  return world;
}

/** As in a real state folder. */
function storageIn(home: string): Storage {
  const transcripts = new Transcripts(join(home, 'transcripts'), instantFlush);
  return { database: openDatabase(statePaths(home).database), transcripts };
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

function fail(error: unknown): never {
  throw error;
}
