// A log that keeps its lines, for tests of what is written down. Used wherever a Log is asked for.
import type { Log, LogLevel, LogWrite } from '../../src/infra/log.ts';

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RecordingLog extends Log {
  readonly lines: readonly LogLine[];
}

export function recordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  return { ...writer(lines, {}), lines };
}

function writer(lines: LogLine[], bound: Readonly<Record<string, unknown>>): Log {
  const at =
    (level: LogLevel): LogWrite =>
    (first: string | Readonly<Record<string, unknown>>, second?: string) => {
      const fields = typeof first === 'string' ? {} : first;
      lines.push({
        level,
        message: typeof first === 'string' ? first : (second ?? ''),
        fields: { ...bound, ...fields },
      });
    };
  return {
    ...{ trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    fatal: at('fatal'),
    child: (fields) => writer(lines, { ...bound, ...fields }),
  };
}
