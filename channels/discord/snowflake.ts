// Discord's ids hold the time they were made at, and sort by it (docs.discord.com/developers/reference#snowflakes).
// Pure; used wherever ids are compared or a time is asked for as an id.

const epoch = 1_420_070_400_000n;

/** Unix ms. */
export function timeOf(id: string): number {
  return Number((BigInt(id) >> 22n) + epoch);
}

/** The smallest id of that time, Unix ms. */
export function snowflakeAt(ms: number): string {
  const since = BigInt(Math.floor(ms)) - epoch;
  return String((since > 0n ? since : 0n) << 22n);
}

/** Whether `a` was made after `b`. */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
