// The engine's log in a simulation: errors are kept for whoever reads a failing seed, everything else only on request.
// Used by world.ts.
import type { Log, LogLevel, LogWrite } from '../../src/infra/log.ts';
import type { Life } from './life.ts';
import type { Sighting } from './record.ts';

/** Codes of lines that say that something of ours broke, which no schedule excuses. */
const bugs = new Set(['turn_failed', 'intake_failed', 'sweep_failed']);

export function lifeLog(seen: Sighting, life: Life, verbose: boolean): Log {
  const at =
    (level: LogLevel): LogWrite =>
    (first: string | Readonly<Record<string, unknown>>, second?: string) => {
      if (!life.alive()) return;
      const fields = typeof first === 'string' ? {} : first;
      const serious = level === 'error' || level === 'fatal';
      if (!serious && !verbose) return;
      const text = `${level}: ${typeof first === 'string' ? first : (second ?? '')} ${shown(fields)}`;
      if (serious) seen.errors.push(`${seen.time()} ${text}`);
      if (serious && isBug(fields)) seen.broken.push({ rule: 'no fault of ours', detail: text });
      if (verbose) seen.line(`L${life.number}   ${text}`);
    };
  const log: Log = {
    ...{ trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    fatal: at('fatal'),
    child: () => log,
  };
  return log;
}

/** An error of JavaScript itself is a fault wherever it comes up. */
function isBug({ code, err }: Readonly<Record<string, unknown>>): boolean {
  return (typeof code === 'string' && bugs.has(code)) || err instanceof Error;
}

function shown(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error ? (value.stack ?? value.message) : value,
  );
}
