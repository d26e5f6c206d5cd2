// The socket of WhatsApp's library as far as messages need it: its own event emitter, real protocol objects, and a server behind it
// that keeps what is sent and answers as it is told. Used by the tests in this folder.
import { EventEmitter } from 'node:events';
import { type BinaryNode, makeEventBuffer, type proto, type WAMessage, type WASocket } from '@whiskeysockets/baileys';
import { Identity } from '../../../channels/whatsapp/identity.ts';
import type { Me } from '../../../channels/whatsapp/jid.ts';
import { Moves } from '../../../channels/whatsapp/moves.ts';
import { Names } from '../../../channels/whatsapp/names.ts';
import { Quotable } from '../../../channels/whatsapp/quotable.ts';
import { Sent } from '../../../channels/whatsapp/sent.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import type { Clock } from '../../../src/infra/clock.ts';
import { type HeardEvents, hears } from '../../fakes/channel-events.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';
import { IdentityMemoryFake, sentMemory } from './memories.ts';

export const me: Me = { pn: '4915100000001', lid: '900000000000001', name: 'Desk' };

export interface Relayed {
  readonly jid: string;
  readonly id: string;
  readonly message: proto.IMessage;
  readonly attributes: Record<string, unknown>;
}

/** What the server says to a message: nothing, an answer, or the connection breaks. */
export type Answer = 'ack' | 'silence' | 'close' | { readonly error: string };

export class FakeSocket {
  readonly ev = makeEventBuffer(quiet);
  readonly relayed: Relayed[] = [];
  readonly presences: string[] = [];
  readonly numbers = new Map<string, string>();
  readonly groups = new Map<string, readonly { id: string; phoneNumber?: string }[]>();
  groupQuestions = 0;
  answer: Answer = 'ack';
  /** Instead of writing. */
  relayError: Error | undefined;
  uploadError: Error | undefined;
  readonly ws = new EventEmitter();
  /** What comes with the id of a message before the server's answer. */
  before: (id: string) => readonly BinaryNode[] = () => [];

  readonly signalRepository = {
    lidMapping: { getPNForLID: async (lid: string) => this.numbers.get(lid) ?? null },
  };

  async relayMessage(
    jid: string,
    message: proto.IMessage,
    options: { messageId?: string; additionalAttributes?: object },
  ) {
    if (this.relayError !== undefined) throw this.relayError;
    const id = options.messageId ?? '';
    this.relayed.push({ jid, id, message, attributes: { ...options.additionalAttributes } });
    const { answer } = this;
    const come = (node: BinaryNode): void => void this.ws.emit(`TAG:${id}`, node);
    for (const node of this.before(id)) come(node);
    if (answer === 'ack') come({ tag: 'ack', attrs: { id, class: 'message' } });
    else if (answer === 'close') this.ws.emit('close');
    else if (answer !== 'silence') come({ tag: 'ack', attrs: { id, class: 'message', error: answer.error } });
    return id;
  }

  async waUploadToServer() {
    if (this.uploadError !== undefined) throw this.uploadError;
    return { mediaUrl: 'https://mmg.whatsapp.net/v/t62/abc', directPath: '/v/t62/abc' };
  }

  async sendPresenceUpdate(what: string, jid?: string): Promise<void> {
    this.presences.push(`${what} ${jid}`);
  }

  async groupMetadata(id: string) {
    this.groupQuestions += 1;
    const participants = this.groups.get(id);
    if (participants === undefined) throw new Error('forbidden');
    return { id, subject: 'Team', owner: undefined, participants: [...participants] };
  }

  /** As the library has it; what is not here is not used. */
  get socket(): WASocket {
    return this as unknown as WASocket;
  }

  /** Somebody writes while we are connected, or wrote before. */
  says(messages: readonly WAMessage[], type: 'notify' | 'append' = 'notify'): void {
    this.ev.emit('messages.upsert', { messages: [...messages], type });
  }
}

const quiet: NonNullable<Parameters<typeof makeEventBuffer>[0]> = {
  level: 'silent',
  child: () => quiet,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface Parts {
  readonly account: string;
  readonly me: () => Me;
  readonly clock: Clock;
  readonly log: RecordingLog;
  readonly identity: Identity;
  readonly memory: IdentityMemoryFake;
  readonly moves: Moves;
  readonly names: Names;
  readonly sent: Sent;
  readonly quotable: Quotable;
  readonly journal: { handed(id: string): void; done(id: string): Promise<void> };
  readonly taken: InboundMessage[];
  readonly heard: HeardEvents;
  readonly events: () => HeardEvents;
}

/** @param memory as of an earlier process */
export function parts(clock: Clock, memory = new IdentityMemoryFake(), stored = sentMemory()): Parts {
  const taken: InboundMessage[] = [];
  const heard = hears(async (message) => void taken.push(message));
  const identity = new Identity(memory);
  const events = () => heard;
  return {
    ...{ account: 'default', me: () => me, clock, log: recordingLog(), identity, memory },
    moves: new Moves({ account: 'default', identity, me: () => me, events }),
    names: new Names(identity),
    sent: new Sent(stored, clock),
    quotable: new Quotable(),
    journal: { handed: () => undefined, done: async () => undefined },
    ...{ taken, heard, events },
  };
}
