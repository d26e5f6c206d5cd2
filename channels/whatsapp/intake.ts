// What people write, into the inbox. WhatsApp was told that we have it before the library hands it on, so it is handed on at once,
// those of a chat one after another, and each is tried until it is stored; until then the journal has it. Made by adapter.ts, which attaches it to each connection.
// 1 who is who, as the message tells  2 chats that have another id now  3 ids of ours it names  4 read it  5 hand it on
import type { BaileysEventMap, WAMessage, WASocket } from '@whiskeysockets/baileys';
import type { ChannelEvents } from '../../src/core/channel.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import { untilTaken } from '../shared/until-taken.ts';
import { putWords } from './absorbed.ts';
import { unwrapped } from './content.ts';
import { causeOf } from './faults.ts';
import type { Identity } from './identity.ts';
import { type Inbound, namedIds, readMessage } from './inbound.ts';
import { isMe, type Me, plainJid, writeJid } from './jid.ts';
import type { Journal } from './journal.ts';
import type { Moves } from './moves.ts';
import type { Names } from './names.ts';
import type { Quotable } from './quotable.ts';
import type { Sent } from './sent.ts';

export interface IntakeOptions {
  /** Account name from the config. */
  readonly account: string;
  readonly me: () => Me | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: Identity;
  readonly moves: Moves;
  readonly names: Names;
  readonly sent: Pick<Sent, 'get'>;
  readonly quotable: Quotable;
  readonly events: () => ChannelEvents | undefined;
  readonly journal: Pick<Journal, 'handed' | 'done'>;
}

type IntakeSocket = Pick<WASocket, 'ev' | 'signalRepository'>;
type Upsert = BaileysEventMap['messages.upsert'];

interface Heard {
  readonly message: WAMessage;
  readonly socket: IntakeSocket;
  readonly backlog: boolean;
}

/** A repeat under the other form of an id follows soon, if at all; the inbox knows all others. */
const remembered = 2_000;
/** How long a stop waits for what the inbox does not take. */
const lastMs = 5_000;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #stop = new AbortController();
  /** The last job of each chat, by its jid. */
  readonly #chats = new Map<string, Promise<void>>();
  /** Chat and author by WhatsApp's id, as they were addressed. */
  readonly #taken = new Map<string, readonly [string, string]>();
  #openSince = Number.POSITIVE_INFINITY;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  attach(socket: IntakeSocket): void {
    const { ev } = socket;
    const { moves, names, clock } = this.#options;
    ev.on('connection.update', ({ connection }) => {
      // The server counts whole seconds.
      if (connection === 'open') this.#openSince = Math.floor(clock.now() / 1000) * 1000;
    });
    ev.on('lid-mapping.update', ({ lid, pn }) => moves.learn(lid, pn));
    ev.on('messaging-history.set', ({ lidPnMappings = [] }) => {
      for (const { lid, pn } of lidPnMappings) moves.learn(lid, pn);
    });
    const contacts = (all: BaileysEventMap['contacts.update']): void => {
      for (const { id, lid, phoneNumber, name, notify, verifiedName } of all) {
        moves.learn(id, lid ?? phoneNumber);
        names.set(id, notify ?? verifiedName ?? name);
      }
    };
    ev.on('contacts.upsert', contacts);
    ev.on('contacts.update', contacts);
    ev.on('messages.upsert', (upsert) => this.#push(upsert, socket));
  }

  /** Resolves when nothing is being stored any more. What cannot be stored within five seconds waits for the next start. */
  async stop(): Promise<void> {
    const limit = this.#options.clock.after(lastMs, () => this.#stop.abort());
    await Promise.all(this.#chats.values());
    limit.cancel();
    this.#stop.abort();
  }

  #push({ messages, type }: Upsert, socket: IntakeSocket): void {
    const { journal } = this.#options;
    for (const { key } of messages) journal.handed(key.id ?? '');
    const readable = messages.filter((message) => this.#reads(message, () => unwrapped(message.message) ?? true));
    const doubtful = putWords(readable);
    for (const message of messages) if (!readable.includes(message)) void journal.done(message.key.id ?? '');
    for (const message of readable) {
      const { id, remoteJid } = message.key;
      if (id && doubtful.has(id)) {
        this.#options.log.warn(
          { message: id, code: 'whatsapp_put_words' },
          'a message that others could have changed is left out',
        );
        void journal.done(id);
        continue;
      }
      this.#told(message);
      const addressed = plainJid(remoteJid) ?? '';
      const chat = this.#options.identity.canonical(addressed) ?? addressed;
      const heard = { message, socket, backlog: type === 'append' || this.#waited(message) };
      // What came from it by its other address is before this.
      const before = Promise.all([this.#chats.get(chat), this.#chats.get(addressed)]);
      const job = before
        .then(() => this.#take(heard))
        .finally(() => {
          if (this.#chats.get(chat) === job) this.#chats.delete(chat);
        });
      this.#chats.set(chat, job);
    }
  }

  /** Of a message of our own, the other form may be ours instead of the chat's. */
  #told({ key }: WAMessage): void {
    if (key.fromMe === true) return;
    const { moves } = this.#options;
    if (key.participant) moves.learn(key.participant, key.participantAlt);
    else moves.learn(key.remoteJid, key.remoteJidAlt);
  }

  #waited({ messageTimestamp: seconds }: WAMessage): boolean {
    const at = Number(seconds ?? 0) * 1000;
    return at > 0 && at < this.#openSince && this.#openSince !== Number.POSITIVE_INFINITY;
  }

  /** Never rejects. */
  async #take(heard: Heard): Promise<void> {
    const { clock, log, journal } = this.#options;
    const id = heard.message.key.id ?? '';
    const taken = await untilTaken(() => this.#hear(heard), {
      clock,
      signal: this.#stop.signal,
      failed: (error) =>
        log.error(
          { cause: causeOf(error), message: id, code: 'whatsapp_intake' },
          'a message could not be stored; trying again',
        ),
    });
    if (taken) await journal.done(id);
    else
      log.error(
        { message: id, code: 'whatsapp_late' },
        'a message was not stored before the end: the next start takes it',
      );
  }

  /** Resolves once stored, or once it is clear that it is nothing to us; rejects when it was not stored. */
  async #hear({ message, socket, backlog }: Heard): Promise<void> {
    const { account, me, clock, identity, moves, names, events } = this.#options;
    const own = me();
    const to = events();
    if (own === undefined || to === undefined) throw new Error('not logged in yet');
    const { key } = message;
    // 1, 2
    await this.#whoIsWho(message, own, socket);
    await moves.settled();
    if (this.#isRepeat(message)) return this.#leave(message, 'repeat');
    // 3
    const ids = this.#reads(message, () => namedIds(message));
    if (ids === undefined) return;
    const ours = await this.#ours(ids);
    // 4
    const reader = {
      account,
      me: own,
      identity,
      backlog,
      ours,
      now: clock.now(),
      nameOf: (jid: string) => names.get(jid),
    };
    const inbound = this.#reads(message, () => readMessage(message, reader));
    // 5
    if (inbound === undefined) return;
    await this.#handOn(inbound, message, to);
    const taken = inbound.kind !== 'ignored' || inbound.reason !== 'notice';
    if (taken && key.id && message.message) this.#remember(key.id, key.remoteJid ?? '', key.participant ?? '');
  }

  #reads<T>(message: WAMessage, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      // Coming again would not make it readable, and it must not keep what is behind it waiting.
      const fields = { cause: causeOf(error), message: message.key.id, code: 'whatsapp_unreadable' };
      this.#options.log.error(fields, 'a message could not be read; left out');
      return undefined;
    }
  }

  async #handOn(inbound: Inbound, message: WAMessage, to: ChannelEvents): Promise<void> {
    const { identity, names, quotable } = this.#options;
    const jid = message.key.remoteJid ?? '';
    switch (inbound.kind) {
      case 'message':
        identity.seen(jid, inbound.expiration);
        quotable.add(message);
        if (message.key.fromMe !== true) names.set(message.key.participant || jid, message.pushName);
        return to.message(inbound.message);
      case 'edited':
        return to.edited(inbound.message);
      case 'reaction':
        return to.reacted(inbound.reaction);
      case 'timer':
        identity.seen(jid, inbound.expiration);
        return;
      case 'ignored':
        this.#leave(message, inbound.reason);
        return;
      default:
        assertNever(inbound);
    }
  }

  /** What the message itself does not tell, the library may know. */
  async #whoIsWho({ key }: WAMessage, own: Me, { signalRepository }: IntakeSocket): Promise<void> {
    const { identity, moves, log } = this.#options;
    if (own.lid !== undefined)
      moves.learn(writeJid({ kind: 'lid', user: own.lid }), writeJid({ kind: 'pn', user: own.pn }));
    if (key.fromMe === true) return;
    const author = plainJid(key.participant || key.remoteJid);
    if (author === undefined || !author.endsWith('@lid') || identity.knows(author) || isMe(author, own)) return;
    try {
      moves.learn(author, await signalRepository.lidMapping.getPNForLID(author));
    } catch (error) {
      log.debug({ cause: causeOf(error), code: 'whatsapp_pair' }, 'the number of a LID could not be looked up');
    }
  }

  async #ours(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const ours = new Set<string>();
    for (const id of ids) if ((await this.#options.sent.get(id)) !== undefined) ours.add(id);
    return ours;
  }

  /** The same message by number and by LID has two ids until the pair is known. */
  #isRepeat({ key }: WAMessage): boolean {
    const [chat, author] = this.#taken.get(key.id ?? '') ?? [];
    const { identity } = this.#options;
    return (
      chat !== undefined &&
      identity.canonical(chat) === identity.canonical(key.remoteJid) &&
      identity.canonical(author) === identity.canonical(key.participant)
    );
  }

  #remember(id: string, chat: string, author: string): void {
    this.#taken.set(id, [chat, author]);
    if (this.#taken.size <= remembered) return;
    const [oldest] = this.#taken.keys();
    if (oldest !== undefined) this.#taken.delete(oldest);
  }

  #leave({ key }: WAMessage, code: string): void {
    this.#options.log.debug({ message: key.id, chat: key.remoteJid, code }, 'a message that is nothing to us');
  }
}
