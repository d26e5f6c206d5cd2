// Waiting in real time for something to become true, instead of sleeping. Used by tests that touch sockets or processes.

/** Only a hang takes this long, also on a machine that is busy with other things. */
const patienceMs = 30_000;

/**
 * Resolves as soon as `condition` holds, looking every few milliseconds.
 * @param what named in the error when `timeoutMs` pass first
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = patienceMs,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
