// Confines file tools to a workspace: paths are resolved link by link and checked, opened files are checked again.
// Called by read, ls, grep, write, edit and exec.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { ok, type Refusal, type Result, refuse } from '../core/result.ts';
import { errorCode, errorText } from './define.ts';
import { type Hidden, hiddenBy, isInside } from './inside.ts';

/** A checked location. Nothing in `path` was a symbolic link when it was checked. */
export interface Place {
  readonly root: string;
  /** What stays closed although it lies inside. */
  readonly hidden: readonly Hidden[];
  /** Absolute, links resolved. It need not exist. */
  readonly path: string;
  /** As shown to the model: relative to the workspace. */
  readonly shown: string;
}

/** Same bound as Linux (MAXSYMLINKS). */
const maxLinks = 40;

/**
 * Resolves `..`, absolute paths and the links of every existing ancestor, also for files that do not exist yet.
 * @param path as given by the model, relative to the workspace or absolute
 * @param hidden what no tool touches, e.g. files with tokens, other people's sessions and what they sent
 * @returns the place, or a refusal (`outside_workspace`, `hidden_path`, `workspace_missing`, `bad_path`)
 */
export async function resolveInside(
  workspace: string,
  path: string,
  hidden: readonly Hidden[] = [],
): Promise<Result<Place>> {
  if (path.includes('\0')) return refuse('bad_path', 'The path holds a NUL character.', 'Give a plain path.');
  let root: string;
  try {
    root = await realpath(workspace);
  } catch (error) {
    const fix = 'Create the folder, or change the workspace in the config.';
    return refuse('workspace_missing', `The workspace ${workspace} cannot be used: ${fileErrorText(error)}.`, fix);
  }
  try {
    const target = await canonical(resolve(root, path));
    const closed = await hiddenIn(root, hidden);
    const shown = relative(root, target) || '.';
    const by = hiddenBy(closed, target);
    if (by !== undefined) return hiddenPath({ root, shown }, by);
    if (isInside(root, target)) return ok({ root, hidden: closed, path: target, shown });
  } catch (error) {
    return refuse('bad_path', `"${path}" cannot be used: ${fileErrorText(error)}.`, 'Give another path.');
  }
  const example = 'Use a path relative to the workspace, e.g. "notes.txt".';
  return refuse('outside_workspace', `"${path}" leads outside the workspace ${root}.`, example);
}

/** Where the hidden paths really are. One that holds the whole workspace cannot be meant. */
async function hiddenIn(root: string, hidden: readonly Hidden[]): Promise<readonly Hidden[]> {
  const real = await Promise.all(hidden.map(realHidden));
  return real.filter((each) => !isInside(typeof each === 'string' ? each : each.folder, root));
}

async function realHidden(hidden: Hidden): Promise<Hidden> {
  if (typeof hidden === 'string') return canonical(hidden);
  const folder = await canonical(hidden.folder);
  // No link in the place of the exception is followed: it must not open what it leads to.
  return { folder, except: join(folder, relative(hidden.folder, hidden.except)) };
}

function hiddenPath({ root, shown }: Pick<Place, 'root' | 'shown'>, by: Hidden): Result<never> {
  if (typeof by === 'string') {
    const message = `"${shown}" belongs to Switchyard itself: its settings, keys and records are not for agents.`;
    return refuse('hidden_path', message, 'Do without it, or ask the owner.');
  }
  const message = `"${shown}" is not for this conversation: files that people send are for the conversation they came in.`;
  return refuse(
    'hidden_path',
    message,
    `Those that came in this one, if any did, are in "${relative(root, by.except)}".`,
  );
}

/** Like the kernel's own walk, but a missing tail is allowed and a dangling link counts as its target. */
async function canonical(path: string): Promise<string> {
  const top = parse(path).root;
  const steps = parts(path.slice(top.length));
  let done = top;
  let links = 0;
  for (let name = steps.shift(); name !== undefined; name = steps.shift()) {
    if (name === '..') {
      done = dirname(done);
      continue;
    }
    const next = join(done, name);
    const target = await linkTarget(next);
    if (target === undefined) {
      done = next;
      continue;
    }
    links += 1;
    if (links > maxLinks) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
    if (isAbsolute(target)) done = top;
    steps.unshift(...parts(target));
  }
  return done;
}

function parts(path: string): string[] {
  return path.split(sep).filter((part) => part !== '' && part !== '.');
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    // Not a link, not there, or below something that is no folder: nothing to follow.
    if (['EINVAL', 'ENOENT', 'ENOTDIR'].includes(errorCode(error))) return undefined;
    throw error;
  }
}

/**
 * Opens without following a link in the last step and without waiting on a pipe, then checks where the open file really
 * is: a folder swapped for a link after `resolveInside` is noticed here.
 * @param flags of open(2), e.g. `constants.O_RDONLY`
 */
export async function openInside(place: Place, flags: number): Promise<Result<FileHandle>> {
  let handle: FileHandle;
  try {
    handle = await open(place.path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, refusal: fileRefusal(error, place.shown) };
  }
  const real = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => realpath(place.path).catch(() => '/'));
  const by = hiddenBy(place.hidden, real);
  if (isInside(place.root, real) && by === undefined) return ok(handle);
  await handle.close();
  if (by !== undefined) return hiddenPath(place, by);
  return refuse(
    'outside_workspace',
    `"${place.shown}" moved outside the workspace ${place.root}.`,
    'Look again with ls.',
  );
}

export interface NewContent {
  readonly data: string | Uint8Array;
  /** Unique part of the temporary file's name. */
  readonly unique: string;
}

/**
 * Writes a whole file so that a reader sees the old or the new content, never half of it. Creates parent folders and
 * keeps the mode of a file that is replaced.
 */
export async function replaceInside(place: Place, content: NewContent): Promise<Result<void>> {
  try {
    const mode = await replaceableMode(place);
    if (mode === undefined) {
      return refuse('not_a_file', `"${place.shown}" is not a regular file.`, 'Choose another path.');
    }
    const parent = { ...place, path: dirname(place.path) };
    await mkdir(parent.path, { recursive: true });
    const folder = await openInside(parent, constants.O_RDONLY | constants.O_DIRECTORY);
    if (!folder.ok) return folder;
    try {
      await swap(folder.value, place.path, { ...content, mode });
    } finally {
      await folder.value.close();
    }
    return ok(undefined);
  } catch (error) {
    return { ok: false, refusal: fileRefusal(error, place.shown) };
  }
}

/** Permission bits for the new content, or undefined when something other than a file is in the way. */
async function replaceableMode(place: Place): Promise<number | undefined> {
  try {
    const old = await stat(place.path);
    return old.isFile() ? old.mode & 0o7777 : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0o666;
    throw error;
  }
}

async function swap(folder: FileHandle, path: string, content: NewContent & { readonly mode: number }): Promise<void> {
  // Through the open folder's own handle (Linux) the names cannot be redirected by a link put in between.
  const base = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : dirname(path);
  const temporary = join(base, `.${content.unique}.tmp`);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(temporary, flags, content.mode);
  try {
    await handle.writeFile(content.data);
    if (content.mode !== 0o666) await handle.chmod(content.mode);
    await handle.sync();
    await rename(temporary, join(base, basename(path)));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** A Node file error as a refusal for the model. */
export function fileRefusal(error: unknown, shown: string): Refusal {
  const code = errorCode(error);
  const fix = code === 'ENOENT' ? 'Use ls to see what is there.' : '';
  return { code: 'file_error', message: `"${shown}": ${fileErrorText(error)}.`, fix };
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'this is a folder',
  ENOTDIR: 'part of the path is a file, not a folder',
  ELOOP: 'too many links, or a link that leads back to itself',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many open files',
  ENXIO: 'this is a device or a pipe, not a file',
};

function fileErrorText(error: unknown): string {
  return fileErrors[errorCode(error)] ?? errorText(error);
}
