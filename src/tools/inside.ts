// Whether one path lies in another, and what stays closed. Pure; used by workspace.ts and, in its thread, by search-worker.ts.
import { isAbsolute, relative, sep } from 'node:path';

/** What no tool touches, with all below it: a file or folder, or a folder except for one in it. Absolute paths. */
export type Hidden = string | { readonly folder: string; readonly except: string };

/** Whether `path` is `root` or below it. Both absolute and free of links. */
export function isInside(root: string, path: string): boolean {
  const step = relative(root, path);
  return step !== '..' && !step.startsWith(`..${sep}`) && !isAbsolute(step);
}

/** Which of these closes `path`, if any does. */
export function hiddenBy(hidden: readonly Hidden[], path: string): Hidden | undefined {
  return hidden.find((each) => closes(each, path));
}

export function isHidden(hidden: readonly Hidden[], path: string): boolean {
  return hiddenBy(hidden, path) !== undefined;
}

/** Whether a search may go through this folder: it is open, or what is left open lies below it. */
export function mayPass(hidden: readonly Hidden[], path: string): boolean {
  return hidden.every(
    (each) => !closes(each, path) || (typeof each !== 'string' && isInsideAnyCase(path, each.except)),
  );
}

function closes(hidden: Hidden, path: string): boolean {
  if (typeof hidden === 'string') return isInsideAnyCase(hidden, path);
  return isInsideAnyCase(hidden.folder, path) && !isInsideAnyCase(hidden.except, path);
}

/** Some file systems know no difference between letter cases. */
function isInsideAnyCase(root: string, path: string): boolean {
  return isInside(root.toLowerCase(), path.toLowerCase());
}
