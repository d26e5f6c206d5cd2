// Figures of a benchmark, each with its ideal and its aim beside it. Used by the files of this folder.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The best that could be had, in the same unit; absent where there is none to name. */
  readonly ideal?: number | undefined;
  /** What the figure has to stay within, in the same unit. */
  readonly aim?: { readonly atMost: number } | { readonly atLeast: number } | undefined;
  /** What the figure stands for, or why it is off its ideal. */
  readonly note?: string | undefined;
}

export interface Suite {
  readonly title: string;
  readonly figures: readonly Figure[];
}

/** A table as text: name, figure, ideal, how far off, aim and whether it is met, note. */
export function table({ title, figures }: Suite): string {
  const rows = [['figure', 'measured', 'ideal', 'off', 'aim', '', 'note'], ...figures.map(row)];
  const widths = [0, 1, 2, 3, 4, 5, 6].map((column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const left = new Set([0, 5, 6]);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (left.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, '-'.repeat(title.length), ...rows.map(line)].join('\n');
}

/** What the main block of every suite does: its figures as a table, or with `--json` as data on one line. */
export async function main(title: string, measure: () => Promise<readonly Figure[]>): Promise<void> {
  const suite: Suite = { title, figures: await awake(measure) };
  console.log(process.argv.includes('--json') ? JSON.stringify(suite) : `${table(suite)}\n`);
  // Whatever a figure leaves behind, a wedged turn for one, must not keep the process.
  process.exit(0);
}

/** Whether the figure keeps its aim; undefined where it has none. */
export function met({ value, aim }: Figure): boolean | undefined {
  if (aim === undefined) return undefined;
  return 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
}

/** Runs `fn` and answers how many milliseconds it took by the monotonic clock. */
export async function timed(fn: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await fn();
  return performance.now() - start;
}

/** Milliseconds of `count` calls, one after another. */
export async function samples(count: number, fn: (index: number) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < count; index += 1) took.push(await timed(() => fn(index)));
  return took;
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
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? 0;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Bytes on the heap once everything unreachable is gone; needs `--expose-gc`. */
export function liveHeap(): number {
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

export const withoutGc = globalThis.gc ? undefined : 'garbage included; --expose-gc for the net figure';

function row(figure: Figure): string[] {
  const { name, value, unit, ideal, note } = figure;
  const off =
    ideal === undefined || ideal === 0
      ? ''
      : `${value >= ideal ? '+' : ''}${(((value - ideal) / ideal) * 100).toFixed(1)} %`;
  const kept = met(figure);
  const mark = kept === undefined ? '' : kept ? 'ok' : 'MISSED';
  return [
    name,
    `${number(value)} ${unit}`,
    ideal === undefined ? '' : `${number(ideal)} ${unit}`,
    off,
    aimWords(figure),
    mark,
    note ?? '',
  ];
}

function aimWords({ aim, unit }: Figure): string {
  if (aim === undefined) return '';
  return 'atMost' in aim ? `<= ${number(aim.atMost)} ${unit}` : `>= ${number(aim.atLeast)} ${unit}`;
}

function number(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
