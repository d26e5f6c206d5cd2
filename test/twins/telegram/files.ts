// Files on the platform: what people and the bot sent, found again by file id. Asked by methods.ts, messages.ts and
// speech.ts.
import type { Params } from './params.ts';
import { badRequest, Refusal } from './refusal.ts';
import type { Wire } from './rooms.ts';

/** Kinds of files, as the fields of a message are called. An animation is a document as well and comes first. */
export const mediaKinds = [
  ...(['photo', 'animation', 'document', 'video', 'audio', 'voice', 'sticker', 'video_note'] as const),
] as const;
export type Media = (typeof mediaKinds)[number];

/** A file as a test describes it. */
export interface SentFile {
  /** Default: a few bytes. */
  readonly data?: Uint8Array | string;
  readonly name?: string;
  /** MIME type. */
  readonly type?: string;
  /** The size Telegram tells, where it is not that of `data`. */
  readonly size?: number;
}

interface Stored {
  readonly path: string;
  readonly data: Uint8Array;
  readonly size: number;
}

/** https://core.telegram.org/bots/api#getfile, #sending-files */
const megabyte = 1024 * 1024;
const largest = { download: 20 * megabyte, upload: 50 * megabyte };

export class Files {
  readonly #byId = new Map<string, Stored>();

  /** Keeps a file and answers the fields every kind of file has on the wire. */
  add(file: SentFile, folder: string): { readonly wire: Wire; readonly id: string } {
    const id = `file-${this.#byId.size + 1}`;
    const data = typeof file.data === 'string' ? Buffer.from(file.data) : (file.data ?? Buffer.from('twin'));
    const size = file.size ?? data.byteLength;
    const ending = /\.\w+$/.exec(file.name ?? '')?.[0] ?? '';
    this.#byId.set(id, { path: `${folder}/${id}${ending}`, data, size });
    return { id, wire: { file_id: id, file_unique_id: `unique-${id}`, file_size: size } };
  }

  /** @throws Refusal for what the bot may not upload */
  upload(params: Params, field: string): { readonly name: string; readonly data: Uint8Array; readonly wire: Wire } {
    const upload = params.upload(field);
    if (upload !== undefined) {
      if (upload.data.byteLength > largest.upload) throw new Refusal(413, 'Request Entity Too Large');
      if (upload.data.byteLength === 0) throw badRequest('file must be non-empty');
      return { ...upload, wire: this.add(upload, `${field}s`).wire };
    }
    const id = params.text(field) ?? '';
    const stored = this.#byId.get(id);
    if (stored === undefined)
      throw badRequest(id === '' ? `there is no ${field} in the request` : 'wrong file identifier/HTTP URL specified');
    return {
      name: id,
      data: stored.data,
      wire: { file_id: id, file_unique_id: `unique-${id}`, file_size: stored.size },
    };
  }

  /** getFile */
  describe(params: Params): Wire {
    const id = params.text('file_id') ?? '';
    const stored = this.#byId.get(id);
    if (stored === undefined) throw badRequest('wrong file_id or the file is temporarily unavailable');
    if (stored.size > largest.download) throw badRequest('file is too big');
    return { file_id: id, file_unique_id: `unique-${id}`, file_size: stored.size, file_path: stored.path };
  }

  at(path: string): Uint8Array | undefined {
    return [...this.#byId.values()].find((stored) => stored.path === path)?.data;
  }
}
