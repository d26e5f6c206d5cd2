// Fetches a file somebody sent: its address is asked for, then it is read up to a limit. Used by adapter.ts.
import type { Fetched } from '../../src/core/channel.ts';
import type { RemoteFile } from '../../src/core/message.ts';
import type { TelegramApi } from './api.ts';
import { causeOf, faultOf } from './faults.ts';

/** A slow phone network is at the other end of nothing here: Telegram's servers have the file. */
const fetchWithinMs = 60_000;

export async function fetchFile(api: TelegramApi, file: RemoteFile, maxBytes: number): Promise<Fetched> {
  if (file.bytes !== undefined && file.bytes > maxBytes) return { kind: 'too-large' };
  try {
    const found = await describe(api, file.ref);
    if (found.file_size !== undefined && found.file_size > maxBytes) return { kind: 'too-large' };
    if (found.file_path === undefined) return failed('Telegram does not hand it out', 'no file_path');
    const address = `${api.fileRoot}/${found.file_path}`;
    return await api.call((_bot, signal) => read(address, maxBytes, signal as unknown as AbortSignal), fetchWithinMs);
  } catch (error) {
    const fault = faultOf(error);
    // core.telegram.org/bots/api#getfile: bots get files of up to 20 MB.
    if (fault.kind === 'rejected' && /too big/i.test(fault.reason)) return { kind: 'too-large' };
    return failed(
      fault.kind === 'unsent' ? 'Telegram cannot be reached' : 'Telegram did not hand it out',
      causeOf(error),
    );
  }
}

/** Asking does no harm, so a lost answer is asked for once more. */
async function describe(api: TelegramApi, ref: string) {
  const ask = () => api.call((bot, signal) => bot.getFile(ref, signal));
  return ask().catch((error: unknown) => {
    if (faultOf(error).kind === 'unknown') return ask();
    throw error;
  });
}

async function read(address: string, maxBytes: number, signal: AbortSignal): Promise<Fetched> {
  const response = await fetch(address, { signal });
  if (!response.ok || response.body === null)
    return failed('Telegram did not hand it out', { status: response.status });
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
