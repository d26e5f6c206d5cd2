// Looks at processes of this machine. Used by the tests of coding agents.
import { readdirSync, readFileSync } from 'node:fs';

/** No such process, or one that has ended and was not cleared away yet. */
export function seesDead(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return !signalled(pid);
  }
}

/** For systems without /proc. */
function signalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A process was started with exactly these words; for systems with /proc. */
export function commandRuns(words: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `${words.split(' ').join('\0')}\0`;
      } catch {
        return false;
      }
    });
}
