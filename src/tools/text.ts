// Small pure helpers for what tools print: sizes, bounded text. Used across src/tools.

/** `812 B`, `12.3 kB`, `4.0 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `0.4 s`, `75 s`. */
export function secondsText(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/**
 * Keeps the beginning of `text`.
 * @param max longest result before the mark, in UTF-16 units
 */
export function clipEnd(text: string, max: number): { readonly text: string; readonly cut: number } {
  if (text.length <= max) return { text, cut: 0 };
  const end = splitsPair(text, max) ? max - 1 : max;
  return { text: text.slice(0, end), cut: text.length - end };
}

/** Keeps the beginning and the end of `text`, marking how much is missing between them. `max` in UTF-16 units. */
export function clipMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = Math.floor(max / 2);
  const head = text.slice(0, splitsPair(text, half) ? half - 1 : half);
  const from = text.length - (max - half);
  const tail = text.slice(splitsPair(text, from) ? from + 1 : from);
  return `${head}\n[… ${text.length - head.length - tail.length} characters cut …]\n${tail}`;
}

/** A cut between the two halves of a surrogate pair would leave broken characters on both sides. */
function splitsPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff;
}

const signatures: readonly { readonly kind: string; readonly at: number; readonly bytes: string }[] = [
  { kind: 'PNG image', at: 0, bytes: '\x89PNG' },
  { kind: 'JPEG image', at: 0, bytes: '\xff\xd8\xff' },
  { kind: 'GIF image', at: 0, bytes: 'GIF8' },
  { kind: 'WebP image', at: 8, bytes: 'WEBP' },
  { kind: 'PDF document', at: 0, bytes: '%PDF-' },
  { kind: 'ZIP archive', at: 0, bytes: 'PK\x03\x04' },
  { kind: 'gzip archive', at: 0, bytes: '\x1f\x8b' },
  { kind: 'SQLite database', at: 0, bytes: 'SQLite format 3' },
  { kind: 'program', at: 0, bytes: '\x7fELF' },
];

/** What a file that is not text is, judged by its first bytes; undefined for text. */
export function binaryKind(start: Uint8Array): string | undefined {
  const latin = Buffer.from(start.subarray(0, 16)).toString('latin1');
  const known = signatures.find((signature) => latin.startsWith(signature.bytes, signature.at));
  if (known !== undefined) return known.kind;
  return start.subarray(0, 8192).includes(0) ? 'binary file' : undefined;
}
