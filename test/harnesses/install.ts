// Puts the real coding agents into a folder outside the repository, each at its pinned version, by npm. Used by all.ts.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Rig } from './rigs.ts';

const run = promisify(execFile);
const manifest = z.object({ version: z.string() });

/** Folder with the programs of this agent. */
export const programsOf = (root: string, { id }: Rig): string => join(root, id, 'node_modules', '.bin');

/** Fetches it where it is not there yet. Throws with the words of npm. */
export async function install(root: string, rig: Rig): Promise<void> {
  if (installedVersion(root, rig) === rig.version) return;
  const folder = join(root, rig.id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', '--save-exact', '--no-audit', '--no-fund', `${rig.package}@${rig.version}`], {
    cwd: folder,
  });
}

function installedVersion(root: string, rig: Rig): string | undefined {
  const path = join(root, rig.id, 'node_modules', rig.package, 'package.json');
  return existsSync(path) ? manifest.parse(JSON.parse(readFileSync(path, 'utf8'))).version : undefined;
}
