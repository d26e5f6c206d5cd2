// Forums: which groups are one, and opening a topic in them. Used by adapter.ts.
import type { Route } from '../../src/core/route.ts';
import type { TelegramApi } from './api.ts';
import { type Fault, faultOf } from './faults.ts';

/** Remembers across restarts which groups have topics: a run may ask for one before anybody has written. */
export interface ForumMemory {
  /** Chat ids known as forums. */
  readonly known: ReadonlySet<string>;
  set(chat: string, forum: boolean): void;
}

/** core.telegram.org/bots/api#createforumtopic: 1 to 128 characters. */
const longestName = 128;

/** Only in the general part of a forum: a topic has none of its own. */
export function hasTopics(forums: ForumMemory, route: Route): boolean {
  return route.thread === undefined && forums.known.has(route.chat);
}

/** Rejects with a sentence for people. Not repeated when the outcome is unknown: every try could open another one. */
export async function openTopic(api: TelegramApi, parent: Route, name: string): Promise<Route> {
  try {
    const topic = await api.call((bot, signal) =>
      bot.createForumTopic(parent.chat, [...name].slice(0, longestName).join(''), {}, signal),
    );
    return { ...parent, thread: String(topic.message_thread_id) };
  } catch (error) {
    throw new Error(whyNot(faultOf(error)));
  }
}

function whyNot(fault: Fault): string {
  switch (fault.kind) {
    case 'rights':
      return 'the bot has no right to open topics here (make it an admin with «Manage topics»)';
    case 'rate':
      return `Telegram asks to wait ${Math.ceil(fault.afterMs / 1000)} s before the next topic`;
    case 'chat-closed':
    case 'rejected':
    case 'thread-gone':
      return fault.reason;
    case 'unsent':
      return 'Telegram cannot be reached';
    case 'unknown':
      return 'Telegram did not answer in time; look whether the topic is there before you try again';
    default:
      return 'Telegram refused it';
  }
}
