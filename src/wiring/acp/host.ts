// What coding agents get of this machine: programs, files, an environment without our tokens. Used by app.ts; tests give
// their own.
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileReader } from '../../acp/content.ts';
import type { ProcessDeps } from '../../acp/process.ts';
import type { Lookup } from '../../acp/resolve.ts';
import { childEnv, type Env } from '../../infra/env.ts';

export interface HarnessHost {
  readonly groups: ProcessDeps['groups'];
  readonly lookup: () => Omit<Lookup, 'allowNpx'>;
  /** The environment of a child: an allowlist with these names and variables added. */
  readonly childEnv: (names: readonly string[], add: Readonly<Record<string, string>>) => Record<string, string>;
  /** Where a path really leads, links followed; also for paths that do not exist. */
  readonly realPath: (path: string) => string;
  readonly readFile: FileReader;
}

export interface MachineParts {
  readonly env: Pick<Env, 'variables'>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly groups: ProcessDeps['groups'];
}

/** Programs that came with our own packages. */
const ownBins = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin');
/** A picture larger than this is sent as a link, in bytes. */
const largestPicture = 10 * 1024 * 1024;

export function machineHost({ env, workingDirectory, groups }: MachineParts): HarnessHost {
  return {
    groups,
    lookup: () => machineLookup({ env, workingDirectory }),
    childEnv: (names, add) => childEnv(names, add, env.variables),
    realPath,
    readFile: async (path) => ((await stat(path)).size > largestPicture ? undefined : await readFile(path)),
  };
}

/** Where programs are looked for. */
export function machineLookup({
  env,
  workingDirectory,
}: Pick<MachineParts, 'env' | 'workingDirectory'>): Omit<Lookup, 'allowNpx'> {
  const bins = [...new Set([join(workingDirectory, 'node_modules', '.bin'), ownBins])];
  return { path: env.variables.PATH ?? '', bins, isProgram };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The part that exists is followed, the rest is appended. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
