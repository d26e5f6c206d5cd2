// How long the turns of each tree have worked since a budget was last charged for it. Used by turn-hooks.ts.
import type { ActiveTurn } from '../agents/turn-types.ts';

export class WorkMeter {
  readonly #turns = new Map<string, { readonly tree: string; since: number }>();

  /** `now`: unix ms, as everywhere here. */
  begin(turn: Pick<ActiveTurn, 'id' | 'tree' | 'startedAt'>): void {
    this.#turns.set(turn.id, { tree: turn.tree, since: turn.startedAt });
  }

  /** Seconds of one turn since the last charge. */
  take(turn: string, now: number): number {
    const metered = this.#turns.get(turn);
    if (metered === undefined) return 0;
    const seconds = (now - metered.since) / 1000;
    metered.since = now;
    return seconds;
  }

  /** The same, for the last time. */
  end(turn: string, now: number): number {
    const seconds = this.take(turn, now);
    this.#turns.delete(turn);
    return seconds;
  }

  /** Seconds of all turns of a tree since their last charge. */
  takeTree(tree: string, now: number): number {
    return [...this.#turns].reduce((sum, [id, turn]) => sum + (turn.tree === tree ? this.take(id, now) : 0), 0);
  }

  /** Turns of a tree at work, and the seconds they have worked since their last charge. */
  of(tree: string, now: number): { readonly turns: number; readonly seconds: number } {
    const own = [...this.#turns.values()].filter((turn) => turn.tree === tree);
    return { turns: own.length, seconds: own.reduce((sum, turn) => sum + (now - turn.since) / 1000, 0) };
  }
}
