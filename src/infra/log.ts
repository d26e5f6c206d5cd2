// The log: JSON lines (readable on a terminal) on a stream, and a JSON copy in a file. Made once by app.ts, passed to every
// part; a part that works for a run or session takes `log.child({ run, session })` so that each line carries its ids.
import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Clock } from './clock.ts';
import { openLogFile } from './log-file.ts';
import { type LogLevel, logLevels, parseLogLine, readableLogLine } from './log-line.ts';
import { redactFields, redactText } from './redact.ts';

export type { LogLevel } from './log-line.ts';

export interface LogWrite {
  (message: string): void;
  /** An error goes into the field `err`. */
  (fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface Log {
  readonly trace: LogWrite;
  readonly debug: LogWrite;
  readonly info: LogWrite;
  readonly warn: LogWrite;
  readonly error: LogWrite;
  readonly fatal: LogWrite;
  /** A log whose every line also carries these fields. */
  child(fields: Readonly<Record<string, unknown>>): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Where lines go as they happen; absent while the console chat owns the terminal. */
  readonly destination?: Writable | undefined;
  /** Readable text with colours instead of JSON, on `destination` only. */
  readonly pretty?: boolean | undefined;
  /** Path of the JSON copy. */
  readonly file?: string | undefined;
  /** Size at which the copy is turned over; 10 MB unless given. */
  readonly maxFileBytes?: number | undefined;
}

export interface LogHandle {
  readonly log: Log;
  /** Takes effect at once, in children too. */
  setLevel(level: LogLevel): void;
  /** Closes the copy; later lines still reach the stream. */
  close(): void;
}

/** Opens the log. Secrets are taken out of every line, whatever wrote it; a closed pipe or full disk never throws. */
export function createLog(options: LogOptions): LogHandle {
  const file = options.file === undefined ? undefined : openLogFile(options.file, options.maxFileBytes ?? 10_000_000);
  const stream = streamWriter(options);
  const root = pino(
    {
      level: 'trace',
      base: null,
      // Errors are plain data by then, see redact.ts; pino's own serializer would name their type anew.
      serializers: { err: (err: unknown) => err },
      timestamp: () => `,"time":${options.clock.now()}`,
      formatters: { level: (level) => ({ level }) },
    },
    {
      write(line: string) {
        file?.write(line);
        stream(line);
      },
    },
  );
  const threshold = { rank: logLevels.indexOf(options.level) };
  return {
    log: wrap(root, threshold),
    setLevel: (level) => {
      threshold.rank = logLevels.indexOf(level);
    },
    close: () => file?.close(),
  };
}

function streamWriter({ destination, pretty }: LogOptions): (line: string) => void {
  if (destination === undefined) return () => undefined;
  let broken = false;
  destination.on('error', () => {
    broken = true;
  });
  return (line) => {
    if (broken || destination.writableEnded) return;
    const record = pretty === true ? parseLogLine(line) : undefined;
    destination.write(record === undefined ? line : `${readableLogLine(record, true)}\n`);
  };
}

/** pino children keep the level they were born with; the shared threshold lets a reload reach all of them. */
function wrap(to: pino.Logger, threshold: { readonly rank: number }): Log {
  const write = (level: LogLevel): LogWrite => {
    const rank = logLevels.indexOf(level);
    return (first: string | Readonly<Record<string, unknown>>, message?: string) => {
      if (rank < threshold.rank) return;
      if (typeof first === 'string') to[level](redactText(first));
      else to[level](redactFields(first), redactText(message ?? ''));
    };
  };
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => wrap(to.child(redactFields(fields)), threshold),
  };
}

/** Writes nothing; for tests and for verbs that answer on the terminal themselves. */
export const silentLog: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  child: () => silentLog,
};
