// Tokens and money of a turn, as far as a harness reports them: cost comes as a total of its whole session, so only what is
// new is counted. Made by turn.ts.
import type { Usage } from '../core/session.ts';
import type { PromptEnd } from './prompts.ts';
import type { HarnessSession } from './session.ts';
import type { HarnessUpdate } from './updates.ts';

export class Spending {
  readonly #harness: Pick<HarnessSession, 'record' | 'save'>;
  readonly #report: (usage: Usage) => void;
  #context = 0;
  #priced = false;

  constructor(harness: Pick<HarnessSession, 'record' | 'save'>, report: (usage: Usage) => void) {
    this.#harness = harness;
    this.#report = report;
  }

  update({ used, costUsd }: Extract<HarnessUpdate, { kind: 'usage' }>): void {
    this.#context = used;
    if (costUsd !== null) this.#priced = true;
    const more = costUsd === null ? null : Math.max(0, costUsd - (this.#harness.record.costSeen ?? 0));
    this.#report({ input: 0, output: 0, costUsd: more, context: used, reported: true });
    if (more !== null && more > 0) void this.#harness.save({ costSeen: costUsd ?? 0 }).catch(() => undefined);
  }

  promptEnded(end: PromptEnd): void {
    if (end.kind !== 'ended' || end.tokens === undefined) return;
    const { input, output } = end.tokens;
    this.#report({ input, output, costUsd: this.#priced ? 0 : null, context: this.#context, reported: true });
  }
}
