// The edit tool: replaces an exact piece of text. The decision is pure; reading and writing happen around it.
import { z } from 'zod';
import { ok, type Result, refusalText, refuse } from '../core/result.ts';
import type { Tool } from '../core/tool.ts';
import type { Ids } from '../infra/ids.ts';
import { defineTool, failure } from './define.ts';
import type { Hidden } from './inside.ts';
import { readBytes } from './read.ts';
import { replaceInside, resolveInside } from './workspace.ts';

const schema = z.object({
  path: z.string().min(1).describe('File, relative to the workspace.'),
  oldText: z.string().describe('Exact text to replace, with its whitespace. Must occur once, unless replaceAll.'),
  newText: z.string().describe('Text to put in its place; empty deletes it.'),
  replaceAll: z.boolean().optional().describe('Replace every occurrence.'),
});

export function editTool(workspace: string, ids: Ids, hidden: readonly Hidden[]): Tool {
  return defineTool({
    name: 'edit',
    group: 'write',
    description: 'Change a file of the workspace by replacing an exact piece of its text. Read the file first.',
    schema,
    example: { path: 'src/app.ts', oldText: 'const port = 80;', newText: 'const port = 8080;' },
    async run({ path, oldText, newText, replaceAll }) {
      const place = await resolveInside(workspace, path, hidden);
      if (!place.ok) return failure(refusalText(place.refusal));
      const bytes = await readBytes(place.value);
      if (!bytes.ok) return failure(refusalText(bytes.refusal));
      const before = bytes.value.toString('utf8');
      // Decoding replaces invalid bytes; writing that back would damage parts nobody asked to change.
      if (!Buffer.from(before, 'utf8').equals(bytes.value)) {
        return failure(`"${place.value.shown}" is not UTF-8 text, so edit would damage it. Use exec instead.`);
      }
      const change = decideEdit(before, { oldText, newText, replaceAll: replaceAll ?? false });
      if (!change.ok) return failure(`${place.value.shown}: ${refusalText(change.refusal)}`);
      const written = await replaceInside(place.value, { data: change.value.text, unique: ids.uuid() });
      if (!written.ok) return failure(refusalText(written.refusal));
      return { text: `Edited ${place.value.shown}: ${changeText(change.value.lines)}.` };
    },
  });
}

export interface Edit {
  readonly oldText: string;
  readonly newText: string;
  readonly replaceAll: boolean;
}

export interface Edited {
  readonly text: string;
  /** Lines (from 1, in the old text) where a replacement begins. */
  readonly lines: readonly number[];
}

/** What the file becomes, or why not (`empty_old_text`, `no_change`, `not_found`, `not_unique`). Pure. */
export function decideEdit(before: string, edit: Edit): Result<Edited> {
  if (edit.oldText === '') {
    return refuse(
      'empty_old_text',
      'oldText is empty.',
      'Give the text to replace; to create or fill a file use write.',
    );
  }
  if (edit.oldText === edit.newText) {
    return refuse('no_change', 'oldText and newText are the same.', 'Give the text as it should become in newText.');
  }
  // Models write \n; in a file that uses \r\n throughout, their text is meant with \r\n.
  const crlf = before.includes('\r\n') && !/(^|[^\r])\n/.test(before);
  const adapt = (text: string): string => (crlf ? text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n') : text);
  const oldText = adapt(edit.oldText);
  const found = positions(before, oldText);
  if (found.length === 0) return notFound(before, edit.oldText);
  const lines = lineNumbers(before, found);
  if (found.length > 1 && !edit.replaceAll) {
    const where = lines.slice(0, 10).join(', ') + (lines.length > 10 ? ', …' : '');
    const fix = 'Add surrounding lines to oldText to make it unique, or set replaceAll to true.';
    return refuse('not_unique', `oldText occurs ${found.length} times (lines ${where}).`, fix);
  }
  return ok({ text: before.split(oldText).join(adapt(edit.newText)), lines });
}

function positions(text: string, piece: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + piece.length)) found.push(at);
  return found;
}

function lineNumbers(text: string, ascending: readonly number[]): readonly number[] {
  let line = 1;
  let from = 0;
  return ascending.map((at) => {
    for (let next = text.indexOf('\n', from); next !== -1 && next < at; next = text.indexOf('\n', from)) {
      line += 1;
      from = next + 1;
    }
    return line;
  });
}

function notFound(before: string, oldText: string): Result<Edited> {
  const squeeze = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
  const near = squeeze(oldText);
  const differsInSpace = near !== '' && squeeze(before).includes(near);
  const message = differsInSpace
    ? 'oldText was not found exactly: the same words are there with other spaces, tabs or line breaks.'
    : 'oldText was not found.';
  return refuse('not_found', message, 'Read the file and copy the text exactly as it is.');
}

function changeText(lines: readonly number[]): string {
  const first = lines[0] ?? 1;
  return lines.length === 1
    ? `1 replacement at line ${first}`
    : `${lines.length} replacements, the first at line ${first}`;
}
