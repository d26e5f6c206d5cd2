// What a wire format is: how a request is read and an answer streamed. Implemented by the files beside it.
import type { ServerResponse } from 'node:http';
import type { Asked } from './script.ts';

/** How the agent's tool for commands is called. */
export interface ShellCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Writes one answer, piece by piece. */
export interface Pen {
  say(text: string): void;
  call(call: ShellCall): void;
  end(): void;
}

export interface Wire {
  /** The request wants an answer of the model. */
  readonly answers: (path: string) => boolean;
  readonly read: (body: unknown) => Asked;
  readonly open: (response: ServerResponse) => Pen;
}

/** Sends one event of a stream; the head goes with the first. */
export function sendEvent(response: ServerResponse, data: object | string, name?: string): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const line = typeof data === 'string' ? data : JSON.stringify(data);
  response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${line}\n\n`);
}

/** The text in a message that is a string or a list of parts. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textIn).join('\n');
  if (typeof content !== 'object' || content === null) return '';
  const { text, content: inner } = content as { readonly text?: unknown; readonly content?: unknown };
  return typeof text === 'string' ? text : textIn(inner);
}
