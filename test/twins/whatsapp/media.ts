// The host of files: keeps what phones and devices upload, sealed as they seal it, and serves it. Devices always upload over
// TLS, with a certificate of the twin's own that `trust` makes this process accept. Made by twin.ts.
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { extractMessageContent, type proto } from '@whiskeysockets/baileys';
import { loopbackCertificate } from './certificate.ts';

/** What messages say of a file, whatever its kind. */
interface FileFields {
  readonly url?: string | null;
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly mimetype?: string | null;
  readonly fileName?: string | null;
}

export interface SentFile {
  readonly data: Uint8Array;
  readonly mime: string;
  readonly name?: string | undefined;
  readonly caption?: string | undefined;
}

export interface SeenFile {
  readonly data: Buffer;
  readonly mime: string;
  readonly name: string;
}

/** The label under which keys of a kind are derived. */
const kinds = { image: 'Image', video: 'Video', audio: 'Audio', document: 'Document', sticker: 'Image' } as const;
type Kind = keyof typeof kinds;

export class MediaHost {
  readonly certificate: string;
  /** Answers downloads with this status instead; 0: serves them. */
  refuse = 0;
  readonly #files = new Map<string, Buffer>();
  readonly #plain: Server;
  readonly #secure: Server;
  #trusted = false;
  #plainHost = '';
  #secureHost = '';

  constructor() {
    const { key, cert } = loopbackCertificate();
    this.certificate = cert;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#plain = createServer(serve);
    this.#secure = createSecureServer({ key, cert }, serve);
  }

  /** As devices are told: `host:port`. */
  get host(): string {
    return this.#secureHost;
  }

  async open(): Promise<void> {
    [this.#plainHost, this.#secureHost] = await Promise.all([listen(this.#plain), listen(this.#secure)]);
  }

  async close(): Promise<void> {
    await Promise.all([shut(this.#plain), shut(this.#secure)]);
  }

  /** This process accepts the host's certificate from now on, so that uploads succeed and files are named as in earnest. */
  trust(): void {
    setDefaultCACertificates([...getCACertificates('default'), this.certificate]);
    this.#trusted = true;
  }

  /** A message with a file. Without `trust` it carries an address that needs no TLS. */
  message({ data, mime, name, caption }: SentFile): proto.IMessage {
    const first = mime.split('/')[0] ?? '';
    const kind: Kind = first === 'image' || first === 'video' || first === 'audio' ? first : 'document';
    const mediaKey = randomBytes(32);
    const sealed = seal(data, kind, mediaKey);
    const path = this.#keep(sealed);
    const common = {
      ...(this.#trusted
        ? { url: `https://${this.#secureHost}${path}`, directPath: path }
        : { url: `http://${this.#plainHost}${path}` }),
      ...{ mimetype: mime, mediaKey, fileLength: data.length, fileSha256: sha256(data), fileEncSha256: sha256(sealed) },
    };
    if (kind === 'audio') return { audioMessage: { ...common, ptt: mime.includes('opus'), seconds: 1 } };
    const said = caption === undefined ? common : { ...common, caption };
    if (kind === 'image') return { imageMessage: said };
    if (kind === 'video') return { videoMessage: said };
    return { documentMessage: { ...said, fileName: name ?? 'file' } };
  }

  /** The file in a message, opened; undefined when there is none, or it was never uploaded here. */
  fileIn(content: proto.IMessage): SeenFile | undefined {
    const plain = extractMessageContent(content);
    for (const kind of Object.keys(kinds) as Kind[]) {
      const fields: FileFields | null | undefined = plain?.[`${kind}Message`];
      if (!fields?.mediaKey) continue;
      const path = fields.directPath ?? new URL(fields.url ?? 'http://nowhere/').pathname;
      const sealed = this.#files.get(path);
      if (sealed === undefined) return undefined;
      const data = unseal(sealed, kind, fields.mediaKey);
      return { data, mime: fields.mimetype ?? '', name: fields.fileName ?? '' };
    }
    return undefined;
  }

  #keep(sealed: Buffer): string {
    const path = `/v/${sha256(sealed).toString('hex')}.enc`;
    this.#files.set(path, sealed);
    return path;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const path = this.#keep(Buffer.concat(parts));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ url: `https://${this.#secureHost}${path}`, direct_path: path }));
      return;
    }
    const found = this.#files.get(new URL(request.url ?? '/', 'http://twin').pathname);
    const status = this.refuse === 0 ? (found === undefined ? 404 : 200) : this.refuse;
    response.writeHead(status).end(status === 200 ? found : undefined);
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function shut(server: Server): Promise<void> {
  if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

function keysOf(kind: Kind, mediaKey: Uint8Array) {
  const all = Buffer.from(hkdfSync('sha256', mediaKey, '', `WhatsApp ${kinds[kind]} Keys`, 112));
  return { iv: all.subarray(0, 16), key: all.subarray(16, 48), macKey: all.subarray(48, 80) };
}

function seal(data: Uint8Array, kind: Kind, mediaKey: Uint8Array): Buffer {
  const { iv, key, macKey } = keysOf(kind, mediaKey);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const body = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([body, createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, 10)]);
}

function unseal(sealed: Buffer, kind: Kind, mediaKey: Uint8Array): Buffer {
  const { iv, key, macKey } = keysOf(kind, mediaKey);
  const body = sealed.subarray(0, -10);
  const mac = createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, 10);
  if (!mac.equals(sealed.subarray(-10))) throw new Error('twin: a file is not sealed with the key of its message');
  const decipher = createDecipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([decipher.update(body), decipher.final()]);
}
