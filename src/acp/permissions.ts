// Whether a harness may do what it asks for: by the mode and what was allowed before, else a person decides. Also which of
// the harness's answers stands for that decision. Pure; used by asking.ts.
import { createHash } from 'node:crypto';
import { isAbsolute, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Diff, ToolCall } from './updates.ts';

export const permissionModes = ['approve-reads', 'approve-all', 'deny-all'] as const;
export type PermissionMode = (typeof permissionModes)[number];

export interface Scope {
  readonly mode: PermissionMode;
  /** Absolute. */
  readonly cwd: string;
  /** Grant keys allowed for the rest of the session. */
  readonly granted: ReadonlySet<string>;
  /** Where a path really leads, links followed; also for paths that do not exist. */
  readonly realPath: (path: string) => string;
}

export type Decision =
  | { readonly answer: 'yes'; readonly why: 'mode' | 'read' | 'granted' }
  | { readonly answer: 'no'; readonly why: 'mode' }
  | { readonly answer: 'ask' };

export function decide(call: ToolCall, scope: Scope): Decision {
  switch (scope.mode) {
    case 'approve-all':
      return { answer: 'yes', why: 'mode' };
    case 'deny-all':
      return { answer: 'no', why: 'mode' };
    case 'approve-reads': {
      if (onlyReads(call, scope)) return { answer: 'yes', why: 'read' };
      const key = grantKey(call, scope.cwd);
      return key !== undefined && scope.granted.has(key) ? { answer: 'yes', why: 'granted' } : { answer: 'ask' };
    }
  }
}

/** A kind nobody knows is no read, nor is one that runs a command, changes text or reaches out of the working folder. */
function onlyReads(call: ToolCall, scope: Scope): boolean {
  if (commandOf(call) !== undefined || call.diffs.length > 0 || urlOf(call) !== undefined) return false;
  const paths = pathsOf(call);
  switch (call.kind) {
    case 'think':
      return paths.every((path) => isInside(path, scope));
    case 'search':
      return paths.every((path) => isInside(path, scope)) && staysInside(call.rawInput, scope);
    case 'read':
      return paths.length > 0 && paths.every((path) => isInside(path, scope)) && staysInside(call.rawInput, scope);
    default:
      return false;
  }
}

/** Words to look for are no place. */
const soughtNames = new Set(['query', 'regex', 'description']);
const wildcard = /[*?{[]/;

/** Harnesses call a place what they like, so every text of the input is taken for one. */
function staysInside(value: unknown, scope: Scope, name = ''): boolean {
  if (soughtNames.has(name)) return true;
  if (typeof value === 'string')
    return value === '' || (name === 'pattern' && !wildcard.test(value)) || isInside(value, scope);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, part]) => staysInside(part, scope, Array.isArray(value) ? name : key));
}

function isInside(place: string, { cwd, realPath }: Scope): boolean {
  const path = place.startsWith('file:') ? fileOf(place) : place;
  // What a shell would make of it is the home of whoever runs the harness.
  if (path === undefined || path.startsWith('~')) return false;
  const way = relative(realPath(cwd), realPath(resolve(cwd, path)));
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

function fileOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

const inputSchema = z.looseObject({});
const commandNames = ['command', 'cmd', 'script'];
const urlNames = ['url', 'uri'];
const field = (call: ToolCall, names: readonly string[]): unknown => {
  const input = inputSchema.safeParse(call.rawInput).data;
  return names.map((name) => input?.[name]).find((value) => value !== undefined && value !== null && value !== '');
};

/** The command line of a call. One harness puts it into the title and gives no input. */
export function commandOf(call: ToolCall): string | undefined {
  const value = field(call, commandNames);
  const args = field(call, ['args']);
  const words = [value, ...(Array.isArray(args) ? args : [])].flat();
  if (value !== undefined && words.every((word) => typeof word === 'string')) return words.join(' ');
  return value === undefined && call.kind === 'execute' && call.rawInput === undefined && call.title !== ''
    ? call.title
    : undefined;
}

/** Where a command is to run, if it says so. */
export function folderOf(call: ToolCall): string | undefined {
  const value = field(call, ['cwd', 'workdir']);
  return typeof value === 'string' ? value : undefined;
}

const pathNames = [
  'file_path',
  'filepath',
  'filePath',
  'fileName',
  'abs_path',
  'absolute_path',
  'path',
  'notebook_path',
];
const placeNames = [...pathNames, 'paths', 'directory', 'dir', 'cwd', 'workdir'];

/** Everything the call names as a place, each once. */
export function pathsOf(call: ToolCall): readonly string[] {
  const input = inputSchema.safeParse(call.rawInput).data ?? {};
  const named = placeNames.flatMap((name) => input[name]);
  const texts = named.filter((value) => typeof value === 'string' && value !== '');
  return [...new Set([...texts, ...call.paths, ...call.diffs.map((diff) => diff.path)])] as readonly string[];
}

export function urlOf(call: ToolCall): string | undefined {
  const value = field(call, urlNames);
  return typeof value === 'string' && !value.startsWith('file:') ? value : undefined;
}

/** Says why or how long, not what. */
const remarkNames = ['description', 'reason', 'justification', 'explanation', 'timeout', 'timeout_ms', 'call_id'];
const shownNames = new Set([...commandNames, 'args', ...urlNames, ...placeNames, ...remarkNames]);
/** Beside a command line, what makes it another one; the rest differs from harness to harness and from call to call. */
const surrounding = /env|stdin|input|shell|sandbox|permission|escalat|elevat|privilege/i;

/** What the input says beside command, address, places and remarks; undefined: nothing. */
export function restOf(call: ToolCall): Readonly<Record<string, unknown>> | undefined {
  const isCommand = commandOf(call) !== undefined;
  const parts = Object.entries(inputSchema.safeParse(call.rawInput).data ?? {}).filter(
    ([name]) => !shownNames.has(name) && (!isCommand || surrounding.test(name)),
  );
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

/** Kinds that say all there is to say of the tool, so that the place alone names what is allowed. */
const plainKinds = new Set(['read', 'search', 'edit', 'delete']);

/** What "for this session" means: the same tool with the same command, address or files. Undefined: only this very call. */
export function grantKey(call: ToolCall, cwd: string): string | undefined {
  const [command, url, paths] = [commandOf(call), urlOf(call), pathsOf(call)];
  if (command !== undefined) {
    const line = [field(call, commandNames) ?? command, field(call, ['args'])];
    return digest([cwd, call.kind, 'command', line, paths, restOf(call)]);
  }
  if (url === undefined && paths.length === 0) return undefined;
  return plainKinds.has(call.kind) && url === undefined
    ? digest([cwd, call.kind, 'path', [...paths].sort()])
    : digest([cwd, call.kind, 'exact', call.title, url, paths, restOf(call)]);
}

/** Names the exact request: an answer holds for nothing else. @param cwd where it would be done */
export function requestHash(call: ToolCall, cwd: string): string {
  return digest([cwd, call.title, call.kind, call.rawInput, call.paths, call.diffs.map((diff: Diff) => ({ ...diff }))]);
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}

/** The same text for the same value, in whatever order its fields were sent. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? 'undefined'
  );
}

export interface PermissionOption {
  readonly optionId: string;
  readonly kind: string;
}

/**
 * The harness's answer for a decision, chosen by kind and never by place or id. Null: it offers none, so the request is
 * answered with `cancelled`. A lasting approval is given only where everything is approved anyway.
 */
export function optionFor(
  options: readonly PermissionOption[],
  verdict: 'allow' | 'deny',
  mode: PermissionMode,
): string | null {
  const first = (kind: string): string | undefined => options.find((option) => option.kind === kind)?.optionId;
  if (verdict === 'deny') return first('reject_once') ?? null;
  return first('allow_once') ?? (mode === 'approve-all' ? first('allow_always') : undefined) ?? null;
}
