// The parameters of one API call, whichever way they came: JSON, form, multipart or query. Built by server.ts.
import type { IncomingMessage } from 'node:http';
import { badRequest } from './refusal.ts';

export interface Upload {
  readonly name: string;
  readonly data: Buffer;
}

/** Typed reading. As on Telegram a number or an object may also come as a string that holds it. */
export class Params {
  readonly values: Readonly<Record<string, unknown>>;
  readonly #files: ReadonlyMap<string, Upload>;

  constructor(values: Readonly<Record<string, unknown>>, files: ReadonlyMap<string, Upload> = new Map()) {
    this.values = values;
    this.#files = files;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return value === undefined || value === null ? undefined : String(value);
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const number = Number(value);
    if (!Number.isInteger(number)) throw badRequest(`invalid ${name} specified`);
    return number;
  }

  flag(name: string): boolean {
    return ['true', '1'].includes(this.text(name) ?? '');
  }

  /** An object or list in the shape Telegram documents; the shape is the caller's word. */
  object<T>(name: string): T | undefined {
    const value = this.values[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') return value as T;
    try {
      return JSON.parse(value) as T;
    } catch {
      throw badRequest(`object expected as ${name}`);
    }
  }

  /** The file sent along as this parameter, directly or through `attach://`. */
  upload(name: string): Upload | undefined {
    const attached = /^attach:\/\/(.+)$/.exec(this.text(name) ?? '')?.[1];
    return this.#files.get(attached ?? name);
  }
}

/** @param query of the address; the body wins */
export async function readParams(incoming: IncomingMessage, query: URLSearchParams): Promise<Params> {
  const body = await readBody(incoming);
  const type = incoming.headers['content-type'] ?? '';
  const inQuery = decoded(Object.fromEntries(query));
  if (body.length === 0) return new Params(inQuery);
  if (type.startsWith('application/json')) return new Params({ ...inQuery, ...parseJson(body) });
  if (type.startsWith('application/x-www-form-urlencoded'))
    return new Params({ ...inQuery, ...decoded(Object.fromEntries(new URLSearchParams(body.toString('utf8')))) });
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary === undefined) return new Params(inQuery);
  const { values, files } = parseMultipart(body, boundary);
  return new Params({ ...inQuery, ...decoded(values) }, files);
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw badRequest("can't parse JSON object");
  }
}

/** Forms carry objects as strings; the record of calls reads better with the objects. */
function decoded(values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, /^(text|caption)$/.test(name) ? value : objectIn(value)]),
  );
}

function objectIn(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Lenient about quotes and the case of header names: client libraries write both ways. */
function parseMultipart(
  body: Buffer,
  boundary: string,
): { readonly values: Record<string, string>; readonly files: Map<string, Upload> } {
  const values: Record<string, string> = {};
  const files = new Map<string, Upload>();
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at !== -1; ) {
    const start = at + mark.length + 2;
    const next = body.indexOf(mark, start);
    const split = body.indexOf('\r\n\r\n', start);
    if (next === -1 || split === -1 || split > next) break;
    const head = body.subarray(start, split).toString('utf8');
    const data = body.subarray(split + 4, next - 2);
    const name = /[ ;]name="?([^";\r\n]*)"?/i.exec(head)?.[1] ?? '';
    const file = /filename="?([^"\r\n]*)"?/i.exec(head)?.[1];
    if (file === undefined) values[name] = data.toString('utf8');
    else files.set(name, { name: file, data });
    at = next;
  }
  return { values, files };
}
