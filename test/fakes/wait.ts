// Waiting in real time for something to become true, instead of sleeping. Used by tests that touch sockets or processes.

/**
 * Resolves as soon as `condition` holds, looking every few milliseconds.
 * @param what named in the error when `timeoutMs` pass first
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}
