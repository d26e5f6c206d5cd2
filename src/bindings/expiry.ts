// When a binding ends by itself, and the settings that say so. Pure; used by bindings.ts, focus.ts and the wiring.
import type { Binding } from '../core/binding.ts';
import type { ChannelId, Route } from '../core/route.ts';
import type { Config } from '../infra/config.ts';

export interface Expiry {
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly cause: 'idle' | 'max-age';
}

type Timed = Pick<Binding, 'boundAt' | 'lastMessageAt' | 'idleMs' | 'maxAgeMs'>;

/** The earlier of both ends; undefined when both are off. Idle counts from the last message either way, age from binding. */
export function expiryOf(binding: Timed): Expiry | undefined {
  const idle = binding.idleMs === 0 ? Infinity : binding.lastMessageAt + binding.idleMs;
  const age = binding.maxAgeMs === 0 ? Infinity : binding.boundAt + binding.maxAgeMs;
  if (idle === Infinity && age === Infinity) return undefined;
  return age < idle ? { at: age, cause: 'max-age' } : { at: idle, cause: 'idle' };
}

/** The expiry if it is due at `now`. */
export function dueAt(binding: Timed, now: number): Expiry | undefined {
  const expiry = expiryOf(binding);
  return expiry !== undefined && expiry.at <= now ? expiry : undefined;
}

export interface BindingSettings {
  readonly enabled: boolean;
  /** 0 = off. */
  readonly idleMs: number;
  readonly maxAgeMs: number;
  /** Agents may open threads for what they start. */
  readonly spawnSessions: boolean;
  readonly defaultSpawnContext: 'isolated' | 'fork';
}

const hour = 3_600_000;

/** The settings in force on a channel: `session.threadBindings`, then the overrides of the channel's account. */
export function threadBindingSettings(
  config: Pick<Config, 'session' | 'channels'>,
  place: ChannelId | Pick<Route, 'channel' | 'account'>,
): BindingSettings {
  const { channel, account } = typeof place === 'string' ? { channel: place, account: 'default' } : place;
  const own = channel === 'console' ? undefined : config.channels[channel];
  const override = own?.accounts[account]?.threadBindings ?? own?.threadBindings;
  const base = config.session.threadBindings;
  return {
    enabled: override?.enabled ?? base.enabled,
    idleMs: (override?.idleHours ?? base.idleHours) * hour,
    maxAgeMs: (override?.maxAgeHours ?? base.maxAgeHours) * hour,
    spawnSessions: override?.spawnSessions ?? base.spawnSessions,
    defaultSpawnContext: override?.defaultSpawnContext ?? base.defaultSpawnContext,
  };
}
