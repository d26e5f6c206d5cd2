// One call to the REST API as the parts of the twin see it: ids of its path, query, body and files. Read from the wire here;
// called by server.ts.
import type { IncomingMessage } from 'node:http';
import { plain } from './refusal.ts';
import type { Wire } from './world.ts';

export interface Upload {
  readonly name: string;
  readonly data: Buffer;
  readonly type: string | undefined;
}

export interface Request {
  /** What stands for the variable parts of the path, in order. */
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  /** An object, or a list where the endpoint takes one. */
  readonly body: Wire;
  /** By index: `files[0]` is 0. */
  readonly files: ReadonlyMap<string, Upload>;
}

/** What a part answers: nothing for 204. */
export type Answer = { readonly status: number; readonly body?: unknown };
export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const empty: Answer = { status: 204 };

export type Handler = (request: Request) => Answer;

/** @throws Refusal 400 for a body that is no JSON */
export async function readBody(incoming: IncomingMessage): Promise<Pick<Request, 'body' | 'files'>> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const type = incoming.headers['content-type'] ?? '';
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary !== undefined) return readMultipart(raw, boundary);
  return { body: raw.length === 0 ? {} : parse(raw), files: new Map() };
}

function parse(raw: Buffer): Wire {
  try {
    return JSON.parse(raw.toString('utf8')) as Wire;
  } catch {
    throw plain(400);
  }
}

/** The message is the part `payload_json`, files are `files[n]`. */
function readMultipart(raw: Buffer, boundary: string): Pick<Request, 'body' | 'files'> {
  const files = new Map<string, Upload>();
  let body: Wire = {};
  for (const { head, data } of parts(raw, Buffer.from(`--${boundary}`))) {
    const name = /[ ;]name="?([^";\r\n]*)"?/i.exec(head)?.[1] ?? '';
    const file = /filename="?([^"\r\n]*)"?/i.exec(head)?.[1];
    if (name === 'payload_json') body = parse(data);
    else if (file !== undefined)
      files.set(/\d+/.exec(name)?.[0] ?? name, {
        ...{ name: file, data, type: /content-type: *([^\r\n]+)/i.exec(head)?.[1] },
      });
  }
  return { body, files };
}

function* parts(raw: Buffer, mark: Buffer): Generator<{ readonly head: string; readonly data: Buffer }> {
  for (let at = raw.indexOf(mark); at !== -1; ) {
    const start = at + mark.length + 2;
    const next = raw.indexOf(mark, start);
    const split = raw.indexOf('\r\n\r\n', start);
    if (next === -1 || split === -1 || split > next) return;
    yield { head: raw.subarray(start, split).toString('utf8'), data: raw.subarray(split + 4, next - 2) };
    at = next;
  }
}

/** A list of objects in a body, [] where there is none. */
export const list = (body: Wire, field: string): readonly Wire[] => {
  const value = body[field];
  return Array.isArray(value) ? (value as Wire[]) : [];
};

export const text = (body: Wire, field: string): string | undefined => {
  const value = body[field];
  return typeof value === 'string' ? value : undefined;
};

export const number = (body: Wire, field: string): number | undefined => {
  const value = body[field];
  return typeof value === 'number' ? value : undefined;
};
