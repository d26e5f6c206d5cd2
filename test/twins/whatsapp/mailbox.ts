// What waits for one linked device: everything sent to it stays until it says that it has it, over any number of
// connections. Made by pairing.ts.
import type { Line } from './line.ts';
import { type Node, node, server } from './nodes.ts';

export class Mailbox {
  #waiting: Node[] = [];
  #line: Line | undefined;

  /** Not settled yet. */
  get waiting(): readonly Node[] {
    return this.#waiting;
  }

  post(stanza: Node): void {
    this.#waiting.push(stanza);
    this.#line?.send(stanza);
  }

  /** The device is listening: all that waits goes out, marked as sent in its absence. */
  listen(line: Line): void {
    const late = this.#waiting.filter((stanza) => !isPeer(stanza));
    const count = String(late.length);
    line.send(node('ib', { from: server }, [node('offline_preview', { count, message: count })]));
    for (const [index, stanza] of late.entries())
      line.send({ ...stanza, attrs: { ...stanza.attrs, offline: String(index) } });
    line.send(node('ib', { from: server }, [node('offline', { count })]));
    // What the phone tells its device of earlier chats makes sense to it only now.
    for (const stanza of this.#waiting.filter(isPeer)) line.send(stanza);
    this.#line = line;
  }

  leave(line: Line): void {
    if (this.#line === line) this.#line = undefined;
  }

  settle(tag: string, id: string | undefined): void {
    const index = this.#waiting.findIndex((stanza) => stanza.tag === tag && stanza.attrs.id === id);
    if (index !== -1) this.#waiting.splice(index, 1);
  }
}

const isPeer = ({ attrs }: Node): boolean => attrs.category === 'peer';
