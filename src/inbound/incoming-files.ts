// Fetches the files of messages that are heard and puts them into the workspace of their agent, while the message keeps its
// place in the queue and commands go on. A file that cannot be had is said to the person and to the agent.
// Used by receive.ts.
import pLimit, { type LimitFunction } from 'p-limit';
import type { MailItem } from '../agents/mailbox.ts';
import type { Fetched } from '../core/channel.ts';
import type { Attachment, InboundMessage, RemoteFile } from '../core/message.ts';
import { type Result, refusalText } from '../core/result.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database, Sql } from '../infra/database.ts';
import { inboxOf } from '../infra/inbox-folder.ts';
import type { Log } from '../infra/log.ts';
import type { OutgoingEntry } from '../runs/turn-end.ts';
import { safeFileName } from './file-names.ts';
import type { Inbox, StoredMessage } from './inbox.ts';
import { itemId } from './tickets.ts';
import { itemText } from './turn-item.ts';

export interface FileDeps {
  readonly database: Database;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly config: () => Config;
  /** Gets a file from the platform of this place; at most `maxBytes`. */
  readonly fetch: (route: Route, file: RemoteFile, maxBytes: number) => Promise<Fetched>;
  /**
   * Writes a file into the workspace of the session's agent, under `folder` (relative), never over another one.
   * @returns its absolute path; refused where the workspace cannot take it
   */
  readonly save: (
    session: Session,
    file: { readonly folder: string; readonly name: string; readonly data: Uint8Array },
  ) => Promise<Result<string>>;
  /** Changes the message where it waits; false when it does not wait any more. */
  readonly replace: (id: string, change: (item: MailItem) => MailItem) => boolean;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
}

/** A file that is still missing after this long is given up. */
const withinMs = 120_000;
/** Files on their way at once: each may take its whole size in memory. */
const atOnce = 4;
const bytesPerMb = 1_048_576;

interface Missing {
  readonly name: string;
  /** The end of a sentence. */
  readonly why: string;
  readonly fix: string;
}

export class IncomingFiles {
  readonly #deps: FileDeps;
  readonly #limit: LimitFunction = pLimit(atOnce);
  readonly #underway = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  constructor(deps: FileDeps) {
    this.#deps = deps;
  }

  /** Starts fetching what a waiting message brings; the message goes on when all of it is there, or is known not to come. */
  start(ticket: number, stored: StoredMessage, session: Session): void {
    const work = this.#bring(ticket, stored, session).finally(() => this.#underway.delete(work));
    this.#underway.add(work);
  }

  /** Messages whose files are on their way. */
  get size(): number {
    return this.#underway.size;
  }

  /** Resolves when what is on its way now has arrived or was given up. */
  async arrived(): Promise<void> {
    await Promise.all(this.#underway);
  }

  /** For the end of the process: what has not arrived is fetched by the next start. */
  close(): void {
    this.#closed.abort();
  }

  async #bring(ticket: number, stored: StoredMessage, session: Session): Promise<void> {
    const attachments: Attachment[] = [];
    const missing: Missing[] = [];
    for (const file of stored.message.files ?? []) {
      const got = await this.#limit(() => this.#one(stored.message.route, file, session));
      if (this.#closed.signal.aborted) return;
      if ('why' in got) missing.push(got);
      else attachments.push(got);
    }
    const complete = (now: StoredMessage): StoredMessage => completed(now, attachments, missing);
    const kept = await this.#keep(ticket, complete, missing).catch((error: unknown) => {
      // The files are there: the agent gets them now, and a restart would fetch them again.
      this.#deps.log.error({ err: error, ticket, code: 'files_not_recorded' }, 'fetched files were not recorded');
      return complete(stored);
    });
    if (kept === undefined) return;
    this.#deps.replace(itemId(ticket), ({ pending: _arrived, ...item }) => ({
      ...item,
      text: itemText(kept),
      attachments: kept.message.attachments,
    }));
  }

  /** Records what arrived, and tells the person what did not. Undefined: the message was stopped or dropped meanwhile. */
  async #keep(
    ticket: number,
    complete: (now: StoredMessage) => StoredMessage,
    missing: readonly Missing[],
  ): Promise<StoredMessage | undefined> {
    const { database, inbox, enqueue, sent } = this.#deps;
    const kept = await database.write((sql) => {
      const now = inbox.change(sql, ticket, complete);
      if (now === undefined || missing.length === 0) return now;
      const { route } = now.message;
      const text = missing.map(({ name, why, fix }) => `⚠️ ${name} could not be read: ${why}. ${fix}`).join('\n');
      enqueue(sql, { key: `files:${ticket}`, route, message: { text }, priority: 'reply', session: routeKey(route) });
      return now;
    });
    if (missing.length > 0) sent();
    return kept;
  }

  async #one(route: Route, file: RemoteFile, session: Session): Promise<Attachment | Missing> {
    const name = safeFileName(file.name);
    try {
      return await this.#get(route, { ...file, name }, session);
    } catch (error) {
      this.#deps.log.error({ name, err: error, code: 'file_failed' }, 'a file could not be handled');
      return { name, why: 'it could not be handled here', fix: 'The log says why.' };
    }
  }

  /** @param file with a safe name */
  async #get(route: Route, file: RemoteFile, session: Session): Promise<Attachment | Missing> {
    const { name } = file;
    const maxMb = this.#deps.config().messages.inbound.maxFileMb;
    const maxBytes = Math.floor(maxMb * bytesPerMb);
    const fetched: Fetched =
      (file.bytes ?? 0) > maxBytes ? { kind: 'too-large' } : await this.#fetch(route, file, maxBytes);
    if (fetched.kind === 'too-large')
      return { name, why: `it is larger than ${maxMb} MB (messages.inbound.maxFileMb)`, fix: 'Send a smaller one.' };
    if (fetched.kind === 'failed') {
      if (!this.#closed.signal.aborted)
        this.#deps.log.warn({ name, err: fetched.cause, code: 'file_not_fetched' }, 'a file could not be fetched');
      return { name, why: fetched.reason, fix: 'Please send it again.' };
    }
    const { data } = fetched;
    const day = new Date(this.#deps.clock.now()).toISOString().slice(0, 10);
    const saved = await this.#deps.save(session, { folder: `${inboxOf(session)}/${day}`, name, data });
    if (!saved.ok) {
      this.#deps.log.warn({ name, why: refusalText(saved.refusal), code: 'file_not_stored' }, 'a file was not stored');
      return { name, why: 'it could not be stored here', fix: 'The log says why; the owner can mend it.' };
    }
    return { kind: file.kind, path: saved.value, mediaType: file.mediaType, name, bytes: data.byteLength };
  }

  /** Adapters never throw, but one that never answers must not keep the message for ever. */
  async #fetch(route: Route, file: RemoteFile, maxBytes: number): Promise<Fetched> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closed.signal]);
    const late = this.#deps.clock
      .sleep(withinMs, signal)
      .then((): Fetched => ({ kind: 'failed', reason: 'it took too long to arrive', cause: 'no answer' }));
    try {
      return await Promise.race([this.#deps.fetch(route, file, maxBytes), late]);
    } finally {
      over.abort();
    }
  }
}

function completed(
  { message, notes = [] }: StoredMessage,
  attachments: readonly Attachment[],
  missing: readonly Missing[],
): StoredMessage {
  const { files: _fetched, ...rest } = message;
  const whole: InboundMessage = { ...rest, attachments: [...rest.attachments, ...attachments] };
  return { message: whole, notes: [...notes, ...missing.map(noteOf)] };
}

/** For the agent: it must not look for a file that is not there. */
function noteOf({ name, why }: Missing): string {
  return `[The file ${name} came with this message but could not be read: ${why}. The person has been told.]`;
}
