// Whether one path lies in another. Pure; used by workspace.ts and, in its thread, by search-worker.ts.
import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` is `root` or below it. Both absolute and free of links. */
export function isInside(root: string, path: string): boolean {
  const step = relative(root, path);
  return step !== '..' && !step.startsWith(`..${sep}`) && !isAbsolute(step);
}

/** Whether `path` is one of these or below one; in any case, because some file systems know no difference. */
export function isHidden(hidden: readonly string[], path: string): boolean {
  return hidden.some((each) => isInside(each.toLowerCase(), path.toLowerCase()));
}
