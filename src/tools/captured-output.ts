// What a program printed, bounded: the beginning and the end are kept, what lies between is counted.
// Called by exec.ts and mcp-stdio.ts.
import { stripVTControlCharacters } from 'node:util';

export class CapturedOutput {
  readonly #headMax: number;
  readonly #tailMax: number;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #total = 0;

  /** Bounds in bytes. */
  constructor(headMax: number, tailMax: number) {
    this.#headMax = headMax;
    this.#tailMax = tailMax;
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length;
    const room = this.#headMax - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    const joined = Buffer.concat([this.#tail, rest.subarray(-this.#tailMax)]);
    // Copied, so that the dropped part of the old buffer can be freed.
    this.#tail = joined.length > this.#tailMax ? Buffer.from(joined.subarray(-this.#tailMax)) : joined;
  }

  /** Without colour codes; of a line redrawn with carriage returns only its last state. */
  text(): string {
    const cut = this.#total - this.#head.length - this.#tail.length;
    if (cut === 0) return clean(Buffer.concat([this.#head, this.#tail]).toString('utf8'));
    const head = clean(wholeEnd(this.#head).toString('utf8'));
    const tail = clean(wholeStart(this.#tail).toString('utf8'));
    return `${head}\n[… ${cut} bytes of output cut …]\n${tail}`;
  }
}

function clean(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll(/[^\n]*\r(?=[^\n])/g, '')
    .replaceAll('\r', '')
    .replaceAll('\0', '');
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Drops a UTF-8 character cut off at the end. */
function wholeEnd(bytes: Buffer): Buffer {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && isContinuation(bytes[start])) start -= 1;
  const lead = bytes[start] ?? 0;
  const needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return bytes.length - start < needs ? bytes.subarray(0, start) : bytes;
}

/** Drops the rest of a UTF-8 character cut off at the beginning. */
function wholeStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}
