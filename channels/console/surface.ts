// What the console adapter needs from its two kinds of input and output: a terminal (terminal.ts) or a pipe (plain.ts).
import type { Readable, Writable } from 'node:stream';

export interface ConsoleStreams {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly output: Writable & { readonly isTTY?: boolean; readonly columns?: number };
}

export interface SurfaceEvents {
  /** One message of the person. Resolves once it is stored, or was refused with a note on the surface; never rejects. */
  readonly message: (text: string) => Promise<void>;
  /** Nothing more will come. `quit`: the person asked to leave; `end`: the input is used up. Called once, not after `close`. */
  readonly ended: (how: 'quit' | 'end') => void;
}

export interface Surface {
  open(events: SurfaceEvents): void;
  /** Shows whole lines. Resolves with the error when the stream did not take them. */
  show(text: string): Promise<Error | undefined>;
  /** Somebody is working on an answer. */
  busy(on: boolean): void;
  /** Stops reading and gives the terminal back; `show` still works. */
  close(): void;
}

/** Writes and waits until the stream took it; an error is a value, so that a closed pipe never throws. */
export function write(output: Writable, text: string): Promise<Error | undefined> {
  return new Promise((resolve) => {
    output.write(text, (error) => resolve(error ?? undefined));
  });
}
