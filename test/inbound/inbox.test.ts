import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import { Inbox } from '../../src/inbound/inbox.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { virtualClock } from '../fakes/clock.ts';

const hour = 3_600_000;

function message(id: string, more: Partial<InboundMessage> = {}): InboundMessage {
  return {
    id,
    route: { channel: 'telegram', account: 'default', chat: '1' },
    sender: { id: 'ann', name: 'Ann' },
    chat: 'direct',
    text: `text ${id}`,
    mentionsBot: true,
    attachments: [],
    sentAt: 0,
    ...more,
  };
}

function world() {
  const clock = virtualClock();
  const database = openDatabase(':memory:');
  return { clock, database, inbox: new Inbox(database, clock) };
}

describe('the inbox', () => {
  it('takes a message once per account and chat, also in another thread', async () => {
    const { inbox } = world();
    const first = await inbox.accept(message('a'));
    const thread = { ...message('a').route, thread: '7' };
    expect(first).toEqual({ ticket: 1, duplicate: false });
    expect(await inbox.accept(message('a', { route: thread }))).toEqual({ ticket: 1, duplicate: true });
    const others = [{ chat: '2' }, { account: 'work' }, { channel: 'discord' as const }];
    for (const other of others) {
      const accepted = await inbox.accept(message('a', { route: { ...message('a').route, ...other } }));
      expect(accepted.duplicate).toBe(false);
    }
  });

  it('gives back exactly what it took, in ticket order, until it is done or dropped', async () => {
    const { inbox, database } = world();
    for (const id of ['a', 'b', 'c', 'd']) await inbox.accept(message(id));
    await database.write((sql) => inbox.done(sql, [1], 'answered'));
    await inbox.drop(3, 'not_mentioned');
    expect(inbox.open().map((row) => row.kind === 'message' && row.message)).toEqual([message('b'), message('d')]);
    expect(inbox.stats().open).toBe(2);
  });

  it('keeps the first reason of a closed row', async () => {
    const { inbox, database } = world();
    await inbox.accept(message('a'));
    await inbox.drop(1, 'not_mentioned');
    await database.write((sql) => inbox.done(sql, [1], 'answered'));
    expect(database.read.get('SELECT state, reason FROM inbox')).toMatchObject({
      state: 'dropped',
      reason: 'not_mentioned',
    });
  });

  it('counts how many of the rows it drops were still open', async () => {
    const { inbox, database } = world();
    await inbox.accept(message('a'));
    await inbox.accept(message('b'));
    expect(await database.write((sql) => inbox.dropIn(sql, [1, 2, 99], 'stopped'))).toBe(2);
    expect(await database.write((sql) => inbox.dropIn(sql, [1, 2], 'stopped'))).toBe(0);
  });

  it('keeps a text that came in several rows in the first of them', async () => {
    const { inbox, database } = world();
    for (const id of ['a', 'b', 'c']) await inbox.accept(message(id));
    await inbox.join([1, 3], { message: message('a', { text: 'all of it' }) });
    expect(inbox.open().map((row) => row.kind === 'message' && row.message.text)).toEqual(['all of it', 'text b']);
    expect(database.read.get('SELECT state, reason FROM inbox WHERE ticket = 3')).toMatchObject({
      state: 'done',
      reason: 'joined to 1',
    });
  });

  it('takes messages put in by commands in the caller’s transaction, once per key', async () => {
    const { inbox, database, clock } = world();
    const note = { session: 's', kind: 'note', text: 'hello', key: 'k', from: 'agent:main' } as const;
    const put = () => database.write((sql) => inbox.acceptInternal(sql, note, clock.now()));
    expect([await put(), await put()]).toEqual([1, undefined]);
    const failing = database.write((sql) => {
      inbox.acceptInternal(sql, { ...note, key: 'other' }, clock.now());
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const { session: _session, ...item } = note;
    expect(inbox.open()).toMatchObject([{ kind: 'internal', session: 's', item }]);
  });

  it('forgets closed rows after a day and open ones never', async () => {
    const { inbox, clock } = world();
    await inbox.accept(message('a'));
    await inbox.accept(message('b'));
    await inbox.drop(1, 'old');
    expect(await inbox.sweep(clock.now() + 24 * hour)).toBe(0);
    expect((await inbox.accept(message('a'))).duplicate).toBe(true);
    expect(await inbox.sweep(clock.now() + 24 * hour + 1)).toBe(1);
    expect(inbox.open().map((row) => row.ticket)).toEqual([2]);
    expect((await inbox.accept(message('a'))).duplicate).toBe(false);
  });

  it('gives tickets in the order of acceptance, whatever is repeated at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 30 }), async (ids) => {
        const { inbox } = world();
        const taken = await Promise.all(ids.map((id) => inbox.accept(message(id))));
        const fresh = ids.filter((_, n) => taken[n]?.duplicate === false);
        expect(fresh).toEqual([...new Set(ids)]);
        expect(inbox.open().map((row) => row.kind === 'message' && row.message.id)).toEqual(fresh);
      }),
      { numRuns: 30 },
    );
  });
});
