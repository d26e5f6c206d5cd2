// A disk that has what was written at once. Used where time is virtual: nobody could say how long a real one takes.
import type { Flush } from '../../src/infra/flush.ts';

export const instantFlush: Flush = { file: async () => undefined, folder: async () => undefined };
