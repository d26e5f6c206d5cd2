// How the demo model tells what its sub-agents brought: reads completion blocks, answers in its own words. Pure.
import { blockBegin, blockEnd } from '../core/block.ts';
import type { DoneCall } from './demo-conversation.ts';

export interface DemoCompletion {
  readonly child: string;
  readonly label: string;
  /** success, error, timeout, stopped, unknown. */
  readonly status: string;
  readonly result: string;
}

export interface SplitText {
  readonly completions: readonly DemoCompletion[];
  /** What stands outside the blocks. */
  readonly rest: string;
}

/** Takes the completion blocks out of a message. */
export function splitCompletions(text: string): SplitText {
  const completions: DemoCompletion[] = [];
  const rest: string[] = [];
  let from = 0;
  for (let at = text.indexOf(blockBegin); at >= 0; at = text.indexOf(blockBegin, from)) {
    const end = text.indexOf(blockEnd, at);
    if (end < 0) break;
    rest.push(text.slice(from, at));
    completions.push(readBlock(text.slice(at + blockBegin.length, end)));
    from = end + blockEnd.length;
  }
  rest.push(text.slice(from));
  return { completions, rest: rest.join('').trim() };
}

function readBlock(block: string): DemoCompletion {
  const field = (pattern: RegExp): string => pattern.exec(block)?.[1]?.trim() ?? '';
  return {
    child: field(/^Child: (\S+)/m),
    label: field(/label "(.*)"$/m),
    status: field(/^Status: (\w+)/m),
    result: /^Result:[^\n]*\n(~{8,})\n([\s\S]*?)\n\1$/m.exec(block)?.[2]?.trim() ?? '',
  };
}

export interface Spawned {
  readonly number: number;
  readonly label: string;
  readonly child: string;
  readonly task: string;
}

/** What a sessions_spawn call answered; undefined where it was refused. `position`, from 1, stands in for a missing number. */
export function readSpawned(call: DoneCall, position: number): Spawned | undefined {
  const answer = parseObject(call.output);
  if (answer.status !== 'accepted') return undefined;
  const task = String(call.input.task ?? '');
  return {
    number: typeof answer.number === 'number' ? answer.number : position,
    label: String(answer.label ?? call.input.label ?? task),
    child: String(answer.childSessionKey ?? ''),
    task,
  };
}

/** The sentence of a refusal, as the runtime gave it. */
export function refusalOf(call: DoneCall): string {
  const answer = parseObject(call.output);
  const parts = [answer.message, answer.fix].filter((part): part is string => typeof part === 'string' && part !== '');
  return parts.length === 0 ? call.output : parts.join(' ');
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const numerals = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

/** @param batches groups of sub-agents started together, oldest first. */
export function digest(completions: readonly DemoCompletion[], batches: readonly (readonly Spawned[])[]): string {
  const batch = batches.findLast((group) => group.some((one) => one.child === completions[0]?.child)) ?? [];
  const place = (one: DemoCompletion): number => {
    const index = batch.findIndex((spawned) => spawned.child === one.child);
    return index < 0 ? batch.length : index;
  };
  const ordered = completions.toSorted((a, b) => place(a) - place(b));
  const total = Math.max(batch.length, completions.length);
  const sentences = ordered.map((one, index) => sentence(one, batch.length === 0 ? index : place(one), total));
  return [head(ordered, total), ...sentences].join(' ');
}

function head(back: readonly DemoCompletion[], total: number): string {
  const word = numerals[back.length] ?? String(back.length);
  if (back.length === 1) return `${back[0]?.label ?? 'It'} is back.`;
  if (back.length < total) return `${capital(word)} are back.`;
  return back.length === 2 ? 'Both are back.' : `All ${word} are back.`;
}

function sentence(one: DemoCompletion, place: number, total: number): string {
  const name = total === 1 ? 'It' : `The ${ordinals[place] ?? `${place + 1}th`}`;
  const result = one.result === '' ? '' : one.result;
  switch (one.status) {
    case 'success':
      if (result === '') return `${name} finished without a text.`;
      return ended(/^Waited /.test(result) ? `${name} w${result.slice(1)}` : result);
    case 'error':
      return ended(`${name} (${one.label}) failed${result === '' ? '' : `: ${result}`}`);
    case 'timeout':
      return ended(`${name} (${one.label}) timed out${result === '' ? '' : `; so far: ${result}`}`);
    case 'stopped':
      return `${name} (${one.label}) was stopped.`;
    default:
      return `${name} (${one.label}) was lost.`;
  }
}

function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** The started text: `Started 3 sub-agents: #1 words, #2 scripts, #3 wait. I will report when they are back.` */
export function startedText(spawned: readonly Spawned[], refusals: readonly string[]): string {
  const refused = [...new Set(refusals)].map(ended).join(' ');
  if (spawned.length === 0) return `No sub-agent was started. ${refused}`.trim();
  const list = spawned.map((one) => `#${one.number} ${one.label}`).join(', ');
  const [noun, they] = spawned.length === 1 ? ['sub-agent', 'it is'] : ['sub-agents', 'they are'];
  const failed = refusals.length === 0 ? '' : ` ${refusals.length} more refused: ${refused}`;
  return `Started ${spawned.length} ${noun}: ${list}.${failed} I will report when ${they} back.`;
}
