// Everything the invariants may ask about a simulation that is over: the plan, what was seen from outside, what people see, and
// what is stored. Gathered by run.ts.
import { type Binding, bindingSchema } from '../../src/core/binding.ts';
import type { OutboundMessage } from '../../src/core/message.ts';
import { type Run, runSchema } from '../../src/core/run.ts';
import { sessionSchema } from '../../src/core/session.ts';
import type { Sql } from '../../src/infra/database.ts';
import type { Plan, PlatformName } from './plan.ts';
import type { Shown } from './platform.ts';
import type { Sighting } from './record.ts';
import type { Watched } from './triggers.ts';
import type { World } from './world.ts';

export interface InboxFact {
  readonly ticket: number;
  readonly state: string;
  readonly reason: string | undefined;
  /** The platform's id, of a message of a person. */
  readonly id: string | undefined;
  readonly chat: string | undefined;
  readonly text: string;
  /** When it was taken in, and closed. Unix milliseconds. */
  readonly at: number;
  readonly doneAt: number | undefined;
  /** When it was written, of a message of a person. */
  readonly sentAt: number | undefined;
}

export interface OutboxFact {
  readonly id: number;
  readonly key: string;
  readonly platform: PlatformName;
  readonly place: string;
  readonly priority: number;
  readonly state: string;
  readonly reason: string | undefined;
  readonly message: OutboundMessage;
  /** Parts that were sent. */
  readonly chunks: number;
  readonly runs: readonly string[];
  readonly session: string | undefined;
  /** When it was written. Unix milliseconds. */
  readonly at: number;
  /** Places that refused it before. */
  readonly gone: readonly string[];
}

export interface Evidence {
  readonly plan: Plan;
  readonly seen: Sighting;
  readonly shown: readonly (Shown & { readonly platform: PlatformName })[];
  readonly inbox: readonly InboxFact[];
  readonly outbox: readonly OutboxFact[];
  readonly runs: readonly Run[];
  readonly bindings: readonly Binding[];
  /** Keys of the sessions there are. */
  readonly sessions: ReadonlySet<string>;
  /** Ids of transcripts that are in use by their names, and of no session. */
  readonly strayTranscripts: readonly string[];
  /** Tokens spent, by tree. */
  readonly trees: ReadonlyMap<string, number>;
  /** Tokens spent, by day. */
  readonly daily: number;
  readonly watched: readonly Watched[];
}

/** One broken rule. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

export type Invariant = (evidence: Evidence) => readonly string[];

export function gather({ plan, seen, disk, platforms }: World): Evidence {
  const { read } = disk;
  const sessions = keyed(read, 'sessions').map(([, value]) => sessionSchema.parse(value));
  return {
    ...{ plan, seen, watched: disk.watched() },
    shown: [...platforms.values()].flatMap(({ name, shown }) => shown.map((each) => ({ ...each, platform: name }))),
    inbox: inboxOf(read),
    outbox: outboxOf(read),
    runs: read.all('SELECT data FROM runs ORDER BY seq').map((row) => runSchema.parse(JSON.parse(String(row.data)))),
    bindings: keyed(read, 'bindings').map(([, value]) => bindingSchema.parse(value)),
    sessions: new Set(sessions.map(({ key }) => key)),
    strayTranscripts: disk.transcripts().filter((id) => !sessions.some((session) => session.id === id)),
    trees: new Map(read.all('SELECT id, input + output AS n FROM trees').map((row) => [String(row.id), Number(row.n)])),
    daily: Number(read.get('SELECT sum(input + output) AS n FROM spending')?.n ?? 0),
  };
}

function inboxOf(read: Sql): readonly InboxFact[] {
  return read.all('SELECT * FROM inbox ORDER BY ticket').map((row) => {
    const stored = JSON.parse(String(row.message)) as {
      readonly message?: { readonly id: string; readonly text: string; readonly sentAt: number };
      readonly item?: { readonly text: string };
    };
    return {
      ticket: Number(row.ticket),
      state: String(row.state),
      reason: text(row.reason),
      id: stored.message?.id,
      chat: stored.message === undefined ? undefined : String(row.dedupe).slice(0, -stored.message.id.length - 1),
      text: stored.message?.text ?? stored.item?.text ?? '',
      at: Number(row.at),
      sentAt: stored.message?.sentAt,
      doneAt: row.done_at === null ? undefined : Number(row.done_at),
    };
  });
}

function outboxOf(read: Sql): readonly OutboxFact[] {
  return read.all('SELECT * FROM outbox ORDER BY id').map((row) => ({
    id: Number(row.id),
    key: String(row.key),
    platform: String(row.account).split(':')[0] as PlatformName,
    place: String(row.place),
    priority: Number(row.priority),
    state: String(row.state),
    reason: text(row.reason),
    message: JSON.parse(String(row.message)) as OutboundMessage,
    chunks: Number(row.chunk),
    runs: JSON.parse(String(row.runs)) as readonly string[],
    session: text(row.session),
    at: Number(row.at),
    gone: JSON.parse(String(row.gone)) as readonly string[],
  }));
}

function text(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

/** Keyv keeps `{ value, expires }`. */
function keyed(read: Sql, namespace: string): readonly (readonly [string, unknown])[] {
  const prefix = `${namespace}::`;
  return read
    .all('SELECT key, value FROM keyv WHERE key >= ? AND key < ? ORDER BY key', prefix, `${prefix}\u{10FFFF}`)
    .map((row) => [String(row.key).slice(prefix.length), (JSON.parse(String(row.value)) as { value: unknown }).value]);
}
