// What people can ask of external coding agents, as plain data in and out. src/wiring/acp provides it, commands/acp asks.
import type { CommandPlace } from './command.ts';
import type { Result } from './result.ts';
import type { Route } from './route.ts';
import type { SteerResult } from './services.ts';
import type { SessionKey } from './session.ts';

export interface AcpSpawnAsk {
  /** Harness id or alias, or an agent backed by one; absent: the default one. */
  readonly agent?: string | undefined;
  readonly mode: 'persistent' | 'oneshot';
  /** Where plain messages go to it from then on. */
  readonly place: 'here' | 'thread' | 'nowhere';
  /** Absolute. */
  readonly cwd?: string | undefined;
  readonly label?: string | undefined;
  /** First thing it is told. */
  readonly prompt?: string | undefined;
  /** A session of the harness, made anywhere, that goes on here. */
  readonly resumeId?: string | undefined;
}

export const acpStates = ['idle', 'starting', 'running', 'awaiting approval', 'error'] as const;

/** One session that lives in a coding agent. */
export interface AcpView {
  readonly session: SessionKey;
  readonly label: string;
  /** Session of the chat it was started from, or its own. */
  readonly scope: SessionKey;
  readonly agent: string;
  readonly harness: string;
  /** Id the harness gave its own session; absent until it has one. */
  readonly harnessSession: string | undefined;
  readonly mode: 'persistent' | 'oneshot' | 'run';
  readonly state: (typeof acpStates)[number];
  readonly cwd: string;
  readonly permissions: string;
  /** Seconds one turn may take; 0: no limit. */
  readonly timeoutSeconds: number;
  readonly progress: string;
  /** What the harness says can be set, and how it stands; empty while it has not been started. */
  readonly options: readonly { readonly name: string; readonly value: string; readonly choices: readonly string[] }[];
  /** Abilities the harness has; undefined while it has no process. */
  readonly can: readonly string[] | undefined;
  /** Bytes of its processes; undefined where unknown or without a process. */
  readonly memory: number | undefined;
  /** Messages that wait for its next turn. */
  readonly waiting: number;
  readonly lastUsed: number;
  readonly lastError: string | undefined;
  readonly bound: Route | undefined;
}

export interface AcpSpawned {
  readonly view: AcpView;
  /** Plain messages of this conversation, or of that thread, go to it. */
  readonly bound: 'here' | 'thread' | undefined;
}

/** A session the harness could go on with. */
export interface ElsewhereSession {
  readonly id: string;
  readonly cwd: string;
  readonly title: string | undefined;
  /** As the harness writes it. */
  readonly updatedAt: string | undefined;
}

export type AcpSetting =
  | { readonly kind: 'mode' | 'model' | 'cwd' | 'permissions' | 'timeout' }
  /** `progress` is ours; every other name is the harness's. */
  | { readonly kind: 'option'; readonly name: string };

/** Refusals of ACP carry its code in the message and its next steps, one a line, in `fix`. */
export interface AcpServices {
  /** Resolves once the agent can be told something; a refusal leaves nothing behind. */
  spawn(place: CommandPlace, ask: AcpSpawnAsk): Promise<Result<AcpSpawned>>;
  /** Without a token: the bound session, else the latest started here. */
  find(place: CommandPlace, token: string | undefined): Promise<Result<AcpView>>;
  /** Those this person can reach, the latest used first. */
  list(place: CommandPlace): Promise<readonly AcpView[]>;
  /** Sessions of a harness, made anywhere. `agent`: what to start to go on with one. */
  elsewhere(
    place: CommandPlace,
    agent: string | undefined,
  ): Promise<Result<{ readonly agent: string; readonly sessions: readonly ElsewhereSession[] }>>;
  steer(place: CommandPlace, target: AcpView, text: string): Promise<Result<SteerResult>>;
  /** Answers whether something was running. */
  cancel(place: CommandPlace, target: AcpView): Promise<Result<boolean>>;
  /** For good: its process, its bindings, its session. */
  close(place: CommandPlace, target: AcpView): Promise<Result<{ readonly unbound: boolean }>>;
  /** Answers the effective value. */
  set(place: CommandPlace, target: AcpView, setting: AcpSetting, value: string): Promise<Result<string>>;
  resetOptions(place: CommandPlace, target: AcpView): Promise<Result<AcpView>>;
  /** Steps that install a harness. */
  install(agent: string | undefined): Result<{ readonly harness: string; readonly steps: readonly string[] }>;
  /** Lines of a report; it starts programs, so it takes a while. */
  doctor(agent: string | undefined): Promise<readonly string[]>;
}
