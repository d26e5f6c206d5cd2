// Which processes belong to a group we started: those in its process group, and on Linux also those that left it but
// still carry its mark in their environment. Called by process-groups.ts.
import { readdirSync, readFileSync } from 'node:fs';

/** Environment variable every process of a group inherits; its value names the group. */
export const markName = 'SWITCHYARD_GROUP';

/**
 * Ids of the living processes of a group, to be passed to `signalProcess`.
 * @param groupId process group id (the leader's pid)
 * @param mark value of `markName` in the environment of its processes
 */
export function livingMembers(groupId: number, mark: string): readonly number[] {
  if (process.platform !== 'linux') return groupExists(groupId) ? [-groupId] : [];
  return select((row) => row.group === groupId || carries(row.pid, `${markName}=${mark}\0`));
}

/** Living processes with a mark that begins like this; empty where the system does not show environments. */
export function markedProcesses(prefix: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return select((row) => carries(row.pid, `${markName}=${prefix}`));
}

/** Sends a signal; a process that is gone is fine. */
export function signalProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended between look and signal, or became another user's: nothing more can be done to it here.
  }
}

function groupExists(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
    return true;
  } catch {
    return false;
  }
}

interface Row {
  readonly pid: number;
  readonly group: number;
}

function select(belongs: (row: Row) => boolean): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    const row = /^\d+$/.test(name) ? living(Number(name)) : undefined;
    return row !== undefined && row.pid !== process.pid && belongs(row) ? [row.pid] : [];
  });
}

/** From /proc/<pid>/stat, see proc(5): pid (name) state ppid pgrp … A zombie has ended; only its parent can clear it. */
function living(pid: number): Row | undefined {
  const stat = read(`/proc/${pid}/stat`)?.toString('latin1');
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, group: Number(fields[2]) };
}

function carries(pid: number, entry: string): boolean {
  const environment = read(`/proc/${pid}/environ`);
  return environment !== undefined && (environment.indexOf(entry) === 0 || environment.includes(`\0${entry}`));
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
