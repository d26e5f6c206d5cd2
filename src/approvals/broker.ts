// Asks people whether an agent may do something, wherever they are, and decides once. Made by src/wiring/approvals.ts; harnesses
// ask through `ask`, commands (and buttons, which type commands) answer through `decide`.
// 1 who may answer, and where  2 stored together with the message that asks  3 the first end counts: an answer, the time, the
// end of the work  4 the message that asks shows it
import type { ApprovalAnswer, ApprovalRequest, Approvals } from '../acp/asking.ts';
import type { ApprovalServices, Lapse, OpenApproval, Verdict } from '../core/approval.ts';
import type { Caller, CommandPlace, ReplyChoice } from '../core/command.ts';
import { ok, type Result } from '../core/result.ts';
import { type Route, sameRoute } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import { type Answering, decideAnswer, isHere, mayAnswer, onlyOne } from './decide.ts';
import * as rows from './rows.ts';
import { approvalRefusal, endedText, endNotice, questionChoices, questionText } from './words.ts';

/** Who is asked, and where. */
export interface Audience {
  readonly route: Route;
  /** Who may answer beside the owner: whoever started the work. */
  readonly approver: rows.Person | undefined;
  readonly run: string | undefined;
}

/** The message that asks. */
export interface QuestionMessage {
  readonly key: string;
  readonly route: Route;
  readonly session: SessionKey;
  readonly text: string;
  readonly choices: readonly ReplyChoice[];
  readonly to: rows.Person | 'owner';
}

export interface BrokerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'code'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Seconds a person has; 0: no limit. */
  readonly limitSeconds: () => number;
  readonly draining: () => boolean;
  /** Undefined: nobody can be asked. */
  readonly audience: (session: SessionKey) => Promise<Audience | undefined>;
  /** Adds the message inside the transaction. */
  readonly post: (sql: Sql, message: QuestionMessage) => void;
  /** What was not sent yet is sent as this; no number means the question any more. Inside the transaction. */
  readonly replace: (sql: Sql, key: string, text: string) => void;
  /** Changes what stands in the chat. `notice`: said instead where messages cannot be changed. */
  readonly show: (key: string, text: string, notice: string | undefined) => void;
  /** After a transaction with something to send. */
  readonly sent: () => void;
  /** A session waits for a person, or not any more. */
  readonly changed: () => void;
}

interface Waiting {
  readonly session: SessionKey;
  /** What was asked; an answer to anything else is none. */
  readonly hash: string;
  readonly settle: (answer: ApprovalAnswer) => void;
}

type Ended = rows.ApprovalRow & { readonly end: rows.End };

const keyPrefix = 'approval:';
/** Questions of one session that wait at a time: nobody reads more, and what is not read must not be approved in passing. */
const mostAtATime = 10;

export function asksApproval(key: string): boolean {
  return key.startsWith(keyPrefix);
}

export class Broker implements Approvals, ApprovalServices {
  readonly #deps: BrokerDeps;
  readonly #waiting = new Map<string, Waiting>();

  constructor(deps: BrokerDeps) {
    this.#deps = deps;
  }

  /** At the start of the process: nobody waits any more for what the last one asked. Returns how many questions that ended. */
  async start(): Promise<number> {
    const open = rows.openApprovals(this.#deps.database.read);
    for (const { id } of open) await this.#lapse(id, 'restarted');
    return open.length;
  }

  async ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalAnswer> {
    const audience = await this.#deps.audience(request.session);
    if (signal.aborted) return 'expired';
    if (audience === undefined) {
      this.#deps.log.warn({ session: request.session, code: 'approval_nowhere' }, 'nobody could be asked');
      return 'nobody';
    }
    const waiting = [...this.#waiting.values()].filter(({ session }) => session === request.session);
    if (waiting.length >= mostAtATime) {
      this.#deps.log.warn({ session: request.session, code: 'approval_too_many' }, 'too many questions wait already');
      return 'too-many';
    }
    return await this.#asked(request, audience, signal);
  }

  open(place: Pick<CommandPlace, 'caller' | 'route' | 'session'>): readonly OpenApproval[] {
    return this.openFor(place.caller).map((row) => viewOf(row, place));
  }

  /** Open questions this person may answer, oldest first. */
  openFor(caller: Pick<Caller, 'id' | 'class'>): readonly rows.ApprovalRow[] {
    return rows.openApprovals(this.#deps.database.read).filter((row) => mayAnswer(row, caller));
  }

  /** Whether the session waits for a person. From disk: views ask it for a few sessions. */
  awaited(session: SessionKey): boolean {
    return rows.hasOpen(this.#deps.database.read, session);
  }

  async decide(place: Answering, which: string | undefined, verdict: Verdict): Promise<Result<OpenApproval>> {
    const decided = await this.#deps.database.write((sql) => this.#decideIn(sql, place, { which, verdict }));
    if (!decided.ok) return decided;
    const { row, fresh } = decided.value;
    if (fresh) this.#over(row, place.route);
    return ok(viewOf(row, place));
  }

  /** A message that asks has reached its chat; the question may have ended on the way. */
  delivered(key: string): void {
    const row = rows.approval(this.#deps.database.read, key.slice(keyPrefix.length));
    if (row?.end !== undefined) this.#deps.show(key, endedText(row, row.end), undefined);
  }

  /** A message that asks was given up: nobody can answer. */
  undelivered(key: string): void {
    void this.#lapse(key.slice(keyPrefix.length), 'unreached');
  }

  /** A person has another id now. @param from `<channel>:<id>`, as `to` */
  async rename(from: string, to: string): Promise<void> {
    await this.#deps.database.write((sql) => rows.renameApprover(sql, from, to));
  }

  sweep(now: number): Promise<number> {
    return this.#deps.database.write((sql) => rows.sweepApprovals(sql, now));
  }

  async #asked(request: ApprovalRequest, audience: Audience, signal: AbortSignal): Promise<ApprovalAnswer> {
    const { id } = request;
    const { clock, sent, changed } = this.#deps;
    const { promise, resolve } = Promise.withResolvers<ApprovalAnswer>();
    const gone = (): void => void this.#lapse(id, this.#deps.draining() ? 'restarted' : 'cancelled');
    this.#waiting.set(id, { session: request.session, hash: request.hash, settle: resolve });
    try {
      const expires = await this.#deps.database.write((sql) => this.#store(sql, request, audience));
      sent();
      changed();
      const timer =
        expires === undefined ? undefined : clock.after(expires - clock.now(), () => this.#lapse(id, 'expired'));
      signal.addEventListener('abort', gone, { once: true });
      if (signal.aborted) gone();
      return await promise.finally(() => timer?.cancel());
    } finally {
      signal.removeEventListener('abort', gone);
      this.#waiting.delete(id);
      changed();
    }
  }

  /** Returns until when it may be answered, unix ms. */
  #store(sql: Sql, request: ApprovalRequest, { route, approver, run }: Audience): number | undefined {
    const { clock, limitSeconds, post } = this.#deps;
    const { id, session, turn, harness: asker, title, kind, preview, hash, sessionOffered } = request;
    const [at, seconds, again] = [clock.now(), limitSeconds(), rows.wasCutOff(sql, request)];
    const row = {
      ...{ id, code: this.#freeCode(sql), session, turn, run, asker, title, kind, preview, hash, sessionOffered },
      ...{ approver, route, at, expires: seconds === 0 ? undefined : at + seconds * 1000 },
    };
    rows.insertApproval(sql, row);
    post(sql, {
      ...{ key: `${keyPrefix}${id}`, route, session, to: approver ?? 'owner' },
      ...{ text: questionText(row, { seconds, again }), choices: questionChoices(row) },
    });
    return row.expires;
  }

  /** Two characters, more once many are taken. */
  #freeCode(sql: Sql): string {
    for (let tries = 0; ; tries += 1) {
      const code = this.#deps.ids.code(2 + Math.min(2, Math.floor(tries / 8)));
      if (!rows.codeKnown(sql, code)) return code;
    }
  }

  #decideIn(
    sql: Sql,
    place: Answering,
    { which, verdict }: { readonly which: string | undefined; readonly verdict: Verdict },
  ): Result<{ readonly row: Ended; readonly fresh: boolean }> {
    const found = which === undefined ? onlyOne(rows.openApprovals(sql), place) : byWord(sql, which);
    if (!found.ok) return found;
    const row = found.value;
    const now = this.#deps.clock.now();
    const again = row.end === undefined ? undefined : rows.askedAgain(sql, row);
    const counts = decideAnswer(row, verdict, { place, now, again });
    if (!counts.ok) return counts;
    const { id, name } = place.caller;
    const end = row.end ?? { how: verdict, at: now, by: { id, name }, command: place.commandId };
    const fresh = counts.value === 'decides';
    if (fresh) this.#endIn(sql, row, end);
    return ok({ row: { ...row, end }, fresh });
  }

  #endIn(sql: Sql, row: rows.ApprovalRow, end: rows.End): boolean {
    if (!rows.endApproval(sql, row.id, end)) return false;
    this.#deps.replace(sql, `${keyPrefix}${row.id}`, endedText(row, end));
    return true;
  }

  /** Ends a question nobody answered; whoever waits for it is answered in any case. Never rejects. */
  async #lapse(id: string, how: Lapse): Promise<void> {
    const { database, clock, log } = this.#deps;
    const end: rows.End = { how, at: clock.now(), by: undefined, command: undefined };
    try {
      const row = await database.write((sql) => {
        const asked = rows.approval(sql, id);
        if (asked === undefined) return 'gone';
        return this.#endIn(sql, asked, end) ? { ...asked, end } : undefined;
      });
      // Its record could not be read: nobody can answer it any more.
      if (row === 'gone') this.#waiting.get(id)?.settle('expired');
      else if (row !== undefined) this.#over(row, undefined);
    } catch (error) {
      log.error({ err: error, approval: id, code: 'approval_not_ended' }, 'the end of a question was not stored');
      this.#waiting.get(id)?.settle('expired');
    }
  }

  /** @param from where it was decided: there the answer to the command says so */
  #over(row: Ended, from: Route | undefined): void {
    const { log, show } = this.#deps;
    const { id, session, end } = row;
    const waiting = this.#waiting.get(id);
    log.info({ approval: id, session, how: end.how, by: end.by?.id }, 'a question of an agent was decided');
    waiting?.settle(waiting.hash === row.hash ? answerOf(end.how) : 'deny');
    const silent = end.how === 'cancelled' || (from !== undefined && sameRoute(from, row.route));
    show(`${keyPrefix}${id}`, endedText(row, end), silent ? undefined : endNotice(row, end));
  }
}

function byWord(sql: Sql, which: string): Result<rows.ApprovalRow> {
  const row = rows.approval(sql, which.toLowerCase()) ?? rows.approvalByCode(sql, which.toUpperCase());
  return row === undefined ? { ok: false, refusal: approvalRefusal.unknownCode(which) } : ok(row);
}

function answerOf(how: rows.End['how']): ApprovalAnswer {
  switch (how) {
    case 'once':
    case 'session':
    case 'deny':
      return how;
    case 'unreached':
      return 'nobody';
    case 'expired':
    case 'cancelled':
    case 'restarted':
      return 'expired';
  }
}

function viewOf(row: rows.ApprovalRow, place: Pick<Answering, 'route' | 'session'>): OpenApproval {
  const { id, code, asker, title, expires } = row;
  return { id, code, asker, title, expires, here: isHere(row, place) };
}
