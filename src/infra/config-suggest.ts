// For a key that does not exist: which existing one was probably meant. Used by config-faults.ts and config-file.ts.
// 1 a sibling with a small typo  2 siblings that start or end with the name  3 the same name elsewhere: at its one right home,
// below the same parent, or where most of the way fits  4 a sibling that is somewhat alike  5 any key with a small typo
// 6 what is valid here. The first step that finds something answers; steps 1, 2, 4 and 5 in any letter case.
import { distance } from 'fastest-levenshtein';
import { listKeys, namesAt } from './config-keys.ts';
import { formatKeyPath, isPlainObject, type KeyPath } from './key-path.ts';

/** Keys people put in several wrong places, and the one place that is right. */
const homes: Readonly<Record<string, string>> = {
  allowAgents: 'agents.list[].subagents.allowAgents',
  'subagents.allowAgents': 'agents.list[].subagents.allowAgents',
  requireAgentId: 'agents.list[].subagents.requireAgentId',
  'subagents.requireAgentId': 'agents.list[].subagents.requireAgentId',
};

/** Of an unknown object only so many keys are explained one by one. */
const explained = 20;

/** An unknown key and what to write instead; `hint` is empty or starts with `; `. */
export interface UnknownKey {
  readonly path: string;
  readonly hint: string;
}

/**
 * Explains one unknown key. An unknown object whose keys exist elsewhere is explained key by key.
 * @param path where the unknown key stands, the key itself last
 * @param value what the file holds there
 */
export function explainUnknown(path: KeyPath, value: unknown): readonly UnknownKey[] {
  const name = String(path.at(-1));
  const parent = path.slice(0, -1);
  const siblings = namesAt(parent);
  const typo = nearest(name, siblings, Math.min(2, Math.floor(name.length / 2)));
  if (typo !== undefined) return [meant(path, [formatKeyPath([...parent, typo])])];
  const parts = siblings.filter((sibling) => isPartOf(name, sibling));
  if (parts.length > 0)
    return [
      meant(
        path,
        parts.map((part) => formatKeyPath([...parent, part])),
      ),
    ];
  const leaves = leavesOf(path, value).slice(0, explained);
  const placed = leaves.map((leaf) => ({ leaf, places: placesOf(leaf.slice(parent.length), leaf) }));
  if (placed.some(({ places }) => places.length > 0)) return placed.map(({ leaf, places }) => meant(leaf, places));
  const wide = nearest(name, siblings, Math.ceil(name.length * 0.4));
  if (wide !== undefined) return [meant(path, [formatKeyPath([...parent, wide])])];
  const far = nearestAnywhere(name, path);
  if (far !== undefined) return [meant(path, [far])];
  return [{ path: formatKeyPath(path), hint: siblings.length === 0 ? '' : `; valid here: ${siblings.join(', ')}` }];
}

function meant(path: KeyPath, places: readonly string[]): UnknownKey {
  return {
    path: formatKeyPath(path),
    hint: places.length === 0 ? '' : `; did you mean ${places.slice(0, 2).join(' or ')}?`,
  };
}

function nearest(name: string, names: readonly string[], limit: number): string | undefined {
  const ranked = names
    .map((candidate) => ({ candidate, steps: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ steps }) => steps <= limit)
    .toSorted((a, b) => a.steps - b.steps);
  return ranked[0]?.candidate;
}

function isPartOf(name: string, sibling: string): boolean {
  const [part, whole] = [name.toLowerCase(), sibling.toLowerCase()];
  return part !== '' && (whole.startsWith(part) || whole.endsWith(part));
}

function leavesOf(path: KeyPath, value: unknown): readonly KeyPath[] {
  if (!isPlainObject(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf([...path, name], inner));
}

const generic = (path: KeyPath): string =>
  path
    .map((segment) => (typeof segment === 'number' ? '[]' : `.${segment}`))
    .join('')
    .replace(/^\./, '');

/** Existing keys that end like `tail`: below the same parent, at the one right home, or those that fit `full` best. */
function placesOf(tail: KeyPath, full: KeyPath): readonly string[] {
  const wanted = generic(tail);
  const parent = generic(full.slice(0, full.length - tail.length));
  const candidates = allPaths().filter((key) => key === wanted || key.endsWith(`.${wanted}`));
  const below = parent === '' ? [] : candidates.filter((key) => key.startsWith(`${parent}.`));
  const home = Object.hasOwn(homes, wanted) ? homes[wanted] : undefined;
  if (below.length === 1 || home === undefined) return best(below.length === 1 ? below : candidates, full);
  return [concrete(home, full)];
}

function best(candidates: readonly string[], full: KeyPath): readonly string[] {
  const target = generic(full).split('.').toReversed();
  const ranked = candidates.map((key) => {
    const parts = key.split('.').toReversed();
    const differs = parts.findIndex((part, index) => part !== target[index]);
    return { key, shared: differs === -1 ? parts.length : differs };
  });
  const most = Math.max(0, ...ranked.map(({ shared }) => shared));
  return ranked
    .filter(({ shared }) => shared === most)
    .toSorted((a, b) => a.key.length - b.key.length)
    .map(({ key }) => concrete(key, full));
}

function nearestAnywhere(name: string, full: KeyPath): string | undefined {
  const byName = new Map(
    allPaths()
      .toReversed()
      .map((key) => [key.slice(key.lastIndexOf('.') + 1), key]),
  );
  const found = nearest(name, [...byName.keys()], Math.min(2, Math.floor(name.length / 3)));
  const key = found === undefined ? undefined : byName.get(found);
  return key === undefined ? undefined : concrete(key, full);
}

let known: readonly string[] | undefined;

/** Every key and every object above one; the schema does not change. */
function allPaths(): readonly string[] {
  known ??= readPaths();
  return known;
}

function readPaths(): readonly string[] {
  const paths = new Set<string>();
  for (const { path } of listKeys()) {
    const parts = path.split('.');
    for (const [index] of parts.entries()) paths.add(parts.slice(0, index + 1).join('.'));
  }
  return [...paths];
}

/** Fills list indexes and free names from the place of the mistake, as far as both go the same way. */
function concrete(pattern: string, full: KeyPath): string {
  const real = [...full];
  let together = true;
  return pattern.replace(/\[\]|[^.[\]]+/g, (part) => {
    const segment = real.shift();
    if (together && part === '[]' && typeof segment === 'number') return `[${segment}]`;
    if (part === '<name>' && together && typeof segment === 'string') return segment;
    together = together && part === segment;
    return part;
  });
}
