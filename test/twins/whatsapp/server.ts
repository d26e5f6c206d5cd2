// The door on loopback: upgrades HTTP to WebSocket, or refuses, and opens a line for each connection. Made by twin.ts.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Faults } from './faults.ts';
import { Line, type Listener } from './line.ts';
import { serverIdentity } from './noise.ts';

const path = '/ws/chat';

export class Door {
  readonly lines = new Set<Line>();
  /** Upgrades asked for, the refused ones included. */
  knocks = 0;
  readonly #http: Server = createServer((_request, response) => response.writeHead(404).end());
  readonly #upgrade = new WebSocketServer({ noServer: true });
  readonly #identity = serverIdentity();
  #port = 0;

  constructor(faults: Faults, listener: Listener) {
    const mine: Listener = {
      ...{ greeted: (line) => listener.greeted(line), heard: (line, stanza) => listener.heard(line, stanza) },
      failed: (line, error) => listener.failed(line, error),
      closed: (line) => {
        this.lines.delete(line);
        listener.closed(line);
      },
    };
    this.#http.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      this.knocks += 1;
      socket.on('error', () => socket.destroy());
      const refusal = request.url?.split('?')[0] === path ? faults.takeUpgrade() : 404;
      if (refusal !== undefined) {
        socket.end(`HTTP/1.1 ${refusal} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#upgrade.handleUpgrade(request, socket, head, (ws) => {
        this.lines.add(new Line(ws, this.#identity, mine));
      });
    });
  }

  /** @returns where clients connect; the same place each time */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
    return `ws://127.0.0.1:${this.#port}${path}`;
  }

  async close(): Promise<void> {
    for (const line of this.lines) line.drop();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }
}
