// Harness processes that a crash of ours left behind: each is recorded with its start time while it runs, and what is still
// the same process at the next start is ended with its group. A process that merely has the same number is never touched.
// Used by process.ts (recording) and sessions.ts (sweeping).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../infra/clock.ts';
import type { KeyedStore } from '../infra/keyed-store.ts';

export const processRecordSchema = z.object({
  pid: z.number().int().positive(),
  /** Differs for two processes that had the same number one after the other. */
  born: z.string().min(1),
  harness: z.string(),
});
export type ProcessRecord = z.infer<typeof processRecordSchema>;

/** By process id, as text. */
export type ProcessStore = Pick<KeyedStore<ProcessRecord>, 'set' | 'delete' | 'entries'>;

const graceMs = 3000;
const lookMs = 50;

/** When a process was born, as far as this system tells; undefined where no such process lives. */
export function birthOf(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxBirth(pid) : psBirth(pid);
}

/** Field 22 of /proc/<pid>/stat counts from the start of the machine, so the boot is named too (proc(5)). */
function linuxBirth(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psBirth(pid: number): string | undefined {
  try {
    const said = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return said === '' ? undefined : said;
  } catch {
    return undefined;
  }
}

/** Ends what still runs of the recorded processes and forgets all of them. Answers how many were ended. */
export async function sweepOrphans(store: ProcessStore, clock: Clock): Promise<number> {
  const found: ProcessRecord[] = [];
  for await (const [, record] of store.entries()) found.push(record);
  const ended = await Promise.all(found.map((record) => end(record, clock)));
  for (const { pid } of found) await store.delete(String(pid));
  return ended.filter(Boolean).length;
}

async function end(record: ProcessRecord, clock: Clock): Promise<boolean> {
  const lives = (): boolean => birthOf(record.pid) === record.born;
  if (!lives()) return false;
  signalGroup(record.pid, 'SIGTERM');
  for (let waited = 0; lives() && waited < graceMs; waited += lookMs) await clock.sleep(lookMs);
  // Of a group whose leader is gone nothing proves that it is still ours.
  if (lives()) signalGroup(record.pid, 'SIGKILL');
  return true;
}

function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
