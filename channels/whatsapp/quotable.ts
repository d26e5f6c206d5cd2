// The last messages people wrote to us: WhatsApp shows a quote only when the quoted message is sent along. Forgotten at the end
// of the process: an answer then stands without its quote. Filled by intake.ts; made by adapter.ts; read by sending.ts.
import type { WAMessage } from '@whiskeysockets/baileys';
import { plainJid } from './jid.ts';

const remembered = 500;

export class Quotable {
  readonly #messages = new Map<string, WAMessage>();

  add(message: WAMessage): void {
    const { id } = message.key;
    if (!id || !message.message) return;
    this.#messages.delete(id);
    this.#messages.set(id, message);
    if (this.#messages.size <= remembered) return;
    const [oldest] = this.#messages.keys();
    if (oldest !== undefined) this.#messages.delete(oldest);
  }

  /** @param id of WhatsApp, or as it was handed in, in a group `<author>:<id>` */
  get(id: string): WAMessage | undefined {
    const at = id.lastIndexOf(':');
    const found = this.#messages.get(id.slice(at + 1));
    // In a group somebody else may have chosen the same id.
    return at === -1 || plainJid(found?.key.participant) === id.slice(0, at) ? found : undefined;
  }
}
