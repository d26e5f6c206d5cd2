// The code hook that closes what a run left open (browser tabs, processes), called before its announcement. Used by announce.ts.
import type { Run } from '../core/run.ts';
import type { OnRunEnded } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';

/** Time the hook has; the announcement does not wait longer. */
const hookMs = 5_000;

export interface HookDeps {
  readonly onRunEnded: OnRunEnded | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Resolves when the hook has ended or its time is over. Its errors are logged and change nothing. */
export async function runEndedHook({ onRunEnded, clock, log }: HookDeps, run: Run): Promise<void> {
  if (onRunEnded === undefined) return;
  const over = new AbortController();
  const late = clock.sleep(hookMs, over.signal).then(() => {
    if (!over.signal.aborted) log.warn({ run: run.id, code: 'hook_timeout' }, 'onRunEnded took longer than 5 s');
  });
  const done = Promise.resolve()
    .then(() => onRunEnded(run))
    .catch((error: unknown) => log.error({ err: error, run: run.id, code: 'hook_failed' }, 'onRunEnded failed'))
    .finally(() => over.abort());
  await Promise.race([done, late]);
}
