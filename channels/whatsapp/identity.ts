// One person, two ids: WhatsApp shows people by phone number or by LID, and tells now and then which belong together. Here a
// person is the number once it is known, and so is the chat with them; the form last seen is what is written to, for that one
// surely works. Kept across restarts. Made by adapter.ts for its account; asked by intake.ts and sending.ts.
import type { InboundMessage } from '../../src/core/message.ts';
import { type Jid, readJid, writeJid } from './jid.ts';

export interface ChatMark {
  /** Jid the chat was last seen under. */
  readonly address: string;
  /** Seconds after which messages vanish there; absent: they stay. */
  readonly expiration?: number | undefined;
}

/** Where an account keeps what it learnt. Nothing here rejects or throws. */
export interface IdentityMemory {
  /** Number by LID, digits, as of the start. */
  readonly pairs: ReadonlyMap<string, string>;
  /** By canonical chat jid, as of the start. */
  readonly chats: ReadonlyMap<string, ChatMark>;
  /** @param pn undefined: the number belongs to somebody else now */
  savePair(lid: string, pn: string | undefined): void;
  saveChat(chat: string, mark: ChatMark | undefined): void;
}

/** A chat that was known by LID has the number as its id from now on. Canonical jids. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

export class Identity {
  readonly #memory: IdentityMemory;
  readonly #pairs: Map<string, string>;
  /** LID by number. */
  readonly #lids = new Map<string, string>();
  readonly #chats: Map<string, ChatMark>;

  constructor(memory: IdentityMemory) {
    this.#memory = memory;
    this.#pairs = new Map(memory.pairs);
    this.#chats = new Map(memory.chats);
    for (const [lid, pn] of this.#pairs) this.#lids.set(pn, lid);
  }

  /**
   * These two jids are one person. What is no pair of a LID and a number says nothing.
   * @returns the move of a chat that was known by LID: it counts here at once, and is kept by `keep` once the rest knows it
   */
  learn(one: string | null | undefined, other: string | null | undefined): Move | undefined {
    const pair = pairOf(readJid(one), readJid(other));
    if (pair === undefined || this.#pairs.get(pair.lid) === pair.pn) return undefined;
    const { lid, pn } = pair;
    // People keep their LID with a new number, and a number can pass to somebody else: what is told last holds.
    const before = this.#lids.get(pn);
    if (before !== undefined && before !== lid) {
      this.#pairs.delete(before);
      this.#memory.savePair(before, undefined);
    }
    const left = this.#pairs.get(lid);
    if (left !== undefined) this.#lids.delete(left);
    this.#pairs.set(lid, pn);
    this.#lids.set(pn, lid);
    const from = writeJid({ kind: 'lid', user: lid });
    const to = writeJid({ kind: 'pn', user: pn });
    const mark = this.#chats.get(from);
    if (mark === undefined) {
      this.#memory.savePair(lid, pn);
      return undefined;
    }
    this.#chats.delete(from);
    this.#chats.set(to, { ...this.#chats.get(to), ...mark });
    return { from, to };
  }

  /** The rest knows of the move. After a crash before this it is learnt, and told, once more. */
  keep({ from, to }: Move): void {
    const lid = readJid(from);
    const pn = readJid(to);
    if (lid.kind !== 'lid' || pn.kind !== 'pn') return;
    this.#memory.saveChat(to, this.#chats.get(to));
    this.#memory.saveChat(from, undefined);
    this.#memory.savePair(lid.user, pn.user);
  }

  /** Whether a person is known by number already. */
  knows(jid: string | null | undefined): boolean {
    const read = readJid(jid);
    return read.kind === 'pn' || (read.kind === 'lid' && this.#pairs.has(read.user));
  }

  /** Jid of a chat or person in its one form; undefined for what is neither person nor group. */
  canonical(jid: string | null | undefined): string | undefined {
    const read = readJid(jid);
    if (read.kind === 'other') return undefined;
    const pn = read.kind === 'lid' ? this.#pairs.get(read.user) : undefined;
    return writeJid(pn === undefined ? read : { kind: 'pn', user: pn });
  }

  /** Number, else `<digits>@lid`, with the other form beside it; undefined for what is no person. */
  person(jid: string | null | undefined): Pick<InboundMessage['sender'], 'id' | 'aka'> | undefined {
    const read = readJid(jid);
    const lid = read.kind === 'lid' ? read.user : read.kind === 'pn' ? this.#lids.get(read.user) : undefined;
    const pn = read.kind === 'pn' ? read.user : lid === undefined ? undefined : this.#pairs.get(lid);
    const byLid = lid === undefined ? [] : [writeJid({ kind: 'lid', user: lid })];
    if (pn !== undefined) return byLid.length === 0 ? { id: pn } : { id: pn, aka: byLid };
    return byLid[0] === undefined ? undefined : { id: byLid[0] };
  }

  /** Something came from this chat. @param expiration as the message says; undefined: it does not say */
  seen(jid: string, expiration: number | undefined): void {
    const chat = this.canonical(jid);
    const read = readJid(jid);
    if (chat === undefined || read.kind === 'other') return;
    const before = this.#chats.get(chat);
    const seconds = expiration ?? before?.expiration;
    const mark = {
      address: writeJid(read),
      ...(seconds === undefined || seconds === 0 ? {} : { expiration: seconds }),
    };
    if (before?.address === mark.address && before.expiration === mark.expiration) return;
    this.#chats.set(chat, mark);
    this.#memory.saveChat(chat, mark);
  }

  /** Where to write to for a chat, and how. */
  mark(chat: string): ChatMark {
    const canonical = this.canonical(chat) ?? chat;
    return this.#chats.get(canonical) ?? { address: canonical };
  }
}

function pairOf(one: Jid, other: Jid): { readonly lid: string; readonly pn: string } | undefined {
  if (one.kind === 'lid' && other.kind === 'pn') return { lid: one.user, pn: other.user };
  if (one.kind === 'pn' && other.kind === 'lid') return { lid: other.user, pn: one.user };
  return undefined;
}
