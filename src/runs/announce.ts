// Between "run ended" and "the requester knows": exactly one of handed over, posted, silent, skipped or undelivered.
// 1 hook  2 decide  3 hand over to the requester (handover.ts)  4 post by formatter  5 let go of whoever waited
// Holds no lane slot. Called with every run that ended, and at start with every run whose completion is still owed.
import { isTerminal, type Run, type RunDelivery } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { OnRunEnded } from '../core/tool.ts';
import type { Config } from '../infra/config.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import { type AnnouncePlan, decideAnnounce } from './announce-plan.ts';
import { completionBlock, completionMessage, ownEntries, resultText } from './completion.ts';
import { endRun, setDelivery } from './end-run.ts';
import { runEndedHook } from './ended-hook.ts';
import { Handover, type HandoverDeps } from './handover.ts';
import type { OutgoingEntry } from './turn-end.ts';

type OwnHandoverDeps = 'timeoutMs' | 'giveUpOn' | 'block' | 'settle' | 'release';

export interface AnnounceDeps extends Omit<HandoverDeps, OwnHandoverDeps> {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly transcripts: Pick<Transcripts, 'append' | 'path' | 'read'>;
  readonly config: () => Config;
  readonly onRunEnded: OnRunEnded | undefined;
  readonly holding: (session: SessionKey) => boolean;
  /** A turn runs in the session, or will. */
  readonly busy: (session: SessionKey) => boolean;
  /** Tells a yielded requester that a child ended; `wake`: it needs an item to wake by. */
  readonly childEnded: (session: SessionKey, runId: string) => 'wake' | 'fine';
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
  /** A run ended here, without a turn of its own: the rest of its end follows. */
  readonly ended: (run: Run) => void;
  readonly stopBelow: (session: SessionKey) => Promise<void>;
  /** Archives what is due by now. */
  readonly archive: () => void;
}

export class Announcer {
  readonly #deps: AnnounceDeps;
  readonly #handover: Handover;
  readonly #underway = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();

  constructor(deps: AnnounceDeps) {
    this.#deps = deps;
    const own: Pick<HandoverDeps, OwnHandoverDeps> = {
      timeoutMs: () => deps.config().agents.defaults.subagents.announceTimeoutMs,
      giveUpOn: (run, message) => this.#giveUpOn(run, message),
      block: (run) => this.#block(run),
      settle: (run, delivery) => this.#settle(run, delivery),
      release: (run) => this.#release(run),
    };
    this.#handover = new Handover({ ...deps, ...own }, this.#closed.signal);
  }

  /**
   * Starts announcing an ended run. A second call while one is under way does nothing.
   * @param direct its requester was given the result before and could not take it in: the formatter delivers
   */
  owe(run: Run, direct = false): void {
    if (this.#underway.has(run.id) || this.#closed.signal.aborted) return;
    const work = this.#announce(run, direct)
      .catch((error: unknown) => this.#deps.log.error({ err: error, run: run.id }, 'announce failed'))
      .finally(() => this.#underway.delete(run.id));
    this.#underway.set(run.id, work);
  }

  /** What announcing this run would come to now. */
  async plan(run: Run): Promise<AnnouncePlan> {
    return decideAnnounce(run, { mode: this.#deps.config().announce.mode, waiting: await this.#waits(run) });
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

  /**
   * The requester's transcript says what a person was shown without it, so that a later turn knows. `run` holds the text
   * in its outcome. What the requester has read already is not repeated.
   */
  async note(run: Run): Promise<void> {
    const { sessions, transcripts, clock } = this.#deps;
    const session = await sessions.get(run.requester);
    if (session === undefined) return;
    const block = this.#block(run);
    // The last lines name the state folder, which may have been moved since.
    const said = block.slice(0, block.lastIndexOf('\nStats: '));
    const known = await transcripts.read(session.id);
    if (known.some((entry) => entry.type === 'note' && entry.text.includes(said))) return;
    const text = `[Already shown to the person; no answer is needed.]\n${block}`;
    await transcripts.append(session.id, [{ type: 'note', at: clock.now(), turn: run.requesterTurn, text }]);
  }

  /** Whoever gave this run's delivery up or finished it elsewhere: those who waited for it may go on. */
  async settled(run: Run): Promise<void> {
    await this.#release(run);
    await this.#finishWaiting(run);
    if (run.cleanup === 'delete') this.#deps.archive();
  }

  async #announce(ended: Run, direct: boolean): Promise<void> {
    await runEndedHook(this.#deps, ended);
    const { registry } = this.#deps;
    const fresh = registry.get(ended.id) ?? ended;
    if (ended.delivery.state === 'sending') {
      // Posted in the conversation bound to it, or told in one sentence with others: the requester only gets a note.
      await this.note(fresh);
      return this.settled(fresh);
    }
    const run = await this.#withPartial(fresh);
    const plan = await this.plan(run);
    switch (plan.kind) {
      case 'settled':
        break;
      case 'quiet':
        await this.#settle(run, plan.delivery);
        break;
      case 'post':
        await this.#post(run);
        break;
      case 'handover':
        if (direct || (await this.#handover.give(run)) === 'post') await this.#instead(run);
    }
    await this.settled(run);
  }

  /** Nobody takes it over: people are told, unless it was only for an agent that waited. */
  async #instead(run: Run): Promise<void> {
    const plan = decideAnnounce(run, { mode: this.#deps.config().announce.mode, waiting: false });
    await (plan.kind === 'quiet' ? this.#settle(run, plan.delivery) : this.#post(run));
  }

  /** A requester that waits for this child: a run with open children, or a session that yielded. */
  async #waits(run: Run): Promise<boolean> {
    const parent = this.#deps.registry.byChild(run.requester);
    if (parent !== undefined && !isTerminal(parent.state.status)) return true;
    return this.#deps.holding(run.requester);
  }

  /** A run that cannot take in its children's results has failed, and its other children with it. */
  async #giveUpOn(owner: Run, message: string): Promise<void> {
    const { database, registry, clock } = this.#deps;
    const outcome = { kind: 'error', code: 'handover_failed', message } as const;
    const ended = await database.write((sql) => endRun(sql, registry, owner.id, { outcome, now: clock.now() }));
    if (ended === undefined) return;
    this.#deps.ended(ended);
    await this.#deps.stopBelow(ended.child);
  }

  #block(run: Run): string {
    const transcriptPath = this.#deps.transcripts.path(run.childSessionId);
    return completionBlock([{ run, sessionId: run.childSessionId, transcriptPath }]);
  }

  /** A run that timed out between two texts reports what its transcript shows so far. */
  async #withPartial(run: Run): Promise<Run> {
    const { state } = run;
    if (!('outcome' in state) || state.outcome.kind !== 'timeout') return run;
    const partial = resultText(ownEntries(await this.#deps.transcripts.read(run.childSessionId), run), state.outcome);
    const outcome = { kind: 'timeout', partial } as const;
    const filled = await this.#deps.registry.update(run.id, (each) => ({ ...each, state: { ...state, outcome } }));
    return filled ?? run;
  }

  /** The formatter's way: no model, straight to the conversation. */
  async #post(run: Run): Promise<void> {
    const route = await this.#deps.routeFor(run);
    if (!('channel' in route)) {
      await this.#settle(run, this.#given(run, 'undelivered', `no route: ${route.reason}`));
      return;
    }
    const message = completionMessage(run, this.#deps.config().announce.maxChars);
    const posted = await this.#deps.database.write((sql) => {
      const state = this.#deps.registry.get(run.id, sql)?.delivery.state;
      if (state !== 'pending' && state !== 'handed') return false;
      this.#set(sql, run, this.#given(run, 'sending'));
      this.#deps.enqueue(sql, {
        key: `announce:${run.id}`,
        route,
        message,
        priority: 'final',
        // The run speaks itself: whoever quotes this talks to it.
        session: run.child,
        runs: [run.id],
      });
      return true;
    });
    if (!posted) return;
    this.#deps.sent();
    await this.note(run);
  }

  /** Lets a yielded requester go on; one whose children all ended without a word is woken by a line of ours. */
  async #release(run: Run): Promise<void> {
    if (this.#deps.childEnded(run.requester, run.id) !== 'wake') return;
    const session = await this.#deps.sessions.get(run.requester);
    if (session === undefined) return;
    const text = `[The sub-agents you waited for have ended; there is nothing new to read. The last was ${run.label}: ${run.state.status}.]`;
    this.#deps.offer(session, {
      id: `wake:${run.id}`,
      kind: 'wake',
      text,
      at: this.#deps.clock.now(),
      tree: run.tree,
      steerable: false,
      ...(session.kind === 'chat' ? { route: run.origin } : {}),
    });
  }

  /** A requester that waited only for children with nothing to say has nothing left to take in: it ends as it stands. */
  async #finishWaiting(child: Run): Promise<void> {
    const parent = this.#deps.registry.byChild(child.requester);
    if (parent !== undefined) await this.finish(parent);
  }

  /** Ends a run that waits, once it has nothing left to wait for; any other run goes on as it was. */
  async finish(parent: Run): Promise<void> {
    const { registry, database, transcripts, clock } = this.#deps;
    if (!this.#onlyWaits(parent)) return;
    const text = resultText(ownEntries(await transcripts.read(parent.childSessionId), parent), noText);
    // What it said before it began to wait has been shown in its own conversation, if it has one.
    const shown = await this.#deps.bound(parent.child);
    const delivery = shown ? this.#given(parent, 'skipped', 'shown in its own conversation') : undefined;
    const now = clock.now();
    const ended = await database.write((sql) => {
      const fresh = registry.get(parent.id, sql);
      if (fresh === undefined || !this.#onlyWaits(fresh, sql)) return undefined;
      const end = { outcome: { kind: 'success', text }, now, ...(delivery === undefined ? {} : { delivery }) } as const;
      const run = endRun(sql, registry, fresh.id, end);
      if (run !== undefined && delivery !== undefined) this.#set(sql, run, delivery);
      return run;
    });
    if (ended === undefined) return;
    if (shown) await this.note(ended);
    this.#deps.ended(ended);
  }

  #onlyWaits(run: Run, sql?: Sql): boolean {
    if (run.state.status !== 'waiting' || this.#deps.busy(run.child)) return false;
    return this.#deps.registry.openChildren(run.child, sql).length === 0;
  }

  #given(run: Run, state: RunDelivery['state'], reason?: string): RunDelivery {
    const attempts = this.#deps.registry.get(run.id)?.delivery.attempts ?? run.delivery.attempts;
    return { state, attempts, ...(reason === undefined ? {} : { reason }) };
  }

  /** Only what is still owed: whoever settled it first decided. */
  #settle(run: Run, delivery: RunDelivery): Promise<void> {
    return this.#deps.database.write((sql) => {
      const state = this.#deps.registry.get(run.id, sql)?.delivery.state;
      if (state === 'pending' || state === 'handed') this.#set(sql, run, delivery);
    });
  }

  #set(sql: Sql, run: Run, delivery: RunDelivery): void {
    const minutes = this.#deps.config().agents.defaults.subagents.archiveAfterMinutes;
    setDelivery(sql, this.#deps.registry, run.id, { delivery, now: this.#deps.clock.now(), archiveMinutes: minutes });
  }
}

const noText = { kind: 'success', text: '' } as const;
