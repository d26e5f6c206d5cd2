// Ids that repeat exactly for the same seed. Used wherever Ids are asked for.
import { codeAlphabet, type Ids } from '../../src/infra/ids.ts';

/** @param seed the same seed gives the same uuids, numbers and codes in the same order */
export function seededIds(seed = 1): Ids {
  let state = seed >>> 0;
  // mulberry32: small, fast, good enough to spread test data.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const letter = (): string => codeAlphabet[Math.floor(random() * codeAlphabet.length)] ?? 'A';
  return {
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    random,
    code: (length) => Array.from({ length }, letter).join(''),
  };
}
