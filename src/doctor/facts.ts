// What the checks look at, as plain values: gathered by src/wiring/doctor from a running engine, or from files and the store.
import type { Leftover } from '../core/maintenance.ts';
import type { StatusView } from '../core/services.ts';

/** One agent, as far as starting others depends on it. */
export interface AgentFact {
  readonly id: string;
  readonly isDefault: boolean;
  readonly runtime: 'native' | 'acp';
  /** Harness behind an `acp` agent. */
  readonly harness?: string | undefined;
  readonly model: string;
  /** Absolute. */
  readonly workspace: { readonly path: string; readonly state: 'there' | 'missing' | 'closed' };
  /** Why sessions_spawn is not offered in the owner's chats with it; undefined: it is. */
  readonly spawnRemoved?: { readonly stage: string; readonly fix: string } | undefined;
  /** Accounts whose own lists take it away, where nothing else does. */
  readonly spawnRemovedOn: readonly { readonly account: string; readonly stage: string; readonly fix: string }[];
  /** The list in force: `own` without any. */
  readonly allow: 'own' | 'any' | readonly string[];
  /** Where that list stands, or would. */
  readonly allowKey: string;
  /** Existing agents it may start. */
  readonly mayStart: readonly string[];
  readonly requireAgentId: boolean;
  readonly toolLimits: readonly string[];
}

/** Something the agents section says and probably does not mean. */
export interface AgentWarning {
  readonly code: 'short_form' | 'unknown_agent' | 'blocks_all';
  readonly key: string;
  readonly message: string;
  readonly fix: string;
}

/** A model somebody is going to use. */
export interface ModelFact {
  readonly ref: string;
  /** For people: `main`, `sub-agents of main`. */
  readonly usedBy: string;
  /** `optional`: without it the default stands in. */
  readonly need: 'required' | 'optional';
  readonly state:
    | { readonly kind: 'ok' }
    | { readonly kind: 'unknown' | 'unavailable'; readonly message: string; readonly fix: string };
  /** `free`: it runs on this machine, or is the demo. */
  readonly price: 'known' | 'unknown' | 'free';
}

/** Requests per minute a provider is held to. */
export interface RateFact {
  readonly provider: string;
  readonly rpm: number;
}

export interface LimitFacts {
  readonly runTimeoutSeconds: number;
  /** 0 = silent work is never ended. */
  readonly stallAbortSeconds: number;
  readonly tree: { readonly tokens: number; readonly costUsd: number; readonly seconds: number };
  readonly day: { readonly tokens: number; readonly costUsd: number };
  /** Turns that may run at once: main and subagent lanes together. */
  readonly turnsAtOnce: number;
  readonly maxSpawnDepth: number;
  readonly maxChildren: number;
  /** Of all sub-agents. */
  readonly subagentToolLimits: readonly string[];
}

/** How the session tool is used: since the process started, by agent. */
export interface SpawnHabit {
  readonly agentId: string;
  readonly model: string;
  /** Turns of people in a row in which it was offered and not called. */
  readonly turns: number;
  /** How often the agent spoke of starting sub-agents in these turns. */
  readonly claims: number;
  /** It called the tool at some time before. */
  readonly everCalled: boolean;
}

export interface AcpFacts {
  readonly enabled: boolean;
  readonly control: 'owner' | 'allowed';
  readonly defaultAgent?: string | undefined;
  readonly allowedAgents?: readonly string[] | undefined;
  /** Entries of `allowedAgents` that name no coding agent, and the ids that would. */
  readonly strangers: readonly string[];
  readonly known: readonly string[];
  /** Harnesses that may be used, each as it was found; undefined: they were not looked at. */
  readonly harnesses?: readonly {
    readonly id: string;
    readonly fault?: { readonly code: string; readonly message: string; readonly next: readonly string[] } | undefined;
  }[];
}

export interface ChannelFacts {
  /** Accounts that are switched on, e.g. `telegram:default`. */
  readonly accounts: readonly string[];
  /** From the live connections; undefined: no process runs. */
  readonly health?: StatusView['channels'] | undefined;
  /**
   * Accounts of WhatsApp that are switched on, and whether they are linked: as stored, or, while a process runs, false only for
   * one that waits for a phone. Undefined: not known.
   */
  readonly links: readonly { readonly id: string; readonly linked: boolean | undefined }[];
}

export interface StoreFacts {
  readonly path: string;
  readonly state:
    | { readonly kind: 'open' }
    /** Nothing was stored yet. */
    | { readonly kind: 'none' }
    /** A newer version of this program wrote it. */
    | { readonly kind: 'newer' }
    | { readonly kind: 'broken'; readonly message: string };
  /** Whether the state folder can be written to; undefined: there is none yet. */
  readonly writable?: boolean | undefined;
  /** Bytes left on its disk, if that can be found out. */
  readonly free?: number | undefined;
  readonly outbox?: { readonly pending: number; readonly undelivered: number } | undefined;
  readonly leftovers: readonly Leftover[];
}

/** A file or folder only we should be able to read. */
export interface SecretFile {
  readonly path: string;
  readonly folder: boolean;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
}

export interface ConfigFacts {
  readonly path: string;
  readonly exists: boolean;
  readonly loadedAt: number;
  /** When the file changed, if that is not what is in use. */
  readonly changedAt?: number | undefined;
  /** Faults of the file with place and nearest key; it is not in use. */
  readonly error?: string | undefined;
  /** What is in use in place of a faulty file. */
  readonly inUse?: string | undefined;
  /** Why `.env` was not read. */
  readonly envWarning?: string | undefined;
}

/** What depends on the settings in use. */
export interface SettingFacts {
  readonly agents: readonly AgentFact[];
  readonly warnings: readonly AgentWarning[];
  readonly models: readonly ModelFact[];
  readonly rates: readonly RateFact[];
  readonly limits: LimitFacts;
  readonly acp: AcpFacts;
}

export interface DoctorFacts {
  /** Unix ms. */
  readonly now: number;
  readonly running: boolean;
  readonly config: ConfigFacts;
  /** Undefined: the file is faulty and nothing good is in use, so that checking defaults would mislead. */
  readonly settings: SettingFacts | undefined;
  readonly channels: ChannelFacts;
  /** `<channel>:<id>`, or why somebody counts as the owner; undefined: nobody does. */
  readonly owner: string | undefined;
  /** Undefined: not known, because no process runs. */
  readonly habits: readonly SpawnHabit[] | undefined;
  readonly store: StoreFacts;
  readonly secrets: readonly SecretFile[];
}
