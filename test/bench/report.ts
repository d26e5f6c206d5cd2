// Figures of a benchmark, each with its ideal beside it. Used by the files of this folder.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The best that could be had, in the same unit; absent where there is none to name. */
  readonly ideal?: number | undefined;
  /** What the figure stands for, or why it is off its ideal. */
  readonly note?: string | undefined;
}

/** A table as text: name, figure, ideal, how far off, note. */
export function table(title: string, figures: readonly Figure[]): string {
  const rows = [['figure', 'measured', 'ideal', 'off', 'note'], ...figures.map(row)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [title, '-'.repeat(title.length), ...rows.map(line)].join('\n');
}

export function report(title: string, figures: readonly Figure[]): void {
  console.log(`${table(title, figures)}\n`);
}

/** Runs `fn` and answers how many milliseconds it took by the monotonic clock. */
export async function timed(fn: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await fn();
  return performance.now() - start;
}

/** Keeps the process alive while `fn` runs: the timers of the system clock do not. */
export async function awake<T>(fn: () => Promise<T>): Promise<T> {
  const heartbeat = setInterval(() => undefined, 60_000);
  try {
    return await fn();
  } finally {
    clearInterval(heartbeat);
  }
}

/** The value below which the share `p` (0 to 1) of the samples lies. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
}

function row(figure: Figure): string[] {
  const { name, value, unit, ideal, note } = figure;
  const off =
    ideal === undefined || ideal === 0
      ? ''
      : `${value >= ideal ? '+' : ''}${(((value - ideal) / ideal) * 100).toFixed(1)} %`;
  return [name, `${number(value)} ${unit}`, ideal === undefined ? '' : `${number(ideal)} ${unit}`, off, note ?? ''];
}

function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
