// Gives a completion to the session that asked for the run: at once, again after 5, 20 and 60 s, climbing to whoever asked
// for the requester when that one is gone. Called by announce.ts; holds no lane slot.
import type { ItemEnd } from '../agents/turn-types.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run, type RunDelivery } from '../core/run.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { RunRegistry } from './registry.ts';
import type { RunItem } from './spawn.ts';
import { completionItemId } from './turn-end.ts';

/** Pauses before each attempt, in ms. */
const pauses = [0, 5_000, 20_000, 60_000] as const;

export interface HandoverDeps {
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Time one attempt may take, in ms. */
  readonly timeoutMs: () => number;
  readonly offer: (
    session: Session,
    item: RunItem,
  ) => { readonly taken: Promise<'injected' | 'turn' | 'dropped'>; readonly ended: Promise<ItemEnd> };
  /** Aborts the turn that took this item in, if it took in nothing else that a person waits for. */
  readonly abortHandover: (session: SessionKey, itemId: string) => void;
  readonly routeFor: (run: Run) => Promise<Route | { readonly reason: string }>;
  /** A conversation belongs to this session: it goes on living after its run has ended. */
  readonly bound: (session: SessionKey) => Promise<boolean>;
  readonly draining: () => boolean;
  /** Ends a run that cannot take in what its children bring. */
  readonly giveUpOn: (run: Run, message: string) => Promise<void>;
  readonly block: (run: Run) => string;
  readonly settle: (run: Run, delivery: RunDelivery) => Promise<void>;
  /** The requester has the item now, or never will: a yield need not wait for this run any more. */
  readonly release: (run: Run) => Promise<void>;
}

/** `post`: nobody takes it over, the formatter has to. `over`: settled, or left for the next start. */
export type HandoverEnd = 'post' | 'over';

type Attempt = 'taken' | 'stopped' | 'later' | 'gone' | 'hopeless' | 'failed';

export class Handover {
  readonly #deps: HandoverDeps;
  readonly #closed: AbortSignal;

  /** `closed` ends all waiting; what is owed stays recorded. */
  constructor(deps: HandoverDeps, closed: AbortSignal) {
    this.#deps = deps;
    this.#closed = closed;
  }

  async give(run: Run): Promise<HandoverEnd> {
    for (;;) {
      const how = await this.#attempts(run);
      if (how === 'over') return 'over';
      const requester = await this.#requester(run);
      const owner = requester === undefined ? undefined : this.#deps.registry.byChild(requester.key);
      if (owner === undefined || isTerminal(owner.state.status)) return 'post';
      // A run that cannot go on has failed; whoever asked for it gets this result instead.
      await this.#deps.giveUpOn(owner, `could not take in the result of ${run.label}`);
    }
  }

  async #attempts(run: Run): Promise<HandoverEnd> {
    let attempt = 0;
    while (attempt < pauses.length) {
      const pause = pauses[attempt] ?? 0;
      if (pause > 0) await this.#deps.clock.sleep(pause, this.#closed);
      if (this.#closed.aborted || this.#deps.draining() || !this.#owed(run)) return 'over';
      const requester = await this.#requester(run);
      if (requester === undefined) return 'post';
      const how = await this.#tryOnce(run, requester, attempt);
      if (how === 'taken' || how === 'later') return 'over';
      if (how === 'stopped') {
        await this.#deps.settle(run, stoppedMeanwhile(attempt + 1));
        return 'over';
      }
      if (how === 'hopeless') return 'post';
      const climbs = how === 'gone' && (await this.#requester(run))?.key !== requester.key;
      if (climbs && run.state.status === 'stopped') {
        await this.#deps.settle(run, unheard(attempt + 1));
        return 'over';
      }
      // A requester that went away leaves its place to the next one up, which has attempts of its own.
      attempt = climbs ? 0 : attempt + 1;
      const facts = { run: run.id, session: requester.key, attempt, code: 'handover_failed' };
      this.#deps.log.warn(facts, 'result was not taken over');
    }
    return 'post';
  }

  async #tryOnce(run: Run, requester: Session, attempt: number): Promise<Attempt> {
    const route = requester.kind === 'chat' ? await this.#deps.routeFor(run) : undefined;
    if (route !== undefined && !('channel' in route)) return 'hopeless';
    const id = completionItemId(run.id, attempt);
    await this.#deps.settle(run, { state: 'handed', attempts: attempt + 1 });
    const { taken, ended } = this.#deps.offer(requester, {
      id,
      kind: 'completion',
      text: this.#deps.block(run),
      at: this.#deps.clock.now(),
      tree: run.tree,
      // Completions wait for each other only within what one turn, or one run, has started.
      group: run.requester === requester.key ? (run.parent ?? run.requesterTurn) : run.id,
      steerable: true,
      ...(route === undefined ? {} : { route }),
    });
    await this.#deps.release(run);
    void taken.then((how) => {
      if (how === 'turn') this.#limit(requester.key, id, ended);
    });
    return this.#judge(run, await ended);
  }

  /** The attempt's own time limit; waiting for a lane does not count. */
  #limit(session: SessionKey, itemId: string, ended: Promise<ItemEnd>): void {
    const timer = this.#deps.clock.after(this.#deps.timeoutMs(), () => this.#deps.abortHandover(session, itemId));
    void ended.finally(() => timer.cancel());
  }

  #judge(run: Run, end: ItemEnd): Attempt {
    if (!this.#owed(run)) return 'taken';
    if (end.kind === 'dropped') {
      if (end.why === 'draining') return 'later';
      return end.why === 'stopped' ? 'stopped' : 'gone';
    }
    const { cause, outcome } = end.result;
    if (cause === 'shutdown') return 'later';
    if (cause === 'user' || cause === 'cascade') return 'stopped';
    if (cause === 'timeout') return 'gone';
    const spent = cause === 'budget' || (outcome.kind === 'error' && outcome.code === 'budget_exceeded');
    return spent ? 'hopeless' : 'failed';
  }

  #owed(run: Run): boolean {
    const state = this.#deps.registry.get(run.id)?.delivery.state;
    return state === 'pending' || state === 'handed';
  }

  /** The session that is to know: the requester, or whoever asked for it if it is gone, up to the chat. */
  async #requester(run: Run): Promise<Session | undefined> {
    const { registry, sessions } = this.#deps;
    let key: SessionKey | undefined = run.requester;
    while (key !== undefined) {
      const session = await sessions.get(key);
      const owner: Run | undefined = registry.byChild(key);
      const alive = owner === undefined || !isTerminal(owner.state.status) || (await this.#deps.bound(key));
      if (session !== undefined && alive) return session;
      key = owner?.requester;
    }
    return undefined;
  }
}

/** Whoever waited had to learn that it was stopped; the next one up does not wait for it. */
function unheard(attempts: number): RunDelivery {
  return { state: 'skipped', attempts, reason: 'it was stopped, and whoever waited for it has ended' };
}

function stoppedMeanwhile(attempts: number): RunDelivery {
  return { state: 'skipped', attempts, reason: 'stopped by a person while it was being reported' };
}
