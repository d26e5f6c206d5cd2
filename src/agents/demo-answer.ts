// Decides what the demo model does next, from the open request alone. Pure; called by demo-model.ts.
import type { DoneCall, OpenRequest } from './demo-conversation.ts';
import { digest, readSpawned, refusalOf, type Spawned, splitCompletions, startedText } from './demo-digest.ts';
import { type DemoPhrase, understand, understood } from './demo-phrases.ts';

export interface DemoStep {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: Readonly<Record<string, unknown>> }[];
  /** Time the answer takes. */
  readonly waitMs: number;
  /** The call fails with this reason instead of answering. */
  readonly failure?: string;
}

const nothing: DemoStep = { text: '', calls: [], waitMs: 0 };
const saying = (text: string): DemoStep => ({ ...nothing, text });
const calling = (name: string, input: Readonly<Record<string, unknown>>): DemoStep => ({
  ...nothing,
  calls: [{ name, input }],
});

const greeting = `This is the demo model: a scripted stand-in, no AI. I understand: ${understood}.`;

/** What one answer has to go by. */
interface Work {
  readonly request: OpenRequest;
  /** Spawn calls that no request of this answer has claimed yet. */
  readonly spawns: DoneCall[];
}

/** One answer to everything that is open: the first request, what came in since, and completions among them. */
export function answer(request: OpenRequest): DemoStep {
  const [first, ...later] = [request.first, ...request.later].map(splitCompletions);
  const asked = first !== undefined && requestsOf(first.rest).some((text) => understand(text) !== undefined);
  const work: Work = { request, spawns: request.done.filter((call) => call.name === 'sessions_spawn') };
  const steps = [first, ...later].flatMap((part, index) =>
    part === undefined ? [] : requestsOf(part.rest).map((text) => respond(text, work, index > 0)),
  );
  // Blocks before a person's request are notes of what was told already.
  const back = [...(asked ? [] : (first?.completions ?? [])), ...later.flatMap((part) => part.completions)];
  const busy = steps.some((step) => step.calls.some((call) => call.name !== 'sessions_yield'));
  if (busy) return { ...join(steps.filter((step) => step.calls.length > 0)), text: '' };
  if (back.length === 0) return join(steps);
  const told = saying(digest(back, batches([...request.before, ...request.done])));
  return join(asked ? [...steps, told] : [told, ...steps.filter((step) => step.text !== greeting)]);
}

function join(steps: readonly DemoStep[]): DemoStep {
  if (steps.length === 0) return saying(greeting);
  const failure = steps.find((step) => step.failure !== undefined)?.failure;
  return {
    text: [...new Set(steps.map((step) => step.text))].filter((text) => text !== '').join('\n\n'),
    calls: callsOnce(steps.flatMap((step) => step.calls)),
    waitMs: steps.reduce((sum, step) => sum + step.waitMs, 0),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Several requests may need the same file, or wait for the same children. */
function callsOnce(calls: DemoStep['calls']): DemoStep['calls'] {
  const keys = calls.map((call) => JSON.stringify(call));
  return calls.filter((call, index) => call.name === 'sessions_spawn' || keys.indexOf(keys[index] ?? '') === index);
}

/**
 * Messages that came together are joined by blank lines: each paragraph is a request of its own. Notes of the runtime stand
 * in brackets; they and quoted words ask for nothing, unless there is nothing else.
 */
function requestsOf(text: string): readonly string[] {
  const paragraphs = text.split(/\n\s*\n/).flatMap((paragraph) => paragraph.trim() || []);
  const asked = paragraphs.filter((paragraph) => !/^(?:\[|(?:[^:\n]{1,64}: )?> )/.test(paragraph));
  return asked.length > 0 ? asked : paragraphs;
}

/** @param late it came in while something else was being done: what is not understood is at least acknowledged. */
function respond(text: string, work: Work, late: boolean): DemoStep {
  const phrase = understand(text);
  if (phrase !== undefined) return act(phrase, work);
  const steered = late || isChild(work.request);
  return saying(steered ? `Noted: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}` : greeting);
}

/** Time a sub-agent spends on a file: long enough for a person to see it at work, and several beside each other. */
const fileWorkMs = 3_000;

function paced(step: DemoStep, request: OpenRequest): DemoStep {
  return step.calls.length === 0 && isChild(request) ? { ...step, waitMs: fileWorkMs } : step;
}

function isChild({ system }: OpenRequest): boolean {
  return /you are a sub-agent/i.test(system);
}

function act(phrase: DemoPhrase, work: Work): DemoStep {
  const { request } = work;
  switch (phrase.do) {
    case 'delegate':
      return delegate(phrase, work);
    case 'words':
      return paced(
        withFile(phrase.file, request.done, (text) => `${phrase.file} has ${countOf(words(text).length, 'word')}.`),
        request,
      );
    case 'scripts':
      return paced(withFile('package.json', request.done, scriptsText), request);
    case 'summarise':
      return paced(
        withFile(phrase.file, request.done, (text) => summary(phrase.file, text)),
        request,
      );
    case 'read':
      return withFile(
        phrase.file,
        request.done,
        (text) => text.split('\n').find((line) => line.trim() !== '') ?? '(empty)',
        'NOT FOUND',
      );
    case 'count':
      return saying(Array.from({ length: phrase.to }, (_, i) => i + 1).join(', '));
    case 'wait':
      return {
        ...saying(`Waited ${countOf(phrase.seconds, 'second')} and said: ${phrase.say}.`),
        waitMs: phrase.seconds * 1000,
      };
    case 'say':
      return saying(phrase.text);
    case 'fail':
      return { ...nothing, failure: 'the demo model was asked to fail' };
  }
}

/** Starts what is not started yet, says so, and ends the turn until all are back. */
function delegate(phrase: Extract<DemoPhrase, { do: 'delegate' }>, { request, spawns: all }: Work): DemoStep {
  const spawns: DoneCall[] = [];
  // The same task may stand in the list twice: each call counts for one.
  const open = phrase.tasks.filter(({ task }) => {
    const at = all.findIndex((call) => call.input.task === task);
    if (at >= 0) spawns.push(...all.splice(at, 1));
    return at < 0;
  });
  if (open.length > 0)
    return { ...nothing, calls: open.map((task) => ({ name: 'sessions_spawn', input: { ...task } })) };
  const spawned = spawns.flatMap((call, index) => readSpawned(call, index + 1) ?? []);
  const text = startedText(
    spawned,
    spawns.filter((call, index) => readSpawned(call, index + 1) === undefined).map(refusalOf),
  );
  const waited = request.done.some((call) => call.name === 'sessions_yield');
  if (spawned.length === 0 || waited) return saying(text);
  return { ...calling('sessions_yield', { waitFor: 'all' }), text };
}

/** Sub-agents started together: neighbouring spawn calls. */
function batches(calls: readonly DoneCall[]): readonly (readonly Spawned[])[] {
  const groups: Spawned[][] = [];
  let open: Spawned[] | undefined;
  for (const call of calls) {
    if (call.name !== 'sessions_spawn') {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = [];
      groups.push(open);
    }
    const spawned = readSpawned(call, open.length + 1);
    if (spawned !== undefined) open.push(spawned);
  }
  return groups;
}

const continued = /\n?\[lines \d+-\d+ of \d+\.(?: Continue with offset (\d+)\.)?\]$/;

/** Reads the whole file by the read tool, part by part, then answers from its text. */
function withFile(file: string, done: readonly DoneCall[], say: (text: string) => string, missing?: string): DemoStep {
  const reads = done.filter((call) => call.name === 'read' && call.input.path === file);
  const last = reads.at(-1);
  if (last === undefined) return calling('read', { path: file });
  if (last.failed) return saying(missing ?? `I could not read ${file}: ${refusalOf(last)}`);
  const next = continued.exec(last.output)?.[1];
  if (next !== undefined) return calling('read', { path: file, offset: Number(next) });
  return saying(
    say(
      reads
        .map((call) => call.output.replace(continued, ''))
        .join('\n')
        .replace(/^\[.* is empty\]$/, ''),
    ),
  );
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function scriptsText(text: string): string {
  try {
    const names = Object.keys((JSON.parse(text) as { readonly scripts?: Record<string, string> }).scripts ?? {});
    return names.length === 0 ? 'There are no npm scripts.' : `The npm scripts are ${names.join(', ')}.`;
  } catch {
    return 'package.json is not valid JSON.';
  }
}

function summary(file: string, text: string): string {
  const plain = text
    .replaceAll(/^[#>*\s-]+/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const first = /^.*?[.!?](?=\s|$)/.exec(plain)?.[0] ?? plain.slice(0, 160);
  return `${file} begins: ${first} (${countOf(words(text).length, 'word')} in all; a scripted summary reads no further.)`;
}

/** `1,204 words`, `1 word`. */
function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
