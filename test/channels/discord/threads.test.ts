import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import { openRig, place, type Rig } from './rig.ts';

const clock = fastClock(20);
const start = 'POST /channels/:id/messages/:id/threads';

let rig: Rig;
let ann: Person;
let guild: GuildPlace;
let general: ChannelPlace;
beforeEach(async () => {
  rig = await openRig({ clock, autoArchiveMinutes: 4320 }, { clock });
  ann = rig.twin.person('Ann');
  guild = rig.twin.guild({ members: [ann] });
  general = guild.channel('general');
  await rig.adapter.start(rig.events);
});
afterEach(async () => {
  const { violations } = rig.twin;
  await rig.close();
  expect(violations).toEqual([]);
});

const open = (name: string, from?: string) => rig.adapter.openThread(place(general), name, from);
const send = (text: string, thread: { readonly id: string }) =>
  rig.adapter.deliver(place(general, thread), { text }, `key:${text}`);

describe('a thread', () => {
  it('opens from the message that asked, and the next ones from a line of ours', async () => {
    const asked = await ann.says('three of them', { in: general });
    const routes = [await open('🤖 one', asked), await open('🤖 two', asked), await open('🤖 three', asked)];
    expect(routes[0]).toEqual(place(general, { id: asked }));
    expect(new Set(routes.map(({ thread }) => thread)).size).toBe(3);
    expect(guild.threads.map(({ name, autoArchive }) => [name, autoArchive])).toEqual([
      ['🤖 one', 4320],
      ['🤖 two', 4320],
      ['🤖 three', 4320],
    ]);
    expect(rig.twin.shown(general)).toEqual(['🤖 two', '🤖 three']);
  });

  it('opens from a line of ours where what asked is no message, is gone, or has a thread of somebody else', async () => {
    const asked = await ann.says('look', { in: general });
    general.thread('theirs', { by: ann, from: asked });
    const gone = await ann.says('gone', { in: general });
    await ann.deletes(gone);
    for (const from of [asked, gone, '1234567890123456789', 'local-7'])
      expect((await open('🤖 x', from)).thread).not.toBe(from);
    expect(guild.threads).toHaveLength(5);
  });

  it('that a process opened which ended before it could use it is taken by the next one, unless it is another one', async () => {
    const asked = await ann.says('one of them', { in: general });
    await open('🤖 one', asked);
    const next = rig.another();
    // What was cut off is taken up before the login.
    expect(await next.openThread(place(general), '🤖 one', asked)).toEqual(place(general, { id: asked }));
    const third = rig.another();
    expect((await third.openThread(place(general), '🤖 two', asked)).thread).not.toBe(asked);
    expect(guild.threads).toHaveLength(2);
  });

  it.each([
    ['the answer to the line is lost', 'POST /channels/:id/messages', { status: 502, applied: true }],
    ['the answer to the thread is lost', start, { status: 502, applied: true }],
    ['Discord stumbles', start, { status: 500 }],
    ['Discord asks for a moment', start, { status: 429, retryAfter: 2 }],
  ] as const)('opens once although %s', async (_what, route, fault) => {
    rig.twin.fault(route, fault);
    const made = await open('🤖 docs');
    expect(guild.threads.map(({ id }) => id)).toEqual([made.thread]);
    expect(rig.twin.shown(general)).toEqual(['🤖 docs']);
  });

  it('that may not be opened leaves nothing behind, and the missing right is named', async () => {
    guild.removesPermission('CreatePublicThreads', general);
    await expect(open('🤖 docs')).rejects.toThrow(/«Create Public Threads»/);
    expect(rig.twin.shown(general)).toEqual([]);
    expect(guild.threads).toEqual([]);
  });

  it('is a post in a forum', async () => {
    const forum = guild.forum('agents');
    const route = await rig.adapter.openThread(place(forum), '🤖 docs');
    expect(guild.thread(route.thread ?? '').name).toBe('🤖 docs');
    expect(await rig.adapter.deliver(route, { text: 'hello' }, 'k')).toMatchObject({ status: 'sent' });
  });

  it('can be opened in channels, not in threads or in private', async () => {
    const thread = general.thread('plan', { by: ann });
    await ann.says('hi');
    await until(() => rig.taken.length === 1, 'the message');
    const direct = rig.taken[0]?.route ?? place(general);
    expect([place(general), place(general, thread), direct].map((each) => rig.adapter.opensThreads(each))).toEqual([
      ...[true, false, false],
    ]);
  });
});

describe('a thread that was put away', () => {
  it('opens again on a message; a locked or deleted one refuses it, its channel staying open', async () => {
    const away = general.thread('away', { by: ann });
    away.archives();
    expect(await send('hello', away)).toMatchObject({ status: 'sent' });
    expect(away.archived).toBe(false);
    guild.removesPermission('ManageThreads');
    const locked = general.thread('locked', { by: ann });
    locked.locks();
    const receipt = await send('x', locked);
    expect(receipt).toMatchObject({ status: 'refused', reason: 'the thread is locked' });
    expect(receipt).not.toHaveProperty('closed');
    locked.deletes();
    const after = await send('y', locked);
    expect(after).toMatchObject({ status: 'refused', reason: 'the channel or thread was deleted' });
    expect(after).not.toHaveProperty('closed');
  });

  it('is known to be there, gone, or unknown', async () => {
    const [there, away, locked, deleted] = ['a', 'b', 'c', 'd'].map((name) => general.thread(name, { by: ann }));
    if (there === undefined || away === undefined || locked === undefined || deleted === undefined) throw new Error();
    away.archives();
    locked.locks();
    deleted.deletes();
    const hidden = guild.channel('hidden');
    guild.removesPermission('ViewChannel', hidden);
    const reach = (chat: ChannelPlace, thread?: { readonly id: string }) => rig.adapter.reaches(place(chat, thread));
    expect(
      await Promise.all([
        ...[there, away, locked, deleted].map((thread) => reach(general, thread)),
        reach(general),
        reach(hidden),
      ]),
    ).toEqual(['there', 'there', 'gone', 'gone', 'there', 'gone']);
    rig.twin.fault('GET /channels/:id', { status: 503 }, 10);
    expect(await reach(general, there)).toBe('unknown');
  });

  it('is looked for a hundred times at once without a refusal of Discord', async () => {
    await rig.close();
    rig = await openRig();
    ann = rig.twin.person('Ann');
    general = rig.twin.guild({ members: [ann] }).channel('general');
    await rig.adapter.start(rig.events);
    const threads = Array.from({ length: 100 }, (_, n) => general.thread(`t${n}`, { by: ann }));
    for (const thread of threads.slice(0, 30)) thread.deletes();
    const reached = await Promise.all(threads.map((thread) => rig.adapter.reaches(place(general, thread))));
    expect(reached.filter((reach) => reach === 'gone')).toHaveLength(30);
    expect(reached.filter((reach) => reach === 'there')).toHaveLength(70);
    expect(rig.twin.invalidRequests).toBe(0);
  });
});
