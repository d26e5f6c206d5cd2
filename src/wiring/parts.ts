// What the engine is built from: everything it does not make itself. app.ts gives the real parts, tests give fakes.
import type { AgentDefinition, AgentRegistry } from '../agents/registry.ts';
import type { AgentRuntime } from '../core/agent.ts';
import type { ChannelAdapter, ChannelEvents } from '../core/channel.ts';
import type { CommandPlace, Reply } from '../core/command.ts';
import type { Session } from '../core/session.ts';
import type { OnRunEnded, Tool } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { ModelCheck } from '../runs/policy.ts';
import type { TranscriptStore } from '../sessions/transcript.ts';
import type { HarnessHost } from './acp/host.ts';
import type { Seams } from './seams.ts';

export interface Storage {
  readonly database: Database;
  readonly transcripts: TranscriptStore;
}

export interface EngineParts {
  /** State folder, absolute. */
  readonly home: string;
  /** Where state is kept in place of the state folder. */
  readonly storage?: Storage | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly config: () => Config;
  readonly agents: () => AgentRegistry;
  /** By account key, e.g. `telegram:default`. */
  readonly adapters: () => ReadonlyMap<string, ChannelAdapter>;
  /** Of agents that are not backed by a coding agent. */
  readonly runtime: (session: Session) => AgentRuntime;
  /** Tools that do not belong to the engine: files, programs, web, MCP. */
  readonly tools: (session: Session, agent: AgentDefinition) => Promise<readonly Tool[]>;
  readonly system: (session: Session, agent: AgentDefinition, tools: readonly Tool[]) => Promise<string>;
  readonly checkModel: (ref: string, agentId: string) => ModelCheck;
  readonly contextTokens: (model: string) => number;
  /** What coding agents get of this machine. */
  readonly harnesses: HarnessHost;
  readonly isCommand: (text: string) => boolean;
  /** Whether a text begins with the name of a command that there is. */
  readonly namesCommand: (text: string) => boolean;
  readonly runCommand: (text: string, place: CommandPlace) => Promise<Reply | undefined>;
  readonly suggest: ChannelEvents['suggest'];
  /** Ends programs a session left running. */
  readonly killPrograms: (session: string) => Promise<unknown>;
  readonly onRunEnded?: OnRunEnded | undefined;
  /** Absent in production. */
  readonly seams?: Seams | undefined;
}
