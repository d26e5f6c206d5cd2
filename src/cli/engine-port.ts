// What the command line asks of the engine: a running one over the control socket, or its stored records when it is down.
// src/app.ts implements App with src/wiring/control.ts, offline-store.ts OfflineStore; the verbs in this folder use them.
import { z } from 'zod';
import type { DoctorReport, PrelaunchReport, SpawnTestReport, Topology } from '../core/doctor.ts';
import { type LinkAsk, type LinkView, linkAskSchema } from '../core/link.ts';
import type { Leftover } from '../core/maintenance.ts';
import type { Approved, PairingRequest, PairingView, Revoked } from '../core/pairing.ts';
import type { Result } from '../core/result.ts';
import { channelIds } from '../core/route.ts';
import { type Run, runStatuses } from '../core/run.ts';
import type { StatusView, StopReport } from '../core/services.ts';
import type { Usage } from '../core/session.ts';
import type { OnRunEnded } from '../core/tool.ts';
import type { Env } from '../infra/env.ts';
import type { Log } from '../infra/log.ts';
import type { Seams } from '../wiring/seams.ts';

/** A root and all runs below it, with totals. */
export interface FlowView {
  readonly tree: string;
  /** What the tree was started for, one line. */
  readonly title: string;
  /** Session the tree was started from. */
  readonly requester: string;
  readonly runs: number;
  readonly active: number;
  readonly usage: Usage;
  readonly startedAt: number;
}

export interface MaintenanceFinding extends Leftover {
  /** True once `--apply` has put it right. */
  readonly reconciled: boolean;
}

export interface PairLink {
  /** Opens the direct chat with the bot and says `/start <token>` there. */
  readonly link: string;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
  /** Whoever opens it becomes the owner: there is none yet. */
  readonly owner: boolean;
}

/** An address that opens the status page. */
export interface PageLink {
  /** A credential until it is used: never logged. */
  readonly link: string;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

export interface ControlAnswers {
  readonly status: StatusView;
  readonly 'tasks.list': readonly Run[];
  readonly 'tasks.show': Run;
  readonly 'tasks.cancel': StopReport;
  /** The run with its delivery as it is afterwards. */
  readonly 'tasks.retry': Run;
  readonly 'tasks.dismiss': Run;
  readonly 'flow.list': readonly FlowView[];
  readonly 'flow.cancel': StopReport;
  readonly maintenance: readonly MaintenanceFinding[];
  readonly doctor: DoctorReport;
  readonly 'doctor.prelaunch': PrelaunchReport;
  readonly 'doctor.topology': Topology;
  readonly 'doctor.spawn-test': SpawnTestReport;
  readonly 'pair.link': PairLink;
  /** An address that brings the bot into a server of the platform. */
  readonly 'pair.invite': string;
  /** Linking an account of WhatsApp: where it stands. */
  readonly 'link.begin': LinkView;
  /** The next step, or, after some seconds without one, the same again. */
  readonly 'link.next': LinkView;
  readonly 'pair.list': PairingView;
  readonly 'pair.approve': Approved;
  readonly 'pair.deny': PairingRequest;
  readonly 'pair.revoke': Revoked;
  readonly 'page.link': PageLink;
  /** One sentence: what was loaded and what changed. */
  readonly reload: string;
  /** Answered when the drain has begun. */
  readonly drain: null;
}
export type ControlVerb = keyof ControlAnswers;

const nothing = z.strictObject({});
/** Full id or a prefix of at least 4 characters. */
const one = z.strictObject({ id: z.string().min(1) });
/** Absent: the default agent. */
const maybeAgent = z.strictObject({ agent: z.string().min(1).optional() });
const byCode = z.strictObject({ channel: z.enum(channelIds), code: z.string().min(1) });

/** Checked at the socket, so handlers can trust what they get. */
export const controlParams = {
  status: nothing,
  'tasks.list': z.strictObject({ status: z.enum(runStatuses).optional() }),
  'tasks.show': one,
  'tasks.cancel': one,
  'tasks.retry': one,
  'tasks.dismiss': one,
  'flow.list': nothing,
  'flow.cancel': one,
  maintenance: z.strictObject({ apply: z.boolean() }),
  doctor: z.strictObject({ fix: z.boolean() }),
  'doctor.prelaunch': maybeAgent,
  'doctor.topology': nothing,
  'doctor.spawn-test': maybeAgent,
  'pair.link': z.strictObject({ channel: z.literal('telegram'), account: z.string().min(1).optional() }),
  'pair.invite': z.strictObject({ channel: z.literal('discord'), account: z.string().min(1).optional() }),
  'link.begin': linkAskSchema.extend({ account: z.string().min(1) }),
  'link.next': z.strictObject({ account: z.string().min(1), after: z.int() }),
  'pair.list': nothing,
  'pair.approve': byCode,
  'pair.deny': byCode,
  /** `<channel>:<id>` */
  'pair.revoke': one,
  'page.link': nothing,
  reload: nothing,
  drain: nothing,
} as const satisfies Record<ControlVerb, z.ZodType>;
export type ControlParams<V extends ControlVerb> = z.infer<(typeof controlParams)[V]>;

export type ControlHandlers = {
  readonly [V in ControlVerb]: (params: ControlParams<V>) => Promise<Result<ControlAnswers[V]>>;
};

export interface StoreHealth {
  /** Why it cannot be used as it is. */
  readonly fault: string | undefined;
  /** A newer version of this program wrote it: nothing is wrong with it, and this one must not touch it. */
  readonly newer: boolean;
  readonly outbox: StatusView['outbox'];
}

/** Read-only view of the state folder while no process runs. Ids as in `controlParams`. */
export interface OfflineStore {
  /** Newest first. */
  runs(filter: ControlParams<'tasks.list'>): Promise<readonly Run[]>;
  run(id: string): Promise<Result<Run>>;
  flows(): Promise<readonly FlowView[]>;
  maintenance(): Promise<readonly MaintenanceFinding[]>;
  /** What the doctor asks of it. Throws where the file cannot be read. */
  health(): Promise<StoreHealth>;
  /** Whether a phone is linked to this account of WhatsApp. */
  linked(account: string): Promise<boolean>;
  /** @param ownerOpen the config names no owner, so that pairing may have made one */
  pairing(ownerOpen: boolean): Promise<PairingView>;
  close(): Promise<void>;
}

/** Linking accounts: by a running process, or by the command line itself while there is none. */
export interface LinkDesk {
  begin(account: string, ask: LinkAsk): Promise<Result<LinkView>>;
  /** As `link.next`. */
  next(account: string, after: number): Promise<Result<LinkView>>;
  close(): Promise<void>;
}

export interface Banner {
  readonly version: string;
  /** Channels that will be started, e.g. `console`, `telegram`. */
  readonly channels: readonly string[];
  /** `provider/model`, or `demo`. */
  readonly model: string;
  /** Why this model, and how to get another one. */
  readonly modelNote: string;
  /** What a person should know before anything else, e.g. why the config file is not in use. */
  readonly warning?: string | undefined;
  /** A chat in this terminal will open: the banner ends with how to use it, and logs stay in the file. */
  readonly console: boolean;
}

/** What the engine answers itself; reloading and ending are the process's business (start.ts). */
export type EngineHandlers = Omit<ControlHandlers, 'reload' | 'drain'>;

export interface App {
  /** Known as soon as the app is constructed. */
  banner(): Banner;
  readonly log: Log;
  /** What the control socket may ask for. */
  readonly control: EngineHandlers;
  /** Connects everything; resolves once messages are taken in. Throws when the process cannot work at all. */
  start(): Promise<void>;
  /**
   * One sentence: what was loaded and what changed; the refusal says why the old settings stay. Resolves once the channels
   * are as the settings say, or take long to be.
   */
  reload(): Promise<Result<string>>;
  /** Resolves when nothing runs and nothing is owed. */
  idle(): Promise<void>;
  /** Ends intake, lets running turns finish within `gateway.drainSeconds`, flushes, closes. Also before `start` has resolved. */
  drain(): Promise<void>;
}

export interface AppOptions {
  readonly env: Env;
  /** Absolute. */
  readonly workingDirectory: string;
  /** `--console`: open the chat even where other channels are configured. */
  readonly console: boolean;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** The console chat ended by itself: Ctrl-D, or end of piped input with nothing left to do. The process then drains. */
  readonly onConsoleClosed: () => void;
  /** Shows a step of linking an account that is switched on. Never in the log: it holds codes. Absent: nobody could see it. */
  readonly showLink?: ((account: string, view: LinkView) => void) | undefined;
  /** Shows a link to the status page, once, where a person sits in front of the terminal. Never in the log. */
  readonly showPage?: ((page: PageLink) => void) | undefined;
  /** Code of whoever embeds the app: closes what a run left open, before the run is announced. Has 5 s; errors are logged. */
  readonly onRunEnded?: OnRunEnded | undefined;
  /** Absent in production. */
  readonly seams?: Seams | undefined;
}

/** A refusal is one a person can mend: shown as it is, exit 1. */
export type CreateApp = (options: AppOptions) => Promise<Result<App>>;
