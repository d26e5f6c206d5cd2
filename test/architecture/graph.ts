// Questions about who loads whom: cycles, and everything that loading one file brings with it. Used by the architecture test.
import type { Source } from './source.ts';

/** File -> files it loads at once. */
export type Graph = ReadonlyMap<string, readonly string[]>;

export function loadGraph(sources: readonly Source[]): Graph {
  return new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.flatMap(({ kind, file }) => (kind === 'value' && file !== undefined ? [file] : [])),
    ]),
  );
}

/** Every cycle once, as the files on it in order, found by walking depth first. */
export function cycles(graph: Graph): readonly (readonly string[])[] {
  const found: string[][] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string): void => {
    const at = way.indexOf(file);
    if (at >= 0) found.push([...way.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    way.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    way.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** The file and all that is loaded with it. */
export function loadedWith(file: string, graph: Graph): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return seen;
}
