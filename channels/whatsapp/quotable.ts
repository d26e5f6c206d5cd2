// The last messages people wrote to us: WhatsApp shows a quote only when the quoted message is sent along. Forgotten at the end
// of the process: an answer then stands without its quote. Filled by intake.ts; made by adapter.ts; read by sending.ts.
import type { WAMessage } from '@whiskeysockets/baileys';

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

  /** @param id of WhatsApp, or as it was handed in, `<chat>:<author>:<id>` */
  get(id: string): WAMessage | undefined {
    return this.#messages.get(id.slice(id.lastIndexOf(':') + 1));
  }
}
