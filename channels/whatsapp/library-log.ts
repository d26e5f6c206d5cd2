// The library's own words, made harmless: its log lines carry stanzas, messages, codes and keys, and the Signal code below it
// prints whole sessions to the console. Used by auth.ts and socket.ts.
import type { Log } from '../../src/infra/log.ts';

/** As the library wants a log; its package does not give the type a public name. */
export interface LibraryLog {
  level: string;
  child(bound: Record<string, unknown>): LibraryLog;
  trace(fields: unknown, message?: string): void;
  debug(fields: unknown, message?: string): void;
  info(fields: unknown, message?: string): void;
  warn(fields: unknown, message?: string): void;
  error(fields: unknown, message?: string): void;
}

const nothing = (): void => undefined;

/**
 * Only the sentence of a warning or error is kept, at our `debug` level, and an error's status. What comes with it is never
 * looked at.
 */
export function libraryLog(log: Log): LibraryLog {
  const say = (fields: unknown, message?: string): void =>
    log.debug({ ...statusOf(fields), code: 'whatsapp_library' }, sentence(message ?? fields));
  const self: LibraryLog = {
    level: 'warn',
    child: () => self,
    ...{ trace: nothing, debug: nothing, info: nothing, warn: say, error: say },
  };
  return self;
}

/** Sentences are written into the library; what it puts into them, such as numbers, is taken out again. */
function sentence(said: unknown): string {
  return typeof said === 'string' ? said.replace(/\S*\d{5,}\S*/g, '…').slice(0, 200) : 'the library says something';
}

function statusOf(fields: unknown): { readonly status?: number } {
  for (const one of [fields, ...(isRecord(fields) ? [fields.err, fields.error] : [])]) {
    const output = isRecord(one) ? one.output : undefined;
    if (isRecord(output) && typeof output.statusCode === 'number') return { status: output.statusCode };
  }
  return {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const noisy = ['log', 'info', 'warn', 'error', 'debug'] as const;
/** Where the caller of a console method lies, when it is one of those. */
const itsOwn = /[\\/]node_modules[\\/](libsignal|whatsapp-rust-bridge|@whiskeysockets[\\/]baileys)[\\/]/;
const silenced = new WeakSet<Console>();

/**
 * Keeps the Signal code from printing sessions with their keys to the terminal: `console.info('Closing session:', session)`.
 * There is no setting for it, so the console's methods are wrapped once; everybody else's words pass as they are.
 */
export function silenceLibrary(target: Console = globalThis.console): void {
  if (silenced.has(target)) return;
  silenced.add(target);
  for (const name of noisy) {
    const original = target[name];
    target[name] = (...args: unknown[]): void => {
      if (!itsOwn.test(callerOf(target[name]))) original.apply(target, args);
    };
  }
}

/** The stack's line of whoever called `callee`. */
function callerOf(callee: (...args: never[]) => unknown): string {
  const at: { stack?: string } = {};
  Error.captureStackTrace(at, callee);
  return at.stack?.split('\n')[1] ?? '';
}
