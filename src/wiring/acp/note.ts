// What a coding agent without a place of its own answered a person, for the agent of that chat: a later turn there knows of it.
// Called where turns are settled.
import type { TurnResult } from '../../agents/turn-types.ts';
import { fencedResult } from '../../runs/completion.ts';
import type { Below } from '../runs.ts';

export async function noteAnswers(
  { acp, delivery, stores, parts }: Below,
  { session, answers, id }: TurnResult,
): Promise<void> {
  const started = acp.sessions.known(session.key)?.record.started;
  if (started === undefined || answers.length === 0) return;
  // Bound to a place it speaks for itself there, and nobody else answers there.
  if ((await delivery.bindings.of(session.key)) !== undefined) return;
  const chat = await stores.sessions.get(started.scope);
  if (chat === undefined) return;
  const head = `[Already shown to the person; no answer is needed. The coding agent ${started.label} answered them.]`;
  const text = [head, ...fencedResult(answers.join('\n\n'))].join('\n');
  await stores.transcripts.append(chat.id, [{ type: 'note', at: parts.clock.now(), turn: id, text }]);
}
