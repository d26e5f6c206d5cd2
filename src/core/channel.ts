// The contract of a channel adapter. Implemented in channels/*, called by delivery, inbound and app.
import type { InboundMessage, OutboundMessage, Receipt } from './message.ts';
import type { ChannelId, Route } from './route.ts';

export interface Capabilities {
  /** Can open a place of its own for a run. */
  readonly threads: boolean;
  readonly edits: boolean;
  readonly buttons: boolean;
  readonly typing: boolean;
  /** A repeated send with the same key is recognised by the platform. */
  readonly idempotentSend: boolean;
  /** Longest text of one message, in UTF-16 units. */
  readonly maxText: number;
}

export interface ChannelHealth {
  readonly state: 'connected' | 'connecting' | 'disconnected' | 'stopped' | 'failed';
  /** One sentence for people: since when, or why not and what to do. */
  readonly detail: string;
}

export type Sign = 'typing' | 'idle' | 'seen' | 'working' | 'done';

export interface ChannelAdapter {
  readonly id: ChannelId;
  readonly account: string;
  readonly can: Capabilities;
  /** Resolves once connected. `inbox` resolves once the message is durable: only then may a platform cursor move. */
  start(inbox: (message: InboundMessage) => Promise<void>): Promise<void>;
  /** Never throws. `key` is stable across retries and restarts of the same chunk. `message.text` fits `can.maxText`. */
  deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt>;
  /** Replaces the text of a message this adapter sent. Only called when `can.edits`. */
  edit?(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt>;
  openThread?(parent: Route, name: string): Promise<Route>;
  /** Whether `openThread` works at this place; absent: wherever `can.threads`. */
  opensThreads?(parent: Route): boolean;
  /** Best effort, never awaited, never throws. `typing` lasts until `idle`. */
  signal?(route: Route, sign: Sign): void;
  /** Derived from the live connection at the time of the call, never cached. */
  health(): ChannelHealth;
  stop(): Promise<void>;
}

/** Whether a run can get a thread of its own at this place: never in a direct chat or a plain group. */
export function opensThreads(adapter: ChannelAdapter, parent: Route): boolean {
  return adapter.can.threads && (adapter.opensThreads?.(parent) ?? true);
}
