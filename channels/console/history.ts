// The lines typed in earlier sessions, in a file only its owner may read. Used by terminal.ts.
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';

export const historySize = 1000;

/** Newest first, as readline wants it. An unreadable file is an empty history. */
export function loadHistory(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const kept = lines.slice(-historySize);
    if (kept.length < lines.length) writeFileSync(file, `${kept.join('\n')}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
    return kept.reverse();
  } catch {
    return [];
  }
}

/** Adds a line. A full disk costs the history, not the chat. */
export function rememberLine(file: string, line: string): void {
  if (!worthKeeping(line)) return;
  try {
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  } catch {
    // Arrow-up still knows the line until the process ends.
  }
}

/** As in a shell, a leading space keeps a line out. Pairing codes let people in, so they are not written down either. */
export function worthKeeping(line: string): boolean {
  return line.trim() !== '' && !line.startsWith(' ') && !/^\/pair\b/i.test(line);
}
