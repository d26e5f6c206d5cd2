// What the tables show, and what was noticed while it ran. Used by all.ts.
import { tokensPerCall } from '../agents.ts';
import type { Invariant } from '../evidence.ts';

/** An end is an end: of a run, of a message that was closed, of one that was sent. */
export const endsAreFinal: Invariant = ({ watched }) => watched.map(({ what, detail }) => `${what}: ${detail}`);

/** Every call that was reported is charged once; what was under way in a crash may be missing. */
export const budgetsConserved: Invariant = ({ seen, trees, daily, plan }) => {
  const sum = (calls: typeof seen.calls): number => calls.reduce((total, call) => total + call.tokens, 0);
  const most = sum(seen.calls);
  const least = sum(seen.calls.filter((call) => call.stored));
  const spent = [...trees.values()].reduce((total, each) => total + each, 0);
  const wrong: string[] = [];
  if (spent < least || spent > most) wrong.push(`${spent} tokens are charged to trees, ${least} to ${most} were used`);
  if (daily !== spent) wrong.push(`${daily} tokens are charged to days, ${spent} to trees`);
  const { treeTokens } = plan.settings;
  const inFlight = (seen.widest.main + seen.widest.subagent) * tokensPerCall;
  for (const [tree, tokens] of trees)
    if (treeTokens > 0 && tokens > treeTokens + inFlight)
      wrong.push(`tree ${tree} used ${tokens} of ${treeTokens} tokens`);
  return wrong;
};
