// What follows when spending reaches a line: one notice at the warning, one notice and a stopped tree at the limit.
// Called by the turn hooks with what a model call, or a stretch of work, led to.
import type { Route } from '../core/route.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import type { Clock } from '../infra/clock.ts';
import type { Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { BudgetEvent } from './budget.ts';
import type { RunRegistry } from './registry.ts';
import type { StopAsk } from './stop.ts';
import type { OutgoingEntry } from './turn-end.ts';

export interface BudgetEndDeps {
  readonly registry: RunRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopRuns: (runs: readonly Run[], ask: StopAsk) => Promise<StopReport>;
  readonly notify: (key: string, route: Route, text: string) => void;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
}

export class BudgetEnd {
  readonly #deps: BudgetEndDeps;
  readonly #told = new Set<string>();

  constructor(deps: BudgetEndDeps) {
    this.#deps = deps;
  }

  /** A person was told that this tree's budget is used up. */
  toldOf(tree: string): boolean {
    return this.#told.has(tree);
  }

  /** Several lines reached by one call are one event: the first that ends the tree, else the first warning. */
  spent(events: readonly BudgetEvent[]): void {
    const event = events.find((each) => each.kind === 'exceeded') ?? events[0];
    if (event === undefined) return;
    if (event.kind === 'warn') this.#warn(event);
    else
      this.#end(event).catch((error: unknown) => this.#deps.log.error({ err: error }, 'a tree could not be stopped'));
  }

  #warn(event: BudgetEvent): void {
    if (event.origin === undefined) return;
    const day = new Date(this.#deps.clock.now()).toISOString().slice(0, 10);
    this.#deps.notify(`budget-warn:${event.scope === 'tree' ? event.tree : day}`, event.origin, `ℹ️ ${event.text}`);
  }

  /** The runs nearest to the person fail with it; what is below them is stopped. One message tells of them all. */
  async #end(event: BudgetEvent): Promise<void> {
    const { registry, log, stopRuns, notify, enqueue } = this.#deps;
    const { tree, origin, text } = event;
    log.warn({ tree, code: 'budget_exceeded' }, text);
    const first = !this.#told.has(tree);
    if (origin !== undefined) this.#told.add(tree);
    const active = registry.inTree(tree).filter((run) => !isTerminal(run.state.status));
    const ids = new Set(active.map((run) => run.id));
    const top = active.filter((run) => run.parent === undefined || !ids.has(run.parent));
    const notice = `⚠️ stopped: ${text}. Raise that key to allow more.`;
    const outcome = { kind: 'error', code: 'budget_exceeded', message: text } as const;
    let announced = false;
    const announce = (sql: Sql, ended: readonly Run[]): void => {
      if (origin === undefined) return;
      const message = { text: `${notice}\nfailed (budget_exceeded): ${ended.map((run) => run.label).join(', ')}` };
      const [session, runs] = [ended[0]?.requester ?? '', ended.map((run) => run.id)];
      enqueue(sql, { key: `budget:${tree}:${runs[0]}`, route: origin, message, priority: 'final', session, runs });
      announced = true;
    };
    await stopRuns(top, { cause: 'budget', outcome, ...(origin === undefined ? {} : { announce }) });
    if (first && !announced && origin !== undefined) notify(`budget:${tree}`, origin, notice);
  }
}
