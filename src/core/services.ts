// Everything the engine offers to commands and the CLI, as plain data in and out. src/wiring/services.ts provides it.
import type { AcpServices } from './acp.ts';
import type { ApprovalServices } from './approval.ts';
import type { Binding } from './binding.ts';
import type { Caller, Command, CommandPlace } from './command.ts';
import type { DoctorServices } from './doctor.ts';
import type { Approved, PairingRequest, PairingView, Revoked } from './pairing.ts';
import type { Result } from './result.ts';
import type { ChannelId, Route } from './route.ts';
import type { Run } from './run.ts';
import type { QueueSettings, Session, SessionKey, Usage } from './session.ts';
import type { SpawnAccepted, SpawnRequest } from './spawn.ts';

export interface RunView {
  readonly run: Run;
  /** Its number in this conversation. */
  readonly number: number;
  /** Direct children that have not ended. */
  readonly activeChildren: number;
  /** It waits for a person to allow something. */
  readonly awaited?: boolean;
}

export interface RunList {
  readonly active: readonly RunView[];
  /** Ended within 30 minutes, or ended and not delivered. */
  readonly recent: readonly RunView[];
  readonly total: { readonly runs: number; readonly usage: Usage };
}

/** Counts of a stop, descendants included. */
export interface StopReport {
  /** Runs that were active and are stopped now; those in `failed` are not among them. */
  readonly stopped: readonly Run[];
  readonly alreadyFinished: readonly Run[];
  /** Runs that did not stop within 1 s and were forced. */
  readonly failed: readonly Run[];
  /** Active turns ended in the session itself (0 or 1); such a turn is not counted again as a run in `stopped`. */
  readonly turns: number;
  /** The session's own turn did not stop within 1 s and was forced; a run's turn is named in `failed` instead. */
  readonly wedged: boolean;
  /** Messages waiting in the session that were discarded. */
  readonly messages: number;
  /** Runs that had finished before, and whose results are not told any more. */
  readonly untold: readonly Run[];
}

export type SendResult =
  | { readonly kind: 'answered'; readonly text: string }
  /** Not answered within the wait; the answer follows by itself. */
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * `pending`: goes in at the turn's next step, or becomes the next message if the turn ends first. `preparing`: the coding agent
 * is getting ready and takes it then. `resent`: it could not take it in while working, so its turn was cancelled for this.
 */
export type SteerResult = 'injected' | 'pending' | 'queued' | 'idle' | 'preparing' | 'resent';

export interface RunServices {
  /**
   * Numbers the runs for this conversation and remembers the numbering; an empty list leaves the numbers as they are, and
   * where messages of runs carry their numbers, every list does.
   * In a bound conversation the bound run itself comes first, here and in `roster` and `newest`.
   */
  list(place: CommandPlace): Promise<RunList>;
  /** Every active run, and every ended one that is still bound somewhere; numbered like `list`. */
  roster(place: CommandPlace): Promise<readonly RunView[]>;
  /** Newest first. */
  newest(place: CommandPlace, count: number): Promise<readonly RunView[]>;
  /** The run's number in this conversation; one that has none gets the next, and no other shifts. */
  number(place: CommandPlace, run: Run): Promise<number>;
  /** Resolves a target token to one run in the caller's scope. */
  find(place: CommandPlace, token: string): Promise<Result<RunView>>;
  children(run: Run): Promise<readonly Run[]>;
  spawn(
    place: CommandPlace,
    request: SpawnRequest,
  ): Promise<Result<SpawnAccepted & { readonly number: number; readonly ahead: number }>>;
  /** Stops these runs and all below them, and ends their bindings. `undefined`: every run of the current session. */
  kill(place: CommandPlace, runs: readonly Run[] | undefined): Promise<StopReport>;
  /** Aborts the session's active turn, its waiting messages and every descendant. */
  stop(place: CommandPlace): Promise<StopReport>;
  /** `reply`: what the person is told of a result; an answer that comes in time is stored with the end of its turn. */
  send(
    place: CommandPlace,
    run: Run,
    text: string,
    reply?: (result: SendResult) => string,
  ): Promise<Result<SendResult>>;
  steer(place: CommandPlace, run: Run, text: string): Promise<Result<SteerResult>>;
  /** The session's own active turn. */
  steerSession(place: CommandPlace, text: string): Promise<Result<SteerResult>>;
  undelivered(place: CommandPlace): Promise<number>;
  /** What the current session is doing: the run it belongs to, whether a turn is under way, or waits for a person. */
  current(place: CommandPlace): Promise<{
    readonly run: Omit<RunView, 'number'> | undefined;
    readonly busy: boolean;
    readonly awaited: boolean;
  }>;
}

export interface SessionServices {
  /** Stops descendants, empties the context; nothing is reset when something did not stop. */
  reset(place: CommandPlace): Promise<Result<Pick<StopReport, 'stopped' | 'turns' | 'messages' | 'untold'>>>;
  /** Cleaned lines of a transcript, newest last. */
  log(session: SessionKey, limit: number, tools: boolean): Promise<Result<readonly LogLine[]>>;
  /** The id and the transcript (absolute path) of a run's session now: a reset gave it new ones, archiving renamed the file. */
  files(run: Run): Promise<{ readonly sessionId: string; readonly transcript: string }>;
  contextTokens(agentId: string, model: string): number;
  /** `from`: the channel whose settings are asked about; default: the session's last one. */
  queue(
    session: Session,
    from?: ChannelId,
  ): { readonly settings: QueueSettings; readonly waiting: number; readonly overridden: boolean };
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
  /** `farewell`: the last word about the session that was bound; `agentId` answers again. */
  unfocus(place: CommandPlace): Promise<Result<{ readonly farewell: string; readonly agentId: string }>>;
  setExpiry(
    place: CommandPlace,
    change: { readonly idleMs?: number; readonly maxAgeMs?: number },
  ): Promise<Result<Binding>>;
}

/** What is decided is also told to the person concerned, except that their access was revoked. */
export interface PairingServices {
  list(): PairingView;
  /** Refused: `unknown`, `expired`. @param by who approves, `<channel>:<id>` */
  approve(code: string, by: Caller['id']): Promise<Result<Approved>>;
  /** Refused: `unknown`, `expired`. */
  deny(code: string): Promise<Result<PairingRequest>>;
  /** Refused: `unknown`. @param id `<channel>:<id>` */
  revoke(id: string): Promise<Result<Revoked>>;
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
    /** False: there is no such file and the defaults are in use. */
    readonly exists: boolean;
    readonly loadedAt: number;
    readonly fileChangedAt?: number;
    readonly error?: string;
  };
  readonly lanes: readonly LaneView[];
  readonly channels: readonly { readonly id: string; readonly state: string; readonly detail: string }[];
  readonly outbox: { readonly pending: number; readonly undelivered: number };
  /** Chats that take nothing from us, by route key, and why. */
  readonly closed: readonly { readonly chat: string; readonly reason: string }[];
  readonly acp: { readonly enabled: boolean; readonly mode: string };
  /** The status page: where it is served, or why it is not; absent: it is off. */
  readonly page?: { readonly url: string } | { readonly trouble: string } | undefined;
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
  readonly pairing: PairingServices;
  readonly approvals: ApprovalServices;
  readonly acp: AcpServices;
  readonly doctor: DoctorServices;
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
