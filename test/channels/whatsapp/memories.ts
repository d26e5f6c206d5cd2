// What the WhatsApp channel remembers, kept by the test instead of a database. Used by fake-socket.ts and the tests in this folder.
import type { ChatMark, IdentityMemory } from '../../../channels/whatsapp/identity.ts';
import type { SentMemory, SentRow } from '../../../channels/whatsapp/sent.ts';

export class IdentityMemoryFake implements IdentityMemory {
  readonly pairs = new Map<string, string>();
  readonly chats = new Map<string, ChatMark>();

  savePair(lid: string, pn: string | undefined): void {
    if (pn === undefined) this.pairs.delete(lid);
    else this.pairs.set(lid, pn);
  }

  saveChat(chat: string, mark: ChatMark | undefined): void {
    if (mark === undefined) this.chats.delete(chat);
    else this.chats.set(chat, mark);
  }
}

export interface SentMemoryFake extends SentMemory {
  readonly rows: Map<string, SentRow>;
  /** The disk is full. */
  fails: boolean;
}

export function sentMemory(): SentMemoryFake {
  const rows = new Map<string, SentRow>();
  return {
    rows,
    fails: false,
    get: async (id) => rows.get(id),
    async set(id, row) {
      if (this.fails) throw new Error('disk full');
      rows.set(id, row);
    },
  };
}
