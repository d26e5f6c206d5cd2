// Counts the polls that are open, and notices two at the same time. Used by server.ts.

export class PollMeter {
  open = 0;
  /** How often a poll came while another one was open. */
  overlaps = 0;
  answered409 = 0;

  /** Counts a poll from here until its connection is done. @param gone aborts then */
  async enter(gone: AbortSignal): Promise<void> {
    // A client that broke off its last poll just before this one may be noticed after it.
    for (let turn = 0; turn < 10 && this.open > 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (gone.aborted) return;
    if (this.open > 0) this.overlaps += 1;
    this.open += 1;
    gone.addEventListener(
      'abort',
      () => {
        this.open -= 1;
      },
      { once: true },
    );
  }
}
