// All harness sessions: found by our session key, opened when they are needed, closed when nobody needs them, never more
// processes than allowed. Made by the wiring; used by runtime.ts and the /acp commands.
import type { SessionKey } from '../core/session.ts';
import type { Timer } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import { AcpError, type AcpFault, acpFault } from './errors.ts';
import { canonical } from './harnesses.ts';
import type { Live } from './open.ts';
import { sweepOrphans } from './orphans.ts';
import type { PermissionMode } from './permissions.ts';
import type { AcpRecord, Started } from './record.ts';
import { HarnessSession, type SessionDeps, type SessionState } from './session.ts';

export interface SessionsDeps extends SessionDeps {
  readonly log: Pick<Log, 'warn' | 'info'>;
}

export interface NewSession {
  readonly key: SessionKey;
  /** Id of our session's memory, where it has one already. */
  readonly memory?: string | undefined;
  /** Id or alias. */
  readonly harness: string;
  /** Absolute. */
  readonly cwd: string;
  readonly permissionMode?: PermissionMode | undefined;
  readonly model?: string | undefined;
  /** A session the harness made elsewhere, to be continued here or refused. */
  readonly resumeId?: string | undefined;
  readonly started?: Started | undefined;
}

/** For lists and `/acp status`. */
export interface SessionView {
  readonly record: AcpRecord;
  readonly state: SessionState;
  readonly permissionMode: PermissionMode;
  /** Absent while it has no process. */
  readonly live: Live | undefined;
  /** Bytes; undefined where unknown. */
  readonly memory: number | undefined;
  readonly lastError: AcpFault | undefined;
}

/** How somebody waits where as many processes run as may, and all of them work. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** It has to wait (`true`), or not any more. */
  readonly waits?: ((waits: boolean) => void) | undefined;
  /** A command does not wait for the turns of others: it is refused. */
  readonly refuse?: boolean | undefined;
}

interface Waiter {
  readonly session: HarnessSession;
  readonly go: () => void;
}

export class HarnessSessions {
  readonly #deps: SessionsDeps;
  readonly #sessions = new Map<SessionKey, HarnessSession>();
  readonly #loading = new Map<SessionKey, Promise<HarnessSession | undefined>>();
  /** Users of a session's process: it is not closed while there is one. */
  readonly #leases = new Map<HarnessSession, number>();
  readonly #idle = new Map<HarnessSession, Timer>();
  /** Wait for a process to be free, in order. */
  #waiting: Waiter[] = [];
  #closed = false;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /** At start: ends what an earlier process of ours left running. */
  async sweep(): Promise<number> {
    const ended = await sweepOrphans(this.#deps.processes, this.#deps.clock);
    if (ended > 0) this.#deps.log.info({ ended }, 'ended coding agents that an earlier process had left running');
    return ended;
  }

  /** The session of this key as far as it is in memory: all are, once `views` was asked. */
  known(key: SessionKey): HarnessSession | undefined {
    return this.#sessions.get(key);
  }

  /** All in memory, the latest made first. */
  all(): readonly HarnessSession[] {
    return [...this.#sessions.values()].sort((a, b) => b.record.createdAt - a.record.createdAt);
  }

  /** The session of this key, also one of an earlier process of ours. */
  async find(key: SessionKey): Promise<HarnessSession | undefined> {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const loading = this.#loading.get(key) ?? this.#load(key).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return await loading;
  }

  async #load(key: SessionKey): Promise<HarnessSession | undefined> {
    const record = await this.#deps.records.get(key);
    return record === undefined ? undefined : (this.#sessions.get(key) ?? this.#add(record));
  }

  /** The session of this key, made where there is none. One whose memory was reset begins anew. */
  async obtain(ask: NewSession): Promise<HarnessSession> {
    const known = await this.find(ask.key);
    if (known === undefined) return await this.#create(ask);
    if (ask.memory !== undefined && known.record.memory === undefined) await known.save({ memory: ask.memory });
    else if (ask.memory !== undefined && known.record.memory !== ask.memory) await known.reset(ask.memory);
    return known;
  }

  /** Makes a session and waits until it can be prompted. Throws an `AcpError`; then nothing of it is left. */
  async spawn(ask: NewSession): Promise<{ readonly session: HarnessSession; readonly live: Live }> {
    const session = await this.#create(ask);
    try {
      const live = await this.acquire(session);
      this.release(session);
      return { session, live };
    } catch (error) {
      await this.forget(ask.key);
      throw error;
    }
  }

  /**
   * Opens it and keeps its process until `release`. Waits while as many processes run as may and all of them work.
   * Throws an `AcpError`, or the reason of the signal; then nothing is to be released.
   */
  async acquire(session: HarnessSession, waiting: Waiting = {}): Promise<Live> {
    if (!this.#deps.settings().enabled) throw new AcpError(acpFault.disabled());
    this.#idle.get(session)?.cancel();
    this.#idle.delete(session);
    this.#lease(session, 1);
    try {
      await this.#room(session, waiting);
      if (this.#closed) throw new AcpError(acpFault.shuttingDown());
      // Nobody would end the process of a session that is known no longer.
      if (this.#sessions.get(session.key) !== session) throw new AcpError(acpFault.noSession('it was closed.'));
      return await session.open();
    } catch (error) {
      this.release(session);
      throw error;
    }
  }

  /** Its turn is over. After `acp.idleTtlMinutes` without another its process is closed. */
  release(session: HarnessSession): void {
    this.#lease(session, -1);
    if (this.#leases.has(session)) return;
    const minutes = this.#deps.settings().idleTtlMinutes;
    if (minutes > 0 && !this.#closed && session.hasProcess())
      this.#idle.set(
        session,
        this.#deps.clock.after(minutes * 60_000, () => void this.#park(session)),
      );
    this.#admit();
  }

  /** Ends its process and forgets it. */
  async forget(key: SessionKey): Promise<void> {
    const session = await this.find(key);
    if (session === undefined) return;
    this.#idle.get(session)?.cancel();
    this.#idle.delete(session);
    await session.close();
    this.#sessions.delete(key);
    await this.#deps.records.delete(key);
    this.#admit();
  }

  /** For the end of our process: nothing is started any more, every harness is ended. Sessions stay loadable. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#idle.values()) timer.cancel();
    this.#idle.clear();
    for (const { go } of this.#waiting.splice(0)) go();
    await Promise.all([...this.#sessions.values()].map((session) => session.end()));
  }

  /** Every session, the latest used first. */
  async views(): Promise<readonly SessionView[]> {
    for await (const [key] of this.#deps.records.entries()) await this.find(key);
    return [...this.#sessions.values()].map(viewOf).sort((a, b) => b.record.lastUsed - a.record.lastUsed);
  }

  counts(): { readonly processes: number; readonly working: number; readonly waiting: number } {
    const all = [...this.#sessions.values()];
    return {
      processes: all.filter((session) => session.hasProcess()).length,
      working: all.filter((session) => session.prompts.running()).length,
      waiting: this.#waiting.length,
    };
  }

  async #create(ask: NewSession): Promise<HarnessSession> {
    const now = this.#deps.clock.now();
    const { key, cwd, memory, permissionMode, model, resumeId, started } = ask;
    const session = this.#add({
      ...{ key, cwd, harness: canonical(ask.harness), createdAt: now, lastUsed: now, options: {}, granted: [] },
      ...(memory === undefined ? {} : { memory }),
      ...(permissionMode === undefined ? {} : { permissionMode }),
      ...(model === undefined ? {} : { model }),
      ...(started === undefined ? {} : { started }),
      ...(resumeId === undefined ? {} : { acpSessionId: resumeId, given: true }),
    });
    await session.save({});
    return session;
  }

  #add(record: AcpRecord): HarnessSession {
    const session = new HarnessSession(this.#deps, record);
    this.#sessions.set(record.key, session);
    return session;
  }

  #lease(session: HarnessSession, change: 1 | -1): void {
    const left = (this.#leases.get(session) ?? 0) + change;
    if (left <= 0) this.#leases.delete(session);
    else this.#leases.set(session, left);
  }

  /** Resolves once this session may have a process. */
  async #room(session: HarnessSession, { signal, waits, refuse }: Waiting): Promise<void> {
    if (session.hasProcess() || this.#closed || (this.#waiting.length === 0 && (await this.#makeRoom(session)))) return;
    if (refuse) throw new AcpError(acpFault.allBusy(this.#deps.settings().maxSessions));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { session, go: resolve };
    this.#waiting.push(waiter);
    const gone = (): void => {
      this.#waiting = this.#waiting.filter((each) => each !== waiter);
      reject(signal?.reason);
    };
    if (signal?.aborted) gone();
    signal?.addEventListener('abort', gone, { once: true });
    this.#admit();
    waits?.(true);
    try {
      await promise;
    } finally {
      waits?.(false);
      signal?.removeEventListener('abort', gone);
    }
  }

  /** Closes the process that was idle for the longest. False: all of them work. */
  async #makeRoom(asker: HarnessSession): Promise<boolean> {
    const max = this.#deps.settings().maxSessions;
    const others = [...this.#sessions.values()].filter((each) => each !== asker && this.#counts(each));
    if (others.length < max) return true;
    const idle = others.filter((each) => !this.#leases.has(each));
    const oldest = idle.sort((a, b) => a.record.lastUsed - b.record.lastUsed)[0];
    if (oldest === undefined) return false;
    await this.#park(oldest);
    return true;
  }

  /** It has a process, or was let in and is about to start one. */
  #counts(session: HarnessSession): boolean {
    const waits = this.#waiting.some((each) => each.session === session);
    return session.hasProcess() || (this.#leases.has(session) && !waits);
  }

  #admit(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    void this.#makeRoom(first.session).then((free) => {
      if (!free || this.#waiting[0] !== first) return;
      this.#waiting.shift();
      first.go();
      this.#admit();
    });
  }

  async #park(session: HarnessSession): Promise<void> {
    this.#idle.get(session)?.cancel();
    this.#idle.delete(session);
    if (this.#leases.has(session)) return;
    await session.stop().catch((error: unknown) => {
      this.#deps.log.warn({ err: error, session: session.key, code: 'acp_stop' }, 'a coding agent could not be ended');
    });
  }
}

export function viewOf(session: HarnessSession): SessionView {
  const { record, live, lastError } = session;
  return {
    ...{ record, live, lastError, state: session.state(), permissionMode: session.permissionMode() },
    memory: live?.connection.process.memory(),
  };
}
