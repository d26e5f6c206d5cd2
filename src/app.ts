// Constructs and wires every part; nothing else knows the whole. `switchyard start` calls it.
// 1 config and log  2 model and agents  3 engine with tools and commands  4 channels  5 what the process may ask for
import { join } from 'node:path';
import { consoleRoute, consoleSender } from '../channels/console/place.ts';
import { configuredChannels, openConsole, type PlatformId } from '../channels/index.ts';
import { isCommand, namesCommand } from '../commands/args.ts';
import { complete } from '../commands/complete.ts';
import { commandTable } from '../commands/index.ts';
import { runCommand } from '../commands/run.ts';
import type { ChosenModel } from './agents/default-model.ts';
import type { App, AppOptions, Banner } from './cli/engine-port.ts';
import { degradedBy } from './cli/status.ts';
import type { ChannelAdapter, ChannelEvents } from './core/channel.ts';
import type { InboundMessage } from './core/message.ts';
import { ok, type Result, refuse } from './core/result.ts';
import type { Route } from './core/route.ts';
import type { Session } from './core/session.ts';
import { adapterFor } from './delivery/account.ts';
import { closedGroup } from './inbound/access.ts';
import { systemClock } from './infra/clock.ts';
import type { Config } from './infra/config.ts';
import { ConfigFile } from './infra/config-file.ts';
import { systemIds } from './infra/ids.ts';
import { createLog, type LogHandle } from './infra/log.ts';
import { statePaths } from './infra/state-paths.ts';
import { machineHost } from './wiring/acp/host.ts';
import { Channels, forumMemory } from './wiring/channels.ts';
import { controlHandlers } from './wiring/control.ts';
import { registeredMemory, seenMemory } from './wiring/discord.ts';
import { Engine } from './wiring/engine.ts';
import { liveAgents } from './wiring/live-agents.ts';
import { modelCheck, nativeAgents, systemPrompts, Toolbox } from './wiring/models.ts';
import { reload } from './wiring/reload.ts';
import { removedTool } from './wiring/removed-tool.ts';
import { engineServices, type ServicesParts, status } from './wiring/services.ts';
import { candidatesAt, suggest } from './wiring/suggest.ts';
import { configError } from './wiring/unused-config.ts';
import { version } from './wiring/version.ts';
import { StatusPage } from './wiring/web.ts';
import { Linkers, linkHandlers } from './wiring/whatsapp.ts';

const clock = systemClock;
const ids = systemIds;
/** Whose words the tab key completes. */
const consoleAsker = { route: consoleRoute, sender: consoleSender, chat: 'direct' } as const;

export async function createApp(options: AppOptions): Promise<Result<App>> {
  const configFile = new ConfigFile({ env: options.env, clock, workingDirectory: options.workingDirectory });
  await configFile.load();
  const console = options.console || !hasChannel(configFile);
  const logs = openLog(options, configFile, console);
  try {
    return ok(await build(options, { configFile, logs, console, heard: false }));
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
  /** Somebody has said something since the start. */
  heard: boolean;
}

async function build(options: AppOptions, base: Base): Promise<App> {
  const { configFile, logs } = base;
  const { log } = logs;
  const config = () => configFile.current;
  const { env, workingDirectory } = options;
  const { agents, chosen } = await liveAgents({ configFile, env, clock, workingDirectory });
  const toolbox = new Toolbox({
    home: options.env.home,
    configPath: configFile.path,
    workingDirectory: options.workingDirectory,
    workspaces: () =>
      agents()
        .list()
        .map((agent) => agent.workspace),
    clock,
    ids,
    log,
    config,
  });
  const table = commandTable();
  const missingTool = (name: string, session: Session): string | undefined =>
    removedTool({ profiles: engine.layer.profiles, log }, name, session);
  const native = nativeAgents({ config, env: options.env, clock, ids, missingTool, log });
  const engine: Engine = await Engine.open({
    ...{ home: options.env.home, clock, ids, log, config, agents },
    adapters: () => channels.adapters(),
    runtime: () => native.runtime,
    tools: (session, agent) => toolbox.of(session, agent),
    system: systemPrompts(agents, clock),
    checkModel: modelCheck(native.models),
    contextTokens: (model) => native.models.contextTokens(model) ?? config().agents.defaults.contextTokens,
    harnesses: machineHost({ env, workingDirectory, groups: toolbox.groups }),
    isCommand,
    namesCommand: (text) => namesCommand(text, table),
    runCommand: (text, place) =>
      runCommand(text, place, { services, table, botName: botName(place.route), onBug: bug }),
    ...{ onRunEnded: options.onRunEnded, seams: options.seams },
    suggest: (ask) => suggest(parts, ask),
    killPrograms: (session) => toolbox.groups.killOf(session),
  });
  const botName = (route: Route): string | undefined => adapterFor(() => channels.adapters(), route)?.botName?.();
  const bug = (error: unknown, command: string): void =>
    log.error({ err: error, command, code: 'command_bug' }, 'a command failed');
  const model = (): string => agents().default().model;
  const envFile = { path: join(workingDirectory, '.env'), warning: env.warning };
  const parts: Parts = { engine, agents, configFile, table, envFile, model, page: () => page.view() };
  const services = engineServices(parts);
  const consoleOptions = {
    ...{ input: options.stdin, output: options.stdout, clock, ids, log },
    historyFile: statePaths(options.env.home).consoleHistory,
    complete: (line: string) => complete(line, table, candidatesAt(parts, consoleAsker)),
    idle: () => engine.idle(),
    closed: () => whenClosed(options, base),
  };
  const linkers = new Linkers({
    ...{ home: env.home, database: engine.stores.database, clock, ids, log, config },
    adapterLink: (account) => adapterFor(() => channels.adapters(), { channel: 'whatsapp', account, chat: '' })?.link,
    ...{ adaptersMade: () => channels.settled(), show: options.showLink },
  });
  const channels = new Channels({
    console: base.console ? await openConsole(consoleOptions) : undefined,
    parts: {
      ...{ clock, ids, log, commands: table.filter((command) => command.name !== 'start') },
      owners: (channel) => ownersOn(channel, config(), engine),
      closedGroup: (group) => closedGroup(config(), group, engine.stores.moves.first(group).chat),
      forums: (account) => forumMemory(engine.stores.keyed, log, account),
      seen: (account) => seenMemory(engine.stores.keyed, log, account),
      registered: (account) => registeredMemory(engine.stores.keyed, account),
      whatsapp: (account) => linkers.take(account, engine.stores.keyed),
    },
    ...{ log, seam: options.seams?.adapter },
    events: (adapter) => channelEvents(base, engine, adapter),
  });
  const handlers = { ...controlHandlers(parts), ...linkHandlers(linkers) };
  const page = new StatusPage({
    ...{ home: env.home, engine, ids, log, config, handlers },
    status: () => status(parts),
    troubles: degradedBy,
    links: () => linkers.views(),
    owner: () => config().commands.ownerAllowFrom[0] ?? engine.pairing.owner(),
  });
  engine.pairing.watchOwner(() => channels.refresh());
  if (!configFile.channelsOff) await channels.configure(config());
  const outside = { channels, toolbox, linkers, page, showPage: options.showPage };
  return {
    banner: () => banner(channels, chosen(), parts),
    log,
    control: { ...handlers, 'page.link': () => page.link() },
    start: () => start(base, parts, outside),
    reload: () => reload({ configFile, channels, clock }),
    idle: () => engine.idle(),
    drain: () => drain(base, engine, outside),
  };
}

function hasChannel(configFile: ConfigFile): boolean {
  return !configFile.channelsOff && configuredChannels(configFile.current).length > 0;
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

/**
 * The end of the input ends the process, except under a supervisor that started it with none: while a faulty config keeps the
 * channels off it would be started again and again. It waits for the file to be mended instead.
 */
function whenClosed(options: AppOptions, { configFile, logs, heard }: Base): void {
  if (!configFile.channelsOff || heard || options.stdin.isTTY === true) {
    options.onConsoleClosed();
    return;
  }
  logs.log.warn({ path: configFile.path, code: 'waiting_for_config' }, 'waiting for the config file to be mended');
  configFile.onChange(() => options.onConsoleClosed());
}

function banner(channels: Channels, chosen: ChosenModel, { agents, configFile }: Parts): Banner {
  const model = agents().default().model;
  const words = model === chosen.ref ? { model: chosen.name, modelNote: chosen.note } : { model, modelNote: '' };
  const named = channels.names();
  const warning = configError(configFile);
  return { version, channels: named, ...words, warning, console: named.includes('console') };
}

type Parts = ServicesParts & Pick<Base, 'configFile'>;

interface Outside {
  readonly channels: Channels;
  readonly toolbox: Toolbox;
  readonly linkers: Linkers;
  readonly page: StatusPage;
  readonly showPage: AppOptions['showPage'];
}

function channelEvents(base: Base, engine: Engine, adapter: ChannelAdapter): ChannelEvents {
  const told = engine.events(adapter);
  const message = (heard: InboundMessage): Promise<void> => {
    base.heard = true;
    return told.message(heard);
  };
  return { ...told, message };
}

/** Ids of the owner on one platform. */
function ownersOn(channel: PlatformId, { commands }: Config, { pairing }: Engine): readonly string[] {
  const listed = commands.ownerAllowFrom.length > 0 ? commands.ownerAllowFrom : [pairing.owner() ?? ''];
  return listed.filter((id) => id.startsWith(`${channel}:`)).map((id) => id.slice(channel.length + 1));
}

async function start(base: Base, { engine, agents }: Parts, outside: Outside): Promise<void> {
  const { configFile, logs } = base;
  const { log } = logs;
  const fault = (error: string): void => log.error({ path: configFile.path, code: 'config_invalid' }, error);
  const warn = (): void => {
    for (const { code, key, message, fix } of agents().warnings) log.warn({ code, key }, `${message} ${fix}`);
  };
  configFile.onChange((config) => {
    logs.setLevel(config.logging.level);
    outside.toolbox.mcp.configure(config.tools.mcp);
    engine.reconfigured();
    void outside.channels.configure(config);
    void outside.page.configure();
    log.info({ path: configFile.path }, 'config reloaded');
    warn();
  });
  configFile.onFault(fault);
  if (configFile.error !== undefined) fault(configFile.error);
  warn();
  configFile.watch();
  await engine.start(await outside.toolbox.groups.sweep());
  // Before a chat takes the terminal, and before a channel that waits for a scan: the page shows the code.
  await outside.page.configure();
  await showLink(outside);
  await outside.channels.start();
  log.info({ generation: engine.generation, version }, 'started');
}

async function showLink({ page, showPage }: Outside): Promise<void> {
  const served = page.view();
  if (showPage === undefined || served === undefined || 'trouble' in served) return;
  const link = await page.link();
  if (link.ok) showPage(link.value);
}

/** Adapters stop last, so that what is owed can still be sent, and before the store closes, which they may still write to. */
async function drain(base: Base, engine: Engine, { channels, toolbox, linkers, page }: Outside): Promise<void> {
  base.configFile.close();
  await engine.drain(async () => {
    await page.close();
    await channels.stop();
    await linkers.close();
  });
  await toolbox.close();
  base.logs.log.info({}, 'stopped');
  base.logs.close();
}
