// Replaces a file in one step, so that a reader or a crash sees the old text or the new one. Called by config-file.ts,
// cli/setup/files.ts and src/web/token.ts.
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes through a temporary neighbour and a rename. A symbolic link stays one; the mode is kept, and the owner where the system
 * allows it: what root writes once must stay readable for the account that runs the process.
 * @param newMode permissions of a file that did not exist
 */
export async function writeAtomically(path: string, text: string, newMode: number): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  const mode = before === undefined ? newMode : before.mode & 0o777;
  await mkdir(dirname(target), { recursive: true });
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, 'w', mode);
    try {
      if (before !== undefined) await file.chown(before.uid, before.gid).catch(() => undefined);
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
