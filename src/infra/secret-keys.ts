// Which config values are secrets, by their names, and how they are hidden. Used where config values are shown.
import { isPlainObject, type KeyPath } from './key-path.ts';

const secretName = /(^|_|-)(key|token|secret|password|authorization|cookie)$|(apiKey|Token|Secret|Password)$/i;
/** Whatever stands in these maps is somebody else's name for what may be a key. */
const secretMaps = new Set(['env', 'headers']);

export function isSecretPath(path: KeyPath): boolean {
  return path.some(
    (segment, index) =>
      (index === path.length - 1 && secretName.test(String(segment))) ||
      (index > 0 && secretMaps.has(String(path[index - 1]))),
  );
}

/** A copy of the value at `path` with every secret replaced by `[set]`. */
export function hideSecrets(value: unknown, path: KeyPath): unknown {
  if (Array.isArray(value)) return value.map((item, index) => hideSecrets(item, [...path, index]));
  if (isPlainObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, hideSecrets(inner, [...path, name])]),
    );
  return value !== undefined && isSecretPath(path) ? '[set]' : value;
}
