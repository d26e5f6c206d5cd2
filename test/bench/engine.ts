// A whole engine for measuring: real clock, real SQLite file, no model, and a channel that keeps nothing. Used by the
// files of this folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCommand, namesCommand } from '../../commands/args.ts';
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import { agentRegistry } from '../../src/agents/registry.ts';
import type { AgentRuntime, TurnEvent } from '../../src/core/agent.ts';
import type { ChannelAdapter } from '../../src/core/channel.ts';
import type { Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { configSchema } from '../../src/infra/config.ts';
import { systemIds } from '../../src/infra/ids.ts';
import { silentLog } from '../../src/infra/log.ts';
import { machineHost } from '../../src/wiring/acp/host.ts';
import { Engine } from '../../src/wiring/engine.ts';
import { engineServices } from '../../src/wiring/services.ts';

/** One message as it left, with the monotonic time at which the adapter got it. */
function neverStarted(): never {
  throw new Error('nothing that is measured starts programs');
}

export interface Seen {
  readonly chat: string;
  readonly text: string;
  readonly at: number;
}

export interface Bench {
  readonly engine: Engine;
  readonly home: string;
  /** Hands a message in; resolves when it is durable. */
  say(chat: string, text: string): Promise<void>;
  /** The next message to this chat that is not matched by an earlier call. */
  next(chat: string): Promise<Seen>;
  /** `say`, then `next`. */
  ask(chat: string, text: string): Promise<Seen>;
  /** Nothing runs, nothing is owed and nothing waits to be sent. */
  quiet(): Promise<void>;
  /** Drains; the state folder stays for another engine. */
  drain(): Promise<void>;
  /** Drains and removes the state folder. */
  close(): Promise<void>;
}

export interface BenchOptions {
  /** Raw config, as in the file. */
  readonly config?: object;
  readonly runtime?: AgentRuntime;
  /** A state folder of an earlier engine. */
  readonly home?: string;
  /** Between opening the stores and `engine.start`. */
  readonly prepare?: (engine: Engine) => Promise<void>;
}

/** Opens an engine on `home`, or a fresh folder. Chats are direct chats of the console channel: everybody is the owner. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  const config = configSchema.parse(options.config ?? {});
  const table = commandTable();
  const registry = agentRegistry(config, { fallbackModel: 'bench/none', workingDirectory: home });
  const channel = benchChannel();
  const runtime = options.runtime ?? answering();
  const engine: Engine = await Engine.open({
    ...{
      home,
      clock: systemClock,
      ids: systemIds,
      log: silentLog,
      isCommand,
      namesCommand: (text) => namesCommand(text, table),
    },
    config: () => config,
    agents: () => registry,
    adapters: () => new Map([['console:default', channel.adapter]]),
    runtime: () => runtime,
    tools: async () => [],
    system: async () => 'You are measured.',
    checkModel: () => ({ kind: 'ok' }),
    contextTokens: () => 200_000,
    harnesses: machineHost({ env: { variables: {} }, workingDirectory: home, groups: { start: neverStarted } }),
    runCommand: (text, place) => runCommand(text, place, { services, table, botName: undefined, onBug: rethrow }),
    suggest: async () => [],
    killPrograms: async () => 0,
  });
  const configFile = { path: 'none', loadedAt: 0, error: undefined, fileChangedAt: async () => undefined };
  const services = engineServices({ engine, agents: () => registry, configFile, table, model: () => 'bench/none' });
  await options.prepare?.(engine);
  await engine.start();
  let messages = 0;
  const say = (chat: string, text: string): Promise<void> => {
    messages += 1;
    return engine.receive({
      id: `${engine.generation}-${messages}`,
      route: { channel: 'console', account: 'default', chat },
      sender: { id: chat, name: chat },
      chat: 'direct',
      text,
      mentionsBot: true,
      attachments: [],
      sentAt: systemClock.now(),
    });
  };
  const drain = (): Promise<void> => engine.drain();
  return {
    ...{ engine, home, say, drain },
    next: (chat) => channel.next(chat),
    async ask(chat, text) {
      const reply = channel.next(chat);
      await say(chat, text);
      return reply;
    },
    quiet: () => engine.idle(),
    async close() {
      await drain();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A runtime that answers `ok` after `ms()` (0: at once), with one model call's usage. */
export function answering(
  ms: () => number = () => 0,
  onTurn: (session: string) => void = () => undefined,
): AgentRuntime {
  return {
    kind: 'native',
    steer: async () => 'unsupported',
    async *turn(session, prompt, _tools, signal): AsyncGenerator<TurnEvent> {
      onTurn(session.key);
      await prompt.beforeCall();
      const wait = ms();
      if (wait > 0) await systemClock.sleep(wait, signal);
      const at = systemClock.now();
      yield { type: 'text', delta: 'ok' };
      const parts = [{ type: 'text', text: 'ok' }] as const;
      yield { type: 'entry', entry: { type: 'assistant', at, turn: prompt.id, parts, model: prompt.model } };
      const usage = { input: 10, output: 5, costUsd: 0, context: 10, reported: true };
      yield { type: 'usage', usage, model: prompt.model };
      yield { type: 'settled', outcome: { kind: 'success', text: 'ok' } };
    },
  };
}

/** Counts transactions and commits of an engine from now on: work submitted in one turn of the event loop shares a commit. */
export function countCommits({ stores }: Engine): {
  readonly transactions: () => number;
  readonly commits: () => number;
} {
  let transactions = 0;
  let commits = 0;
  let open = false;
  const { database } = stores;
  const write = database.write;
  Object.assign(database, {
    write: (work: Parameters<typeof write>[0]) => {
      transactions += 1;
      if (!open) {
        open = true;
        commits += 1;
        setImmediate(() => {
          open = false;
        });
      }
      return write(work);
    },
  });
  return { transactions: () => transactions, commits: () => commits };
}

/** Keeps only what nobody asked for yet, per chat. */
function benchChannel(): { readonly adapter: ChannelAdapter; next(chat: string): Promise<Seen> } {
  const early = new Map<string, Seen[]>();
  const waiting = new Map<string, ((seen: Seen) => void)[]>();
  const deliver = async (route: Route, text: string): Promise<Receipt> => {
    const seen = { chat: route.chat, text, at: performance.now() };
    const waiter = waiting.get(route.chat)?.shift();
    if (waiter === undefined) early.set(route.chat, [...(early.get(route.chat) ?? []), seen]);
    else waiter(seen);
    if (waiting.get(route.chat)?.length === 0) waiting.delete(route.chat);
    return { status: 'sent', messageIds: ['m'] };
  };
  const adapter: ChannelAdapter = {
    id: 'console',
    account: 'default',
    can: { threads: false, edits: true, buttons: false, typing: true, idempotentSend: false, maxText: 4000 },
    start: async () => undefined,
    deliver: (route, message) => deliver(route, message.text),
    edit: async () => ({ status: 'sent', messageIds: ['m'] }),
    signal: () => undefined,
    health: () => ({ state: 'connected', detail: 'connected' }),
    stop: async () => undefined,
  };
  const next = (chat: string): Promise<Seen> => {
    const seen = early.get(chat)?.shift();
    if (early.get(chat)?.length === 0) early.delete(chat);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => {
      waiting.set(chat, [...(waiting.get(chat) ?? []), resolve]);
    });
  };
  return { adapter, next };
}

function rethrow(error: unknown): never {
  throw error;
}
