// Everything we sent, kept for a week: a phone that could not decrypt a message asks for it again, a repeated send must be the
// same message, and what is ours must be known when it is quoted, reacted to or echoed. Stored before it is sent.
// Made by adapter.ts; used by sending.ts and intake.ts.
import { proto } from '@whiskeysockets/baileys';
import type { Clock } from '../../src/infra/clock.ts';

export interface SentRow {
  /** Jid of the chat, as it was sent there. */
  readonly chat: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** `proto.Message`, base64. */
  readonly message: string;
  /** WhatsApp has confirmed it. */
  readonly arrived: boolean;
}

/** Where rows are kept, of one account, each for at least a week. */
export interface SentMemory {
  get(id: string): Promise<SentRow | undefined>;
  /** Resolves once stored. */
  set(id: string, row: SentRow): Promise<void>;
}

export interface SentMessage extends Omit<SentRow, 'message'> {
  readonly message: proto.IMessage;
}

/** What is asked for lies close to what was sent. */
const remembered = 500;

export class Sent {
  readonly #memory: SentMemory;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #recent = new Map<string, SentMessage>();

  constructor(memory: SentMemory, clock: Pick<Clock, 'now'>) {
    this.#memory = memory;
    this.#clock = clock;
  }

  /** Rejects when it cannot be read. */
  async get(id: string): Promise<SentMessage | undefined> {
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const row = await this.#memory.get(id);
    if (row === undefined) return undefined;
    const message = { ...row, message: proto.Message.decode(Buffer.from(row.message, 'base64')) };
    this.#remember(id, message);
    return message;
  }

  /** A message is about to be sent. Rejects when it could not be stored. */
  async begin(id: string, chat: string, message: proto.IMessage): Promise<void> {
    await this.#store(id, { chat, at: this.#clock.now(), message, arrived: false });
  }

  /** WhatsApp has confirmed it. Rejects when that could not be stored; it is known all the same until the process ends. */
  async arrived(id: string): Promise<void> {
    const sent = await this.get(id);
    if (sent === undefined || sent.arrived) return;
    this.#remember(id, { ...sent, arrived: true });
    await this.#store(id, { ...sent, arrived: true });
  }

  async #store(id: string, sent: SentMessage): Promise<void> {
    const message = Buffer.from(proto.Message.encode(sent.message).finish()).toString('base64');
    await this.#memory.set(id, { ...sent, message });
    this.#remember(id, sent);
  }

  #remember(id: string, sent: SentMessage): void {
    this.#recent.delete(id);
    this.#recent.set(id, sent);
    if (this.#recent.size <= remembered) return;
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}
