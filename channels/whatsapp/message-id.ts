// Ids of our messages: made of the key of what is sent, so that a repeat has the same id and shows once. Pure; used by sending.ts.
import { createHash } from 'node:crypto';

/** As the library makes them: `3EB0`, then 18 upper-case hexadecimal digits. */
export function messageIdOf(key: string): string {
  return `3EB0${createHash('sha256').update(key).digest('hex').slice(0, 18).toUpperCase()}`;
}
