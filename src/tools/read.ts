// The read tool: lines of a text file, unnumbered so that they can be copied into edit as they are.
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { ok, type Result, refusalText, refuse } from '../core/result.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import { defineTool, failure } from './define.ts';
import type { Hidden } from './inside.ts';
import { binaryKind, clipEnd, sizeText } from './text.ts';
import { openInside, type Place, resolveInside } from './workspace.ts';

/** Largest file read or edited, in bytes. */
export const maxFileBytes = 10_000_000;
const maxLines = 2000;
const maxLineLength = 2000;
const maxText = 50_000;

const schema = z.object({
  path: z.string().min(1).describe('File, relative to the workspace.'),
  offset: z.number().int().min(1).optional().describe('First line to show; default 1.'),
  limit: z.number().int().min(1).max(maxLines).optional().describe(`Lines to show; default ${maxLines}.`),
});

export function readTool(workspace: string, hidden: readonly Hidden[]): Tool {
  return defineTool({
    name: 'read',
    group: 'read',
    description: `Read a text file of the workspace. Long files come in parts: continue with offset. At most ${maxLines} lines at once.`,
    schema,
    example: { path: 'README.md' },
    async run({ path, offset, limit }) {
      const place = await resolveInside(workspace, path, hidden);
      if (!place.ok) return failure(refusalText(place.refusal));
      const content = await readBytes(place.value);
      if (!content.ok) return failure(refusalText(content.refusal));
      const text = decode(content.value);
      return part(place.value.shown, text, { offset: offset ?? 1, limit: limit ?? maxLines });
    },
  });
}

/** The bytes of a text file; refuses folders, devices, binaries and files over `maxFileBytes`. */
export async function readBytes(place: Place): Promise<Result<Buffer>> {
  const opened = await openInside(place, constants.O_RDONLY);
  if (!opened.ok) return opened;
  try {
    return await readOpened(opened.value, place.shown);
  } finally {
    await opened.value.close();
  }
}

async function readOpened(handle: FileHandle, shown: string): Promise<Result<Buffer>> {
  const info = await handle.stat();
  if (info.isDirectory()) return refuse('is_folder', `"${shown}" is a folder.`, 'Use ls to list it.');
  if (!info.isFile()) return refuse('not_a_file', `"${shown}" is not a regular file.`, 'Choose another path.');
  const start = Buffer.alloc(Math.min(8192, info.size));
  await handle.read(start, 0, start.length, 0);
  const kind = isUtf16(start) ? undefined : binaryKind(start);
  if (kind !== undefined) {
    const fix = 'Only text can be shown here; use exec with a program that understands it.';
    return refuse('binary', `"${shown}" is not text: ${kind}, ${sizeText(info.size)}.`, fix);
  }
  if (info.size > maxFileBytes) {
    const fix = 'Find the lines you need with grep, or use exec with sed -n, head or tail.';
    return refuse('too_big', `"${shown}" has ${sizeText(info.size)}; the limit is ${sizeText(maxFileBytes)}.`, fix);
  }
  return ok(await handle.readFile());
}

function isUtf16(start: Uint8Array): boolean {
  return start[0] === 0xff && start[1] === 0xfe;
}

/** Text without byte order mark. */
function decode(bytes: Buffer): string {
  return new TextDecoder(isUtf16(bytes) ? 'utf-16le' : 'utf-8').decode(bytes);
}

/** The asked lines, and a last line in brackets when that is not the whole file. Pure. */
export function part(
  shown: string,
  text: string,
  window: { readonly offset: number; readonly limit: number },
): ToolOutput {
  if (text === '') return { text: `[${shown} is empty]` };
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (window.offset > lines.length) {
    return failure(
      `"${shown}" has ${lines.length} lines; offset ${window.offset} is past its end. Use a smaller offset.`,
    );
  }
  const chosen: string[] = [];
  let length = 0;
  for (const line of lines.slice(window.offset - 1, window.offset - 1 + window.limit)) {
    const bounded = boundLine(line);
    length += bounded.length + 1;
    if (length > maxText && chosen.length > 0) break;
    chosen.push(bounded);
  }
  const last = window.offset - 1 + chosen.length;
  if (window.offset === 1 && last === lines.length) return { text: chosen.join('\n') };
  const next = last < lines.length ? ` Continue with offset ${last + 1}.` : '';
  return { text: `${chosen.join('\n')}\n[lines ${window.offset}-${last} of ${lines.length}.${next}]` };
}

function boundLine(line: string): string {
  const { text, cut } = clipEnd(line.endsWith('\r') ? line.slice(0, -1) : line, maxLineLength);
  return cut === 0 ? text : `${text} [… ${cut} more characters in this line]`;
}
