// What the setup dialogue asks and shows, whoever draws it. clack-prompts.ts draws it on a terminal, tests answer by script.

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  /** Shown beside the option the cursor is on. */
  readonly hint?: string;
}

export interface Choice<T extends string> {
  readonly message: string;
  readonly options: readonly Option<T>[];
}

export interface Line {
  readonly message: string;
  readonly initial?: string;
  /** Why this value will not do; undefined: it will. */
  readonly fault?: (value: string) => string | undefined;
}

/** Every question rejects with `Cancelled` once the person wants out. */
export interface Prompts {
  title(text: string): void;
  /** Something to read on the way. */
  say(text: string): void;
  warn(text: string): void;
  choose<T extends string>(choice: Choice<T> & { readonly initial: T }): Promise<T>;
  pick<T extends string>(choice: Choice<T> & { readonly initial: readonly T[] }): Promise<readonly T[]>;
  confirm(message: string, initial: boolean): Promise<boolean>;
  /** Trimmed. */
  line(line: Line): Promise<string>;
  /** Trimmed; what is typed is not shown. */
  secret(line: Omit<Line, 'initial'>): Promise<string>;
  /** Says what is going on while `work` runs. Keys pressed meanwhile are not shown; Esc and Ctrl-C abort the signal. */
  during<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** The person pressed Esc or Ctrl-C, or closed the terminal: as with an aborted signal, nothing that follows is to happen. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}
