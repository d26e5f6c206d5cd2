// Work that shows something in a chat and is no message of the outbox, such as opening a thread from a line in its parent: done
// when the pacer lets it. Used by src/wiring/delivery.ts.
import type { Clock } from '../infra/clock.ts';
import type { Pacer, Permit, Target } from './pacer.ts';

/** While it is known only after an answer when there is room. */
const lookAgainMs = 50;

/** @param target asked anew before each try: limits may change meanwhile */
export async function inTurn<T>(
  { pacer, clock }: { readonly pacer: Pacer; readonly clock: Clock },
  target: () => Target,
  work: () => Promise<T>,
): Promise<T> {
  let permit: Permit | undefined;
  for (permit = pacer.take(target(), 'owed'); permit === undefined; permit = pacer.take(target(), 'owed')) {
    const wait = pacer.freeAt(target(), 'owed') - clock.now();
    await clock.sleep(Math.max(1, Number.isFinite(wait) ? wait : lookAgainMs));
  }
  try {
    return await work();
  } finally {
    permit.used();
  }
}
