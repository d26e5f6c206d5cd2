// Waiting for an adapter's answer, but not for ever. Used by deliver-row.ts and updates.ts.
import type { Receipt } from '../core/message.ts';
import type { Clock } from '../infra/clock.ts';

/**
 * The receipt of a send or an edit. An adapter that does not answer within `withinMs`, or throws against its contract,
 * leaves the outcome unknown.
 */
export async function answer(clock: Clock, send: () => Promise<Receipt>, withinMs: number): Promise<Receipt> {
  const limit = new AbortController();
  const tooLong = clock
    .sleep(withinMs, limit.signal)
    .then((): Receipt => ({ status: 'ambiguous', cause: 'the adapter did not answer' }));
  try {
    return await Promise.race([send(), tooLong]);
  } catch (cause) {
    return { status: 'ambiguous', cause };
  } finally {
    limit.abort();
  }
}
