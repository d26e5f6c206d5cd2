// Transcripts on disk: one append-only JSONL file per session, kept byte-exact. Used by turns, runs, logs and archiving.
import { appendFile, mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../core/agent.ts';

export interface TranscriptContent {
  readonly entries: readonly Entry[];
  /** Damaged lines in the middle that were left out. */
  readonly skipped: number;
}

interface Queue {
  lines: string[];
  /** Settles when `lines` are written. */
  next: Promise<void> | undefined;
  current: Promise<void>;
}

/** How many sessions are remembered as ending in a whole line. */
const maxChecked = 1000;

export class Transcripts {
  readonly #folder: string;
  /** Sessions with writes under way, dropped as soon as they are written. */
  readonly #queues = new Map<string, Queue>();
  readonly #checked = new Set<string>();
  #made: Promise<unknown> | undefined;

  /** `folder`: absolute path of the transcripts folder, made on the first write. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Absolute path of a session's transcript, existing or not. */
  path(sessionId: string): string {
    if (!/^[\w-][\w.-]*$/.test(sessionId)) throw new Error(`not a session id: ${JSON.stringify(sessionId)}`);
    return join(this.#folder, `${sessionId}.jsonl`);
  }

  /**
   * Appends in the order of the calls; what arrives during a write goes out together in the next one. Resolves when it is
   * written, rejects when the disk refuses.
   */
  append(sessionId: string, entries: Entry | readonly Entry[]): Promise<void> {
    const path = this.path(sessionId);
    const lines = (isList(entries) ? entries : [entries]).map((entry) => `${JSON.stringify(entry)}\n`);
    const queue = this.#queues.get(sessionId);
    if (lines.length === 0) return queue?.next ?? queue?.current ?? Promise.resolve();
    if (queue !== undefined) {
      queue.lines.push(...lines);
      queue.next ??= queue.current.catch(() => undefined).then(() => this.#write(sessionId, path));
      return queue.next;
    }
    const fresh: Queue = { lines, next: undefined, current: Promise.resolve() };
    this.#queues.set(sessionId, fresh);
    return this.#write(sessionId, path);
  }

  /** Everything readable, writes under way included; empty when there is no transcript. A torn last line is left out. */
  async read(sessionId: string): Promise<readonly Entry[]> {
    return (await this.readCounted(sessionId)).entries;
  }

  /** As `read`, and how many damaged lines in the middle were left out. */
  async readCounted(sessionId: string): Promise<TranscriptContent> {
    await this.#written(sessionId);
    const { kept, skipped } = parseLines(await readOr(this.path(sessionId), ''));
    return { entries: kept.map((line) => line.entry), skipped };
  }

  /**
   * Copies one session so far into a new one: its complete turns, and of `turn`, which is under way, what came before the
   * call that is not answered yet. Leaves an existing transcript alone.
   */
  async fork(from: string, to: string, turn?: string): Promise<void> {
    await this.#written(from);
    const target = this.path(to);
    if (await exists(target)) return;
    const { kept } = parseLines(await readOr(this.path(from), ''));
    const copied = forked(
      kept.map((line) => line.entry),
      turn,
    );
    const text = kept.flatMap((line) => (copied.has(line.entry) ? [`${line.raw}\n`] : [])).join('');
    await this.#makeFolder();
    // Written aside and renamed: a crash leaves no half copy under the session's name.
    await writeFile(`${target}.part`, text, { mode: 0o600 });
    await rename(`${target}.part`, target);
  }

  /** Renames the transcript to `*.deleted.<time>` or `*.reset.<time>` (`at`: Unix milliseconds); its new path, if there was one. */
  async archive(sessionId: string, kind: 'deleted' | 'reset', at: number): Promise<string | undefined> {
    await this.#written(sessionId);
    this.#checked.delete(sessionId);
    const path = this.path(sessionId);
    const archived = `${path}.${kind}.${new Date(at).toISOString().replaceAll(':', '-')}`;
    try {
      await rename(path, archived);
      return archived;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #write(sessionId: string, path: string): Promise<void> {
    const queue = this.#queues.get(sessionId);
    if (queue === undefined) return Promise.resolve();
    const text = queue.lines.join('');
    queue.lines = [];
    queue.next = undefined;
    queue.current = this.#appendText(sessionId, path, text).finally(() => {
      if (queue.next === undefined) this.#queues.delete(sessionId);
    });
    return queue.current;
  }

  async #appendText(sessionId: string, path: string, text: string): Promise<void> {
    await this.#makeFolder();
    const lead = this.#checked.has(sessionId) || (await endsInWholeLine(path)) ? '' : '\n';
    this.#checked.delete(sessionId);
    await appendFile(path, lead + text, { mode: 0o600 });
    this.#remember(sessionId);
  }

  #remember(sessionId: string): void {
    this.#checked.add(sessionId);
    const [oldest] = this.#checked;
    if (this.#checked.size > maxChecked && oldest !== undefined) this.#checked.delete(oldest);
  }

  #makeFolder(): Promise<unknown> {
    this.#made ??= mkdir(this.#folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    return this.#made;
  }

  async #written(sessionId: string): Promise<void> {
    const queue = this.#queues.get(sessionId);
    await (queue?.next ?? queue?.current)?.catch(() => undefined);
  }
}

function isList(entries: Entry | readonly Entry[]): entries is readonly Entry[] {
  return Array.isArray(entries);
}

interface Line {
  readonly raw: string;
  readonly entry: Entry;
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

async function readOr(path: string, missing: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

/** A crash in the middle of a write leaves half a line; the next one must not be glued to it. */
async function endsInWholeLine(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size === 0) return true;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 10;
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
