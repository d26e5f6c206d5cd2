// HTML to readable text, in a thread with a deadline. Called by web.ts.
import type { Clock } from '../infra/clock.ts';
import { runWorker } from './worker-task.ts';

export interface Page {
  readonly title: string;
  readonly text: string;
}

const deadlineMs = 15_000;

/**
 * @param address what relative links are resolved against
 * @returns undefined when the page could not be converted in time
 */
export async function pageText(
  html: string,
  address: string,
  run: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Page | undefined> {
  let page: Page | undefined;
  await runWorker({
    script: new URL('./page-worker.ts', import.meta.url),
    data: { html, address },
    deadlineMs,
    ...run,
    onMessage: (message) => {
      page = message as Page;
    },
  });
  return page;
}
