// Fetches a file somebody sent, up to a limit, from nowhere but Discord. Used by adapter.ts.
import { type APIMessage, Routes } from 'discord.js';
import { z } from 'zod';
import type { Fetched } from '../../src/core/channel.ts';
import { isLoopback } from '../../src/core/loopback.ts';
import type { RemoteFile } from '../../src/core/message.ts';
import type { DiscordApi } from './api.ts';
import type { FileRef } from './content.ts';
import { causeOf, faultOf } from './faults.ts';

const fromStore = { withinMs: 60_000, counts: 'own' } as const;
const refSchema = z.object({ channel: z.string(), message: z.string(), id: z.string(), url: z.string() });
/** Where Discord keeps files. */
const discordHosts = /^(cdn|media)\.discordapp\.(com|net)$/;

/** @param ownHost the API is on this machine, and so may its files be */
export async function fetchFile(
  api: DiscordApi,
  file: RemoteFile,
  { maxBytes, ownHost }: { readonly maxBytes: number; readonly ownHost: boolean },
): Promise<Fetched> {
  if (file.bytes !== undefined && file.bytes > maxBytes) return { kind: 'too-large' };
  const ref = readRef(file.ref);
  if (ref === undefined || !isOurs(ref.url, ownHost)) return failed('it is not where Discord keeps files', 'address');
  try {
    const first = await api.call<Fetched | number>((_rest, signal) => read(ref.url, maxBytes, signal), fromStore);
    if (typeof first !== 'number') return first;
    // Addresses expire after a day; the message knows the new one.
    const again = await freshUrl(api, ref);
    if (again === undefined || !isOurs(again, ownHost)) return failed('Discord did not hand it out', { status: first });
    const second = await api.call<Fetched | number>((_rest, signal) => read(again, maxBytes, signal), fromStore);
    return typeof second === 'number' ? failed('Discord did not hand it out', { status: second }) : second;
  } catch (error) {
    const words = faultOf(error).kind === 'unsent' ? 'Discord cannot be reached' : 'Discord did not hand it out';
    return failed(words, causeOf(error));
  }
}

function readRef(text: string): FileRef | undefined {
  try {
    return refSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function isOurs(address: string, ownHost: boolean): boolean {
  const url = URL.parse(address);
  if (url === null) return false;
  if (ownHost && isLoopback(url.hostname)) return url.protocol === 'http:' || url.protocol === 'https:';
  return url.protocol === 'https:' && discordHosts.test(url.hostname);
}

async function freshUrl(api: DiscordApi, { channel, message, id }: FileRef): Promise<string | undefined> {
  const found = await api.call<APIMessage>((rest, signal) =>
    rest.get(Routes.channelMessage(channel, message), { signal }),
  );
  return found.attachments.find((attachment) => attachment.id === id)?.url;
}

/** The status where it was not handed out. */
async function read(address: string, maxBytes: number, signal: AbortSignal): Promise<Fetched | number> {
  // A redirect could lead anywhere.
  const response = await fetch(address, { signal, redirect: 'error' });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    return response.status;
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body) {
    bytes += part.byteLength;
    if (bytes > maxBytes) return { kind: 'too-large' };
    parts.push(part);
  }
  return { kind: 'file', data: Buffer.concat(parts) };
}

function failed(reason: string, cause: unknown): Fetched {
  return { kind: 'failed', reason, cause };
}
