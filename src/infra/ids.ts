// The only source of ids and randomness, injected so that tests and the simulator repeat exactly.
import { randomInt, randomUUID } from 'node:crypto';

export interface Ids {
  uuid(): string;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** `length` characters from an alphabet people can read aloud (no 0 O 1 I). */
  code(length: number): string;
}

export const codeAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export const systemIds: Ids = {
  uuid: () => randomUUID(),
  random: () => randomInt(0, 2 ** 32) / 2 ** 32,
  code: (length) => Array.from({ length }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join(''),
};
