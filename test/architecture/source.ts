// Reads and parses our source files for the architecture test: text, syntax tree, imports.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { parseAst } from 'vitest/node';

export const root = join(import.meta.dirname, '..', '..');

/** A node of the syntax tree (ESTree with TypeScript nodes); only `type` and `start` are sure to be there. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for our own files, undefined for packages and Node's own modules. */
  readonly file: string | undefined;
  /** `type` is gone at run time, `value` loads the file, `lazy` loads it when the line is reached. */
  readonly kind: 'type' | 'value' | 'lazy';
  readonly line: number;
}

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly nodes: readonly Node[];
  readonly imports: readonly Import[];
}

/** All our files below one top folder, or that one file. */
export function readSources(...tops: readonly string[]): readonly Source[] {
  return tops.flatMap((top) => paths(top)).map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

function paths(top: string): readonly string[] {
  return readdirSync(join(root, top), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|js)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** @param path decides the language: `.mjs` and `.js` are JavaScript, everything else TypeScript */
export function parseSource(path: string, text: string): Source {
  const lang = path.endsWith('.d.ts') ? 'dts' : /\.m?js$/.test(path) ? 'js' : 'ts';
  const nodes: Node[] = [];
  collect(parseAst(text, { lang }, path), nodes);
  return {
    path,
    text,
    lines: text.trimEnd().split('\n'),
    nodes,
    imports: nodes.flatMap((node) => imports(node, path, text)),
  };
}

function collect(value: unknown, into: Node[]): void {
  if (Array.isArray(value)) for (const each of value) collect(each, into);
  else if (isNode(value)) {
    into.push(value);
    for (const each of Object.values(value)) if (typeof each === 'object') collect(each, into);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function imports(node: Node, path: string, text: string): readonly Import[] {
  const specifier = isNode(node.source) ? node.source.value : undefined;
  if (typeof specifier !== 'string') return [];
  const file = specifier.startsWith('.') ? posix.join(dirname(path), specifier) : undefined;
  const found = { specifier, file, line: lineOf(text, node.start) };
  switch (node.type) {
    case 'ImportDeclaration':
      return [{ ...found, kind: node.importKind === 'type' ? 'type' : 'value' }];
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return [{ ...found, kind: node.exportKind === 'type' ? 'type' : 'value' }];
    case 'TSImportType':
      return [{ ...found, kind: 'type' }];
    case 'ImportExpression':
      return [{ ...found, kind: 'lazy' }];
    default:
      return [];
  }
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
