import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { aesDecryptGCM } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { catchStray, KeysUnavailable } from '../../../channels/whatsapp/stray.ts';
import { recordingLog } from '../../fakes/recording-log.ts';

/** As it comes out of the library for a frame that was damaged. */
function damaged(): unknown {
  const sixteen = Buffer.alloc(16);
  try {
    return aesDecryptGCM(Buffer.alloc(32), Buffer.alloc(32), sixteen.subarray(0, 12), sixteen);
  } catch (error) {
    return error;
  }
}

describe('a failure nobody waited for', () => {
  it("is logged without its words when it is the library's, or our store's for the library", () => {
    const log = recordingLog();
    const target = new EventEmitter();
    catchStray(log, target);
    catchStray(log, target);
    const broken = damaged();
    expect(broken).toBeInstanceOf(Error);
    target.emit('unhandledRejection', broken);
    target.emit('unhandledRejection', new KeysUnavailable('secret'));
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['whatsapp_stray', 'whatsapp_stray']);
    expect(JSON.stringify(log.lines)).not.toMatch(/secret|authenticate/);
  });

  it('is passed on when it is anybody else’s, unless somebody else listens', () => {
    const log = recordingLog();
    const target = new EventEmitter();
    catchStray(log, target);
    const ours = new Error('a bug');
    expect(() => target.emit('unhandledRejection', ours)).toThrow(ours);
    expect(() => target.emit('unhandledRejection', 'words')).toThrow('words');
    target.on('unhandledRejection', () => undefined);
    expect(() => target.emit('unhandledRejection', ours)).not.toThrow();
    expect(log.lines).toEqual([]);
  });

  it.each([
    ['goes on', 'aesDecryptGCM(Buffer.alloc(32), Buffer.alloc(32), Buffer.alloc(12), Buffer.alloc(16))', 0, 'alive'],
    ['ends', "(() => { throw new Error('a bug'); })()", 1, ''],
  ])('the process %s', (_what, fails, status, said) => {
    const script = `
      import { aesDecryptGCM } from '@whiskeysockets/baileys';
      import { catchStray } from './channels/whatsapp/stray.ts';
      const log = { warn: () => undefined };
      catchStray(log);
      void aesDecryptGCM;
      Promise.resolve().then(() => ${fails});
      setTimeout(() => process.stdout.write('alive'), 1);
    `;
    const root = join(import.meta.dirname, '../../..');
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
    expect([run.status, run.stdout]).toEqual([status, said]);
  });
});
