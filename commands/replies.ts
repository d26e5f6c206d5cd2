// The few shapes every reply is made of. Used by the commands.
import type { Reply } from '../src/core/command.ts';
import { type Refusal, refusalText } from '../src/core/result.ts';

export function reply(text: string): Reply {
  return { text };
}

export function refused(refusal: Refusal): Reply {
  return { text: `⚠️ ${refusalText(refusal)}` };
}

/** `1 child`, `2 children`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
