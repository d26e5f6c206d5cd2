// The thread behind grep: walks the folder and posts matches as it finds them. Started by search.ts, cut off at its deadline.
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { isHidden, mayPass } from './inside.ts';
import { nameFilter } from './name-filter.ts';
import type { SearchJob, SearchMessage } from './search.ts';
import { binaryKind } from './text.ts';

const maxFileBytes = 5_000_000;
/** Longer lines are searched up to here: minified files, data. */
const maxLineLength = 2000;
const shownLength = 300;
const skippedFolders = new Set(['node_modules', '.git', '.hg', '.svn']);

const job: SearchJob = workerData;
const wanted = nameFilter(job.include);
const expression = new RegExp(job.source, job.flags);
let left = job.limit;

function post(message: SearchMessage): void {
  parentPort?.postMessage(message);
}

/** Folders still to do, in the order of their names; a stack instead of recursion, since trees can be deep. */
function walk(): void {
  const stack = [job.start];
  for (let path = stack.pop(); path !== undefined && left > 0; path = stack.pop()) {
    const entries = list(path);
    if (entries === undefined) {
      // What was asked for by name is searched whatever the filter says.
      if (path === job.start || wanted(basename(path))) searchFile(path);
      continue;
    }
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? 1 : -1))) {
      // Links are not followed: they lead out of the workspace, or in circles.
      const below = join(path, entry.name);
      const wantedKind = entry.isDirectory()
        ? !skippedFolders.has(entry.name) && mayPass(job.hidden, below)
        : entry.isFile() && !isHidden(job.hidden, below);
      if (wantedKind) stack.push(below);
    }
  }
}

/** The entries of a folder, none for one that cannot be read or was swapped for a link, undefined for a file. */
function list(path: string): ReturnType<typeof readEntries> | undefined {
  try {
    return realpathSync(path) === path ? readEntries(path) : [];
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR' ? undefined : [];
  }
}

function readEntries(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

function searchFile(path: string): void {
  const name = relative(job.root, path);
  const text = readText(path);
  if (typeof text !== 'string') {
    if (text.skipped === 'big') post({ kind: 'skipped', file: name });
    return;
  }
  post({ kind: 'file', file: name });
  const lines = text.split('\n');
  const found: string[] = [];
  for (const [index, line] of lines.entries()) {
    const searched = line.slice(0, maxLineLength);
    if (!expression.test(searched)) continue;
    const clean = searched.replace(/\r$/, '');
    const shown = clean.length > shownLength ? `${clean.slice(0, shownLength)} …` : clean;
    found.push(`${name}:${index + 1}: ${shown}`);
    left -= 1;
    if (left === 0) break;
  }
  if (found.length > 0) post({ kind: 'matches', lines: found });
}

function readText(path: string): string | { readonly skipped: 'big' | 'other' } {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const info = fstatSync(file);
    if (!info.isFile()) return { skipped: 'other' };
    if (info.size > maxFileBytes) return { skipped: 'big' };
    const bytes = readFileSync(file);
    return binaryKind(bytes) === undefined ? bytes.toString('utf8') : { skipped: 'other' };
  } catch {
    return { skipped: 'other' };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

walk();
post({ kind: 'end', full: left === 0 });
