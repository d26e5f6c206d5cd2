// A model on loopback for real coding agents: every wire format at one address, answers as script.ts says.
// Used by world.ts.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chatWire } from './chat.ts';
import { generateWire } from './generate.ts';
import { messagesWire } from './messages.ts';
import { responsesWire } from './responses.ts';
import { type Answer, answerTo } from './script.ts';
import type { Pen, ShellCall } from './wire.ts';

const wires = [chatWire, messagesWire, responsesWire, generateWire];

export interface ModelServer {
  /** Without a path. */
  readonly url: string;
  /** Answers that began and wait. */
  held(): number;
  /** Lets all of them go on to their end. */
  release(): void;
  /** Paths it has no answer for, each once. */
  readonly unknown: ReadonlySet<string>;
  close(): Promise<void>;
}

/** @param shell how the agent's tool for commands is called */
export async function startModel(shell: (command: string) => ShellCall): Promise<ModelServer> {
  const held = new Map<ServerResponse, () => void>();
  const unknown = new Set<string>();
  const done = new Set<string>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const text = await bodyOf(request);
    const wire = wires.find((each) => each.answers(path));
    if (wire === undefined || text === '') {
      unknown.add(path);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such place"}}');
      return;
    }
    write(response, wire.open(response), answerTo(wire.read(JSON.parse(text)), done));
  });

  function write(response: ServerResponse, pen: Pen, answer: Answer): void {
    if (answer.do !== 'say') done.add(answer.wish);
    switch (answer.do) {
      case 'say':
        pen.say(answer.text);
        pen.end();
        return;
      case 'run':
        pen.call(shell(answer.command));
        pen.end();
        return;
      case 'hold':
        pen.say(answer.text);
        held.set(response, () => {
          pen.say(' and done');
          pen.end();
        });
        response.on('close', () => held.delete(response));
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unknown,
    held: () => held.size,
    release: () => {
      for (const go of [...held.values()]) go();
      held.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
