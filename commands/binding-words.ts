// How a binding's place and end are spoken of. Used by /focus, /session, /agents and /status.
import type { Binding } from '../src/core/binding.ts';
import { timestamp } from '../src/core/format.ts';
import type { Route } from '../src/core/route.ts';
import { durationWords } from './values.ts';

/** `thread:<id>`, `topic:<id>` or `chat:<id>`. */
export function placeWord(route: Route): string {
  if (route.thread === undefined) return `chat:${route.chat}`;
  return `${route.channel === 'telegram' ? 'topic' : 'thread'}:${route.thread}`;
}

/** `24h, next expiry <time>`, or `off`. */
export function idleWords(binding: Binding, now: number): string {
  if (binding.idleMs === 0) return 'off';
  return `${durationWords(binding.idleMs)}, next expiry ${timestamp(binding.lastMessageAt + binding.idleMs, now)}`;
}

/** `7d, next expiry <time>`, or `off`. */
export function maxAgeWords(binding: Binding, now: number): string {
  if (binding.maxAgeMs === 0) return 'off';
  return `${durationWords(binding.maxAgeMs)}, next expiry ${timestamp(binding.boundAt + binding.maxAgeMs, now)}`;
}
