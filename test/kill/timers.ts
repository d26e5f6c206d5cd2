// Timers that come due while the program is started again: conversations bound to a sub-agent for so many seconds, whose end is
// told in the chat. Used by restarts.ts.
import { until } from './moments.ts';
import type { Room } from './places.ts';
import type { Program } from './process.ts';

/** What a binding keeps of its time. */
interface Bound {
  readonly boundAt: number;
  readonly maxAgeMs: number;
}

export interface TimedEnd {
  /** Unix ms. */
  readonly dueAt: number;
  /** Unix ms; undefined: it was never told. */
  readonly toldAt: number | undefined;
}

const patienceMs = 60_000;

/** A chat bound to a sub-agent, until the moment given. @param at Unix ms, some seconds from now */
export async function bindUntil(room: Room, program: Program, at: number): Promise<boolean> {
  const shows = (pattern: RegExp): Promise<boolean> =>
    until(() => room.shown().some((text) => pattern.test(text)), patienceMs, 100);
  await room.says('/subagents spawn main say timed');
  if (!(await shows(/: completed/))) return false;
  await room.says('/focus 1 --bind here');
  if (!(await shows(/is active/))) return false;
  const bound = boundAt(room, program);
  if (bound === undefined) return false;
  await room.says(`/session max-age ${Math.max(1, Math.round((at - bound.boundAt) / 1_000))}s`);
  return shows(/✅ max age/);
}

/** When its end was due, and when it was told. */
export function endOf(room: Room, due: Bound | undefined): TimedEnd | undefined {
  if (due === undefined || due.maxAgeMs === 0) return undefined;
  const told = room.said().find(({ text }) => /no longer answers here/.test(text));
  return { dueAt: due.boundAt + due.maxAgeMs, toldAt: told?.at };
}

/** As it is stored now. */
export function boundAt(room: Room, program: Program): Bound | undefined {
  const rows = program.query("SELECT value FROM keyv WHERE key LIKE 'bindings::%'") ?? [];
  const row = rows.map(({ value }) => String(value)).find((value) => value.includes(room.chat));
  // The store wraps what it keeps.
  const stored = row === undefined ? undefined : (JSON.parse(row) as { readonly value?: Bound } & Bound);
  return stored?.value ?? stored;
}
