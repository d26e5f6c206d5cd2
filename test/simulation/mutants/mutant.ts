// A planted bug: texts of the product, each of which is there exactly once, and what stands in their place. Used by the lists of
// this folder, all.ts and the test beside them.

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
}

export function mutant(name: string, file: string, search: string, replace: string): Mutant {
  return { name, edits: [{ file, search, replace }] };
}
