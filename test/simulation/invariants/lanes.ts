// What must hold of lanes and of the order in a session. Used by all.ts.
import type { Invariant } from '../evidence.ts';
import type { TurnSeen } from '../record.ts';
import { widths } from '../settings.ts';

/** No more turns at once than a lane is wide; turns whose slots were taken by force do not count. */
export const laneWidths: Invariant = ({ seen: { widest } }) =>
  (['main', 'subagent'] as const)
    .filter((lane) => widest[lane] > widths[lane])
    .map((lane) => `${widest[lane]} turns at once in lane ${lane} of width ${widths[lane]}`);

/** In one life a session reads the messages of one chat in the order in which they were accepted. */
export const fifoPerSession: Invariant = ({ seen, inbox }) => {
  const tickets = new Map<string, { readonly ticket: number; readonly chat: string | undefined }>();
  for (const { ticket, text, chat } of inbox)
    for (const token of text.match(/\bm\d+\b/g) ?? []) tickets.set(token, { ticket, chat });
  const latest = new Map<string, { readonly ticket: number; readonly token: string }>();
  const wrong: string[] = [];
  for (const turn of byStart(seen.turns)) {
    for (const token of turn.tokens) {
      const own = tickets.get(token);
      if (own === undefined) continue;
      const line = `${turn.life} ${turn.session} ${own.chat}`;
      const before = latest.get(line);
      if (before !== undefined && before.ticket >= own.ticket)
        wrong.push(`${turn.name} read ${token} after ${before.token} in ${turn.session}`);
      latest.set(line, { ticket: own.ticket, token });
    }
  }
  return wrong;
};

function byStart(turns: readonly TurnSeen[]): readonly TurnSeen[] {
  return turns.toSorted((a, b) => a.startedAt - b.startedAt);
}
