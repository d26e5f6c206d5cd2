// Transcripts on disk: one append-only JSONL file per session, kept byte-exact. Used by turns, runs, logs and archiving.
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../core/agent.ts';
import { type Flush, flushToDisk } from '../infra/flush.ts';
import { type Parsed, TranscriptCache } from './transcript-cache.ts';

export interface TranscriptContent {
  readonly entries: readonly Entry[];
  /** Damaged lines in the middle that were left out. */
  readonly skipped: number;
}

/** Files whose parsed content stays in memory, in bytes altogether. */
const cacheBytes = 8 * 1024 * 1024;

/**
 * Small files of a local folder are read and written at once, without the thread pool: that takes a tenth of the time, keeps
 * the order by itself, and a commit of the database takes longer. What was written then reaches the disk in the thread pool.
 */
export class Transcripts {
  readonly #folder: string;
  readonly #flush: Flush;
  readonly #cache = new TranscriptCache(cacheBytes);

  /** `folder`: absolute path of the transcripts folder, made on the first write. */
  constructor(folder: string, flush: Flush = flushToDisk) {
    this.#folder = folder;
    this.#flush = flush;
  }

  /** Absolute path of a session's transcript, existing or not. */
  path(sessionId: string): string {
    if (!/^[\w-][\w.-]*$/.test(sessionId)) throw new Error(`not a session id: ${JSON.stringify(sessionId)}`);
    return join(this.#folder, `${sessionId}.jsonl`);
  }

  /** Appends in the order of the calls, readable at once. Resolves when it is on the disk, rejects when that refuses. */
  async append(sessionId: string, entries: Entry | readonly Entry[]): Promise<void> {
    const path = this.path(sessionId);
    const lines = (isList(entries) ? entries : [entries]).map((entry) => JSON.stringify(entry));
    if (lines.length === 0) return;
    this.#makeFolder();
    const file = openSync(path, 'a+', 0o600);
    try {
      const before = fstatSync(file, { bigint: true });
      const known = before.size === 0n ? { entries: [], skipped: 0 } : this.#cache.get(sessionId, before);
      // A write that fails half way leaves content nobody knows.
      this.#cache.drop(sessionId);
      const lead = endsInWholeLine(file, Number(before.size)) ? '' : '\n';
      appendFileSync(file, `${lead}${lines.join('\n')}\n`);
      if (known !== undefined && lead === '') this.#keep(sessionId, file, extended(known, lines));
      await Promise.all([this.#flush.file(file), before.size === 0n ? this.#flush.folder(this.#folder) : undefined]);
    } finally {
      closeSync(file);
    }
  }

  /** Everything readable; empty when there is no transcript. A torn last line is left out. */
  async read(sessionId: string): Promise<readonly Entry[]> {
    return (await this.readCounted(sessionId)).entries;
  }

  /** As `read`, and how many damaged lines in the middle were left out. */
  async readCounted(sessionId: string): Promise<TranscriptContent> {
    const file = openOr(this.path(sessionId));
    if (file === undefined) return { entries: [], skipped: 0 };
    try {
      const known = this.#cache.get(sessionId, fstatSync(file, { bigint: true })) ?? parsed(readFileSync(file, 'utf8'));
      this.#keep(sessionId, file, known);
      // The kept list grows with the file; what was read does not.
      return { entries: [...known.entries], skipped: known.skipped };
    } finally {
      closeSync(file);
    }
  }

  /**
   * Copies one session so far into a new one: its complete turns, and of `turn`, which is under way, what came before the
   * call that is not answered yet. Leaves an existing transcript alone.
   */
  async fork(from: string, to: string, turn?: string): Promise<void> {
    const target = this.path(to);
    if (existsSync(target)) return;
    const { kept } = parseLines(readOr(this.path(from), ''));
    const copied = forked(
      kept.map((line) => line.entry),
      turn,
    );
    const text = kept.flatMap((line) => (copied.has(line.entry) ? [`${line.raw}\n`] : [])).join('');
    this.#makeFolder();
    // Written aside and renamed: a crash leaves no half copy under the session's name.
    writeFileSync(`${target}.part`, text, { mode: 0o600, flush: true });
    renameSync(`${target}.part`, target);
    await this.#flush.folder(this.#folder);
  }

  /** Renames the transcript to `*.deleted.<time>` or `*.reset.<time>` (`at`: Unix milliseconds); its new path, if there was one. */
  async archive(sessionId: string, kind: 'deleted' | 'reset', at: number): Promise<string | undefined> {
    this.#cache.drop(sessionId);
    const path = this.path(sessionId);
    const archived = `${path}.${kind}.${new Date(at).toISOString().replaceAll(':', '-')}`;
    try {
      renameSync(path, archived);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    await this.#flush.folder(this.#folder);
    return archived;
  }

  #keep(sessionId: string, file: number, content: Parsed): void {
    this.#cache.set(sessionId, fstatSync(file, { bigint: true }), content);
  }

  /** Asked before every write: somebody may have removed the folder while the process runs. */
  #makeFolder(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }
}

/** What the engine needs of transcripts, wherever they are kept. */
export type TranscriptStore = Pick<Transcripts, keyof Transcripts>;

function isList(entries: Entry | readonly Entry[]): entries is readonly Entry[] {
  return Array.isArray(entries);
}

interface Line {
  readonly raw: string;
  readonly entry: Entry;
}

function parsed(text: string): Parsed {
  const { kept, skipped } = parseLines(text);
  return { entries: kept.map((line) => line.entry), skipped };
}

/** With lines just written, as a later reader would find them. */
function extended({ entries, skipped }: Parsed, lines: readonly string[]): Parsed {
  const added = lines.flatMap((line) => parseEntry(line) ?? []);
  entries.push(...added);
  return { entries, skipped: skipped + lines.length - added.length };
}

function parseLines(text: string): { readonly kept: readonly Line[]; readonly skipped: number } {
  const raws = text.split('\n');
  const last = raws.pop() ?? '';
  const kept: Line[] = [];
  let skipped = 0;
  for (const raw of raws) {
    const entry = raw === '' ? undefined : parseEntry(raw);
    if (entry !== undefined) kept.push({ raw, entry });
    else if (raw !== '') skipped += 1;
  }
  const whole = last === '' ? undefined : parseEntry(last);
  if (whole !== undefined) kept.push({ raw: last, entry: whole });
  return { kept, skipped };
}

function parseEntry(raw: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Enough to trust the rest: nothing but `append` writes these files. */
function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  const entry = value as Record<string, unknown>;
  if (typeof entry.at !== 'number' || typeof entry.turn !== 'string') return false;
  if (entry.type === 'user' || entry.type === 'note') return typeof entry.text === 'string';
  if (entry.type === 'assistant') return Array.isArray(entry.parts);
  return entry.type === 'tool' && typeof entry.callId === 'string' && typeof entry.output === 'string';
}

/** What a fork takes over: the complete turns, and what `turn` holds before its first call without a result. */
export function forked(entries: readonly Entry[], turn: string | undefined): ReadonlySet<Entry> {
  const complete = completeTurns(entries);
  const underWay = entries.filter((entry) => entry.turn === turn && !complete.has(entry.turn));
  return new Set([...entries.filter((entry) => complete.has(entry.turn)), ...answeredPart(underWay)]);
}

/** The longest beginning in which every call has its result and every result its call. */
function answeredPart(turn: readonly Entry[]): readonly Entry[] {
  const open = new Set<string>();
  let end = 0;
  for (const [index, entry] of turn.entries()) {
    if (entry.type === 'assistant') for (const part of entry.parts) if (part.type === 'call') open.add(part.id);
    if (entry.type === 'tool' && !open.delete(entry.callId)) break;
    if (open.size === 0) end = index + 1;
  }
  return turn.slice(0, end);
}

/** Turns whose every call has its result, every result its call, and every question an answer begun. */
function completeTurns(entries: readonly Entry[]): ReadonlySet<string> {
  const turns = Map.groupBy(entries, (entry) => entry.turn);
  return new Set([...turns].flatMap(([turn, own]) => (isComplete(own) ? [turn] : [])));
}

function isComplete(turn: readonly Entry[]): boolean {
  const open = new Set<string>();
  for (const entry of turn) {
    if (entry.type === 'assistant') for (const part of entry.parts) if (part.type === 'call') open.add(part.id);
    if (entry.type === 'tool' && !open.delete(entry.callId)) return false;
  }
  const asked = turn.some((entry) => entry.type === 'user');
  return open.size === 0 && (!asked || turn.some((entry) => entry.type === 'assistant'));
}

function readOr(path: string, missing: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

function openOr(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A crash in the middle of a write leaves half a line; the next one must not be glued to it. */
function endsInWholeLine(file: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] === 10;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
