// How a place in the config is written: `agents.list[0].model`. Used by config-keys, config-edit, config-file and the CLI.
export type Segment = string | number;
export type KeyPath = readonly Segment[];

const part = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]|([^.[\]]+)/y;
const plain = /^[^.[\]"'\s]+$/;

/**
 * Reads `agents.list[0].model`, `agents.list.0.model` or `groups["1203@g.us"]`.
 * @returns the segments, or undefined when the text is no path. Only bracketed numbers are numbers.
 */
export function parseKeyPath(text: string): KeyPath | undefined {
  const path: Segment[] = [];
  let at = 0;
  while (at < text.length) {
    const dotted = text[at] === '.';
    if (dotted) at += 1;
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return undefined;
    const [whole, index, double, single, name] = match;
    const quoted = double ?? single;
    if (dotted !== (name !== undefined && path.length > 0)) return undefined;
    path.push(index === undefined ? (name ?? (quoted ?? '').replace(/\\(.)/g, '$1')) : Number(index));
    at += whole.length;
  }
  return path.length === 0 ? undefined : path;
}

export function formatKeyPath(path: KeyPath): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    if (!plain.test(segment)) return `${text}[${JSON.stringify(segment)}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, '');
}

/** The value at a place, or undefined. Never looks at inherited properties. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, segment) => (isContainer(value) && Object.hasOwn(value, segment) ? Reflect.get(value, segment) : undefined),
    root,
  );
}

export function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return isContainer(value) && !Array.isArray(value);
}
