// Turns what a harness tells during a prompt into the events of our turn: text as it comes, and transcript entries whose
// calls are always answered. Made by turn.ts.
import type { AssistantPart, Entry, TurnEvent } from '../core/agent.ts';
import { clip } from '../core/format.ts';
import type { ToolCall } from './updates.ts';

export interface SpeechDeps {
  readonly turn: string;
  readonly model: string;
  readonly now: () => number;
  readonly emit: (event: TurnEvent) => void;
}

/** Longest output of a call kept in the transcript, in UTF-16 units: it is a record for people, no prompt. */
const outputChars = 4_000;

export class Speech {
  readonly #deps: SpeechDeps;
  #said = '';
  /** The text that ended the prompt, or the last one before a call where none came after it. */
  #last = '';
  #answered = false;
  readonly #open = new Map<string, ToolCall>();
  readonly #ended = new Set<string>();

  constructor(deps: SpeechDeps) {
    this.#deps = deps;
  }

  text(delta: string): void {
    this.#said += delta;
    this.#deps.emit({ type: 'text', delta });
  }

  tool(call: ToolCall): void {
    if (this.#ended.has(call.id)) return;
    if (!this.#open.has(call.id)) this.#begin(call);
    this.#open.set(call.id, call);
    if (call.status === 'completed' || call.status === 'failed')
      this.#end(call, call.output === '' ? call.status : call.output, call.status === 'failed');
  }

  /** The prompt is over: calls without an end get one. Answers its last text, and whether that came after the last call. */
  close(): { readonly text: string; readonly answered: boolean } {
    for (const call of [...this.#open.values()]) this.#end(call, 'the turn ended before this did', true);
    this.#finish();
    const closed = { text: this.#last, answered: this.#answered };
    this.#last = '';
    this.#answered = false;
    this.#ended.clear();
    return closed;
  }

  #finish(): void {
    const text = this.#said.trim();
    this.#said = '';
    if (text === '') return;
    this.#last = text;
    this.#answered = true;
    this.#keep({ type: 'assistant', ...this.#stamp(), parts: [{ type: 'text', text }], model: this.#deps.model });
  }

  #begin(call: ToolCall): void {
    const text = this.#said.trim();
    this.#said = '';
    if (text !== '') this.#last = text;
    this.#answered = false;
    const input = call.rawInput ?? { title: call.title };
    const parts: AssistantPart[] = [
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      { type: 'call', id: call.id, name: nameOf(call), input },
    ];
    this.#keep({ type: 'assistant', ...this.#stamp(), parts, model: this.#deps.model });
    this.#deps.emit({ type: 'tool', name: nameOf(call), callId: call.id, phase: 'start' });
  }

  #end(call: ToolCall, output: string, failed: boolean): void {
    this.#open.delete(call.id);
    this.#ended.add(call.id);
    const about = { callId: call.id, name: nameOf(call) };
    this.#deps.emit({ type: 'tool', ...about, phase: 'end', failed });
    this.#keep({ type: 'tool', ...this.#stamp(), ...about, output: clip(output, outputChars), failed });
  }

  #stamp(): { readonly at: number; readonly turn: string } {
    return { at: this.#deps.now(), turn: this.#deps.turn };
  }

  #keep(entry: Entry): void {
    this.#deps.emit({ type: 'entry', entry });
  }
}

/** Kinds are few and the same for every harness; titles are not. */
function nameOf(call: ToolCall): string {
  return call.kind;
}
