// What the next turn of a session must know of those before it, whatever crashed meanwhile. Used by all.ts.
import type { Evidence, Invariant } from '../evidence.ts';
import type { TurnSeen } from '../record.ts';

/** What an agent began to do, its next turn finds in its history as begun: it could do it again unknowingly. */
export const noForgottenCall: Invariant = ({ seen }) =>
  laterTurns(seen.turns).flatMap(({ turn, before }) =>
    before.begun
      .map((call) => `${before.id}/${call}`)
      .filter((call) => !turn.knows.has(call) || turn.denied.has(call))
      .map((call) => `${turn.name} does not know that ${before.name} began ${call}`),
  );

/** What people were told, the agent knows that it said. */
export const saidIsRemembered: Invariant = ({ seen, shown }: Evidence) => {
  const since = new Map<string, number>();
  for (const { text, at } of shown)
    for (const name of text.match(/\bA\d+\b(?! works on)/g) ?? []) since.set(name, Math.min(at, since.get(name) ?? at));
  return laterTurns(seen.turns)
    .filter(({ turn, before }) => turn.startedAt > (since.get(before.name) ?? Infinity) && !turn.knows.has(before.id))
    .map(({ turn, before }) => `${turn.name} does not know of what ${before.name} said`);
};

/** What has ended is put away, a crash in between or not. */
export const noStrayTranscript: Invariant = ({ strayTranscripts }) =>
  strayTranscripts.map((id) => `the transcript ${id} belongs to no session`);

/** Each turn with each one before it that has the same transcript. */
function laterTurns(turns: readonly TurnSeen[]): readonly { readonly turn: TurnSeen; readonly before: TurnSeen }[] {
  return [...Map.groupBy(turns, ({ sessionId }) => sessionId).values()].flatMap((those) =>
    those.flatMap((turn, index) => those.slice(0, index).map((before) => ({ turn, before }))),
  );
}
