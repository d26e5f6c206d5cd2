// The process of one harness: started in a group of its own, recorded while it runs, its last words kept, ended as a whole.
// Used by connection.ts.
import { readFileSync, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { redact } from '../core/redact.ts';
import type { Clock } from '../infra/clock.ts';
// Only types of the room that starts programs; the groups themselves are handed in.
import type { Exit, ProcessGroup, ProcessGroups } from '../tools/process-groups.ts';
import { AcpError, acpFault } from './errors.ts';
import { birthOf, type ProcessStore } from './orphans.ts';

export interface ProcessDeps {
  readonly groups: Pick<ProcessGroups, 'start'>;
  readonly processes: ProcessStore;
  readonly clock: Clock;
}

export interface ProcessSpec {
  readonly harness: string;
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Steps for the case that the program is not there after all. */
  readonly install: readonly string[];
}

export interface HarnessProcess {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves as soon as the program itself has ended; what it had started may live a little longer. */
  readonly gone: Promise<void>;
  /** Resolves once it has ended and its last words were read, with the reason as the end of a sentence. */
  readonly exited: Promise<string>;
  /** The last lines it wrote to stderr, without secrets; empty when it wrote nothing. */
  lastWords(): string;
  /** Memory of all its processes in bytes; undefined where the system does not tell. */
  memory(): number | undefined;
  /** TERM to the group, KILL after 3 s; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

const stderrBytes = 64 * 1024;
const lastLines = 8;
const lastChars = 800;
/** How long the rest of stderr is awaited after the end. */
const drainMs = 500;
const graceMs = 3000;

/** Throws an `AcpError` where the folder is wrong or the program is not there. */
export async function startProcess(deps: ProcessDeps, spec: ProcessSpec): Promise<HarnessProcess> {
  mustBeFolder(spec.cwd);
  const [command = '', ...args] = spec.argv;
  const group = deps.groups.start({
    ...{ owner: `acp:${spec.harness}`, command, args, cwd: spec.cwd, env: spec.env, stdin: 'pipe', graceMs },
  });
  const { child } = group;
  const { stdin, stdout, stderr } = child;
  const words = new Tail();
  stderr?.on('data', (chunk: Buffer) => words.add(chunk));
  // EPIPE: how it ended says more.
  for (const stream of [stdin, stdout, stderr]) stream?.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(notStarted(error, spec)));
  });
  if (stdin === null || stdout === null) throw new Error('a harness was started without pipes');
  try {
    await record(deps, spec, child.pid);
  } catch (error) {
    await group.stop();
    throw error;
  }
  const exited = group.exited.then(async (exit) => {
    // What it had started has no use without it, and would hold the pipes open.
    void group.stop().then(() => deps.processes.delete(String(child.pid)).catch(() => undefined));
    await Promise.race([closed, deps.clock.sleep(drainMs)]);
    return exitText(exit);
  });
  return {
    ...{ pid: child.pid, stdin, stdout, exited, gone: group.exited.then(() => undefined) },
    lastWords: () => words.text(),
    memory: () => memoryOf(group),
    stop: async () => {
      stdin.end();
      await group.stop();
      // A process stuck in the kernel outlives even KILL; it is not waited for.
      await Promise.race([exited, deps.clock.sleep(drainMs)]);
    },
  };
}

/** Throws an `AcpError` where no such folder is. */
export function mustBeFolder(cwd: string): void {
  const found = statSync(cwd, { throwIfNoEntry: false });
  if (found === undefined) throw new AcpError(acpFault.badFolder(cwd, 'does not exist'));
  if (!found.isDirectory()) throw new AcpError(acpFault.badFolder(cwd, 'is no folder'));
}

function notStarted(error: Error, spec: ProcessSpec): Error {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return new AcpError(acpFault.programMissing(spec.argv[0] ?? spec.harness, spec.install));
  return new AcpError(acpFault.unhealthy(spec.harness, `it could not be started (${error.message}).`), error);
}

async function record({ processes }: ProcessDeps, { harness }: ProcessSpec, pid: number | undefined): Promise<void> {
  const born = pid === undefined ? undefined : birthOf(pid);
  if (pid !== undefined && born !== undefined) await processes.set(String(pid), { pid, born, harness });
}

function exitText(exit: Exit): string {
  switch (exit.kind) {
    case 'exited':
      return `it ended with exit code ${exit.code}`;
    case 'killed':
      return `it was ended by ${exit.signal}`;
    case 'not-started':
      return `it could not be started (${exit.error.message})`;
  }
}

/** Resident memory (VmRSS, proc(5)) summed over the group; pages they share are counted for each. */
function memoryOf(group: ProcessGroup): number | undefined {
  const sizes = group.members().flatMap((pid) => {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      return kilobytes === undefined ? [] : [Number(kilobytes) * 1024];
    } catch {
      return [];
    }
  });
  return sizes.length === 0 ? undefined : sizes.reduce((sum, each) => sum + each, 0);
}

/** The end of what was written, bounded. */
class Tail {
  #bytes = Buffer.alloc(0);

  add(chunk: Buffer): void {
    const joined = Buffer.concat([this.#bytes, chunk.subarray(-stderrBytes)]);
    // Copied, so that the dropped part can be freed.
    this.#bytes = joined.length > stderrBytes ? Buffer.from(joined.subarray(-stderrBytes)) : joined;
  }

  text(): string {
    const lines = redact(this.#bytes.toString('utf8'))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes of terminals
      .replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return lines.slice(-lastLines).join('\n').slice(-lastChars);
  }
}
