// Signs on the message that asked, by reaction: it is worked on, it is done. Best effort, and only on messages of this process: the
// one it was put on must be known. Made by adapter.ts.
import type { WASocket } from '@whiskeysockets/baileys';
import type { Sign } from '../../src/core/channel.ts';
import type { Quotable } from './quotable.ts';

export interface SignsOptions {
  /** While connected. */
  readonly socket: () => Pick<WASocket, 'sendMessage'> | undefined;
  readonly quotable: Pick<Quotable, 'get'>;
}

/** A person or program has one reaction on a message; no text takes it away. */
const reactions: Readonly<Record<Exclude<Sign, 'typing'>, string>> = {
  seen: '👀',
  working: '⏳',
  done: '✅',
  idle: '',
};

export class Signs {
  readonly #options: SignsOptions;

  constructor(options: SignsOptions) {
    this.#options = options;
  }

  /** @param message as it was handed in */
  put(message: string, sign: Sign): void {
    const { socket, quotable } = this.#options;
    const key = quotable.get(message)?.key;
    if (sign === 'typing' || !key?.remoteJid) return;
    // A connection that has gone says so itself.
    socket()
      ?.sendMessage(key.remoteJid, { react: { text: reactions[sign], key } })
      .catch(() => undefined);
  }
}
