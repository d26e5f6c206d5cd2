// Files of people: fetched up to a limit, from WhatsApp's servers alone, and only as they were sent.
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { getMediaKeys } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { fileOf } from '../../../channels/whatsapp/file-ref.ts';
import { fetchMedia } from '../../../channels/whatsapp/media.ts';
import type { RemoteFile } from '../../../src/core/message.ts';
import { virtualClock } from '../../fakes/clock.ts';

const mediaKey = Buffer.alloc(32, 9);
const text = 'a picture, as it were';

async function encrypted(data = Buffer.from(text)): Promise<Buffer> {
  const { iv, cipherKey, macKey } = await getMediaKeys(mediaKey, 'image');
  const cipher = createCipheriv('aes-256-cbc', cipherKey, iv);
  const body = Buffer.concat([cipher.update(data), cipher.final()]);
  const code = createHmac('sha256', macKey ?? '')
    .update(iv)
    .update(body)
    .digest()
    .subarray(0, 10);
  return Buffer.concat([body, code]);
}

function picture(whole: Buffer, more: object = {}): RemoteFile {
  const fileEncSha256 = createHash('sha256').update(whole).digest();
  const imageMessage = { directPath: '/v/t62/abc?ccb=1', mediaKey, fileEncSha256, url: 'http://127.0.0.1/', ...more };
  const file = fileOf({ imageMessage }, 'A');
  if (file === undefined) throw new Error('no file');
  return file;
}

function server(answer: () => Response) {
  const asked: string[] = [];
  const get = async (address: string): Promise<Response> => {
    asked.push(address);
    return answer();
  };
  return { asked, options: { clock: virtualClock(), get } };
}

describe('a file', () => {
  test('is asked of the file servers, whatever address its sender names, and decrypted', async () => {
    const whole = await encrypted();
    const { asked, options } = server(() => new Response(whole));
    const fetched = await fetchMedia(options, picture(whole), 1_000);
    expect(asked).toEqual(['https://mmg.whatsapp.net/v/t62/abc?ccb=1']);
    expect(fetched.kind === 'file' ? Buffer.from(fetched.data).toString() : fetched).toBe(text);
    expect(options.clock.pending()).toBe(0);
  });

  test('that is too large is not read further', async () => {
    const whole = await encrypted(Buffer.alloc(5_000));
    const { asked, options } = server(() => new Response(whole));
    expect(await fetchMedia(options, picture(whole), 1_000)).toEqual({ kind: 'too-large' });
    expect(await fetchMedia(options, picture(whole, { fileLength: 5_000 }), 1_000)).toEqual({ kind: 'too-large' });
    expect(asked).toHaveLength(1);
  });

  test('that was changed on the way is none', async () => {
    const whole = await encrypted();
    const changed = Buffer.from(whole);
    changed[3] = (changed[3] ?? 0) ^ 1;
    const { options } = server(() => new Response(changed));
    for (const file of [picture(whole), picture(changed), picture(changed, { fileEncSha256: undefined })])
      expect(await fetchMedia(options, file, 1_000)).toMatchObject({ kind: 'failed', reason: 'it arrived damaged' });
  });

  test.each([
    [404, 'WhatsApp does not have it any more; send it again'],
    [403, 'WhatsApp did not hand it out'],
  ])('that the server answers with %s', async (status, reason) => {
    const whole = await encrypted();
    const { options } = server(() => new Response('', { status }));
    expect(await fetchMedia(options, picture(whole), 1_000)).toMatchObject({ kind: 'failed', reason });
  });

  test('without an address, or behind a broken connection, is said to be so', async () => {
    const whole = await encrypted();
    const { options } = server(() => {
      throw new TypeError('fetch failed');
    });
    expect(await fetchMedia(options, picture(whole), 1_000)).toMatchObject({ reason: 'WhatsApp cannot be reached' });
    const nowhere = picture(whole, { directPath: '' });
    expect(await fetchMedia(options, nowhere, 1_000)).toMatchObject({ reason: 'WhatsApp does not say where it is' });
  });

  test('that does not come within a minute is given up', async () => {
    const clock = virtualClock();
    const get = (_address: string, { signal }: { signal: AbortSignal }) =>
      new Promise<Response>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const fetched = clock.runUntil(fetchMedia({ clock, get }, picture(await encrypted()), 1_000), 61_000);
    expect(await fetched).toMatchObject({ kind: 'failed', reason: 'WhatsApp cannot be reached' });
  });
});
