// What must have become of everything people wrote. Used by all.ts.
import type { Evidence, Invariant, OutboxFact } from '../evidence.ts';
import type { TurnSeen } from '../record.ts';

/** The default of `messages.inbound.maxAgeMinutes`. */
const maxAgeMs = 60 * 60_000;
const away = 'ℹ️ I was away:';

/** Whatever the platform was told is taken is stored once, and closed with a reason. */
export const noLostInbound: Invariant = ({ seen, inbox, plan }) => {
  const rows = new Map(inbox.filter((row) => row.id !== undefined).map((row) => [row.id, row]));
  const wrong = inbox
    .filter(({ state, reason }) => state === 'accepted' || (reason ?? '') === '')
    .map(({ ticket, state, text }) => `message ${ticket} is ${state} without a reason: ${text}`);
  for (const { id, accepted, text } of seen.inbound) {
    if (!accepted) wrong.push(`${id} was never taken: ${text}`);
    else if (!rows.has(id)) wrong.push(`${id} was taken and is not stored: ${text}`);
  }
  return plan.steps.length === 0 ? [] : wrong;
};

/** A message of a person is one row, however often the platform hands it in. */
export const oneRowPerMessage: Invariant = ({ inbox }) => {
  const seen = new Set<string>();
  return inbox.flatMap(({ id, ticket }) => {
    if (id === undefined) return [];
    if (seen.has(id)) return [`${id} is stored again as ${ticket}`];
    seen.add(id);
    return [];
  });
};

/** What an agent answered is in exactly one message on its way to people; what failed has a sentence. */
export const everyAnswerOnce: Invariant = (evidence) => {
  const { inbox, seen } = evidence;
  return inbox.flatMap((row) => {
    const token = row.id === undefined ? undefined : /^please do (m\d+)$/.exec(row.text)?.[1];
    // A turn that was stopped may have been so before its agent saw anything.
    if (token === undefined || row.state !== 'done' || row.reason === 'stopped') return [];
    const turn = seen.turns.findLast((each) => each.tokens.includes(token));
    if (turn === undefined) return [`${token} is done (${row.reason}), and no turn has read it`];
    return answered(evidence, { token, turn, reason: row.reason ?? '' });
  });
};

interface Read {
  readonly token: string;
  readonly turn: TurnSeen;
  readonly reason: string;
}

function answered({ outbox }: Evidence, { token, turn, reason }: Read): readonly string[] {
  const telling = outbox.filter((row) => says(row, `re:${token}`));
  switch (reason) {
    case 'success': {
      // The text of a run is its result too, and may be told again as such.
      const enough = turn.kind === 'chat' ? telling.length === 1 : telling.length >= 1;
      if (turn.quiet || enough) return [];
      return [`${token} is answered by ${telling.length} messages: ${telling.map((row) => row.key).join(', ')}`];
    }
    case 'error':
    case 'timeout': {
      const some = telling.length > 0 || outbox.some((row) => row.key.startsWith(`reply:${turn.id}:`));
      return some || turn.kind !== 'chat' ? [] : [`${token} ended in ${reason}, and nobody is told`];
    }
    default:
      return [];
  }
}

/** Every command is answered once, in the transaction that closes it. */
export const everyCommandAnswered: Invariant = ({ inbox, outbox }) => {
  const keys = new Set(outbox.map((row) => row.key));
  return inbox
    .filter((row) => row.id !== undefined && row.text.startsWith('/') && row.state === 'done')
    .filter((row) => !keys.has(`command:${row.ticket}`))
    .map((row) => `${row.text} (${row.ticket}) is done (${row.reason}) without an answer`);
};

/** Whoever wrote what no turn took is told so, unless a person stopped it: how many, or that restarts cut it off. */
export const everyDropTold: Invariant = ({ inbox, outbox }) => {
  const answered = new Set(outbox.map((row) => row.key));
  const dropped = inbox.filter(
    ({ id, state, reason, ticket }) =>
      id !== undefined && state === 'dropped' && reason !== 'stopped by a person' && !answered.has(`command:${ticket}`),
  );
  return [...Map.groupBy(dropped, (row) => row.chat ?? '')].flatMap(([chat, rows]) => {
    const cut = rows.filter((row) => row.reason === 'interrupted');
    const others = rows.filter(({ reason }) => reason !== 'interrupted' && reason !== 'too_old').length;
    const told = outbox
      .filter(({ key, place }) => key.startsWith('dropped:') && place.startsWith(chat))
      .reduce((sum, { message }) => sum + Number(/\d+/.exec(message.text)?.[0] ?? 0), 0);
    const isCutTold = outbox.some(({ key }) => key.startsWith('interrupted:') && key.includes(`:${chat}`));
    return [
      ...(told < others ? [`${others} messages in ${chat} were dropped, and ${told} are told of`] : []),
      ...(cut.length > 0 && !isCutTold ? [`${cut.length} messages in ${chat} were given up, and nobody is told`] : []),
    ];
  });
};

/** Only what comes in too late is not acted on, and its chat is told: once, until something else comes. */
export const onlyLateIsTooOld: Invariant = ({ inbox, outbox }) =>
  inbox.flatMap(({ ticket, reason, text, at, sentAt = at, chat = '' }) => {
    if (reason !== 'too_old') return [];
    const told = outbox.some(({ place, message }) => place.startsWith(chat) && message.text.startsWith(away));
    return [
      ...(at - sentAt > maxAgeMs ? [] : [`${text} (${ticket}) was taken in in time and called too old`]),
      ...(told ? [] : [`${text} (${ticket}) was too old, and nobody is told`]),
    ];
  });

export function says(row: OutboxFact, token: string): boolean {
  return row.message.text.split(/\s+/).includes(token);
}
