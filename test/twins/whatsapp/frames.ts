// The outermost layer of a connection: the opening bytes, then frames with a length of three bytes. Used by line.ts.

/** `WA`, protocol 6, dictionary 3. */
export const opening = Buffer.from([87, 65, 6, 3]);

/** Cuts what arrives into frames; the opening is taken off, with the routing hint that may stand before it. */
export class FrameReader {
  #held = Buffer.alloc(0);
  #opened = false;

  /** @returns whole frames, in order. Throws when the opening is not WhatsApp's. */
  read(data: Buffer): readonly Buffer[] {
    this.#held = Buffer.concat([this.#held, data]);
    if (!this.#opened && !this.#open()) return [];
    const frames: Buffer[] = [];
    while (this.#held.length >= 3) {
      const size = this.#held.readUIntBE(0, 3);
      if (this.#held.length < size + 3) break;
      frames.push(this.#held.subarray(3, size + 3));
      this.#held = this.#held.subarray(size + 3);
    }
    return frames;
  }

  #open(): boolean {
    const routed = this.#held.subarray(0, 2).toString() === 'ED';
    if (routed && this.#held.length < 7) return false;
    const skip = routed ? 7 + this.#held.readUIntBE(4, 3) : 0;
    if (this.#held.length < skip + opening.length) return false;
    const found = this.#held.subarray(skip, skip + opening.length);
    if (!found.equals(opening)) throw new Error(`twin: a connection opens with ${found.toString('hex')}`);
    this.#held = this.#held.subarray(skip + opening.length);
    this.#opened = true;
    return true;
  }
}

export function framed(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntBE(payload.length, 0, 3);
  return Buffer.concat([head, payload]);
}
