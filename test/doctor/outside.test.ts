import { describe, expect, test } from 'vitest';
import type { ChannelHealth } from '../../src/core/channel.ts';
import { about, problems, someFacts } from './facts.ts';

describe('channels', () => {
  const stands = (state: ChannelHealth['state'], detail: string) =>
    someFacts({
      channels: { accounts: ['discord:default'], health: [{ id: 'discord:default', state, detail }], links: [] },
    });

  test('are connected', () => {
    expect(about('channels', someFacts())).toEqual(['pass channels: telegram:default: connected.']);
  });

  test('are not set up: the terminal is there', () => {
    const channels = { accounts: [], health: [], links: [] };
    expect(about('channels', someFacts({ channels }))[0]).toContain('pass channels: none is set up');
  });

  test('that may not read fail with the switch to set', () => {
    const detail = 'Discord does not let the bot read messages. Switch on «Message Content Intent».';
    expect(problems(stands('failed', detail))).toEqual([
      `fail channels: discord:default: failed. ${detail}\nDo what it says; a changed setting connects it again by itself.`,
    ]);
  });

  test('that share their token with another program fail', () => {
    expect(problems(stands('conflict', 'Another program polls with this token.'))[0]).toContain(
      'fail channels: discord:default: conflict. Another program polls with this token.\nStop the other program',
    );
  });

  test.each(['connecting', 'disconnected', 'stopped'] as const)('that are %s warn', (state) => {
    expect(problems(stands(state, 'Since noon.'))[0]).toContain(
      `warn channels: discord:default: ${state}. Since noon.`,
    );
  });

  test('that wait for a phone fail with the command that links one, and try again by themselves otherwise', () => {
    const [id, detail] = ['whatsapp:work', 'No phone is linked. Link one: npx switchyard pair whatsapp --account work'];
    const at = (linked: boolean | undefined, state: ChannelHealth['state'] = 'disconnected') =>
      problems(
        someFacts({ channels: { accounts: [id], health: [{ id, state, detail }], links: [{ id, linked }] } }),
      )[0];
    expect(at(false)).toBe(
      `fail channels: whatsapp:work: disconnected. ${detail}\nLink it: switchyard pair whatsapp --account work.`,
    );
    for (const linked of [true, undefined]) expect(at(linked)).toMatch(/^warn .*\nIt tries again by itself;/);
    expect(at(false, 'conflict')).toContain('Stop the other program');
  });

  test('are not looked at while nothing runs, except whether a phone is linked', () => {
    const channels = (linked: boolean, id = 'whatsapp:default') => ({
      accounts: [id],
      health: undefined,
      links: [{ id, linked }],
    });
    expect(about('channels', someFacts({ channels: channels(true) }))).toEqual([
      'pass channels: whatsapp:default set up; not running, so connections were not looked at.',
    ]);
    expect(problems(someFacts({ channels: channels(false) }))).toEqual([
      'fail channels: whatsapp:default is switched on and linked to no phone.\nLink it: switchyard pair whatsapp.',
    ]);
    expect(problems(someFacts({ channels: channels(false, 'whatsapp:work') }))[0]).toContain(
      '\nLink it: switchyard pair whatsapp --account work.',
    );
  });
});

describe('the store', () => {
  const store = someFacts().store;
  const of = (change: Partial<typeof store>) => problems(someFacts({ store: { ...store, ...change } }));

  test('is writable and empty of debts', () => {
    expect(about('store', someFacts())).toEqual([
      'pass store: /srv/.switchyard/switchyard.db: writable, 0 to be sent, 0 undelivered.',
    ]);
  });

  test('is not there yet', () => {
    expect(of({ state: { kind: 'none' }, outbox: undefined })).toEqual([]);
  });

  test('cannot be read', () => {
    expect(of({ state: { kind: 'broken', message: 'file is not a database' } })[0]).toContain(
      'fail store: /srv/.switchyard/switchyard.db cannot be read: file is not a database.',
    );
  });

  test('was written by a newer version: it is not to be put aside', () => {
    const [said = ''] = of({ state: { kind: 'newer' } });
    expect(said).toContain('fail store: /srv/.switchyard/switchyard.db was written by a newer version of Switchyard');
    expect(said).not.toContain('aside');
  });

  test('cannot be written to', () => {
    expect(of({ writable: false })[0]).toContain('fail store: the state folder cannot be written to');
  });

  test('is on a disk that is nearly full', () => {
    expect(of({ free: 50 * 1024 * 1024 })[0]).toContain('fail store: 50 MB are left on the disk of the state folder');
    expect(of({ free: undefined })).toEqual([]);
  });

  test('holds a backlog, or what did not arrive', () => {
    expect(of({ outbox: { pending: 26, undelivered: 0 } })[0]).toContain('warn store: 26 messages wait to be sent.');
    expect(of({ outbox: { pending: 25, undelivered: 0 } })).toEqual([]);
    expect(of({ outbox: { pending: 0, undelivered: 1 } })[0]).toContain('warn store: 1 message was not delivered');
  });

  test.each(['stale', 'orphan', 'tombstone'] as const)('holds a leftover (%s), with what repairing does', (kind) => {
    const left = { kind, id: 'r1', what: 'dig is dead.', repair: 'ends it' };
    expect(of({ leftovers: [left] })).toEqual(['warn store: dig is dead.\ndoctor --fix ends it.']);
  });

  test('holds a damaged record, with who sets it aside or deletes it', () => {
    const damaged = (id: string, repair: string) =>
      of({ leftovers: [{ kind: 'unreadable' as const, id, what: 'It is damaged.', repair }] })[0];
    expect(damaged('set-aside:1', 'deletes it')).toBe(
      'warn store: It is damaged.\ntasks maintenance --apply: deletes it.',
    );
    expect(damaged('runs x', 'the next start sets it aside')).toBe(
      'warn store: It is damaged.\nStart Switchyard: the next start sets it aside.',
    );
  });
});

describe('secret files', () => {
  test('are for their owner alone', () => {
    const secrets = [
      { path: '/s', folder: true, mode: 0o700 },
      { path: '/s/.env', folder: false, mode: 0o400 },
    ];
    expect(about('secrets', someFacts({ secrets }))).toEqual([
      'pass secrets: 2 files and folders, for their owner alone.',
    ]);
  });

  test.each([0o640, 0o604, 0o666, 0o601])('of mode %o are a warning with the command that mends it', (mode) => {
    const secrets = [{ path: '/s/.env', folder: false, mode }];
    expect(problems(someFacts({ secrets }))).toEqual([
      `warn secrets: others on this machine may reach /s/.env (mode ${mode.toString(8)}).\nchmod 600 /s/.env (doctor --fix does).`,
    ]);
  });
});
