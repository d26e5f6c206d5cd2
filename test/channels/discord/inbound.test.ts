import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DiscordMessage, readMessage } from '../../../channels/discord/inbound.ts';
import { isCommand } from '../../../commands/args.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import { openRig, place, type Rig } from './rig.ts';

const clock = fastClock(10);

let rig: Rig;
let ann: Person;
let guild: GuildPlace;
let general: ChannelPlace;
beforeEach(async () => {
  rig = await openRig({ clock }, { clock });
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

const all = (count: number): Promise<void> => until(() => rig.taken.length >= count, `${count} messages`);

describe('a message', () => {
  it('in a channel, a thread and in private is placed there, without a question to Discord', async () => {
    const thread = general.thread('plan', { by: ann });
    await ann.says('one', { in: general });
    await ann.says('two', { in: thread });
    await ann.says('three');
    await all(3);
    const [one, two, three] = rig.taken;
    expect(one).toMatchObject({ route: place(general), chat: 'group', space: guild.id, mentionsBot: false });
    expect(two).toMatchObject({ route: place(general, thread), chat: 'group', space: guild.id });
    expect(three).toMatchObject({ chat: 'direct', mentionsBot: true, sender: { id: ann.id, name: 'Ann' } });
    expect(three).not.toHaveProperty('space');
    expect(rig.twin.called('GET /channels/:id')).toEqual([]);
  });

  it('in a thread that was put away before we came is placed there, too', async () => {
    const thread = general.thread('old', { by: ann });
    thread.archives();
    await rig.adapter.stop();
    await rig.another().start(rig.events);
    await ann.says('again', { in: thread });
    await all(1);
    expect(rig.taken[0]?.route).toEqual(place(general, thread));
  });

  it('calls the bot by its name, its role or as a reply, and not as everybody', async () => {
    const receipt = await rig.adapter.deliver(place(general), { text: 'yes?' }, 'k');
    const mine = receipt.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    await ann.says('hello', { in: general, mention: true });
    await ann.says('/status', { in: general, mention: 'role' });
    await ann.says('no', { in: general, replyTo: mine });
    await ann.says('@everyone lunch', { in: general });
    await all(4);
    expect(rig.taken.map(({ text, mentionsBot }) => [text, mentionsBot])).toEqual([
      ['hello', true],
      ['/status', true],
      ['no', true],
      ['@everyone lunch', false],
    ]);
    expect(rig.taken[2]).toMatchObject({ replyTo: mine, quote: { text: 'yes?', from: 'switchyard' } });
  });

  it('that says nothing but the name of the bot keeps it, with what it answers', async () => {
    const bob = rig.twin.person('Bob');
    guild.joins(bob);
    const alert = await bob.says('the disk is full', { in: general });
    await ann.says('', { in: general, mention: true, replyTo: alert });
    await ann.says('', { in: general, mention: 'role' });
    await ann.says('', { in: general, mention: true, files: [{ name: 'a.txt', data: 'x' }] });
    await all(4);
    expect(rig.taken.slice(1).map(({ text, mentionsBot }) => [text, mentionsBot])).toEqual([
      ['@switchyard', true],
      ['@switchyard', true],
      ['', true],
    ]);
    expect(rig.taken[1]).toMatchObject({ replyTo: alert, quote: { text: 'the disk is full', from: 'Bob' } });
  });

  it('that was passed on is said to be so, calls nobody and is no command', async () => {
    const bob = rig.twin.person('Bob');
    guild.joins(bob);
    const id = await bob.says(`/kill all <@${bob.id}>`, { in: general, mention: true });
    await ann.forwards(id, { in: general });
    await ann.forwards(id);
    await all(3);
    expect(rig.taken.map(({ text, mentionsBot }) => [text, mentionsBot])).toEqual([
      ['/kill all @Bob', true],
      ['Forwarded:\n@switchyard /kill all @Bob', false],
      ['Forwarded:\n@switchyard /kill all @Bob', true],
    ]);
    expect(rig.taken.slice(1).map(({ text }) => isCommand(text))).toEqual([false, false]);
  });

  it('that answers one that was passed on quotes what that brought along', async () => {
    const news = await ann.says('the disk is full');
    const passed = await ann.forwards(news, { in: general });
    await ann.says('why?', { in: general, mention: true, replyTo: passed });
    await all(3);
    expect(rig.taken[2]).toMatchObject({ text: 'why?', quote: { text: 'Forwarded:\nthe disk is full', from: 'Ann' } });
  });

  it('names people instead of their ids', async () => {
    const bob = rig.twin.person('Bob');
    guild.joins(bob);
    await ann.says(`ask <@${bob.id}> or <@1234567890123456789>`, { in: general });
    await all(1);
    expect(rig.taken[0]?.text).toBe('ask @Bob or <@1234567890123456789>');
  });

  it('brings its files along, and may be nothing else', async () => {
    await ann.says('', { in: general, files: [{ name: 'a.png', data: 'x', type: 'image/png' }] });
    await all(1);
    expect(rig.taken[0]).toMatchObject({ text: '', files: [{ kind: 'image', name: 'a.png', mediaType: 'image/png' }] });
  });

  it('that was changed is told as such, with its id', async () => {
    const id = await ann.says('frist', { in: general });
    await ann.edits(id, 'first');
    await until(() => rig.events.edits.length === 1, 'the edit');
    expect(rig.events.edits[0]).toMatchObject({ id, text: 'first', route: place(general) });
    expect(rig.taken).toHaveLength(1);
  });

  it('of another bot or a webhook is marked, and our own are not heard', async () => {
    const robot = rig.twin.person('Robot', { bot: true });
    guild.joins(robot);
    await rig.adapter.deliver(place(general), { text: 'from us' }, 'k');
    await robot.says('beep', { in: general });
    general.webhookSays('deployed');
    await ann.says('last', { in: general });
    await all(3);
    expect(rig.taken.map(({ text, sender }) => [text, sender.bot ?? false])).toEqual([
      ['beep', true],
      ['deployed', true],
      ['last', false],
    ]);
  });
});

describe('a place', () => {
  it('that is deleted or locked is told as gone, and one that changes as open', async () => {
    const gone: unknown[] = [];
    const listening = rig.another();
    await rig.adapter.stop();
    await listening.start({ ...rig.events, gone: async (route, reason) => void gone.push([route, reason]) });
    const thread = general.thread('plan', { by: ann });
    const other = general.thread('other', { by: ann });
    thread.locks();
    other.deletes();
    general.deletes();
    await until(() => gone.length >= 3, 'the news');
    expect(gone).toEqual([
      [place(general, thread), 'it was locked'],
      [place(general, other), 'it was deleted'],
      [place(general), 'it was deleted'],
    ]);
    const room = guild.channel('room');
    guild.removesPermission('SendMessages', room);
    await until(() => rig.events.opens.some(({ chat }) => chat === room.id), 'the change');
  });
});

describe('what a message may hold', () => {
  const me = { id: '1100000000000000001', name: 'bot', roles: new Set<string>() };
  const reader = { me, application: '55', connectedAt: 0 };
  const at = { place: { kind: 'direct' }, route: place({ id: '1200000000000000000' }) } as const;
  const message = (fields: object): DiscordMessage =>
    ({
      ...{ id: '1300000000000000000', channel_id: at.route.chat, type: 0, content: '', attachments: [] },
      ...{ mentions: [], mention_roles: [], author: { id: '9', username: 'ann', global_name: null } },
      ...fields,
    }) as unknown as DiscordMessage;

  it.each([
    ['a sticker', { sticker_items: [{ id: '1', name: 'wave' }] }, { unsupported: 'a sticker' }],
    ['a poll', { poll: { question: {} } }, { unsupported: 'a poll' }],
    [
      'a voice message',
      {
        flags: 1 << 13,
        attachments: [{ id: '1', url: 'u', filename: 'voice.ogg', size: 3, content_type: 'audio/ogg' }],
      },
      { files: [{ kind: 'audio', mediaType: 'audio/ogg' }] },
    ],
    [
      'a forwarded message',
      {
        message_reference: { type: 1, message_id: '5' },
        message_snapshots: [{ message: { content: 'news', attachments: [] } }],
      },
      { text: 'Forwarded:\nnews' },
    ],
    [
      'a forwarded message of nothing but an embed',
      {
        message_reference: { type: 1, message_id: '5' },
        message_snapshots: [{ message: { content: '', attachments: [], embeds: [{ title: 'Disk full' }] } }],
      },
      { text: '', unsupported: 'what is in this forwarded message' },
    ],
    [
      'a forwarded file',
      {
        message_reference: { type: 1, message_id: '5' },
        message_snapshots: [
          { message: { content: '', attachments: [{ id: '1', url: 'u', filename: 'a.txt', size: 3 }] } },
        ],
      },
      { text: '', files: [{ kind: 'file', name: 'a.txt' }] },
    ],
  ])('%s', (_name, fields, expected) => {
    const read = readMessage(message(fields), at, reader);
    expect(read).toMatchObject({ kind: 'message', message: expected });
    expect(read.kind === 'message' && read.message.replyTo).toBeFalsy();
  });

  it.each([
    ['without content', {}, 'no_content'],
    ['of nothing but an embed, as programs write them', { embeds: [{ title: 'Built' }] }, 'no_content'],
    ['of Discord itself', { type: 18, content: 'a thread' }, 'system_message'],
    ['of a webhook of ours', { webhook_id: '77', application_id: '55', content: 'x' }, 'own_message'],
    ['of ours', { author: { id: me.id, username: 'bot' }, content: 'x' }, 'own_message'],
  ])('is nothing to us: one %s', (_name, fields, reason) => {
    expect(readMessage(message(fields), at, reader)).toEqual({ kind: 'ignored', reason });
  });
});
