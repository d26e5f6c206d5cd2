// Everything the engine offers to commands and the CLI, as plain data in and out. app.ts provides it.
import type { Binding } from './binding.ts';
import type { Caller, Command, CommandPlace } from './command.ts';
import type { Result } from './result.ts';
import type { Route } from './route.ts';
import type { Run } from './run.ts';
import type { QueueSettings, Session, SessionKey, Usage } from './session.ts';
import type { SpawnAccepted, SpawnRequest } from './spawn.ts';

export interface RunView {
  readonly run: Run;
  /** Its number in this conversation. */
  readonly number: number;
  /** Direct children that have not ended. */
  readonly activeChildren: number;
}

export interface RunList {
  readonly active: readonly RunView[];
  /** Ended within 30 minutes, or ended and not delivered. */
  readonly recent: readonly RunView[];
  readonly total: { readonly runs: number; readonly usage: Usage };
}

/** Counts of a stop, descendants included. */
export interface StopReport {
  /** Runs that were active and are stopped now. */
  readonly stopped: readonly Run[];
  readonly alreadyFinished: readonly Run[];
  /** Runs that did not stop within 1 s and were forced. */
  readonly failed: readonly Run[];
  /** Active turns aborted in the session itself (0 or 1). */
  readonly turns: number;
  /** Messages waiting in the session that were discarded. */
  readonly messages: number;
}

export type SendResult =
  | { readonly kind: 'answered'; readonly text: string }
  /** Not answered within the wait; the answer follows by itself. */
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly message: string };

export type SteerResult = 'injected' | 'queued' | 'idle';

export interface RunServices {
  /** Numbers the runs for this conversation and remembers the numbering. */
  list(place: CommandPlace): Promise<RunList>;
  /** Every active run, and every ended one that is still bound somewhere; numbered like `list`. */
  roster(place: CommandPlace): Promise<readonly RunView[]>;
  /** Newest first. */
  newest(place: CommandPlace, count: number): Promise<readonly RunView[]>;
  /** Resolves a target token to one run in the caller's scope. */
  find(place: CommandPlace, token: string): Promise<Result<RunView>>;
  children(run: Run): Promise<readonly Run[]>;
  spawn(
    place: CommandPlace,
    request: SpawnRequest,
  ): Promise<Result<SpawnAccepted & { readonly number: number; readonly ahead: number }>>;
  /** Stops these runs and all below them. `undefined`: every run of the current session. */
  kill(place: CommandPlace, runs: readonly Run[] | undefined): Promise<StopReport>;
  /** Aborts the session's active turn, its waiting messages and every descendant. */
  stop(place: CommandPlace): Promise<StopReport>;
  send(place: CommandPlace, run: Run, text: string): Promise<Result<SendResult>>;
  steer(place: CommandPlace, run: Run, text: string): Promise<Result<SteerResult>>;
  /** The session's own active turn. */
  steerSession(place: CommandPlace, text: string): Promise<Result<SteerResult>>;
  undelivered(place: CommandPlace): Promise<number>;
}

export interface SessionServices {
  /** Stops descendants, empties the context; nothing is reset when something did not stop. */
  reset(place: CommandPlace): Promise<Result<{ readonly stopped: number }>>;
  /** Cleaned lines of a transcript, newest last. */
  log(session: SessionKey, limit: number, tools: boolean): Promise<Result<readonly LogLine[]>>;
  transcriptPath(run: Run): Promise<string>;
  contextTokens(agentId: string, model: string): number;
  queue(session: Session): { readonly settings: QueueSettings; readonly waiting: number; readonly overridden: boolean };
  setQueue(session: SessionKey, change: Partial<QueueSettings> | 'default'): Promise<Session>;
}

export interface LogLine {
  readonly who: 'User' | 'Assistant' | 'Tool' | 'Note';
  readonly text: string;
}

export interface BindingServices {
  /** Whether bindings are switched on for this channel. */
  enabled(route: Route): boolean;
  at(route: Route): Promise<Binding | undefined>;
  of(session: SessionKey): Promise<Binding | undefined>;
  /** Resolves a token to a session that may be focused, in the caller's scope. */
  findTarget(place: CommandPlace, token: string): Promise<Result<Session>>;
  /** Binds this conversation, or a new thread where the platform has them and `here` is false. */
  focus(place: CommandPlace, target: Session, here: boolean): Promise<Result<Binding>>;
  unfocus(place: CommandPlace): Promise<Result<{ readonly binding: Binding; readonly agentId: string }>>;
  setExpiry(
    place: CommandPlace,
    change: { readonly idleMs?: number; readonly maxAgeMs?: number },
  ): Promise<Result<Binding>>;
}

export interface AgentInfo {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly runtime: 'native' | 'acp';
}

export interface ToolsView {
  readonly available: readonly string[];
  /** Session tools that are not offered, with the policy stage that removed each and the key to set. */
  readonly removed: readonly { readonly name: string; readonly stage: string; readonly fix: string }[];
}

export interface LaneView {
  readonly name: 'main' | 'subagent';
  readonly active: number;
  readonly width: number;
  readonly waiting: number;
}

export interface StatusView {
  readonly version: string;
  readonly uptimeMs: number;
  readonly generation: number;
  readonly draining: boolean;
  readonly config: {
    readonly path: string;
    readonly loadedAt: number;
    readonly fileChangedAt?: number;
    readonly error?: string;
  };
  readonly lanes: readonly LaneView[];
  readonly channels: readonly { readonly id: string; readonly state: string; readonly detail: string }[];
  readonly outbox: { readonly pending: number; readonly undelivered: number };
  readonly acp: { readonly enabled: boolean; readonly mode: string };
  readonly model: string;
}

export interface UsageView {
  readonly session: Usage;
  readonly tree: Usage;
  readonly today: Usage;
  /** What is left of each configured budget, in its own unit. */
  readonly left: readonly { readonly name: string; readonly left: number; readonly of: number }[];
  readonly agents: readonly { readonly id: string; readonly usage: Usage }[];
}

export interface Services {
  readonly runs: RunServices;
  readonly sessions: SessionServices;
  readonly bindings: BindingServices;
  agents(): readonly AgentInfo[];
  tools(session: Session): Promise<ToolsView>;
  status(): Promise<StatusView>;
  usage(place: CommandPlace): Promise<UsageView>;
  draining(): boolean;
  now(): number;
  /** The whole command table, for /help. */
  commands(): readonly Command[];
  maySee(caller: Caller, command: Command): boolean;
}
