// How far linking is, for everybody who watches: the command line, the terminal of the process, the picture of the QR code.
// Made by connection.ts.
import type { LinkState, LinkView } from '../../src/core/link.ts';

export class LinkProgress {
  /** The link there is is being given up: nobody may take it for the one that was asked for. */
  leaving = false;
  readonly #told: (view: LinkView) => void;
  readonly #picture: string | undefined;
  /** What is new to one who has seen nothing has number 1. */
  #view: LinkView = { seq: 1, state: { kind: 'connecting' } };
  #next = Promise.withResolvers<void>();

  /**
   * @param told hears of every change; never throws
   * @param picture where whoever is told puts each QR code as a picture
   */
  constructor(told: (view: LinkView) => void, picture?: string) {
    this.#told = told;
    this.#picture = picture;
  }

  view(): LinkView {
    return this.#view;
  }

  set(state: LinkState): void {
    if (sameState(this.#view.state, state) || (this.leaving && state.kind === 'linked')) return;
    const picture = state.kind === 'qr' && this.#picture !== undefined ? { picture: this.#picture } : {};
    this.#view = { seq: this.#view.seq + 1, state, ...picture };
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers<void>();
    resolve();
    this.#told(this.#view);
  }

  async changed(after: number, signal?: AbortSignal): Promise<LinkView> {
    while (this.#view.seq <= after && signal?.aborted !== true) {
      const aborted = Promise.withResolvers<void>();
      const stop = (): void => aborted.resolve();
      signal?.addEventListener('abort', stop, { once: true });
      await Promise.race([this.#next.promise, aborted.promise]);
      signal?.removeEventListener('abort', stop);
    }
    return this.#view;
  }
}

function sameState(one: LinkState, other: LinkState): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
