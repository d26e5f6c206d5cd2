// The approvals table: one row per question, from asking to its end. SQL and nothing else; used by broker.ts and decide.ts.
import type { Lapse, Verdict } from '../core/approval.ts';
import { type Route, routeSchema } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Row, Sql } from '../infra/database.ts';
import { allReadable, readable } from '../infra/set-aside.ts';

export interface Person {
  /** `<channel>:<id>`. */
  readonly id: string;
  readonly name: string;
}

export interface ApprovalRow {
  readonly id: string;
  readonly code: string;
  readonly session: SessionKey;
  readonly turn: string | undefined;
  readonly run: string | undefined;
  readonly asker: string;
  readonly title: string;
  readonly kind: string;
  /** As it was shown. */
  readonly preview: string;
  /** Of the exact request: the answer holds for nothing else. */
  readonly hash: string;
  readonly sessionOffered: boolean;
  /** Who may answer beside the owner. */
  readonly approver: Person | undefined;
  /** Where it was asked. */
  readonly route: Route;
  readonly at: number;
  readonly expires: number | undefined;
  readonly end: End | undefined;
}

export interface End {
  readonly how: Verdict | Lapse;
  readonly at: number;
  readonly by: Person | undefined;
  /** The command that decided it; repeated, it is the same decision. */
  readonly command: string | undefined;
}

const keepMs = 7 * 24 * 60 * 60_000;

export function insertApproval(sql: Sql, row: Omit<ApprovalRow, 'end'>): void {
  sql.run(
    `INSERT INTO approvals (id, code, session, turn, run, asker, title, kind, preview, hash, session_offered, person, name,
       route, at, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[row.id, row.code, row.session, row.turn ?? null, row.run ?? null, row.asker, row.title, row.kind, row.preview],
    ...[row.hash, row.sessionOffered ? 1 : 0, row.approver?.id ?? null, row.approver?.name ?? null],
    ...[JSON.stringify(row.route), row.at, row.expires ?? null],
  );
}

/** Ends an open question; false where it had ended: the first end stays. */
export function endApproval(sql: Sql, id: string, { how, at, by, command }: End): boolean {
  const done = sql.run(
    'UPDATE approvals SET how = ?, ended_at = ?, by_id = ?, by_name = ?, command = ? WHERE id = ? AND how IS NULL',
    ...[how, at, by?.id ?? null, by?.name ?? null, command ?? null, id],
  );
  return done.changes > 0;
}

export function approval(sql: Sql, id: string): ApprovalRow | undefined {
  const row = sql.get('SELECT * FROM approvals WHERE id = ?', id);
  return row === undefined ? undefined : readable(sql, 'approvals', row, parse);
}

/** The newest with that code. */
export function approvalByCode(sql: Sql, code: string): ApprovalRow | undefined {
  const row = sql.get('SELECT * FROM approvals WHERE code = ? ORDER BY how IS NOT NULL, at DESC LIMIT 1', code);
  return row === undefined ? undefined : readable(sql, 'approvals', row, parse);
}

/** Oldest first. */
export function openApprovals(sql: Sql): readonly ApprovalRow[] {
  const rows = sql.all('SELECT * FROM approvals WHERE how IS NULL ORDER BY at, rowid');
  return allReadable(sql, 'approvals', rows, parse);
}

export function hasOpen(sql: Sql, session: SessionKey): boolean {
  return sql.get('SELECT 1 FROM approvals WHERE how IS NULL AND session = ? LIMIT 1', session) !== undefined;
}

/** The open question about the very same request of that session. */
export function askedAgain(
  sql: Sql,
  { session, hash }: Pick<ApprovalRow, 'session' | 'hash'>,
): ApprovalRow | undefined {
  const text = 'SELECT * FROM approvals WHERE how IS NULL AND session = ? AND hash = ? ORDER BY at DESC LIMIT 1';
  const row = sql.get(text, session, hash);
  return row === undefined ? undefined : readable(sql, 'approvals', row, parse);
}

/** A restart cut off the question about the very same request. */
export function wasCutOff(sql: Sql, { session, hash }: Pick<ApprovalRow, 'session' | 'hash'>): boolean {
  const text = 'SELECT how FROM approvals WHERE session = ? AND hash = ? ORDER BY at DESC, rowid DESC LIMIT 1';
  return sql.get(text, session, hash)?.how === 'restarted';
}

/** Known as long as questions are kept: a code that is typed late must not mean another one. */
export function codeKnown(sql: Sql, code: string): boolean {
  return sql.get('SELECT 1 FROM approvals WHERE code = ? LIMIT 1', code) !== undefined;
}

/** A person has another id now. @param from `<channel>:<id>`, as `to` */
export function renameApprover(sql: Sql, from: string, to: string): void {
  sql.run('UPDATE approvals SET person = ? WHERE person = ?', to, from);
  sql.run('UPDATE approvals SET by_id = ? WHERE by_id = ?', to, from);
}

/** Removes what ended a week ago. Returns how many. */
export function sweepApprovals(sql: Sql, now: number): number {
  return sql.run('DELETE FROM approvals WHERE ended_at IS NOT NULL AND ended_at < ?', now - keepMs).changes;
}

function parse(row: Row): ApprovalRow {
  const text = (value: unknown): string | undefined => (value === null ? undefined : String(value));
  const [how, person, by] = [text(row.how), text(row.person), text(row.by_id)];
  return {
    ...{ id: String(row.id), code: String(row.code), session: String(row.session), turn: text(row.turn) },
    ...{ run: text(row.run), asker: String(row.asker), title: String(row.title), kind: String(row.kind) },
    ...{ preview: String(row.preview), hash: String(row.hash), sessionOffered: Number(row.session_offered) === 1 },
    approver: person === undefined ? undefined : { id: person, name: String(row.name) },
    route: routeSchema.parse(JSON.parse(String(row.route))),
    at: Number(row.at),
    expires: row.expires === null ? undefined : Number(row.expires),
    end:
      how === undefined
        ? undefined
        : {
            how: how as End['how'],
            at: Number(row.ended_at),
            by: by === undefined ? undefined : { id: by, name: String(row.by_name) },
            command: text(row.command),
          },
  };
}
