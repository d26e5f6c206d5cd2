// What a tree of runs and a day may spend, what was spent, and the breaker for tasks that keep failing. Used by turns and spawn.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { spawnRefusal } from '../core/errors.ts';
import { usd } from '../core/format.ts';
import type { Refusal } from '../core/result.ts';
import { type Route, routeSchema } from '../core/route.ts';
import { noUsage, type Usage } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database, Row, Sql } from '../infra/database.ts';
import { readable } from '../infra/set-aside.ts';

export interface BudgetEvent {
  readonly kind: 'warn' | 'exceeded';
  /** A tree's limit stops that tree; a day's limit stops the tree that hit it and refuses the others. */
  readonly scope: 'tree' | 'day';
  readonly tree: string;
  readonly text: string;
  /** Where the tree's person is. */
  readonly origin: Route | undefined;
}

export interface TreePlace {
  readonly session: string;
  /** Where the tree's notices go. */
  readonly origin: Route | undefined;
}

export interface Spent {
  readonly tree: string;
  readonly place: TreePlace & { readonly agentId: string };
  readonly usage?: Usage;
  readonly seconds?: number;
}

export interface BudgetsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly config: () => Config;
}

interface Limit {
  readonly key: string;
  readonly spent: number;
  readonly of: number;
  readonly show: (value: number) => string;
}

const failuresSchema = z.record(z.string(), z.object({ count: z.number(), until: z.number() }));
type Failures = z.infer<typeof failuresSchema>;

/** Every chat turn is a tree of its own; a week later nothing refers to it any more. */
const keepMs = 7 * 24 * 60 * 60_000;

/** All limits are checked before a model call, so what is spent beyond one is at most the calls in flight. */
export class Budgets {
  readonly #deps: BudgetsDeps;

  constructor(deps: BudgetsDeps) {
    this.#deps = deps;
  }

  /** Makes the tree known, with the place its notices go to. */
  open(sql: Sql, tree: string, place: TreePlace): void {
    sql.run(
      'INSERT INTO trees (id, session, origin, started_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
      tree,
      place.session,
      place.origin === undefined ? null : JSON.stringify(place.origin),
      this.#deps.clock.now(),
    );
  }

  /** Why no further model call may be made in this tree, or undefined. */
  refusal(tree: string): Refusal | undefined {
    const used = this.#limits(tree).find((limit) => limit.of > 0 && limit.spent >= limit.of);
    return used === undefined ? undefined : spawnRefusal.budgetExceeded(describe(used));
  }

  /** Adds a model call or a stretch of work. Answers what has to be told or stopped now; each only once. */
  spend(sql: Sql, spent: Spent): readonly BudgetEvent[] {
    this.open(sql, spent.tree, spent.place);
    // Seconds alone cross no limit but their own, which most have not set: this is every turn's end.
    if (spent.usage === undefined && this.#deps.config().budgets.tree.seconds === 0) {
      this.#add(sql, spent);
      return [];
    }
    const before = this.#limits(spent.tree, sql);
    this.#add(sql, spent);
    return this.#crossed(sql, spent.tree, before);
  }

  /** Adds seconds of work to a tree that is known. */
  work(sql: Sql, tree: string, seconds: number): readonly BudgetEvent[] {
    const before = this.#limits(tree, sql);
    sql.run('UPDATE trees SET seconds = seconds + ? WHERE id = ?', seconds, tree);
    return this.#crossed(sql, tree, before);
  }

  /** Counts a run's end for the breaker: the same task of the same agent failing again and again in one tree. */
  async recordEnd(tree: string, agentId: string, task: string, failed: boolean): Promise<void> {
    const { failures, resetMinutes } = this.#deps.config().budgets.breaker;
    if (failures === 0) return;
    const key = taskKey(agentId, task);
    await this.#deps.database.write((sql) => {
      const known = readFailures(sql, tree);
      const { [key]: before, ...rest } = known;
      const until = this.#deps.clock.now() + resetMinutes * 60_000;
      const next: Failures = failed ? { ...rest, [key]: { count: (before?.count ?? 0) + 1, until } } : rest;
      sql.run('UPDATE trees SET failures = ? WHERE id = ?', JSON.stringify(next), tree);
    });
  }

  /** Why this task may not be started again yet, or undefined. */
  breaker(tree: string, agentId: string, task: string): Refusal | undefined {
    const { failures } = this.#deps.config().budgets.breaker;
    const known = readFailures(this.#deps.database.read, tree)[taskKey(agentId, task)];
    if (failures === 0 || known === undefined || known.count < failures || known.until <= this.#deps.clock.now())
      return undefined;
    return spawnRefusal.breakerOpen(known.count, new Date(known.until).toISOString());
  }

  treeUsage(tree: string): Usage {
    return toUsage(this.#deps.database.read.get('SELECT input, output, cost, unpriced FROM trees WHERE id = ?', tree));
  }

  /** The latest tree of a chat: its newest turn's, or that of a command that started runs. */
  newestTree(session: string): string | undefined {
    const row = this.#deps.database.read.get(
      'SELECT id FROM trees WHERE session = ? ORDER BY started_at DESC, id LIMIT 1',
      session,
    );
    return row === undefined ? undefined : String(row.id);
  }

  today(): Usage {
    return toUsage(
      this.#deps.database.read.get(
        'SELECT sum(input) AS input, sum(output) AS output, sum(cost) AS cost, max(unpriced) AS unpriced FROM spending WHERE day = ?',
        this.#day(),
      ),
    );
  }

  byAgent(): readonly { readonly id: string; readonly usage: Usage }[] {
    return this.#deps.database.read
      .all('SELECT agent, input, output, cost, unpriced FROM spending WHERE day = ? ORDER BY agent', this.#day())
      .map((row) => ({ id: String(row.agent), usage: toUsage(row) }));
  }

  /** Forgets trees of old turns that no unfinished run belongs to, and days nobody asks about. Returns how many rows. */
  sweep(now: number): Promise<number> {
    const day = new Date(now - keepMs).toISOString().slice(0, 10);
    return this.#deps.database.write((sql) => {
      const trees = sql.run(
        `DELETE FROM trees WHERE started_at < ?
         AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.tree = trees.id AND runs.ended_at IS NULL)`,
        now - keepMs,
      );
      return trees.changes + sql.run('DELETE FROM spending WHERE day < ?', day).changes;
    });
  }

  /** Seconds of work until this tree reaches a line that has to be told; undefined without a limit, or beyond it. */
  secondsToLine(tree: string): number | undefined {
    const limit = this.#limits(tree).find((each) => each.key === 'budgets.tree.seconds');
    if (limit === undefined || limit.of <= 0 || limit.spent >= limit.of) return undefined;
    const line = limit.of * this.#deps.config().budgets.warnAt;
    return (limit.spent < line ? line : limit.of) - limit.spent;
  }

  /** Configured limits with what is left of them. */
  left(tree: string): readonly { readonly name: string; readonly left: number; readonly of: number }[] {
    return this.#limits(tree)
      .filter((limit) => limit.of > 0)
      .map((limit) => ({ name: limit.key, left: Math.max(0, limit.of - limit.spent), of: limit.of }));
  }

  #add(sql: Sql, { tree, place, ...cost }: Spent): void {
    const usage = cost.usage ?? noUsage;
    const unpriced = usage.reported && usage.costUsd === null ? 1 : 0;
    sql.run(
      'UPDATE trees SET input = input + ?, output = output + ?, cost = cost + ?, unpriced = max(unpriced, ?), seconds = seconds + ? WHERE id = ?',
      usage.input,
      usage.output,
      usage.costUsd ?? 0,
      unpriced,
      cost.seconds ?? 0,
      tree,
    );
    if (!usage.reported) return;
    sql.run(
      `INSERT INTO spending (day, agent, input, output, cost, unpriced) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (day, agent) DO UPDATE SET input = input + excluded.input, output = output + excluded.output,
       cost = cost + excluded.cost, unpriced = max(unpriced, excluded.unpriced)`,
      this.#day(),
      place.agentId,
      usage.input,
      usage.output,
      usage.costUsd ?? 0,
      unpriced,
    );
  }

  #crossed(sql: Sql, tree: string, before: readonly Limit[]): readonly BudgetEvent[] {
    const { warnAt } = this.#deps.config().budgets;
    const crossed = this.#limits(tree, sql).flatMap((limit, index): Omit<BudgetEvent, 'origin'>[] => {
      const was = before[index]?.spent ?? 0;
      if (limit.of <= 0) return [];
      const event = { scope: limit.key.startsWith('budgets.day') ? 'day' : 'tree', tree } as const;
      if (was < limit.of && limit.spent >= limit.of) {
        return [{ ...event, kind: 'exceeded', text: `budget used up: ${describe(limit)}` }];
      }
      const line = limit.of * warnAt;
      if (was < line && limit.spent >= line && limit.spent < limit.of) {
        return [
          {
            ...event,
            kind: 'warn',
            text: `${Math.round((limit.spent / limit.of) * 100)} % of a budget is used: ${describe(limit)}`,
          },
        ];
      }
      return [];
    });
    if (crossed.length === 0) return [];
    const origin = readRoute(sql, tree);
    return crossed.map((event) => ({ ...event, origin }));
  }

  #limits(tree: string, sql: Sql = this.#deps.database.read): readonly Limit[] {
    const { budgets } = this.#deps.config();
    const row = sql.get('SELECT input + output AS tokens, cost, seconds FROM trees WHERE id = ?', tree);
    const day = sql.get(
      'SELECT sum(input + output) AS tokens, sum(cost) AS cost FROM spending WHERE day = ?',
      this.#day(),
    );
    const count = (value: number): string => `${Math.round(value).toLocaleString('en-US')} tokens`;
    const work = (value: number): string => `${Math.round(value)} s of work`;
    return [
      { key: 'budgets.tree.tokens', spent: Number(row?.tokens ?? 0), of: budgets.tree.tokens, show: count },
      { key: 'budgets.tree.costUsd', spent: Number(row?.cost ?? 0), of: budgets.tree.costUsd, show: usd },
      { key: 'budgets.tree.seconds', spent: Number(row?.seconds ?? 0), of: budgets.tree.seconds, show: work },
      { key: 'budgets.day.tokens', spent: Number(day?.tokens ?? 0), of: budgets.day.tokens, show: count },
      { key: 'budgets.day.costUsd', spent: Number(day?.cost ?? 0), of: budgets.day.costUsd, show: usd },
    ];
  }

  /** Days are counted in UTC. */
  #day(): string {
    return new Date(this.#deps.clock.now()).toISOString().slice(0, 10);
  }
}

function describe(limit: Limit): string {
  return `${limit.show(limit.spent)} of ${limit.show(limit.of)} (${limit.key})`;
}

function taskKey(agentId: string, task: string): string {
  return createHash('sha256').update(`${agentId}\n${task.trim()}`).digest('hex').slice(0, 16);
}

function readFailures(sql: Sql, tree: string): Failures {
  const row = sql.get('SELECT id, failures FROM trees WHERE id = ?', tree);
  const parse = (known: Row): Failures => failuresSchema.parse(JSON.parse(String(known.failures)));
  return row === undefined ? {} : (readable(sql, 'trees', row, parse) ?? {});
}

function readRoute(sql: Sql, tree: string): Route | undefined {
  const row = sql.get('SELECT id, origin FROM trees WHERE id = ? AND origin IS NOT NULL', tree);
  const parse = (known: Row): Route => routeSchema.parse(JSON.parse(String(known.origin)));
  return row === undefined ? undefined : readable(sql, 'trees', row, parse);
}

/** A tree whose record was set aside has spent what it has spent. */
export function keepSpent(sql: Sql, { id, session, started_at, ...row }: Row): void {
  const known = [row.input, row.output, row.cost, row.unpriced, row.seconds, row.warned];
  const spent = known.map((value) => Number(value) || 0);
  sql.run(
    `INSERT INTO trees (id, session, started_at, ended, input, output, cost, unpriced, seconds, warned)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[String(id), String(session), Number(started_at), row.ended === null ? null : String(row.ended), ...spent],
  );
}

function toUsage(row: Row | undefined): Usage {
  const input = Number(row?.input ?? 0);
  const output = Number(row?.output ?? 0);
  if (input + output === 0) return noUsage;
  const unpriced = Number(row?.unpriced ?? 0) > 0;
  return { input, output, costUsd: unpriced ? null : Number(row?.cost ?? 0), context: 0, reported: true };
}
