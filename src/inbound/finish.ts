// The end of a message that became no turn: recorded together with what people get for it. Called by receive.ts and the steps
// beside it.
import type { Reply, ReplyChoice } from '../core/command.ts';
import type { InboundMessage, OutboundMessage } from '../core/message.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { OutgoingEntry } from '../runs/turn-end.ts';
import { personOf } from './access.ts';
import type { Choices, OfferedTo } from './choices.ts';
import type { Inbox } from './inbox.ts';
import { isPress } from './press.ts';
import { itemId, replyKey } from './tickets.ts';

export interface FinishDeps {
  readonly database: Database;
  readonly inbox: Inbox;
  readonly choices: Choices;
  readonly log: Log;
  /** The choices of a reply that a place can show. */
  readonly shown: (route: Route, reply: Reply) => readonly ReplyChoice[];
  /** A place shows choices as a numbered menu. */
  readonly menus: (route: Route) => boolean;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
}

/** A message and its inbox row. */
export interface Taken {
  readonly ticket: number;
  readonly message: InboundMessage;
  /** When it was taken in, in Unix ms; absent: just now. */
  readonly at?: number | undefined;
}

export interface End {
  /** For the sender, in their place. */
  readonly reply?: Reply | undefined;
  /** Why nothing was done about the message. */
  readonly dropped?: string | undefined;
  /** Something only the owner may decide, for the owner's own chat. */
  readonly question?: { readonly route: Route; readonly reply: Reply } | undefined;
}

const notHandled: Reply = { text: '⚠️ this message could not be handled; the log says why. Please send it again.' };

/** Ends the message, and stores what is said about it, in one transaction. */
export async function finish(deps: FinishDeps, taken: Taken, end: End): Promise<void> {
  await deps.database.write((sql) => finishIn(deps, sql, taken, end));
  if (end.reply !== undefined || end.question !== undefined) deps.sent();
}

/** `finish` inside the caller's transaction; what is said goes out once somebody calls `sent` after it. */
export function finishIn(deps: Omit<FinishDeps, 'database'>, sql: Sql, { ticket, message }: Taken, end: End): void {
  const { inbox, enqueue } = deps;
  const { reply, dropped, question } = end;
  if (dropped !== undefined) inbox.dropIn(sql, [ticket], dropped);
  else inbox.done(sql, [ticket], reply === undefined ? 'no reply needed' : 'answered');
  const session = routeKey(message.route);
  if (reply !== undefined) {
    const { route, sender } = message;
    const said = outbound(deps, sql, reply, { route, to: { id: personOf(message), name: sender.name } });
    const key = replyKey(itemId(ticket));
    const priority = reply.first === true ? 'final' : 'reply';
    enqueue(sql, { key, route, message: { ...said, ...answering(message, end) }, priority, session });
  }
  if (question !== undefined) {
    const { route } = question;
    const said = outbound(deps, sql, question.reply, { route, to: 'owner' });
    enqueue(sql, { key: `question:${ticket}`, route, message: said, priority: 'approval', session });
  }
}

/** What the reply to a native command or a press says of itself. Views and refusals concern only whoever asked. */
function answering(
  message: InboundMessage,
  { reply, dropped }: End,
): Pick<OutboundMessage, 'answers' | 'asker' | 'placed' | 'private' | 'replyTo'> {
  if (message.native !== true) return {};
  return {
    asker: message.sender.id,
    ...(message.answerTo === undefined ? {} : { answers: message.answerTo }),
    ...(message.answerTo === undefined || isPress(message) ? {} : { placed: true }),
    ...(reply?.view === true || dropped !== undefined ? { private: true } : {}),
    ...(isPress(message) && message.replyTo !== undefined ? { replyTo: message.replyTo } : {}),
  };
}

/** Tells the sender; when not even that can be stored, the message stays open for the next start. */
export async function failed(deps: FinishDeps, taken: Taken, error: unknown): Promise<void> {
  const { log } = deps;
  const { ticket } = taken;
  log.error({ err: error, ticket, code: 'intake_failed' }, 'message could not be handled');
  try {
    await finish(deps, taken, { reply: notHandled, dropped: 'intake_failed' });
  } catch (again) {
    log.error({ err: again, ticket, code: 'intake_failed' }, 'message stays open');
  }
}

function outbound(
  deps: Pick<FinishDeps, 'shown' | 'choices' | 'menus'>,
  sql: Sql,
  reply: Reply,
  at: { readonly route: Route; readonly to: OfferedTo },
): OutboundMessage {
  const { text } = reply;
  const shown = deps.shown(at.route, reply);
  if (shown.length === 0) return { text };
  const menu = deps.menus(at.route) ? {} : undefined;
  return { text, choices: deps.choices.offer(sql, shown, { ...at, menu }) };
}
