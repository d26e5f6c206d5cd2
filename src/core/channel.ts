// The contract of a channel adapter. Implemented in channels/*, called by delivery, inbound and app.
import type { Reply, ReplyChoice } from './command.ts';
import type { AccountLink } from './link.ts';
import type { InboundMessage, OutboundMessage, Press, PressAnswer, Reaction, Receipt, RemoteFile } from './message.ts';
import type { ChannelId, Route } from './route.ts';

export interface Capabilities {
  /** Can open a place of its own for a run. */
  readonly threads: boolean;
  /** A thread is opened from a message in its parent chat, which counts like any other there. */
  readonly threadsFromMessages?: boolean;
  readonly edits: boolean;
  readonly buttons: boolean;
  /** No buttons, but choices as numbered lines: a number, a quote with one, or a thumb picks one. */
  readonly menus?: boolean;
  /** Nothing tells who speaks in one chat: what a run says begins with its tag, `[#3 research]`, and `#3 …` goes to it. */
  readonly tags?: boolean;
  readonly typing: boolean;
  /** Can put a sign on the message that asked, while it is worked on and when that is done. */
  readonly signs?: boolean;
  /** A repeated send with the same key is recognised by the platform. */
  readonly idempotentSend: boolean;
  /** A button can ask whoever presses it for a text. */
  readonly asks?: boolean;
  /** Can send a text as a file. */
  readonly documents?: boolean;
  /** Longest text of one message, in UTF-16 units. */
  readonly maxText: number;
  /** A message keeps its id when its chat gets another one. */
  readonly lastingIds?: boolean;
}

/** At most `count` sends in any `perMs` milliseconds among all that share `key`. */
export interface RateLimit {
  readonly key: string;
  readonly count: number;
  readonly perMs: number;
}

export interface ChannelHealth {
  /** `conflict`: another program uses the same account. `failed`: only a change of the settings helps. */
  readonly state: 'connected' | 'connecting' | 'disconnected' | 'conflict' | 'stopped' | 'failed';
  /** One sentence for people: since when, or why not and what to do. */
  readonly detail: string;
}

export type Sign = 'typing' | 'idle' | 'seen' | 'working' | 'done';

/** What a channel tells the rest. Nothing here throws at the channel but `message` and `edited`: then it was not stored. */
export interface ChannelEvents {
  /** Resolves once the message is durable: only then may a platform cursor move. */
  readonly message: (message: InboundMessage) => Promise<void>;
  /** A message was changed by its sender: same id, new text. It counts only while it waits; commands are never run again. */
  readonly edited: (message: InboundMessage) => Promise<void>;
  /** Resolves once what the press leads to is durable. */
  readonly pressed: (press: Press) => Promise<PressAnswer>;
  /** Somebody put a sign on a message of ours. Resolves once what it leads to, mostly nothing, is durable. */
  readonly reacted: (reaction: Reaction) => Promise<void>;
  /** Who somebody is at a place, from memory: how privately they are answered is decided before anything else happens. */
  readonly standing: (message: InboundMessage) => Standing;
  /** What may be typed for a native command's parameter, best first; at most `limit`. From memory: platforms wait for it. */
  readonly suggest: (ask: SuggestAsk) => Promise<readonly Suggestion[]>;
  /** The platform gave a chat another id: what was for the old one is for the new one. */
  readonly moved: (from: Route, to: Route) => Promise<void>;
  /**
   * A place is gone for good: deleted, locked, or forbidden to us. A route without a thread means the chat and every thread
   * in it. Never rejects.
   * @param reason for people, as the end of a sentence: `it was deleted`
   */
  readonly gone: (route: Route, reason: string) => Promise<void>;
  /** A chat that was closed to us (blocked, removed) has let us in again. */
  readonly opened: (route: Route) => void;
  /** The connection is there (again): what waits to be sent is due. */
  readonly connected: () => void;
  /** The owner should know, wherever they can be reached now. `key`: the same is told once. */
  readonly alarm: (key: string, text: string) => void;
}

/** `stranger`: not heard, at least not here. */
export type Standing = 'owner' | 'allowed' | 'stranger';

/** Why nobody is heard in a group, whoever speaks. */
export type GroupClosed = 'groups_disabled' | 'group_not_listed';

export interface SuggestAsk {
  readonly route: Route;
  readonly sender: InboundMessage['sender'];
  readonly chat: InboundMessage['chat'];
  readonly space?: string | undefined;
  /** Command and sub-word, and the parameter or flag that is being typed. */
  readonly command: string;
  readonly verb: string;
  readonly param: string;
  /** Typed so far. */
  readonly text: string;
  readonly limit: number;
}

export interface Suggestion {
  /** For people. */
  readonly label: string;
  /** What is typed for it. */
  readonly value: string;
}

export type Fetched =
  | { readonly kind: 'file'; readonly data: Uint8Array }
  | { readonly kind: 'too-large' }
  /** `reason`: for people, as the end of a sentence. */
  | { readonly kind: 'failed'; readonly reason: string; readonly cause: unknown };

export interface ChannelAdapter {
  readonly id: ChannelId;
  readonly account: string;
  readonly can: Capabilities;
  /** Resolves once connected, or once it is clear that connecting takes longer: it then goes on by itself. */
  start(events: ChannelEvents): Promise<void>;
  /** Never throws. `key` is stable across retries and restarts of the same chunk. `message.text` fits `can.maxText`. */
  deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt>;
  /** Replaces the text of a message this adapter sent. Only called when `can.edits`. */
  edit?(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt>;
  /**
   * Opens a place of its own in `parent`. Rejects with why not, for people.
   * @param from id of the message that asked for it, as this adapter handed it in, where there is one: platforms that can,
   *   open the thread from that message. A message opens one thread: a further one for it is opened in another way.
   */
  openThread?(parent: Route, name: string, from?: string): Promise<Route>;
  /** The direct chat with a person, where that is known without their having written. Pure. */
  direct?(person: string): Route | undefined;
  /** Whether `openThread` works at this place; absent: wherever `can.threads`. */
  opensThreads?(parent: Route): boolean;
  /** Whether a text can go as a file at this place, where `can.documents`; absent: everywhere. From memory. */
  takesFiles?(route: Route): boolean;
  /**
   * Whether a place of ours is still there. `gone`: deleted, locked, or forbidden to us for good; `unknown`: it could not be
   * found out now. Asked at start for every binding; absent: places never vanish here. Never throws.
   */
  reaches?(route: Route): Promise<'there' | 'gone' | 'unknown'>;
  /** Gets a file of an inbound message; at most `maxBytes` are read. Never throws. */
  fetch?(file: RemoteFile, maxBytes: number): Promise<Fetched>;
  /**
   * The limits a send to this place counts against; absent: none. Pure.
   * @param answers of a message that answers something native and has not begun to be sent
   */
  limits?(route: Route, answers?: string): readonly RateLimit[];
  /** This bot's name in chats, without `@`; undefined until it is known. */
  botName?(): string | undefined;
  /** An address that opens the direct chat with the bot and says `/start <token>` there; undefined until it is known. */
  pairLink?(token: string): string | undefined;
  /** An address that brings the bot into a server of the person who opens it; undefined until it is known. */
  inviteLink?(): string | undefined;
  /** The owner or the commands may have changed: what the platform shows of them is made anew. Best effort. */
  refresh?(): void;
  /**
   * Best effort, never awaited, never throws. `typing` lasts until `idle`.
   * @param message id of the message that asked, as this adapter handed it in, where `can.signs`: the sign is put on it in
   *   place of the one before, and `idle` takes it away
   */
  signal?(route: Route, sign: Sign, message?: string): void;
  /** Id of the person whose own account this is; undefined: a bot's, or not known yet. From memory. */
  accountOwner?(): string | undefined;
  /** Present where one logs in by linking a device to somebody's account. */
  readonly link?: AccountLink;
  /** Derived from the live connection at the time of the call, never cached. */
  health(): ChannelHealth;
  stop(): Promise<void>;
}

/** Whether choices are shown as a numbered menu. */
export function showsMenus(can: Capabilities | undefined): boolean {
  return can?.menus === true && !can.buttons;
}

/** The choices under a reply that can be shown by an adapter, as buttons or as a menu. */
export function shownChoices(can: Capabilities | undefined, { choices = [] }: Reply): readonly ReplyChoice[] {
  if (can === undefined || !(can.buttons || showsMenus(can))) return [];
  return can.buttons && can.asks === true ? choices : choices.filter((choice) => choice.asks === undefined);
}

/** Whether a run can get a thread of its own at this place: never in a direct chat or a plain group. */
export function opensThreads(adapter: ChannelAdapter, parent: Route): boolean {
  return adapter.can.threads && (adapter.opensThreads?.(parent) ?? true);
}
