// The setup dialogue on a terminal, drawn by @clack/prompts. Made by setup.ts.
import { printable } from '../../../channels/console/format.ts';
import { Cancelled, type Option, type Prompts } from './prompts.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Aborted from outside, by a signal for instance: every question ends. */
  readonly stop: AbortSignal;
}

const escapeKey = '\u001b';
const ctrlC = '\u0003';

export async function clackPrompts({ stdin, stdout, stop }: Terminal): Promise<Prompts> {
  const clack = await import('@clack/prompts');
  const gone = new AbortController();
  for (const event of ['end', 'close', 'error'] as const) stdin.once(event, () => gone.abort());
  const over = AbortSignal.any([stop, gone.signal]);
  const on = { input: stdin, output: stdout, signal: over };
  const answered = <T>(answer: T | typeof clack.CANCEL_SYMBOL): T => {
    if (over.aborted || clack.isCancel(answer)) throw new Cancelled();
    return answer;
  };
  const asked = async <T>(ask: () => Promise<T | typeof clack.CANCEL_SYMBOL>): Promise<T> => {
    if (over.aborted) throw new Cancelled();
    return answered(await ask());
  };
  const check =
    (fault: ((value: string) => string | undefined) | undefined) =>
    (value: string | undefined): string | undefined =>
      fault?.((value ?? '').trim());
  return {
    title: (text) => clack.intro(text, on),
    say: (text) => clack.log.info(folded(printable(text), stdout.columns), on),
    warn: (text) => clack.log.warn(folded(printable(text), stdout.columns), on),
    choose: async ({ message, options, initial }) => {
      const shown = options.map(plain);
      const chosen = await asked(() => clack.select<string>({ ...on, message, options: shown, initialValue: initial }));
      return options.find(({ value }) => value === chosen)?.value ?? initial;
    },
    pick: async ({ message, options, initial }) => {
      const how = { message, options: options.map(plain), initialValues: [...initial], required: false };
      const picked = await asked(() => clack.multiselect<string>({ ...on, ...how }));
      return options.filter(({ value }) => picked.includes(value)).map(({ value }) => value);
    },
    confirm: (message, initial) => asked(() => clack.confirm({ ...on, message, initialValue: initial })),
    line: async ({ message, initial, fault }) => {
      const start = initial === undefined ? {} : { initialValue: initial };
      return ((await asked(() => clack.text({ ...on, message, ...start, validate: check(fault) }))) ?? '').trim();
    },
    secret: async ({ message, fault }) =>
      (await asked(() => clack.password({ ...on, message, validate: check(fault) }))).trim(),
    async during(what, work) {
      clack.log.step(what, on);
      const stopped = new AbortController();
      const ended = listen(stdin, () => stopped.abort());
      try {
        const signal = AbortSignal.any([over, stopped.signal]);
        const result = await work(signal);
        if (signal.aborted) throw new Cancelled();
        return result;
      } finally {
        ended();
      }
    },
  };
}

/** What the library draws beside each line. */
const margin = 4;

/** Lines that end between words. A longer word, an address for instance, stays whole: it is to be copied. */
function folded(text: string, columns: number): string {
  const width = Math.max(20, (columns || 80) - margin);
  return text
    .split('\n')
    .map((line) => line.replace(new RegExp(`(?=.{${width + 1}})(.{1,${width}}) +`, 'gu'), '$1\n'))
    .join('\n');
}

/** An option as the library wants it. Some names were chosen by others. */
function plain({ value, label, hint }: Option<string>): { value: string; label: string; hint?: string } {
  return { value, label: printable(label), ...(hint === undefined ? {} : { hint: printable(hint) }) };
}

/** Raw mode while nothing is asked: what is pasted too early must not be shown. @returns ends it */
function listen(stdin: NodeJS.ReadStream, cancel: () => void): () => void {
  const wasRaw = stdin.isRaw === true;
  const hear = (data: Buffer | string): void => {
    const keys = String(data);
    if (keys === escapeKey || keys.includes(ctrlC)) cancel();
  };
  stdin.setRawMode?.(true);
  stdin.on('data', hear);
  stdin.resume();
  return () => {
    stdin.off('data', hear);
    stdin.setRawMode?.(wasRaw);
    stdin.pause();
  };
}
