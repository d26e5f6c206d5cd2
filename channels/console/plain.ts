// The console on a pipe or file: each line is a message, taken one after the other. Used by adapter.ts.
import { createInterface, type Interface } from 'node:readline';
import { type ConsoleStreams, type Surface, type SurfaceEvents, write } from './surface.ts';

export function plainSurface({ input, output }: ConsoleStreams): Surface {
  let closed = false;
  let lines: Interface | undefined;

  async function read(events: SurfaceEvents): Promise<void> {
    // Not before: readline reads at once and drops the lines nobody iterates over yet.
    lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, terminal: false });
    try {
      for await (const line of lines) {
        if (closed) return;
        // Waiting here keeps the order, and leaves what is not stored yet in the pipe.
        if (line.trim() !== '') await events.message(line);
      }
    } catch {
      // An input that breaks has ended.
    }
    if (!closed) events.ended('end');
  }

  return {
    open: (events) => void read(events),
    show: (text) => write(output, `${text}\n`),
    busy: () => undefined,
    close() {
      closed = true;
      lines?.close();
    },
  };
}
