// One connection of a client: frames, handshake, then stanzas both ways. Made by server.ts, which hands it on.
import { decodeBinaryNode, encodeBinaryNode, type proto } from '@whiskeysockets/baileys';
import type { WebSocket } from 'ws';
import { FrameReader, framed } from './frames.ts';
import { type Node, node } from './nodes.ts';
import { NoiseServer, type ServerIdentity } from './noise.ts';

export interface Listener {
  /** The handshake is done. */
  greeted(line: Line): void;
  heard(line: Line, stanza: Node): void | Promise<void>;
  closed(line: Line): void;
  /** The client said something that makes no sense; its connection breaks. */
  failed(line: Line, error: unknown): void;
}

export class Line {
  /** The static key the client proved to hold. */
  noiseKey: Buffer = Buffer.alloc(0);
  /** What the client said about itself. */
  payload: proto.IClientPayload = {};
  /** Half-open: the connection stands and nobody is at the other end. */
  silent = false;
  readonly #socket: WebSocket;
  readonly #noise: NoiseServer;
  readonly #listener: Listener;
  readonly #frames = new FrameReader();
  #stage: 'hello' | 'finish' | 'open' = 'hello';
  #work: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, identity: ServerIdentity, listener: Listener) {
    this.#socket = socket;
    this.#noise = new NoiseServer(identity);
    this.#listener = listener;
    socket.on('message', (data: Buffer) => {
      if (this.silent) return;
      this.#work = this.#work
        .then(() => this.#read(data))
        .catch((error: unknown) => {
          listener.failed(this, error);
          this.drop();
        });
    });
    socket.on('error', () => this.drop());
    socket.on('close', () => listener.closed(this));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(stanza: Node): void {
    if (!this.isOpen || this.silent || this.#stage !== 'open') return;
    this.#socket.send(framed(this.#noise.encrypt(encodeBinaryNode(stanza))));
  }

  /** Says a last thing, if any, and hangs up in order. */
  end(last?: Node): void {
    if (last !== undefined) this.send(last);
    this.#socket.close();
  }

  /** Breaks the connection without a word. */
  drop(): void {
    this.#socket.terminate();
  }

  async #read(data: Buffer): Promise<void> {
    for (const frame of this.#frames.read(data)) {
      if (this.#stage === 'hello') {
        this.#socket.send(framed(this.#noise.greet(frame)));
        this.#stage = 'finish';
      } else if (this.#stage === 'finish') {
        const { noiseKey, payload } = this.#noise.finish(frame);
        this.noiseKey = noiseKey;
        this.payload = payload;
        this.#stage = 'open';
        this.#listener.greeted(this);
      } else {
        await this.#listener.heard(this, await decodeBinaryNode(this.#noise.decrypt(frame)));
      }
    }
  }
}

export const streamError = (code: string | undefined, reason?: Node): Node =>
  node('stream:error', { code }, reason === undefined ? [] : [reason]);

export const replaced = (): Node => streamError(undefined, node('conflict', { type: 'replaced' }));

export const removed = (): Node => streamError('401', node('conflict', { type: 'device_removed' }));
