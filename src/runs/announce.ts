// Between "run ended" and "the requester knows": exactly one of handed over, posted, silent, skipped or undelivered.
// 1 hook  2 decide  3 hand over to the requester, again after 5, 20 and 60 s, climbing when it is gone  4 post by formatter
// Holds no lane slot. Called with every run that ended, and at start with every run whose completion is still owed.
import type { ItemEnd } from '../agents/turn-types.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run, type RunDelivery } from '../core/run.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { OnRunEnded } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import { decideAnnounce } from './announce-plan.ts';
import { completionBlock, formatCompletion, resultText } from './completion.ts';
import { endRun, setDelivery } from './end-run.ts';
import { runEndedHook } from './ended-hook.ts';
import type { RunRegistry } from './registry.ts';
import type { RunItem } from './spawn.ts';
import { completionItemId, type OutgoingEntry } from './turn-end.ts';

/** Pauses before each handover, in ms. */
const attempts = [0, 5_000, 20_000, 60_000] as const;

export interface AnnounceDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Sessions;
  readonly transcripts: Pick<Transcripts, 'append' | 'path' | 'read'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: () => Config;
  readonly onRunEnded: OnRunEnded | undefined;
  readonly offer: (
    session: Session,
    item: RunItem,
  ) => { readonly taken: Promise<'injected' | 'turn' | 'dropped'>; readonly ended: Promise<ItemEnd> };
  /** Aborts the turn that took this item in, if it took in nothing else that a person waits for. */
  readonly abortHandover: (session: SessionKey, itemId: string) => void;
  readonly holding: (session: SessionKey) => boolean;
  /** Tells a yielded requester that a child ended; `wake`: it needs an item to wake by. */
  readonly childEnded: (session: SessionKey, runId: string) => 'wake' | 'fine';
  readonly routeFor: (run: Run) => Promise<Route | { readonly reason: string }>;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
  /** A requester that cannot take completions in was ended; it is announced in turn. */
  readonly draining: () => boolean;
}

type Handover = 'done' | 'stopped' | 'later' | 'gone' | 'exhausted';

export class Announcer {
  readonly #deps: AnnounceDeps;
  readonly #underway = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(deps: AnnounceDeps) {
    this.#deps = deps;
  }

  /** Starts announcing an ended run. A second call while one is under way does nothing. */
  owe(run: Run): void {
    if (this.#underway.has(run.id) || this.#closed.signal.aborted) return;
    const work = this.#announce(run)
      .catch((error: unknown) => this.#deps.log.error({ err: error, run: run.id }, 'announce failed'))
      .finally(() => this.#underway.delete(run.id));
    this.#underway.set(run.id, work);
  }

  /** Resolves when nothing is being announced. */
  async idle(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway.values());
  }

  busy(): boolean {
    return this.#underway.size > 0;
  }

  /** Ends waits between handovers; what is owed stays recorded for the next start. */
  close(): void {
    this.#closed.abort();
  }

  async #announce(ended: Run): Promise<void> {
    await runEndedHook(this.#deps, ended);
    const { registry } = this.#deps;
    if (ended.delivery.state === 'sending') {
      // Posted in the conversation bound to it; the requester only gets a note.
      await this.#note(ended);
      this.#release(ended);
      return;
    }
    const run = await this.#withPartial(registry.get(ended.id) ?? ended);
    const plan = decideAnnounce(run, { mode: this.#deps.config().announce.mode, waiting: await this.#waits(run) });
    switch (plan.kind) {
      case 'settled':
        return;
      case 'quiet':
        await this.#settle(run, plan.delivery);
        this.#release(run);
        return;
      case 'post':
        await this.#post(run);
        this.#release(run);
        return;
      case 'handover':
        await this.#handover(run);
    }
  }

  /** A requester that waits for this child: a run with open children, or a session that yielded. */
  async #waits(run: Run): Promise<boolean> {
    const parent = this.#deps.registry.byChild(run.requester);
    if (parent !== undefined && !isTerminal(parent.state.status)) return true;
    return this.#deps.holding(run.requester);
  }

  async #handover(run: Run): Promise<void> {
    for (const [attempt, pause] of attempts.entries()) {
      if (pause > 0) await this.#deps.clock.sleep(pause, this.#closed.signal);
      if (this.#closed.signal.aborted || this.#deps.draining()) return;
      const requester = await this.#requester(run);
      if (requester === undefined) break;
      const how = await this.#tryOnce(run, requester, attempt);
      if (how === 'done' || how === 'later') return;
      if (how === 'stopped') {
        await this.#settle(run, this.#given(run, 'skipped', 'stopped by a person while it was being reported'));
        return;
      }
      this.#deps.log.warn(
        { run: run.id, session: requester.key, attempt, code: 'handover_failed' },
        'result was not taken over',
      );
    }
    const requester = await this.#requester(run);
    if (requester !== undefined && requester.kind !== 'chat') return this.#giveUpOn(run, requester);
    await this.#post(run);
    this.#release(run);
  }

  async #tryOnce(run: Run, requester: Session, attempt: number): Promise<Handover> {
    const id = completionItemId(run.id, attempt);
    const route = requester.kind === 'chat' ? await this.#deps.routeFor(run) : undefined;
    const item: RunItem = {
      id,
      kind: 'completion',
      text: this.#block(run),
      at: this.#deps.clock.now(),
      tree: run.tree,
      group: run.requester === requester.key ? run.requesterTurn : run.id,
      steerable: true,
      ...(route !== undefined && 'channel' in route ? { route } : {}),
    };
    await this.#settle(run, { state: 'handed', attempts: attempt + 1 });
    const { taken, ended } = this.#deps.offer(requester, item);
    this.#release(run);
    if ((await taken) === 'turn') this.#limit(requester.key, id, ended);
    return this.#judge(run, await ended);
  }

  /** The handover's own time limit; waiting for a lane does not count. */
  #limit(session: SessionKey, itemId: string, ended: Promise<ItemEnd>): void {
    const timer = this.#deps.clock.after(this.#deps.config().agents.defaults.subagents.announceTimeoutMs, () =>
      this.#deps.abortHandover(session, itemId),
    );
    void ended.finally(() => timer.cancel());
  }

  #judge(run: Run, end: ItemEnd): Handover {
    const state = this.#deps.registry.get(run.id)?.delivery.state;
    if (state !== 'pending' && state !== 'handed') return 'done';
    if (end.kind === 'dropped') {
      if (end.why === 'draining') return 'later';
      return end.why === 'stopped' ? 'stopped' : 'gone';
    }
    if (end.result.cause === 'shutdown') return 'later';
    return end.result.cause === 'user' || end.result.cause === 'cascade' ? 'stopped' : 'exhausted';
  }

  /** The session that is to know: the requester, or whoever asked for it if it is gone, up to the chat. */
  async #requester(run: Run): Promise<Session | undefined> {
    const { registry, sessions } = this.#deps;
    let key: SessionKey | undefined = run.requester;
    while (key !== undefined) {
      const session = await sessions.get(key);
      const owner: Run | undefined = registry.byChild(key);
      if (session !== undefined && (owner === undefined || !isTerminal(owner.state.status))) return session;
      key = owner?.requester;
    }
    return undefined;
  }

  /** A run that cannot take in its children's results has failed; its own requester gets this result instead. */
  async #giveUpOn(run: Run, requester: Session): Promise<void> {
    const owner = this.#deps.registry.byChild(requester.key);
    if (owner === undefined) return;
    const now = this.#deps.clock.now();
    const outcome = {
      kind: 'error',
      code: 'handover_failed',
      message: `could not take in the result of ${run.label}`,
    } as const;
    const ended = await this.#deps.database.write((sql) =>
      endRun(sql, this.#deps.registry, owner.id, { outcome, now }),
    );
    if (ended !== undefined) this.owe(ended);
    await this.#handover(run);
  }

  #block(run: Run): string {
    const transcriptPath = this.#deps.transcripts.path(run.childSessionId);
    return completionBlock([{ run, sessionId: run.childSessionId, transcriptPath }]);
  }

  /** A run that timed out between two texts reports what its transcript shows so far. */
  async #withPartial(run: Run): Promise<Run> {
    if (run.state.status !== 'timed_out' || run.state.outcome.kind !== 'timeout') return run;
    const { state } = run;
    const entries = await this.#deps.transcripts.read(run.childSessionId);
    const own = entries.filter((entry) => entry.at >= run.acceptedAt);
    const partial = resultText(own, state.outcome);
    return (
      (await this.#deps.registry.update(run.id, (each) => ({
        ...each,
        state: { ...state, outcome: { kind: 'timeout', partial } },
      }))) ?? run
    );
  }

  /** The formatter's way: no model, straight to the conversation. */
  async #post(run: Run): Promise<void> {
    const route = await this.#deps.routeFor(run);
    if (!('channel' in route)) {
      await this.#settle(run, this.#given(run, 'undelivered', `no route: ${route.reason}`));
      return;
    }
    const text = formatCompletion(run, this.#deps.config().announce.maxChars);
    const posted = await this.#deps.database.write((sql) => {
      const state = this.#deps.registry.get(run.id, sql)?.delivery.state;
      if (state !== 'pending' && state !== 'handed') return false;
      this.#set(sql, run, this.#given(run, 'sending'));
      this.#deps.enqueue(sql, {
        key: `announce:${run.id}`,
        route,
        message: { text },
        priority: 'final',
        session: run.requester,
        runs: [run.id],
      });
      return true;
    });
    if (!posted) return;
    this.#deps.sent();
    await this.#note(run);
  }

  /** The requester's transcript says what was posted without it, so that a later turn knows. */
  async #note(run: Run): Promise<void> {
    const session = await this.#deps.sessions.get(run.requester);
    if (session === undefined) return;
    const text = `[Result already shown to the person; no answer is needed.]\n${this.#block(run)}`;
    await this.#deps.transcripts.append(session.id, [
      { type: 'note', at: this.#deps.clock.now(), turn: run.requesterTurn, text },
    ]);
  }

  /** Lets a yielded requester go on; one whose children all ended without a word is woken by a line of ours. */
  #release(run: Run): void {
    if (this.#deps.childEnded(run.requester, run.id) !== 'wake') return;
    void this.#deps.sessions.get(run.requester).then((session) => {
      if (session === undefined) return;
      const text = `[The sub-agents you waited for have ended. ${run.label}: ${run.state.status}, nothing to report.]`;
      this.#deps.offer(session, {
        id: `wake:${run.id}`,
        kind: 'wake',
        text,
        at: this.#deps.clock.now(),
        tree: run.tree,
        steerable: false,
        ...(session.kind === 'chat' ? { route: run.origin } : {}),
      });
    });
  }

  #given(run: Run, state: RunDelivery['state'], reason?: string): RunDelivery {
    const attempts = this.#deps.registry.get(run.id)?.delivery.attempts ?? run.delivery.attempts;
    return { state, attempts, ...(reason === undefined ? {} : { reason }) };
  }

  #settle(run: Run, delivery: RunDelivery): Promise<void> {
    return this.#deps.database.write((sql) => this.#set(sql, run, delivery));
  }

  #set(sql: Sql, run: Run, delivery: RunDelivery): void {
    const minutes = this.#deps.config().agents.defaults.subagents.archiveAfterMinutes;
    setDelivery(sql, this.#deps.registry, run.id, { delivery, now: this.#deps.clock.now(), archiveMinutes: minutes });
  }
}
