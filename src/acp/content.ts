// What is sent to a harness as a prompt: the person's own text and files, nothing else. Used by turn.ts.
import { pathToFileURL } from 'node:url';
import type { Entry, Injection } from '../core/agent.ts';
import type { Attachment } from '../core/message.ts';

export interface Message {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

/** Reads a stored file; undefined where it is gone or too large. */
export type FileReader = (path: string) => Promise<Uint8Array | undefined>;

/** The messages a turn begins with: what was written for it, not what was said before. */
export function messagesOf(history: readonly Entry[], turn: string): readonly Message[] {
  return history.flatMap((entry) =>
    entry.turn === turn && (entry.type === 'user' || entry.type === 'note')
      ? [{ text: entry.text, attachments: entry.type === 'user' ? (entry.attachments ?? []) : [] }]
      : [],
  );
}

/** What a message that was taken in while the turn ran leaves in the transcript. */
export function entryOf({ kind, text, from, attachments }: Injection, stamp: { at: number; turn: string }): Entry {
  if (kind === 'note') return { type: 'note', ...stamp, text };
  const who = from === undefined ? {} : { from };
  return { type: 'user', ...stamp, text, ...who, ...(attachments === undefined ? {} : { attachments }) };
}

/** Content blocks of ACP: every harness takes text and links to files, some take pictures. */
export async function contentOf(
  messages: readonly Message[],
  { images, read, lead }: { readonly images: boolean; readonly read: FileReader; readonly lead?: string | undefined },
): Promise<readonly Record<string, unknown>[]> {
  const text = messages
    .map((message) => message.text)
    .filter((each) => each !== '')
    .join('\n\n');
  const said = [lead, text].filter((each) => each !== undefined && each !== '').join(' ');
  const files = await Promise.all(
    messages.flatMap(({ attachments }) => attachments.map((each) => blockOf(each, images, read))),
  );
  return [...(said === '' ? [] : [{ type: 'text', text: said }]), ...files];
}

async function blockOf(file: Attachment, images: boolean, read: FileReader): Promise<Record<string, unknown>> {
  const data = images && file.kind === 'image' ? await read(file.path).catch(() => undefined) : undefined;
  if (data !== undefined)
    return { type: 'image', mimeType: file.mediaType, data: Buffer.from(data).toString('base64') };
  const uri = pathToFileURL(file.path).href;
  return { type: 'resource_link', name: file.name, uri, mimeType: file.mediaType, size: file.bytes };
}

/** Said before what is sent in place of a prompt that was cancelled. */
export function interrupted(forgotten: readonly Message[]): string {
  const text = forgotten.map((message) => message.text).join('\n\n');
  if (text === '') return '[steering, the previous turn was interrupted]';
  return `[steering, the previous turn was interrupted. It had been asked:]\n${text}\n[Now:]`;
}
