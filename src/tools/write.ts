// The write tool: creates or replaces a whole file.
import { z } from 'zod';
import { refusalText } from '../core/result.ts';
import type { Tool } from '../core/tool.ts';
import type { Ids } from '../infra/ids.ts';
import { defineTool, failure } from './define.ts';
import type { Hidden } from './inside.ts';
import { sizeText } from './text.ts';
import { replaceInside, resolveInside } from './workspace.ts';

const schema = z.object({
  path: z.string().min(1).describe('File, relative to the workspace. Missing folders are created.'),
  content: z.string().describe('The whole new content.'),
});

export function writeTool(workspace: string, ids: Ids, hidden: readonly Hidden[]): Tool {
  return defineTool({
    name: 'write',
    group: 'write',
    description: 'Create a file of the workspace or replace it completely. To change a part of a file use edit.',
    schema,
    example: { path: 'notes/plan.txt', content: 'first line\n' },
    async run({ path, content }) {
      const place = await resolveInside(workspace, path, hidden);
      if (!place.ok) return failure(refusalText(place.refusal));
      const written = await replaceInside(place.value, { data: content, unique: ids.uuid() });
      if (!written.ok) return failure(refusalText(written.refusal));
      return { text: `Wrote ${place.value.shown} (${sizeText(Buffer.byteLength(content))}).` };
    },
  });
}
