// Looks at processes of this machine. Used by the tests of coding agents.
import { readFileSync } from 'node:fs';

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
