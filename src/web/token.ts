// The secret of the status page: the configured one, or one that is made once and kept in the state folder. Called by server.ts.
import { chmod, readFile } from 'node:fs/promises';
import { writeAtomically } from '../infra/atomic-write.ts';
import type { Ids } from '../infra/ids.ts';

/** 32 characters of 32 kinds: 160 bits. */
const length = 32;

/**
 * @param configured `web.token`
 * @param path of the file for one of ours, mode 0600
 */
export async function webToken(configured: string | undefined, path: string, ids: Pick<Ids, 'code'>): Promise<string> {
  if (configured !== undefined) return configured;
  const kept = await readFile(path, 'utf8').catch(missing);
  if (kept !== undefined && kept.trim().length >= length) {
    await chmod(path, 0o600);
    return kept.trim();
  }
  const made = ids.code(length);
  await writeAtomically(path, `${made}\n`, 0o600);
  return made;
}

function missing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
