// Looks at files on disk for the checks, and puts right what is safe. Used by src/wiring/doctor.
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentFact, SecretFile, StoreFacts } from './facts.ts';
import type { KnownFile } from './spawn-test.ts';

/** Folders below the state folder that are looked into: transcripts and the like. */
const deepest = 1;
/** A folder with more entries is judged by its own mode: who cannot enter it reads nothing in it. */
const mostEntries = 2_000;

/**
 * Everything that holds secrets or conversations: the state folder with what is in it, the config file, `.env`.
 * @param others files outside the state folder; missing ones are left out
 */
export function secretFiles(home: string, others: readonly string[]): readonly SecretFile[] {
  return [...below(home, deepest), ...others.flatMap((path) => look(path) ?? [])];
}

function below(folder: string, depth: number): readonly SecretFile[] {
  const self = look(folder);
  if (self === undefined || !self.folder) return [];
  const names = namesIn(folder);
  const inside = names.length > mostEntries ? [] : names.map((name) => join(folder, name));
  return [self, ...inside.flatMap((path) => of(path, depth))];
}

function of(path: string, depth: number): readonly SecretFile[] {
  const seen = look(path);
  if (seen === undefined) return [];
  return seen.folder && depth > 0 ? below(path, depth - 1) : [seen];
}

/** Links lead elsewhere, and their own mode says nothing. */
function look(path: string): SecretFile | undefined {
  try {
    const facts = lstatSync(path);
    if (!facts.isFile() && !facts.isDirectory()) return undefined;
    return { path, folder: facts.isDirectory(), mode: facts.mode & 0o777 };
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function folderState(path: string): AgentFact['workspace'] {
  try {
    if (!statSync(path).isDirectory()) return { path, state: 'closed' };
    accessSync(path, constants.R_OK | constants.X_OK);
    return { path, state: 'there' };
  } catch (error) {
    return { path, state: isMissing(error) ? 'missing' : 'closed' };
  }
}

/** Whether the state folder, or where it would be made, can be written to, and how much room is left there. */
export function roomFor(home: string): Pick<StoreFacts, 'writable' | 'free'> {
  const folder = nearest(home);
  return { writable: mayWrite(folder), free: freeBytes(folder) };
}

/** The folder itself, or the closest one above it that is there. */
function nearest(folder: string): string {
  const above = dirname(folder);
  return folderState(folder).state !== 'missing' || above === folder ? folder : nearest(above);
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Names that are plain text wherever they are, then every other that looks it. */
const usual = ['README.md', 'AGENTS.md', 'LICENSE', 'package.json'];
const plainText = /^[\w-][\w.-]*\.(?:md|txt)$/;
const longestFile = 200_000;

/** A text file at the top of a workspace, for a model to be asked about. */
export function knownFile(workspace: string): KnownFile {
  const names = namesIn(workspace);
  const wanted = [...usual.filter((name) => names.includes(name)), ...names.filter((name) => plainText.test(name))];
  return wanted
    .map((name) => ({ name, line: firstLine(join(workspace, name)) }))
    .find(({ line }) => /[\p{L}\p{N}]/u.test(line));
}

/** The first line that is not blank; empty for what cannot be read or has none. */
function firstLine(path: string): string {
  try {
    if (statSync(path).size > longestFile) return '';
    return (
      readFileSync(path, 'utf8')
        .split('\n')
        .find((line) => line.trim() !== '') ?? ''
    ).trim();
  } catch {
    return '';
  }
}

/** Throws when the system refuses it. */
export function makePrivate(path: string, folder: boolean): void {
  chmodSync(path, folder ? 0o700 : 0o600);
}

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
