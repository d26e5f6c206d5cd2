// Runs work that may take long or never end (a regular expression, a huge page) in a thread that can be cut off.
// Called by search.ts and page-text.ts.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../infra/clock.ts';

export interface WorkerTask {
  readonly script: URL;
  /** Given to the thread as `workerData`. */
  readonly data: unknown;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Everything the thread posts, also what it posted before it was cut off. */
  onMessage(message: unknown): void;
}

export type WorkerEnd =
  | { readonly kind: 'done' }
  | { readonly kind: 'deadline' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'error'; readonly message: string };

/** Never rejects. When it resolves the thread is gone. */
export async function runWorker(task: WorkerTask): Promise<WorkerEnd> {
  if (task.signal.aborted) return { kind: 'aborted' };
  const worker = new Worker(task.script, {
    workerData: task.data,
    // The thread needs nothing of the process's environment, and its flags may be a test runner's.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 192 },
  });
  worker.on('message', (message) => task.onMessage(message));
  const end = await new Promise<WorkerEnd>((resolve) => {
    const timer = task.clock.after(task.deadlineMs, () => finish({ kind: 'deadline' }));
    const abort = (): void => finish({ kind: 'aborted' });
    const finish = (how: WorkerEnd): void => {
      timer.cancel();
      task.signal.removeEventListener('abort', abort);
      resolve(how);
    };
    task.signal.addEventListener('abort', abort, { once: true });
    worker.once('error', (error) => finish({ kind: 'error', message: error.message }));
    worker.once('exit', () => finish({ kind: 'done' }));
  });
  await worker.terminate();
  return end;
}
