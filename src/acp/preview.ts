// What a person sees of a permission request: title, kind, and the command, address or change, short and without secrets.
// Pure; used by asking.ts.
import { clip } from '../core/format.ts';
import { redact } from '../core/redact.ts';
import { commandOf, folderOf, pathsOf, restOf, urlOf } from './permissions.ts';
import type { Diff, ToolCall } from './updates.ts';

/** Longest preview, in UTF-16 units. */
export const previewChars = 600;
const titleChars = 160;
const kindChars = 20;

/** Characters that move the cursor, hide text or turn its direction round: what is approved must be what is read. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The first line says what, the others show it. What is cut off is counted, so that nobody approves it unknowingly. */
export function previewOf(call: ToolCall, harness: string): string {
  const title = clip(oneLine(clean(call.title)) || `${harness} asks`, titleChars);
  const kind = clip(oneLine(clean(call.kind)), kindChars);
  const head = `${title} (${kind})`;
  const body = clean(bodyOf(call));
  if (body.trim() === '' || body.trim() === title) return head;
  return `${head}\n${counted(body, previewChars - head.length - 1)}`;
}

/** A few words for lists and notices. */
export function shortTitle(call: ToolCall): string {
  return clip(oneLine(clean(call.title !== '' ? call.title : bodyOf(call))) || call.kind, 80);
}

function bodyOf(call: ToolCall): string {
  const [command, url, rest] = [commandOf(call), urlOf(call), restOf(call)];
  const changes = call.diffs.map(diffText);
  const changed = new Set(call.diffs.map(({ path }) => path));
  const places = command === undefined ? pathsOf(call).filter((path) => !changed.has(path)) : [];
  // A change is in the input too, in words of the harness's own.
  const more = rest === undefined || changes.length > 0 ? [] : [JSON.stringify(rest)];
  const line = command === undefined ? [] : [withFolder(call, command)];
  const input = typeof call.rawInput === 'string' ? [call.rawInput] : [];
  return [...line, ...(url === undefined ? [] : [url]), ...places, ...changes, ...more, ...input].join('\n');
}

/** A command in another folder is another command. */
function withFolder(call: ToolCall, command: string): string {
  const folder = folderOf(call);
  return folder === undefined ? command : `${command}\nin ${folder}`;
}

/** The lines that go and the lines that come, without what is the same before and after them. */
function diffText({ path, before, after }: Diff): string {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head += 1;
  let tail = 0;
  const room = Math.min(old.length, fresh.length) - head;
  while (tail < room && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail += 1;
  const gone = old.slice(head, old.length - tail).map((line) => `- ${line}`);
  const come = fresh.slice(head, fresh.length - tail).map((line) => `+ ${line}`);
  return [path, ...gone, ...come].join('\n');
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split('\n'));

/** Redacted before anything is cut: half a key would not be recognised. */
function clean(text: string): string {
  return redact(text.replaceAll('\r\n', '\n')).replace(unseen, ' ');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** The middle is left out: what matters may stand at the very end. */
function counted(text: string, max: number): string {
  if (text.length <= max) return text;
  const note = (left: number): string => `… (+${left} characters) …`;
  const keep = Math.max(0, max - note(text.length).length);
  const tail = Math.floor(keep / 3);
  const shown = text.slice(0, keep - tail).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, '');
  return `${shown}${note(text.length - shown.length - end.length)}${end}`;
}
