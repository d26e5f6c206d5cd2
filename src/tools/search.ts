// The grep tool. The search itself runs in a thread (search-worker.ts), because one unlucky regular expression can take
// years on a single line and nothing but ending its thread stops it.
import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import { refusalText } from '../core/result.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import { defineTool, errorText, failure } from './define.ts';
import type { Hidden } from './inside.ts';
import { runWorker, type WorkerEnd } from './worker-task.ts';
import { fileRefusal, type Place, resolveInside } from './workspace.ts';

const defaultLimit = 100;
const maxLimit = 500;
const defaultDeadlineMs = 10_000;

const schema = z.object({
  pattern: z.string().min(1).describe('JavaScript regular expression, or plain text with literal: true.'),
  path: z.string().min(1).optional().describe('Folder or file to search; default: the whole workspace.'),
  include: z.string().optional().describe('Only these files: an extension or name pattern, e.g. ".ts" or "*.test.ts".'),
  literal: z.boolean().optional().describe('Take the pattern as plain text.'),
  ignoreCase: z.boolean().optional(),
  limit: z.number().int().min(1).max(maxLimit).optional().describe(`Matching lines to show; default ${defaultLimit}.`),
});

/** What the thread is given. */
export interface SearchJob {
  readonly root: string;
  readonly start: string;
  readonly source: string;
  readonly flags: string;
  readonly include: string | undefined;
  readonly limit: number;
  /** Neither read nor entered. */
  readonly hidden: readonly Hidden[];
}

/** What the thread posts: each file before it is searched, then its matches. */
export type SearchMessage =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'skipped'; readonly file: string }
  | { readonly kind: 'matches'; readonly lines: readonly string[] }
  | { readonly kind: 'end'; readonly full: boolean };

export interface SearchOptions {
  readonly clock: Clock;
  /** Time for one search, in milliseconds; default 10,000. */
  readonly deadlineMs?: number;
  /** What stays closed although it lies in the workspace. */
  readonly hidden?: readonly Hidden[];
}

export function searchTool(workspace: string, options: SearchOptions): Tool {
  return defineTool({
    name: 'grep',
    group: 'read',
    description:
      'Search the text files of the workspace, line by line. Answers "file:line: text". Skips node_modules, .git and binaries.',
    schema,
    example: { pattern: 'function main', include: '.ts' },
    async run(args, { signal }) {
      const expression = compile(args.pattern, {
        literal: args.literal ?? false,
        ignoreCase: args.ignoreCase ?? false,
      });
      if (expression instanceof Error) {
        return failure(
          `"${args.pattern}" is no valid regular expression: ${expression.message}. Correct it, or set literal to true.`,
        );
      }
      const place = await resolveInside(workspace, args.path ?? '.', options.hidden);
      if (!place.ok) return failure(refusalText(place.refusal));
      const missing = await lstat(place.value.path).then(
        () => undefined,
        (error) => fileRefusal(error, place.value.shown),
      );
      if (missing !== undefined) return failure(refusalText(missing));
      const job = jobFor(place.value, expression, { include: args.include, limit: args.limit ?? defaultLimit });
      const found = new Findings();
      const end = await runWorker({
        script: new URL('./search-worker.ts', import.meta.url),
        data: job,
        deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
        signal,
        clock: options.clock,
        onMessage: (message) => found.take(message as SearchMessage),
      });
      return found.report(end, job.limit);
    },
  });
}

function jobFor(place: Place, expression: RegExp, rest: Pick<SearchJob, 'include' | 'limit'>): SearchJob {
  const { root, path: start, hidden } = place;
  return { root, start, hidden, source: expression.source, flags: expression.flags, ...rest };
}

/** Accepts the `(?i)` other dialects begin with. Answers the syntax error instead of throwing it. */
function compile(pattern: string, how: { readonly literal: boolean; readonly ignoreCase: boolean }): RegExp | Error {
  if (how.literal) return new RegExp(pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), how.ignoreCase ? 'i' : '');
  const inline = pattern.startsWith('(?i)');
  try {
    return new RegExp(inline ? pattern.slice(4) : pattern, how.ignoreCase || inline ? 'i' : '');
  } catch (error) {
    return new Error(errorText(error).replace(/^Invalid regular expression: .*: /, ''));
  }
}

/** Collects what the thread posts and words the answer. */
class Findings {
  readonly #lines: string[] = [];
  #files = 0;
  #last = '';
  #skipped = 0;
  #full = false;

  take(message: SearchMessage): void {
    switch (message.kind) {
      case 'file':
        this.#files += 1;
        this.#last = message.file;
        return;
      case 'skipped':
        this.#skipped += 1;
        return;
      case 'matches':
        this.#lines.push(...message.lines);
        return;
      case 'end':
        this.#full = message.full;
    }
  }

  report(end: WorkerEnd, limit: number): ToolOutput {
    const notes: string[] = [];
    if (this.#full) notes.push(`[cut at ${limit} matching lines; narrow the pattern, path or include]`);
    if (this.#skipped > 0) notes.push(`[${this.#skipped} files over 5 MB were not searched; use exec]`);
    const text = (first: string): string => [...(first === '' ? [] : [first]), ...this.#lines, ...notes].join('\n');
    switch (end.kind) {
      case 'done':
        return { text: this.#lines.length === 0 ? text(`No match in ${this.#files} files.`) : text('') };
      case 'aborted':
        return failure('The search was stopped.');
      case 'error':
        return failure(`The search failed: ${end.message}.`);
      case 'deadline':
        notes.push(
          `[cut off for taking too long, in file ${this.#files} (${this.#last}); use a simpler pattern or a smaller path]`,
        );
        return { text: text(''), ...(this.#lines.length === 0 ? { failed: true } : {}) };
    }
  }
}
