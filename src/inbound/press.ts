// A press of a button, or what counts as one: who may press it, and the message it stands for. That message then goes the way
// of every message, so that access is decided anew and a command of the owner stays the owner's. Called by presses.ts.
import { clip, oneLine } from '../core/format.ts';
import { type InboundMessage, outOfDate, type Press, type PressAnswer } from '../core/message.ts';
import { assertNever } from '../core/result.ts';
import type { Sql } from '../infra/database.ts';
import { personOf } from './access.ts';
import type { Choice, Choices } from './choices.ts';
import type { Inbox } from './inbox.ts';

export type PressDecision =
  | { readonly kind: 'run'; readonly choice: Choice }
  | { readonly kind: 'out_of_date' }
  | { readonly kind: 'not_theirs'; readonly choice: Choice }
  | { readonly kind: 'decided'; readonly choice: Choice };

export interface PressFacts {
  /** `<channel>:<id>` of whoever pressed it. */
  readonly person: string;
  readonly owner: boolean;
  /** Route keys of the chat, without a thread: that of now, and those it had before the platform moved it. */
  readonly places: readonly string[];
  readonly now: number;
}

export function decidePress(choice: Choice | undefined, { person, owner, places, now }: PressFacts): PressDecision {
  // An id that was made up, or carried into another chat, is not told apart from one that has expired.
  if (choice === undefined || choice.expires <= now || !places.includes(choice.place)) return { kind: 'out_of_date' };
  const theirs = choice.to !== 'owner' && choice.to.id === person;
  if (!theirs && !owner) return { kind: 'not_theirs', choice };
  if (choice.once && choice.usedBy !== undefined) return { kind: 'decided', choice };
  return { kind: 'run', choice };
}

/** The message a press stands for. Its reply quotes the message with the button. */
export function pressedMessage(press: Press, command: string): InboundMessage {
  const { route, sender, chat, space, messageId, answerTo, at } = press;
  return {
    ...{ id: `${pressPrefix}${press.id}`, route, sender, chat, text: command, native: true, mentionsBot: true },
    ...{ attachments: [], sentAt: at },
    ...(space === undefined ? {} : { space }),
    ...(messageId === undefined ? {} : { replyTo: messageId }),
    ...(answerTo === undefined ? {} : { answerTo }),
  };
}

/** What a press types: the text it came with counts only where the choice asked for one. */
function typedBy(press: Pick<Press, 'text'>, choice: Choice | undefined): string {
  if (choice === undefined) return '';
  return choice.asks ? `${choice.command} ${press.text ?? ''}`.trimEnd() : choice.command;
}

export function isPress(message: Pick<InboundMessage, 'id'>): boolean {
  return message.id.startsWith(pressPrefix);
}

const pressPrefix = 'press:';
const nameChars = 40;

export interface PressDeps {
  readonly inbox: Inbox;
  readonly choices: Choices;
}

export interface Pressed {
  readonly answer: PressAnswer;
  /** Why nothing is done; absent where it is, or where it was done before. */
  readonly refused?: Exclude<PressDecision, { kind: 'run' }>;
  /** To go on with, once the transaction is committed; absent where nothing new is to be done. */
  readonly accepted?: { readonly ticket: number; readonly message: InboundMessage };
}

/** Decides a press and stores what it leads to, inside the caller's transaction. The same press leads to something once. */
export function takePress(sql: Sql, { inbox, choices }: PressDeps, press: Press, facts: PressFacts): Pressed {
  const choice = choices.find(sql, press.choice);
  const message = pressedMessage(press, typedBy(press, choice));
  if (inbox.knows(sql, message)) return { answer: { decided: choice?.once === true } };
  const decision = decidePress(choice, facts);
  if (decision.kind !== 'run') return { answer: refusal(decision), refused: decision };
  const { once } = decision.choice;
  if (once) choices.use(sql, decision.choice, personOf(message));
  const { ticket } = inbox.acceptIn(sql, message);
  return { answer: { decided: once }, accepted: { ticket, message } };
}

/** For people: who may press it. */
export function whoMay({ to }: Choice): string {
  return to === 'owner' ? 'the owner' : `${clip(oneLine(to.name), nameChars)} or the owner`;
}

function refusal(decision: Exclude<PressDecision, { kind: 'run' }>): PressAnswer {
  switch (decision.kind) {
    case 'out_of_date':
      return outOfDate;
    case 'not_theirs':
      return { text: `only ${whoMay(decision.choice)} may use this`, decided: false };
    case 'decided':
      return { text: 'already decided', decided: true };
    default:
      return assertNever(decision);
  }
}
