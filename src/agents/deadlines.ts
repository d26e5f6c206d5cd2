// The clocks that watch one turn: no first sign of life, silence worth asking about, silence that ends it. Used by active.ts.
import type { Clock, Timer } from '../infra/clock.ts';
import type { AbortCause, ActiveTurn } from './turn-types.ts';

export interface DeadlineLimits {
  /** Milliseconds a run's first prompt may go without any event; 0 = no limit. */
  readonly startMs: number;
  /** Milliseconds of silence until a person is asked, and until the turn is aborted; 0 = never. */
  readonly warnMs: number;
  readonly abortMs: number;
}

export interface DeadlineActions {
  readonly abort: (cause: AbortCause) => void;
  readonly warn: (silentMs: number) => void;
}

export function watchDeadlines(
  clock: Clock,
  turn: ActiveTurn,
  limits: DeadlineLimits,
  actions: DeadlineActions,
): { stop(): void } {
  const timers = new Set<Timer>();
  const after = (ms: number, fn: () => void): void => {
    const timer = clock.after(ms, () => {
      timers.delete(timer);
      fn();
    });
    timers.add(timer);
  };
  // Only a task has a start limit: a person in a chat sees for themselves that nothing comes.
  if (limits.startMs > 0 && turn.items[0]?.kind === 'task') {
    after(limits.startMs, () => {
      if (!turn.heard) actions.abort('start_timeout');
    });
  }
  /** Calls `fn` once the turn has been silent for `ms`; an event in between starts the wait anew. */
  const onSilence = (ms: number, fn: (silentMs: number) => void): void => {
    if (ms <= 0) return;
    const check = (): void => {
      const silent = turn.asking > 0 ? 0 : clock.now() - turn.lastEventAt;
      if (silent >= ms) fn(silent);
      else after(ms - silent, check);
    };
    after(ms, check);
  };
  onSilence(limits.warnMs, actions.warn);
  onSilence(limits.abortMs, () => actions.abort('stalled'));
  return {
    stop() {
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}
