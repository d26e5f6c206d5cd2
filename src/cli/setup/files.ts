// Reads and writes the two files of the setup, each in one step. Called by setup.ts.
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result, refuse } from '../../core/result.ts';
import { writeAtomically } from '../../infra/atomic-write.ts';
import type { Env } from '../../infra/env.ts';
import type { Texts } from './current.ts';

/** Absolute. */
export interface Paths {
  readonly config: string;
  readonly env: string;
}

export function setupPaths(env: Pick<Env, 'configPath'>, workingDirectory: string): Paths {
  return { config: env.configPath ?? join(workingDirectory, 'switchyard.json5'), env: join(workingDirectory, '.env') };
}

/** Refused: `not_readable`. */
export async function readTexts({ config, env }: Paths): Promise<Result<Texts>> {
  try {
    return ok({ config: await textOf(config), env: await textOf(env) });
  } catch (error) {
    return refuse('not_readable', `A file could not be read: ${reasonOf(error)}.`, 'Mend that, then run setup again.');
  }
}

export interface Written {
  /** Paths, in the order in which they were written. */
  readonly files: readonly string[];
  /** Why the rest was not. */
  readonly fault?: string;
}

const ownerOnly = 0o600;

/** Secrets first: a config that names a variable nobody set is not accepted. Never throws. */
export async function writeTexts(paths: Paths, before: Texts, after: Texts): Promise<Written> {
  const files: string[] = [];
  try {
    if (after.env !== undefined && after.env !== before.env) {
      // A rename keeps the mode there is, and an older file may be open to all.
      if (before.env !== undefined) await chmod(paths.env, ownerOnly);
      await writeAtomically(paths.env, after.env, ownerOnly);
      files.push(paths.env);
    }
    if (after.config !== undefined && after.config !== before.config) {
      await writeAtomically(paths.config, after.config, ownerOnly);
      files.push(paths.config);
    }
    return { files };
  } catch (error) {
    return { files, fault: reasonOf(error) };
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
