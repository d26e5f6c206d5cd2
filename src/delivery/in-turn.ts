// Work that shows something in a chat and is no message of the outbox, such as opening a thread from a line in its parent: done
// when the pacer lets it. Used by src/wiring/delivery.ts.
import type { Clock } from '../infra/clock.ts';
import type { Pacer, Permit, Target } from './pacer.ts';

/** While it is known only after an answer when there is room. */
const lookAgainMs = 50;
/** Somebody waits for it, and holds a lane meanwhile: a longer silence of the platform is told instead. */
const longestWaitMs = 30_000;

/**
 * Rejects with a sentence for people when there is no room within 30 s.
 * @param target asked anew before each try: limits may change meanwhile
 */
export async function inTurn<T>(
  { pacer, clock }: { readonly pacer: Pacer; readonly clock: Clock },
  target: () => Target,
  work: () => Promise<T>,
): Promise<T> {
  const end = clock.now() + longestWaitMs;
  let permit: Permit | undefined;
  for (permit = pacer.take(target(), 'owed'); permit === undefined; permit = pacer.take(target(), 'owed')) {
    const freeAt = pacer.freeAt(target(), 'owed');
    const now = clock.now();
    const wait = Number.isFinite(freeAt) ? freeAt - now : lookAgainMs;
    if (now + wait > end) throw new Error(`the chat platform takes nothing more here for ${Math.ceil(wait / 1000)} s`);
    await clock.sleep(Math.max(1, wait));
  }
  try {
    return await work();
  } finally {
    permit.used();
  }
}
