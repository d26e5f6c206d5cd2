// One JSON log line as a person reads it. Used by log.ts on a terminal and by `switchyard logs`.

const ranks = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof ranks)[number];
export const logLevels: readonly LogLevel[] = ranks;

const dim = '\u001b[2m';
const plain = '\u001b[0m';
const colours: Readonly<Record<LogLevel, string>> = {
  trace: dim,
  debug: dim,
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
};

export type LogRecord = Readonly<Record<string, unknown>>;

/** The fields of a log line, or undefined when the line is no log line. */
export function parseLogLine(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as LogRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `2026-01-01T10:00:00.000Z warn  message key=value …`, then the stack of an error on lines of its own.
 * @param colour whether to mark the level with terminal colours
 */
export function readableLogLine(record: LogRecord, colour: boolean): string {
  const { time, level, msg, err, ...fields } = record;
  const at = typeof time === 'number' && Number.isFinite(time) ? new Date(time).toISOString() : 'n/a';
  const word = typeof level === 'string' ? level : 'info';
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  const head = [at, mark(word, colour), ...(typeof msg === 'string' ? [msg] : []), ...rest].join(' ');
  return [head, ...errorLines(err)].map(printable).join('\n');
}

function mark(level: string, colour: boolean): string {
  const padded = level.padEnd(5);
  const known = ranks.find((rank) => rank === level);
  return colour && known !== undefined ? `${colours[known]}${padded}${plain}` : padded;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[\w.:/@#+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? 'undefined';
}

function errorLines(err: unknown): readonly string[] {
  if (err === undefined || err === null) return [];
  if (typeof err !== 'object') return [`    ${String(err)}`];
  const { stack, message, cause } = err as { stack?: unknown; message?: unknown; cause?: unknown };
  const text = [stack, message].find((part) => typeof part === 'string' && part !== '');
  const own = typeof text === 'string' ? text : JSON.stringify(err);
  return [...own.split('\n').map((line) => `    ${line.trimStart()}`), ...errorLines(cause)];
}

/** What others sent may hold escape sequences; a terminal must not obey them. The colours above are ours. */
function printable(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return line.replace(/\u001b(?!\[\d{1,2}m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g, '\ufffd');
}
