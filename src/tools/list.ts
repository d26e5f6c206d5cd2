// The ls tool: one folder, folders first, bounded.
import { constants, type Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { refusalText } from '../core/result.ts';
import type { Tool } from '../core/tool.ts';
import { defineTool, failure } from './define.ts';
import type { Hidden } from './inside.ts';
import { sizeText } from './text.ts';
import { openInside, resolveInside } from './workspace.ts';

const maxEntries = 500;

const schema = z.object({
  path: z.string().min(1).optional().describe('Folder, relative to the workspace; default: the workspace itself.'),
});

export function listTool(workspace: string, hidden: readonly Hidden[]): Tool {
  return defineTool({
    name: 'ls',
    group: 'read',
    description: 'List a folder of the workspace: folders end in "/", files show their size.',
    schema,
    example: { path: '.' },
    async run({ path }) {
      const place = await resolveInside(workspace, path ?? '.', hidden);
      if (!place.ok) return failure(refusalText(place.refusal));
      const folder = await openInside(place.value, constants.O_RDONLY);
      if (!folder.ok) return failure(refusalText(folder.refusal));
      try {
        if (!(await folder.value.stat()).isDirectory()) {
          return failure(`"${place.value.shown}" is a file. Use read to see it.`);
        }
        const entries = sorted(await readdir(place.value.path, { withFileTypes: true }));
        const lines = await Promise.all(entries.slice(0, maxEntries).map((entry) => describe(place.value.path, entry)));
        if (entries.length === 0) return { text: `[${place.value.shown} is empty]` };
        const more = entries.length - lines.length;
        if (more > 0) lines.push(`[… ${more} more entries; list a folder inside, or use grep or exec]`);
        return { text: lines.join('\n') };
      } finally {
        await folder.value.close();
      }
    },
  });
}

function sorted(entries: readonly Dirent[]): readonly Dirent[] {
  const rank = (entry: Dirent): number => (entry.isDirectory() ? 0 : 1);
  return entries.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

async function describe(folder: string, entry: Dirent): Promise<string> {
  const path = join(folder, entry.name);
  // A name with a line break must not look like two entries.
  const name = /[\n\r]/.test(entry.name) ? JSON.stringify(entry.name) : entry.name;
  if (entry.isDirectory()) return `${name}/`;
  if (entry.isSymbolicLink()) return `${name} -> ${await readlink(path).catch(() => '?')}`;
  if (!entry.isFile()) return `${name} (special file)`;
  const size = await lstat(path)
    .then((info) => sizeText(info.size))
    .catch(() => 'gone');
  return `${name}  ${size}`;
}
