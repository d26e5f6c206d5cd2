// What the server has handed over and nobody has stored yet. The library tells the server that it has a message, and uses up the
// key it was sealed with, before it hands the message on: after a crash in between neither would give it out again. Made by
// adapter.ts, told by intake.ts what has become of a message.
// 1 a stanza is kept before the library gets it  2 what it is opened to is kept in the transaction that uses up the key
// 3 what is still there when a connection opens is handed to the library once more  4 stored, or nothing to us: forgotten
import { createHash } from 'node:crypto';
import {
  type BinaryNode,
  BufferJSON,
  DEFAULT_CONNECTION_CONFIG,
  type SignalDataSet,
  type UserFacingSocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys';
import type { Log } from '../../src/infra/log.ts';
import type { AuthMemory } from './auth.ts';
import { causeOf } from './faults.ts';

export type SignalRepositoryMaker = NonNullable<UserFacingSocketConfig['makeSignalRepository']>;
type JournalSocket = Pick<WASocket, 'ev'> & {
  readonly ws: Pick<WASocket['ws'], 'listeners' | 'removeAllListeners' | 'on'>;
};
type Listener = (node: BinaryNode) => unknown;

interface Kept {
  readonly node: BinaryNode;
  /** How often it was handed to the library once more. */
  readonly tries: number;
}

const stanzaPrefix = 'stanza:';
/** As a kind of key, for the library writes it with its own keys. */
const openedKind = 'opened';
/** One that brings the process down must not do so for ever. */
const mostTries = 3;
const event = 'CB:message';

export class Journal {
  readonly #memory: AuthMemory;
  readonly #log: Log;
  /** Keys of what is kept, by the id of the message. */
  readonly #kept = new Map<string, Set<string>>();
  /** Ids of messages that the library has handed on and that are being stored. */
  readonly #handed = new Set<string>();

  constructor(memory: AuthMemory, log: Log) {
    this.#memory = memory;
    this.#log = log;
  }

  /** 2: as the library's own, but what was opened once is never opened again. */
  readonly signalRepository: SignalRepositoryMaker = (auth, logger, numbersOf) => {
    const real = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, numbersOf);
    // The one it was made with; its type leaves out that it has transactions.
    const keys = auth.keys as typeof auth.keys & { transaction<T>(work: () => Promise<T>, key: string): Promise<T> };
    const once = (sealed: Uint8Array, key: string, open: () => Promise<Uint8Array>): Promise<Uint8Array> =>
      keys.transaction(async () => {
        const known = this.#opened(sealed);
        if (known !== undefined) return known;
        const opened = await open();
        await keys.set({ [openedKind]: { [digest(sealed)]: opened } } as SignalDataSet);
        return opened;
      }, key);
    return {
      ...real,
      decryptMessage: (sealed) => once(sealed.ciphertext, sealed.jid, () => real.decryptMessage(sealed)),
      decryptGroupMessage: (sealed) => once(sealed.msg, sealed.group, () => real.decryptGroupMessage(sealed)),
    };
  };

  /** A socket that has not connected yet. */
  attach({ ws, ev }: JournalSocket): void {
    const listeners = ws.listeners(event) as Listener[];
    ws.removeAllListeners(event);
    let entering: Promise<void> = Promise.resolve();
    const enter = (node: BinaryNode, tries: number): void => {
      // In the order in which they came, however long one takes to be kept.
      const kept = entering.then(() => this.#keep(node, tries));
      entering = kept;
      void kept.then(() => this.#handOver(node, listeners));
    };
    ws.on(event, (node: BinaryNode) => enter(node, 0));
    const left = [...this.#memory.all(stanzaPrefix).keys()];
    ev.on('connection.update', ({ connection }) => {
      if (connection === 'open') for (const key of left.splice(0)) this.#again(key, enter);
    });
  }

  /** The library has handed a message on. */
  handed(id: string): void {
    this.#handed.add(id);
  }

  /** 4: it is stored, or it is nothing to us. */
  async done(id: string): Promise<void> {
    this.#handed.delete(id);
    const keys = this.#kept.get(id);
    if (keys === undefined) return;
    this.#kept.delete(id);
    await this.#write(new Map([...keys].map((key) => [key, undefined])));
  }

  /** 1 */
  async #keep(node: BinaryNode, tries: number): Promise<void> {
    const { id = '' } = node.attrs;
    const kept: Kept = { node, tries };
    const key = stanzaKey(node);
    this.#note(id, [key, ...sealedIn(node).map((sealed) => `${openedKind}:${digest(sealed)}`)]);
    await this.#write(new Map([[key, JSON.stringify(kept, BufferJSON.replacer)]]));
  }

  async #handOver(node: BinaryNode, listeners: readonly Listener[]): Promise<void> {
    const { id = '', offline } = node.attrs;
    await Promise.all(listeners.map((listener) => listener(node)));
    // What the server has kept for us the library puts in a queue of its own.
    if (offline === undefined && !this.#handed.has(id)) await this.done(id);
  }

  /** 3 */
  #again(key: string, enter: (node: BinaryNode, tries: number) => void): void {
    const text = this.#memory.get(key);
    if (text === undefined) return;
    const kept = read(text);
    if (kept === undefined || kept.tries >= mostTries) {
      this.#log.warn({ code: 'whatsapp_journal' }, 'a message that came to nothing several times is left out');
      void this.#write(new Map([[key, undefined]]));
      return;
    }
    const { offline: _offline, ...attrs } = kept.node.attrs;
    if (!this.#handed.has(attrs.id ?? '')) enter({ ...kept.node, attrs }, kept.tries + 1);
  }

  #opened(sealed: Uint8Array): Uint8Array | undefined {
    const text = this.#memory.get(`${openedKind}:${digest(sealed)}`);
    const opened: unknown = text === undefined ? undefined : JSON.parse(text, BufferJSON.reviver);
    return opened instanceof Uint8Array ? opened : undefined;
  }

  #note(id: string, keys: readonly string[]): void {
    const known = this.#kept.get(id) ?? new Set();
    for (const key of keys) known.add(key);
    this.#kept.set(id, known);
  }

  /** Without it a crash may lose a message; that is no reason to lose it at once. */
  async #write(changes: ReadonlyMap<string, string | undefined>): Promise<void> {
    try {
      await this.#memory.write(changes);
    } catch (error) {
      this.#log.warn({ cause: causeOf(error), code: 'whatsapp_journal' }, 'what came in could not be kept aside');
    }
  }
}

function stanzaKey({ attrs }: BinaryNode): string {
  return `${stanzaPrefix}${attrs.from}|${attrs.participant ?? ''}|${attrs.id}`;
}

/** The sealed parts of a message. */
function sealedIn({ content }: BinaryNode): readonly Uint8Array[] {
  if (!Array.isArray(content)) return [];
  return content.flatMap((node) => (node.tag === 'enc' && node.content instanceof Uint8Array ? [node.content] : []));
}

function digest(sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('base64url');
}

function read(text: string): Kept | undefined {
  try {
    return JSON.parse(text, BufferJSON.reviver) as Kept;
  } catch {
    return undefined;
  }
}
