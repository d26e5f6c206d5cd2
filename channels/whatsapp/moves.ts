// Tells the rest of chats that have another id now, each once and before anything else is said of them. Made by adapter.ts for its
// account; used by intake.ts.
import type { ChannelEvents } from '../../src/core/channel.ts';
import type { Identity } from './identity.ts';
import { chatRoute } from './jid.ts';

export interface MovesOptions {
  readonly account: string;
  readonly identity: Identity;
  readonly events: () => ChannelEvents | undefined;
}

export class Moves {
  readonly #options: MovesOptions;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  /** These two jids are one person; what is no pair of a LID and a number says nothing. */
  learn(one: string | null | undefined, other: string | null | undefined): void {
    const { account, identity, events } = this.#options;
    const move = identity.learn(one, other);
    if (move === undefined) return;
    this.#telling = this.#telling
      .then(() => events()?.moved(chatRoute(move.from, account), chatRoute(move.to, account)))
      // The contract of `moved` is not to reject; whatever comes, what waits goes on.
      .catch(() => undefined)
      .then(() => identity.keep(move));
  }

  /** Resolves once everything learnt so far was told. */
  settled(): Promise<void> {
    return this.#telling;
  }
}
