// Messages that waited too long on the platform are not executed any more. Pure; called by hear.ts.

export type AgeDecision =
  | { readonly kind: 'fresh' }
  /** Not executed; allowed senders are told once per conversation and connection. */
  | { readonly kind: 'old'; readonly ageMs: number; readonly reason: 'too_old' };

/**
 * @param sentAt unix time in milliseconds by the platform's clock, which may run ahead of ours
 * @param maxAgeMinutes 0 = no limit
 */
export function decideAge(sentAt: number, now: number, maxAgeMinutes: number): AgeDecision {
  const ageMs = now - sentAt;
  if (maxAgeMinutes === 0 || ageMs <= maxAgeMinutes * 60_000) return { kind: 'fresh' };
  return { kind: 'old', ageMs, reason: 'too_old' };
}

/** What an allowed sender is told. */
export function oldMessageText(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  const age = minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
  return `ℹ️ I was away: a message here is ${age} old, so I did not act on it. Send it again if it still matters.`;
}
