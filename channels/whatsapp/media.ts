// Fetches a file somebody sent from WhatsApp's file servers, up to a limit, and decrypts it. Nothing of it counts before its code
// of authenticity fits. Used by adapter.ts.
// 1 read what is encrypted, no further than the limit  2 hash and code  3 decrypt
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { getMediaKeys, type WASocket } from '@whiskeysockets/baileys';
import type { Fetched } from '../../src/core/channel.ts';
import type { RemoteFile } from '../../src/core/message.ts';
import type { Clock } from '../../src/infra/clock.ts';
import { causeOf } from './faults.ts';
import { type FileRef, readRef } from './file-ref.ts';

export interface MediaOptions {
  readonly clock: Clock;
  /** Where files are, as WhatsApp says; rejects when it cannot be asked. Absent: where they mostly are. */
  readonly host?: (() => Promise<string>) | undefined;
  /** Gets an address; absent: over the network. */
  readonly get?: (
    address: string,
    init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
  ) => Promise<Response>;
}

const usualHost = 'mmg.whatsapp.net';
const fetchWithinMs = 60_000;
/** Bytes of the code at the end, and at most as many of padding before it. */
const macBytes = 10;
const blockBytes = 16;

/** The host that WhatsApp's server names to this connection; never one that a sender names. */
export async function mediaHost(
  socket: Pick<WASocket, 'refreshMediaConn' | 'getMediaHost'> | undefined,
): Promise<string> {
  await socket?.refreshMediaConn(false);
  return socket?.getMediaHost() ?? usualHost;
}

/** Never throws. */
export async function fetchMedia(options: MediaOptions, file: RemoteFile, maxBytes: number): Promise<Fetched> {
  if (file.bytes !== undefined && file.bytes > maxBytes) return { kind: 'too-large' };
  const ref = readRef(file.ref);
  if (ref === undefined) return failed('WhatsApp does not say where it is', 'no address');
  const over = new AbortController();
  const limit = options.clock.after(fetchWithinMs, () => over.abort());
  try {
    // 1
    const read = await readAll(options, ref.path, { most: maxBytes + blockBytes + macBytes, signal: over.signal });
    if ('kind' in read) return read;
    // 2, 3
    const data = await decrypt(read, ref);
    if (data === undefined) return failed('it arrived damaged', 'wrong hash');
    return data.byteLength > maxBytes ? { kind: 'too-large' } : { kind: 'file', data };
  } catch (error) {
    return failed('WhatsApp cannot be reached', causeOf(error));
  } finally {
    limit.cancel();
  }
}

interface Bounds {
  readonly most: number;
  readonly signal: AbortSignal;
}

async function readAll(
  { get = fetch, host = async () => usualHost }: MediaOptions,
  path: string,
  { most, signal }: Bounds,
): Promise<Buffer | Fetched> {
  const response = await get(`https://${await host()}${path}`, {
    headers: { Origin: 'https://web.whatsapp.com' },
    signal,
  });
  // Files are kept for some weeks; after that only the sender has them.
  if (response.status === 404 || response.status === 410)
    return failed('WhatsApp does not have it any more; send it again', { status: response.status });
  if (!response.ok || response.body === null)
    return failed('WhatsApp did not hand it out', { status: response.status });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > most) return { kind: 'too-large' };
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Undefined when it is not what was sent. */
async function decrypt(whole: Buffer, { type, key, sha256 }: FileRef): Promise<Uint8Array | undefined> {
  if (whole.byteLength < macBytes + blockBytes) return undefined;
  if (sha256 !== undefined && createHash('sha256').update(whole).digest('base64') !== sha256) return undefined;
  const { iv, cipherKey, macKey } = await getMediaKeys(Buffer.from(key, 'base64'), type);
  if (macKey === null || macKey === undefined) return undefined;
  const body = whole.subarray(0, -macBytes);
  const code = createHmac('sha256', macKey).update(iv).update(body).digest().subarray(0, macBytes);
  if (!timingSafeEqual(code, whole.subarray(-macBytes))) return undefined;
  const cipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
  return Buffer.concat([cipher.update(body), cipher.final()]);
}

function failed(reason: string, cause: unknown): Fetched {
  return { kind: 'failed', reason, cause };
}
