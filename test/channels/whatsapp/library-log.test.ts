import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { libraryLog, silenceLibrary } from '../../../channels/whatsapp/library-log.ts';
import { recordingLog } from '../../fakes/recording-log.ts';

describe("the library's log", () => {
  it('keeps the sentence of a warning and the status of an error, and nothing else', () => {
    const log = recordingLog();
    const library = libraryLog(log);
    const secret = { key: { private: 'c2VjcmV0' }, node: { content: 'hello' } };
    library.info({ ...secret }, 'logging in...');
    library.child({ ...secret }).warn({ ...secret }, 'timed out waiting for message');
    const err = Object.assign(new Error('c2VjcmV0'), { output: { statusCode: 428 } });
    library.error({ err, ...secret }, 'error in sending keep alive');
    library.warn(`Invalid LID-PN mapping: 123456789@lid, 4915112345617@s.whatsapp.net`);
    library.error(secret);
    expect(log.lines.map(({ level, message, fields }) => [level, message, fields.status])).toEqual([
      ['debug', 'timed out waiting for message', undefined],
      ['debug', 'error in sending keep alive', 428],
      ['debug', 'Invalid LID-PN mapping: … …', undefined],
      ['debug', 'the library says something', undefined],
    ]);
    expect(JSON.stringify(log.lines)).not.toMatch(/c2VjcmV0|hello|4915/);
  });
});

describe('the console', () => {
  /** As the Signal code does, from the place where it lies. */
  const records = createRequire(createRequire(import.meta.url).resolve('@whiskeysockets/baileys'))('libsignal') as {
    SessionRecord: new () => { closeSession(session: unknown): void };
  };

  it('does not show sessions of the Signal code, and shows what everybody else says', () => {
    const said: unknown[][] = [];
    const original = globalThis.console;
    const put = (...args: unknown[]): void => void said.push(args);
    const fake = { log: put, info: put, warn: put, error: put, debug: put } as unknown as Console;
    globalThis.console = fake;
    const session = { indexInfo: { closed: -1 }, privKey: 'secret' };
    const ours = (text: string): void => fake.info(text);
    try {
      new records.SessionRecord().closeSession(session);
      expect(said).toHaveLength(1);
      said.length = 0;
      silenceLibrary(fake);
      silenceLibrary(fake);
      session.indexInfo.closed = -1;
      new records.SessionRecord().closeSession(session);
      ours('hello');
    } finally {
      globalThis.console = original;
    }
    expect(said).toEqual([['hello']]);
  });
});
