// One session of ours that lives in a harness: its process while it has one, and what is kept of it and was set on it.
// Made by sessions.ts; opened and prompted by turn.ts, set by settings.ts.
import type { SessionKey } from '../core/session.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { Approvals } from './asking.ts';
import { type Controls, type Found, readOptions } from './controls.ts';
import { AcpError, type AcpFault, acpFault, faultOf } from './errors.ts';
import { apply, type Live, type OpenDeps, openHarness } from './open.ts';
import type { PermissionMode } from './permissions.ts';
import { Prompts } from './prompts.ts';
import { type AcpRecord, type AcpRecordStore, forgotten } from './record.ts';
import { readUpdate } from './updates.ts';

export interface SessionDeps extends OpenDeps {
  readonly ids: Pick<Ids, 'uuid'>;
  readonly log: Pick<Log, 'warn'>;
  readonly records: AcpRecordStore;
  /** Absent: nobody can be asked. */
  readonly approvals: Approvals | undefined;
  /** Where a path really leads, links followed; also for paths that do not exist. */
  readonly realPath: (path: string) => string;
}

export type SessionState = 'idle' | 'starting' | 'running' | 'awaiting approval' | 'error';

const closeMs = 5_000;

export class HarnessSession {
  readonly key: SessionKey;
  readonly prompts: Prompts;
  readonly #deps: SessionDeps;
  #record: AcpRecord;
  #live: Live | undefined;
  #opening: Promise<Live> | undefined;
  /** Ends the start under way. */
  #unwanted: AbortController | undefined;
  #stopping: Promise<void> | undefined;
  #controls: Controls | undefined;
  #lastError: AcpFault | undefined;
  /** What was changed holds from the next start of the process. */
  #stale = false;
  /** It could not go on where it was, which nobody has been told. */
  #lost = false;

  constructor(deps: SessionDeps, record: AcpRecord) {
    this.#deps = deps;
    this.#record = record;
    this.key = record.key;
    this.prompts = new Prompts(deps, {
      live: () => this.live,
      record: () => this.#record,
      permissionMode: () => this.permissionMode(),
      grant: (key) => this.save({ granted: [...new Set([...this.#record.granted, key])] }),
      noteError: (fault) => {
        this.#lastError = fault;
      },
      afterPrompt: () => this.#afterPrompt(),
    });
  }

  get record(): AcpRecord {
    return this.#record;
  }

  get live(): Live | undefined {
    return this.#live?.connection.alive() === true ? this.#live : undefined;
  }

  /** As the harness listed them at its last start here. */
  get controls(): Controls | undefined {
    return this.#controls;
  }

  get lastError(): AcpFault | undefined {
    return this.#lastError;
  }

  /** It has a process, or is getting one. */
  hasProcess(): boolean {
    return this.#opening !== undefined || this.#stopping !== undefined || this.live !== undefined;
  }

  state(): SessionState {
    if (this.prompts.asking()) return 'awaiting approval';
    if (this.prompts.running()) return 'running';
    if (this.#opening !== undefined) return 'starting';
    return this.#lastError === undefined ? 'idle' : 'error';
  }

  permissionMode(): PermissionMode {
    return this.#record.permissionMode ?? this.#deps.settings().permissionMode;
  }

  /** Brings it to where it can be prompted; callers at the same time share one start. Throws an `AcpError`. */
  open(): Promise<Live> {
    const live = this.live;
    if (live !== undefined && this.#stopping === undefined) return Promise.resolve(live);
    this.#opening ??= this.#start().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Open, and no prompt in flight: an earlier turn nobody waits for may still be ending, and take the process with it. */
  async free(): Promise<Live> {
    await this.prompts.idle();
    return await this.open();
  }

  /** It began anew though it had a session before: what was said is not in its memory. True once for each time. */
  takeLost(): boolean {
    const lost = this.#lost;
    this.#lost = false;
    return lost;
  }

  /** A prompt that has ended has: whatever cannot be written down now is written after the next one. */
  async #afterPrompt(): Promise<void> {
    try {
      await this.save({ lastUsed: this.#deps.clock.now(), prompted: true });
      if (this.#stale) await this.stop();
    } catch (err) {
      this.#deps.log.warn({ err, session: this.key, code: 'acp_after_prompt' }, 'a coding agent was not tidied up');
    }
  }

  async #start(): Promise<Live> {
    const unwanted = new AbortController();
    this.#unwanted = unwanted;
    // Two processes with one session of the harness would write over each other.
    await this.#stopping;
    await this.#live?.connection.stop();
    this.#live = undefined;
    let live: Live | undefined;
    try {
      live = await openHarness(this.#deps, {
        record: this.#record,
        permissionMode: this.permissionMode(),
        signal: unwanted.signal,
        hooks: {
          update: (_id, update) => this.#update(update),
          ask: (question, gone) => this.prompts.ask(question, gone),
        },
      });
      const now = this.#deps.clock.now();
      const fresh = live.began === 'new' || live.began === 'lost';
      const born = fresh ? { acpCreatedAt: now, granted: [], costSeen: 0, prompted: false } : {};
      await this.save({ acpSessionId: live.acpSessionId, source: live.program.source, lastUsed: now, ...born });
      unwanted.signal.throwIfAborted();
      this.#live = live;
      this.#lost ||= live.began === 'lost';
      this.#controls = live.controls;
      this.#lastError = undefined;
      this.#stale = false;
      return live;
    } catch (error) {
      // Nobody knows yet of one that was started but could not be written down.
      await live?.connection.stop();
      if (unwanted.signal.aborted) throw new AcpError(acpFault.stoppedStarting(this.#record.harness), error);
      this.#lastError = faultOf(error, (message) => acpFault.initFailed(this.#record.harness, message));
      throw error;
    } finally {
      this.#unwanted = undefined;
    }
  }

  /** Ends the process; its session can be continued later. A start under way is awaited first. */
  async stop(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const live = this.#live;
    this.#live = undefined;
    this.#stopping ??= live?.connection.stop().finally(() => {
      this.#stopping = undefined;
    });
    await this.#stopping;
  }

  /** As `stop`, and nobody wants a start under way any more: it is ended, too. */
  async end(): Promise<void> {
    this.#unwanted?.abort();
    await this.stop();
  }

  /** For good: the harness is told, where it wants to know. */
  async close(): Promise<void> {
    this.#unwanted?.abort();
    await this.#opening?.catch(() => undefined);
    const live = this.live;
    if (live?.abilities.close === true && !this.prompts.running())
      await live.connection.request('session/close', { sessionId: live.acpSessionId }, closeMs).catch(() => undefined);
    await this.stop();
  }

  /** The next prompt begins a new session of the harness in the same place. */
  async reset(memory: string | undefined): Promise<void> {
    await this.end();
    this.#lost = false;
    this.#record = forgotten(this.#record);
    await this.save(memory === undefined ? {} : { memory });
    this.#lastError = undefined;
  }

  /** Sets one thing on the harness's session, which is opened for it. Throws an `AcpError`. */
  async set(find: (live: Live, controls: Controls) => Found): Promise<string | boolean> {
    const live = await this.open();
    const controls = this.#controls ?? live.controls;
    const found = find(live, controls);
    if (!found.ok) throw new AcpError(found.fault);
    this.#controls = await apply(live, controls, found.setting);
    return found.setting.value;
  }

  /** What was changed holds from the next start; a running prompt goes on as it began. */
  async restart(): Promise<void> {
    if (this.prompts.running()) this.#stale = true;
    else await this.stop();
  }

  async save(change: Partial<AcpRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.#deps.records.set(this.key, this.#record);
  }

  /** Forgets what was set on it; the harness's own defaults hold from the next start. @param model configured, if any */
  async clearSettings(model: string | undefined): Promise<void> {
    const { mode: _mode, model: _model, permissionMode: _permissions, timeoutSeconds: _limit, ...rest } = this.#record;
    this.#record = rest;
    // What they become is known once it starts again.
    this.#controls = undefined;
    await this.save({ options: {}, ...(model === undefined ? {} : { model }) });
    await this.restart();
  }

  /** What a loaded session replays comes while nothing is prompted, so nobody hears it again. */
  #update(raw: unknown): void {
    this.prompts.heard();
    const update = readUpdate(raw);
    if (update === undefined) return;
    const controls = this.#controls;
    if (update.kind === 'mode' && controls?.modes !== undefined)
      this.#controls = { ...controls, modes: { ...controls.modes, current: update.id } };
    const options = update.kind === 'options' ? readOptions(update.options) : undefined;
    if (controls !== undefined && options !== undefined) this.#controls = { ...controls, options };
    this.prompts.update(update);
  }
}
