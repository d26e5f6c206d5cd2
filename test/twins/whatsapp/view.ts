// What people see on their screens, for assertions: messages, transcripts, waiting for the next one. Made by twin.ts.
import { extractMessageContent, getContentType, type proto } from '@whiskeysockets/baileys';
import { until } from '../../fakes/wait.ts';
import type { Chat, Entry } from './chats.ts';

/** Anything with a chat: a person, a group, the owner's phone for the chat with themselves. */
export interface Place {
  readonly chat: Chat;
}

export interface SeenMessage {
  readonly id: string;
  readonly from: string;
  /** A linked device wrote it. */
  readonly mine: boolean;
  /** As it stands now; a caption counts. */
  readonly text: string;
  readonly quoted: { readonly id: string; readonly text: string; readonly author: string } | undefined;
  /** Addresses. */
  readonly mentions: readonly string[];
  readonly edits: number;
  readonly revoked: boolean;
  readonly reactions: readonly { readonly from: string; readonly emoji: string }[];
  /** Seconds after which it disappears; 0: it stays. */
  readonly expiration: number;
  /** How often it arrived under its id; phones show it once. */
  readonly times: number;
  readonly content: proto.IMessage;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export type Fits = string | RegExp | ((message: SeenMessage) => boolean);

export class View {
  readonly #taken = new Set<Entry>();

  messages({ chat }: Place): readonly SeenMessage[] {
    return chat.entries.map(seen);
  }

  /** What linked devices wrote. */
  shown(place: Place): readonly SeenMessage[] {
    return this.messages(place).filter(({ mine, revoked }) => mine && !revoked);
  }

  /** What all have said, as `Ann: hello`. */
  transcript(place: Place): string[] {
    return this.messages(place).map(({ from, text }) => `${from}: ${text}`);
  }

  async next(place: Place, fits: Fits): Promise<SeenMessage> {
    const find = (): Entry | undefined =>
      place.chat.entries.find((entry) => entry.mine && !this.#taken.has(entry) && matches(fits, seen(entry)));
    await until(() => find() !== undefined, 'a message').catch(() => {
      throw new Error(`waited for ${String(fits)}; the chat shows ${JSON.stringify(this.transcript(place))}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`lost ${String(fits)}`);
    this.#taken.add(found);
    return seen(found);
  }
}

/** What of a message's content carries text and context. */
interface Body {
  readonly text?: string | null;
  readonly caption?: string | null;
  readonly name?: string | null;
  readonly contextInfo?: proto.IContextInfo | null;
}

export function textOf(content: proto.IMessage | null | undefined): string {
  const { text, caption, name } = bodyOf(content);
  return extractMessageContent(content)?.conversation ?? text ?? caption ?? name ?? '';
}

function bodyOf(content: proto.IMessage | null | undefined): Body {
  const plain = extractMessageContent(content);
  const kind = getContentType(plain);
  const body: unknown = kind === undefined ? undefined : plain?.[kind];
  return typeof body === 'object' && body !== null ? body : {};
}

function seen(entry: Entry): SeenMessage {
  const { id, from, mine, edits, revoked, times, content, at } = entry;
  // An edit says nothing of what the message stands in.
  const context = bodyOf(entry.original).contextInfo;
  const { stanzaId, quotedMessage, participant } = context ?? {};
  return {
    ...{ id, from, mine, edits, revoked, times, content, at, text: textOf(content) },
    quoted: stanzaId ? { id: stanzaId, text: textOf(quotedMessage), author: participant ?? '' } : undefined,
    mentions: context?.mentionedJid ?? [],
    reactions: [...entry.reactions].map(([who, emoji]) => ({ from: who, emoji })),
    expiration: context?.expiration ?? 0,
  };
}

function matches(fits: Fits, message: SeenMessage): boolean {
  if (typeof fits === 'function') return fits(message);
  return typeof fits === 'string' ? message.text.includes(fits) : fits.test(message.text);
}
