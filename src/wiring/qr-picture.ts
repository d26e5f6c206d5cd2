// The QR code of a link as a picture in the state folder, for those whose terminal cannot show it. It is as good as the
// account while it lasts: for its owner's eyes alone, and gone with the code. Made by whatsapp.ts.
import { rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { LinkView } from '../core/link.ts';
import type { Log } from '../infra/log.ts';

export class QrPicture {
  readonly #path: string;
  readonly #log: Log;
  /** One change after another: a late picture must not outlive the removal that followed it. */
  #changing: Promise<void> = Promise.resolve();

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
    // Of a process that was killed.
    rmSync(path, { force: true });
  }

  show({ state }: LinkView): void {
    this.#changing = this.#changing
      .then(() => (state.kind === 'qr' ? this.#draw(state.qr) : rm(this.#path, { force: true })))
      .catch((err: unknown) =>
        this.#log.warn({ err, code: 'qr_picture' }, 'the QR code could not be put into the state folder as a picture'),
      );
  }

  /** Resolves with no picture left. */
  async remove(): Promise<void> {
    await this.#changing;
    await rm(this.#path, { force: true });
  }

  async #draw(qr: string): Promise<void> {
    const { toBuffer } = await import('qrcode');
    await writeFile(this.#path, await toBuffer(qr, { scale: 8 }), { mode: 0o600 });
  }
}
