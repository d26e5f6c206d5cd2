// Hands something in until it is stored, for platforms that do not give it again. Called by discord/intake.ts and
// whatsapp/intake.ts.
import type { Clock } from '../../src/infra/clock.ts';

const pauseMs = { first: 200, longest: 5_000 } as const;

export interface TakeOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  /** No further try. */
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
}

/** @returns whether it was stored; false: it was given up by the signal */
export async function untilTaken(take: () => Promise<void>, { clock, signal, failed }: TakeOptions): Promise<boolean> {
  for (let wait: number = pauseMs.first; !signal.aborted; wait = Math.min(wait * 2, pauseMs.longest)) {
    try {
      await take();
      return true;
    } catch (error) {
      failed(error);
      await clock.sleep(wait, signal);
    }
  }
  return false;
}
