// Tab completion in readline's terms. Used by terminal.ts. Pure apart from the lookup it is given.

export interface Completion {
  /** Whole words that can stand in place of `word`. */
  readonly matches: readonly string[];
  /** The unfinished word at the end of the line. */
  readonly word: string;
}

/** What could be typed next; `line` is the text up to the cursor. */
export type Complete = (line: string) => Promise<Completion>;

/** Readline's answer: the matches and what they replace. A failing lookup completes nothing. */
export async function completions(line: string, complete: Complete): Promise<[string[], string]> {
  try {
    const { matches, word } = await complete(line);
    return [[...matches], word];
  } catch {
    return [[], line];
  }
}
