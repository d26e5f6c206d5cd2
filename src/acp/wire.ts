// JSON messages, one per line, over the pipes of a harness. Lines that are no messages are skipped in silence, and updates
// are taken out before the SDK sees them: it would judge them by its own schema, and print to our terminal what it does not
// know. Used by connection.ts.
import type { Readable, Writable } from 'node:stream';
import type { AnyMessage, Stream } from '@agentclientprotocol/sdk';

/** A line longer than this ends the connection, in bytes; what the SDK itself allows. */
const maxLine = 32 * 1024 * 1024;

export interface Wire {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The params of a `session/update`, in the order of arrival and before the answer that ends their turn. */
  readonly onUpdate: (params: unknown) => void;
}

export function openStream({ stdin, stdout, onUpdate }: Wire): Stream {
  const lines = new Lines();
  let open = true;
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      const end = (error?: Error): void => {
        if (!open) return;
        open = false;
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      stdout.on('data', (chunk: Buffer) => {
        if (!open) return;
        for (const line of lines.add(chunk)) {
          const message = parse(line);
          if (message === undefined) continue;
          if (message.method === 'session/update' && !('id' in message)) onUpdate(message.params);
          else controller.enqueue(message as unknown as AnyMessage);
        }
        if (lines.tooLong()) end(new Error('it sent a message larger than 32 MB'));
      });
      stdout.once('end', () => end());
      stdout.once('close', () => end());
      stdout.on('error', () => end());
    },
    cancel() {
      open = false;
    },
  });
  const writable = new WritableStream<AnyMessage>({
    write: (message) =>
      new Promise((resolve, reject) => {
        if (stdin.destroyed) reject(new Error('ACP connection closed'));
        else stdin.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
      }),
  });
  return { readable, writable };
}

type Message = Readonly<Record<string, unknown>>;

/** A request, a notification or an answer; undefined for everything else. */
function parse(line: string): Message | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const message = value as Message;
    if (message.jsonrpc !== '2.0') return undefined;
    if (typeof message.method === 'string') return message;
    return 'id' in message && 'result' in message !== 'error' in message ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream of bytes into lines without joining the same bytes again and again. */
class Lines {
  #pending: Buffer[] = [];
  #length = 0;

  add(chunk: Buffer): readonly string[] {
    const whole: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      whole.push(
        Buffer.concat([...this.#pending, rest.subarray(0, end)])
          .toString('utf8')
          .trim(),
      );
      this.#pending = [];
      this.#length = 0;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.#pending.push(rest);
    this.#length += rest.length;
    return whole;
  }

  tooLong(): boolean {
    return this.#length > maxLine;
  }
}
