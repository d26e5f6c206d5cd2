// Constructs and wires every part; nothing else knows the whole. `switchyard start` calls it.
// 1 config and log  2 model and agents  3 engine with tools and commands  4 channels  5 what the process may ask for
import { openChannels } from '../channels/index.ts';
import { isCommand } from '../commands/args.ts';
import { complete } from '../commands/complete.ts';
import { commandTable } from '../commands/index.ts';
import { runCommand } from '../commands/run.ts';
import { type ChosenModel, chooseDefault, probeOllama } from './agents/default-model.ts';
import { type AgentRegistry, agentRegistry } from './agents/registry.ts';
import { sessionTools } from './agents/tool-policy.ts';
import type { App, AppOptions } from './cli/engine-port.ts';
import type { ChannelAdapter } from './core/channel.ts';
import { spawnRefusal } from './core/errors.ts';
import { ok, type Result, refuse } from './core/result.ts';
import type { Session } from './core/session.ts';
import { accountKey } from './delivery/account.ts';
import { systemClock } from './infra/clock.ts';
import { ConfigFile } from './infra/config-file.ts';
import { systemIds } from './infra/ids.ts';
import { createLog, type LogHandle } from './infra/log.ts';
import { statePaths } from './infra/state-paths.ts';
import { acpFacts } from './wiring/acp.ts';
import { controlHandlers } from './wiring/control.ts';
import { Engine } from './wiring/engine.ts';
import { modelCheck, nativeAgents, systemPrompts, Toolbox } from './wiring/models.ts';
import { engineServices, type ServicesParts } from './wiring/services.ts';
import { version } from './wiring/version.ts';

const clock = systemClock;
const ids = systemIds;

export async function createApp(options: AppOptions): Promise<Result<App>> {
  const configFile = new ConfigFile({ env: options.env, clock, workingDirectory: options.workingDirectory });
  await configFile.load();
  const console = options.console || !hasChannel(configFile);
  const logs = openLog(options, configFile, console);
  try {
    return ok(await build(options, { configFile, logs, console }));
  } catch (error) {
    logs.log.fatal({ err: error, code: 'start_failed' }, 'could not be constructed');
    logs.close();
    const why = error instanceof Error ? error.message : String(error);
    return refuse('start_failed', `Could not start: ${why}.`, `The log is ${statePaths(options.env.home).log}.`);
  }
}

interface Base {
  readonly configFile: ConfigFile;
  readonly logs: LogHandle;
  readonly console: boolean;
}

async function build(options: AppOptions, base: Base): Promise<App> {
  const { configFile, logs } = base;
  const { log } = logs;
  const config = () => configFile.current;
  const chosen = await chooseDefault(options.env, config(), () => probeOllama(options.env.ollamaUrl, clock));
  const agents = liveAgents(configFile, options, chosen);
  const toolbox = new Toolbox({
    home: options.env.home,
    workingDirectory: options.workingDirectory,
    clock,
    ids,
    log,
    config,
  });
  const adapters = new Map<string, ChannelAdapter>();
  const table = commandTable();
  const missingTool = (name: string, session: Session): string | undefined => missing(engine, name, session);
  const native = nativeAgents({ config, env: options.env, clock, ids, missingTool });
  const engine: Engine = await Engine.open({
    ...{ home: options.env.home, clock, ids, log, config, agents },
    adapters: () => adapters,
    runtime: () => native.runtime,
    tools: (_session, agent) => toolbox.of(agent),
    system: systemPrompts(agents, clock),
    checkModel: modelCheck(native.models),
    contextTokens: (model) => native.models.contextTokens(model) ?? config().agents.defaults.contextTokens,
    acp: acpFacts(config),
    isCommand,
    runCommand: (text, place) => runCommand(text, place, { services, table, botName: undefined, onBug: bug }),
    killPrograms: (session) => toolbox.groups.killOf(session),
  });
  const bug = (error: unknown, command: string): void =>
    log.error({ err: error, command, code: 'command_bug' }, 'a command failed');
  const parts: ServicesParts = { engine, agents, configFile, table, model: () => agents().default().model };
  const services = engineServices(parts);
  const consoleOptions = {
    ...{ input: options.stdin, output: options.stdout, clock, ids, log },
    historyFile: statePaths(options.env.home).consoleHistory,
    complete: (line: string) => complete(line, table, (kind) => candidates(engine, agents, kind)),
    idle: () => engine.idle(),
    closed: options.onConsoleClosed,
  };
  const channels = await openChannels({ console: base.console ? consoleOptions : undefined });
  for (const adapter of channels) adapters.set(accountKey({ channel: adapter.id, account: adapter.account }), adapter);
  return {
    banner: () => banner(channels, chosen, agents, base.console),
    log,
    control: controlHandlers(parts),
    start: () => start(base, engine, { channels, toolbox, agents }),
    reload: () => reload(configFile),
    idle: () => engine.idle(),
    drain: () => drain(base, engine, { channels, toolbox }),
  };
}

function hasChannel(configFile: ConfigFile): boolean {
  if (configFile.channelsOff) return false;
  const { telegram, discord, whatsapp } = configFile.current.channels;
  return [telegram, discord, whatsapp].some(({ accounts }) =>
    Object.values(accounts).some((account) => account.enabled),
  );
}

/** While a chat owns the terminal the log goes to its file alone, so that it cannot garble what is typed. */
function openLog(options: AppOptions, configFile: ConfigFile, console: boolean): LogHandle {
  const stream = console ? {} : { destination: options.stdout, pretty: options.stdout.isTTY === true };
  return createLog({
    level: configFile.current.logging.level,
    clock,
    file: statePaths(options.env.home).log,
    ...stream,
  });
}

/** The agents of the config in use, made anew when it changes. */
function liveAgents(configFile: ConfigFile, options: AppOptions, chosen: ChosenModel): () => AgentRegistry {
  const make = (): AgentRegistry =>
    agentRegistry(configFile.current, { fallbackModel: chosen.ref, workingDirectory: options.workingDirectory });
  let current = make();
  configFile.onChange(() => {
    current = make();
  });
  return () => current;
}

/** A session tool that policy took from this session is explained; other names are simply unknown. */
function missing(engine: Engine, name: string, session: Session): string | undefined {
  const known = sessionTools.find((tool) => tool === name);
  const removed =
    known === undefined ? undefined : engine.layer.profiles.removal(session, { name: known, group: 'session' });
  if (removed === undefined) return undefined;
  return JSON.stringify({ status: 'refused', ...spawnRefusal.toolUnavailable(name, removed.stage, removed.fix) });
}

function candidates(
  engine: Engine,
  agents: () => AgentRegistry,
  kind: 'target' | 'agent' | 'model',
): readonly string[] {
  if (kind === 'agent')
    return agents()
      .list()
      .map((agent) => agent.id);
  if (kind === 'model')
    return [
      ...new Set(
        agents()
          .list()
          .map((agent) => agent.model),
      ),
    ];
  return engine.stores.registry.newest(50).map((run) => run.label);
}

function banner(
  channels: readonly ChannelAdapter[],
  chosen: ChosenModel,
  agents: () => AgentRegistry,
  console: boolean,
) {
  const model = agents().default().model;
  const named = channels.map((adapter) => adapter.id);
  const modelNote = model === chosen.ref ? chosen.line : model;
  return { version, channels: named, model, modelNote, console };
}

interface Outside {
  readonly channels: readonly ChannelAdapter[];
  readonly toolbox: Toolbox;
}

async function start(
  base: Base,
  engine: Engine,
  outside: Outside & { readonly agents: () => AgentRegistry },
): Promise<void> {
  const { configFile, logs } = base;
  const { log } = logs;
  configFile.onChange((config) => {
    logs.setLevel(config.logging.level);
    outside.toolbox.mcp.configure(config.tools.mcp);
    engine.reconfigured();
    log.info({ path: configFile.path }, 'config reloaded');
  });
  configFile.onFault((error) => log.error({ path: configFile.path, code: 'config_invalid' }, error));
  if (configFile.error !== undefined) log.error({ path: configFile.path, code: 'config_invalid' }, configFile.error);
  for (const warning of outside.agents().warnings)
    log.warn({ code: warning.code, key: warning.key }, `${warning.message} ${warning.fix}`);
  configFile.watch();
  await outside.toolbox.groups.sweep();
  await engine.start();
  await Promise.all(outside.channels.map((adapter) => adapter.start((message) => engine.receive(message))));
  log.info({ generation: engine.generation, version }, 'started');
}

async function reload(configFile: ConfigFile): Promise<Result<string>> {
  const loaded = await configFile.reload();
  if (loaded.ok)
    return ok(
      loaded.changed
        ? `Loaded ${configFile.path}; the changes hold from now on.`
        : `${configFile.path} has not changed.`,
    );
  return refuse('config_invalid', loaded.error, 'The settings in use stay until the file is mended.');
}

/** Intake ends with the engine's drain; adapters stop last, so that what is owed can still be sent. */
async function drain(base: Base, engine: Engine, { channels, toolbox }: Outside): Promise<void> {
  base.configFile.close();
  await engine.drain();
  await Promise.all(channels.map((adapter) => adapter.stop()));
  await toolbox.close();
  base.logs.log.info({}, 'stopped');
  base.logs.close();
}
