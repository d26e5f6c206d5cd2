// Reads a model prompt the way the demo model needs it: what is asked, what was done for it so far. Pure.
import type { ModelCallOptions } from './model-types.ts';
import { stoppedNote } from './prompt.ts';
import { resumeMark } from './resume.ts';

type Message = ModelCallOptions['prompt'][number];

export interface DoneCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: string;
  readonly failed: boolean;
}

/** The part of the conversation that is still open: everything after the last finished answer. */
export interface OpenRequest {
  readonly system: string;
  /** Text that opened the request. */
  readonly first: string;
  /** Messages that came in while it was worked on, not yet answered. */
  readonly later: readonly string[];
  /** Tool calls made for it, skipped ones left out. */
  readonly done: readonly DoneCall[];
  /** Every call of the conversation before it, oldest first. */
  readonly before: readonly DoneCall[];
}

export function readRequest(prompt: ModelCallOptions['prompt']): OpenRequest {
  const system = prompt.flatMap((message) => (message.role === 'system' ? [message.content] : [])).join('\n');
  const start = openFrom(prompt);
  const open = prompt.slice(start);
  const said = open.filter((message) => message.role === 'user').map((message) => afterStop(textOf(message)));
  const parts = said.flatMap((text) =>
    text.split(`\n\n${resumeMark}`).map((part, n) => (n === 0 ? part : resumeMark + part)),
  );
  const texts = parts.flatMap((text, index) => news(text, parts.slice(0, index)));
  return {
    system,
    first: texts[0] ?? '',
    later: texts.slice(1),
    done: callsOf(open),
    before: callsOf(prompt.slice(0, start)),
  };
}

/**
 * A request is closed by an answer without calls, by a yield that ended the turn, or by a person who stopped it; the first
 * two not, where a restart came before they were stored.
 */
function openFrom(prompt: ModelCallOptions['prompt']): number {
  for (let i = prompt.length - 1; i >= 0; i -= 1) {
    const message = prompt[i];
    const next = prompt[i + 1];
    if (next?.role === 'user' && textOf(next).startsWith(resumeMark)) continue;
    if (message?.role === 'user' && textOf(message).includes(stoppedNote)) return i;
    if (message?.role === 'assistant' && !message.content.some((part) => part.type === 'tool-call')) return i + 1;
    if (message?.role === 'tool' && callsOf(prompt.slice(0, i + 1)).at(-1)?.name === 'sessions_yield' && ended(message))
      return i + 1;
  }
  return 0;
}

function afterStop(text: string): string {
  const at = text.lastIndexOf(stoppedNote);
  return at < 0 ? text : text.slice(at + stoppedNote.length).trim();
}

/** After a restart what was asked is asked again: only what was not said `before` is new. */
function news(text: string, before: readonly string[]): readonly string[] {
  if (!text.startsWith(resumeMark)) return [text];
  const again = text.slice(text.indexOf(']\n\n') + 3);
  const fresh = before.reduce((rest, each) => rest.replace(each, ''), again).trim();
  return fresh === '' ? [] : [fresh];
}

/** A yield that was refused, or had nothing to wait for, does not end the turn. */
function ended(message: Message): boolean {
  return !outputsOf(message).some(({ output, failed }) => failed || output.includes('nothing_pending'));
}

function callsOf(messages: readonly Message[]): DoneCall[] {
  const inputs = new Map<string, DoneCall['input']>();
  const done: DoneCall[] = [];
  for (const message of messages) {
    if (message.role === 'assistant')
      for (const part of message.content)
        if (part.type === 'tool-call') inputs.set(part.toolCallId, asRecord(part.input));
    for (const { id, name, output, failed } of outputsOf(message)) {
      if (/^(skipped:|aborted$|unknown:|not run:)/.test(output)) continue;
      done.push({ name, input: inputs.get(id) ?? {}, output, failed });
    }
  }
  return done;
}

function outputsOf(
  message: Message,
): { readonly id: string; readonly name: string; readonly output: string; readonly failed: boolean }[] {
  if (message.role !== 'tool') return [];
  return message.content.flatMap((part) => {
    if (part.type !== 'tool-result') return [];
    const { output } = part;
    const text =
      'value' in output ? (typeof output.value === 'string' ? output.value : JSON.stringify(output.value)) : '';
    return [{ id: part.toolCallId, name: part.toolName, output: text, failed: output.type === 'error-text' }];
  });
}

function textOf(message: Message): string {
  if (message.role !== 'user') return '';
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n\n');
}

function asRecord(value: unknown): DoneCall['input'] {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
