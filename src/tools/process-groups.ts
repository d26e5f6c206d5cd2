// Programs we start, each in a process group of its own, so that all they start ends with them. Used by exec.ts and
// mcp-stdio.ts; the wiring ends what is left on /stop (by owner), at the end of a run and at shutdown.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import { livingMembers, markedProcesses, markName, signalProcess } from './process-table.ts';

export interface ProgramSpec {
  /** Who it belongs to: a session key, `mcp:<server>`. */
  readonly owner: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute and existing. */
  readonly cwd: string;
  /** The whole environment; nothing is added but the group's mark. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: 'ignore' | 'pipe';
  /** Time between TERM and KILL in milliseconds; 2 s unless given. */
  readonly graceMs?: number;
}

/** How the program itself ended; what it started may live on. */
export type Exit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly error: Error };

export interface ProcessGroup {
  readonly owner: string;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Living processes of the group. */
  members(): readonly number[];
  /** TERM to all of them, KILL after the grace time to the rest. Resolves when none is left, with the number that could not be ended. */
  stop(): Promise<number>;
}

const graceMs = 2000;
/** After KILL only a process stuck in the kernel is still there; it is not waited for longer than this. */
const killWaitMs = 2000;
/** How often a group whose program has ended is checked for remaining processes. */
const pruneMs = 2000;

export interface ProcessGroupsOptions {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Names this installation (not this process), so that a restart finds what a crash left behind. */
  readonly instance: string;
}

export class ProcessGroups {
  readonly #options: ProcessGroupsOptions;
  readonly #live = new Map<Group, Timer | undefined>();

  constructor(options: ProcessGroupsOptions) {
    this.#options = options;
  }

  /** Never throws: a program that cannot be started has `exited` as `not-started`. */
  start(spec: ProgramSpec): ProcessGroup {
    const mark = `${this.#options.instance}.${this.#options.ids.uuid()}`;
    const group: Group = new Group(spec, { mark, clock: this.#options.clock, onStopped: () => this.#prune(group) });
    this.#live.set(group, undefined);
    void group.exited.then(() => this.#prune(group));
    return group;
  }

  /** Groups with at least one living process. */
  live(): readonly ProcessGroup[] {
    return [...this.#live.keys()];
  }

  /** Ends all groups of one owner. Resolves when they are gone, with the number of groups ended. */
  killOf(owner: string): Promise<number> {
    return this.#kill((group) => group.owner === owner);
  }

  /** Ends every group, for shutdown. Resolves when they are gone. */
  killAll(): Promise<number> {
    return this.#kill(() => true);
  }

  /** At start: ends what an earlier, crashed process of this installation left running. Answers how many processes. */
  async sweep(): Promise<number> {
    const own = (): readonly number[] => {
      const mine = new Set([...this.#live.keys()].flatMap((group) => group.members()));
      return markedProcesses(`${this.#options.instance}.`).filter((pid) => !mine.has(pid));
    };
    const found = own().length;
    if (found > 0) await end(own, this.#options.clock);
    return found;
  }

  async #kill(chosen: (group: ProcessGroup) => boolean): Promise<number> {
    const groups = [...this.#live.keys()].filter(chosen);
    await Promise.all(groups.map((group) => group.stop()));
    return groups.length;
  }

  /** Forgets an empty group soon: its id may be given to somebody else's processes. */
  #prune(group: Group): void {
    this.#live.get(group)?.cancel();
    if (group.running() || group.members().length > 0) {
      this.#live.set(
        group,
        this.#options.clock.after(pruneMs, () => this.#prune(group)),
      );
      return;
    }
    this.#live.delete(group);
    group.release();
  }
}

interface GroupOptions {
  readonly mark: string;
  readonly clock: Clock;
  readonly onStopped: () => void;
}

class Group implements ProcessGroup {
  readonly owner: string;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly #options: GroupOptions;
  readonly #graceMs: number;
  #stopping: Promise<number> | undefined;
  #released = false;

  constructor(spec: ProgramSpec, options: GroupOptions) {
    this.owner = spec.owner;
    this.#options = options;
    this.#graceMs = spec.graceMs ?? graceMs;
    this.child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...spec.env, [markName]: options.mark },
      stdio: [spec.stdin, 'pipe', 'pipe'],
      // A session and process group of its own.
      detached: true,
    });
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        if (this.child.pid === undefined) resolve({ kind: 'not-started', error });
      });
      this.child.once('exit', (code, signal) => {
        resolve(code === null ? { kind: 'killed', signal: signal ?? 'SIGKILL' } : { kind: 'exited', code });
      });
    });
  }

  running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  members(): readonly number[] {
    return this.child.pid === undefined || this.#released ? [] : livingMembers(this.child.pid, this.#options.mark);
  }

  stop(): Promise<number> {
    this.#stopping ??= end(() => this.members(), this.#options.clock, this.#graceMs).then(async (left) => {
      if (left === 0) await this.exited;
      this.#stopping = undefined;
      this.#options.onStopped();
      return left;
    });
    return this.#stopping;
  }

  /** Nothing of the group lives: its id must never be signalled again. */
  release(): void {
    this.#released = true;
  }
}

/** TERM, a grace period, KILL. Looks again and again, because processes may be born in between. Answers how many are left. */
async function end(members: () => readonly number[], clock: Clock, termMs = graceMs): Promise<number> {
  let left = members();
  for (const [signal, limit] of [
    ['SIGTERM', termMs],
    ['SIGKILL', killWaitMs],
  ] as const) {
    const told = new Set<number>();
    for (let waited = 0, step = 10; left.length > 0 && waited < limit; waited += step, step = Math.min(step * 2, 160)) {
      for (const pid of left) {
        if (signal === 'SIGTERM' && told.has(pid)) continue;
        signalProcess(pid, signal);
        told.add(pid);
      }
      await clock.sleep(step);
      left = members();
    }
  }
  return left.length;
}
