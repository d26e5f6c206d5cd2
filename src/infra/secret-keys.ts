// Which config values are secrets, by their names, and how they are hidden. Used where config values are shown.
import { isPlainObject, type KeyPath } from './key-path.ts';
import { redactText } from './redact.ts';

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

/** A flag whose value comes as the next argument. */
const secretFlag = /^--?[\w-]*(?:key|token|secret|password|auth)$/i;

/** A copy of the value at `path` with every secret replaced by `[set]`, or by `[redacted]` inside a longer text. */
export function hideSecrets(value: unknown, path: KeyPath): unknown {
  // Shown alone, an argument does not tell which flag it belongs to.
  if (typeof value === 'string' && path.at(-2) === 'args') return '[set]';
  return hide(value, path);
}

function hide(value: unknown, path: KeyPath): unknown {
  if (Array.isArray(value))
    return value.map((item, index) =>
      secretFlag.test(String(value[index - 1] ?? '')) ? '[set]' : hide(item, [...path, index]),
    );
  if (isPlainObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hide(inner, [...path, name])]));
  if (value !== undefined && isSecretPath(path)) return '[set]';
  return typeof value === 'string' ? redactText(value) : value;
}
