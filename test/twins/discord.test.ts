import { Routes, ThreadAutoArchiveDuration } from 'discord.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { window } from './discord/messages.ts';
import { type Probe, probes, verdict } from './discord/probe.ts';
import { isSnowflake, madeAt, Snowflakes } from './discord/snowflakes.ts';
import type { SeenMessage } from './discord/view.ts';

const start = probes();

type Sent = { readonly id: string; readonly content: string };

const send = ({ rest }: Probe, place: { readonly id: string }, body: object): Promise<Sent> =>
  rest.post(Routes.channelMessages(place.id), { body }) as Promise<Sent>;

const page = async ({ rest }: Probe, place: { readonly id: string }, query: Record<string, string>) => {
  const found = await rest.get(Routes.channelMessages(place.id), { query: new URLSearchParams(query) });
  return (found as Sent[]).map(({ content }) => content);
};

const button = { type: 2, style: 1, label: 'a', custom_id: 'same' };
const twice = [{ type: 1, components: [button, button] }];

describe('a channel', () => {
  it('is where the real client hears and speaks, in threads and in private as well', async () => {
    const { twin, general, ann, client } = await start();
    const bot = await client();
    const heard: string[] = [];
    bot.on('messageCreate', (message) => {
      if (!message.system) heard.push(`${message.author.displayName}: ${message.content}`);
    });
    await ann.says('hello', { in: general });
    await ann.says('in private');
    await until(() => heard.length === 2, 'two messages');
    const channel = await bot.channels.fetch(general.id);
    if (channel?.isSendable() !== true) throw new Error('no channel');
    const intro = await channel.send('here it comes');
    const thread = await intro.startThread({ name: 'child' });
    await thread.send('from the child');
    await (await bot.users.createDM(ann.id)).send('psst');
    expect(thread.id).toBe(intro.id);
    expect(twin.shown(general)).toEqual(['here it comes']);
    expect(twin.messages(general).at(-1)?.thread).toBe(thread.id);
    expect(twin.transcript(thread.id)).toEqual(['Switchyard: from the child']);
    expect(twin.transcript(ann)).toEqual(['Ann: in private', 'Switchyard: psst']);
    expect(heard.slice(0, 2)).toEqual(['Ann: hello', 'Ann: in private']);
    expect(twin.violations).toEqual([]);
  });

  it('gives each message an id that holds its time, and rises where the clock stands', async () => {
    const clock = virtualClock();
    const { ann, general } = await start({ clock });
    const ids = [await ann.says('a', { in: general }), await ann.says('b', { in: general })];
    expect(ids.every(isSnowflake)).toBe(true);
    expect(ids.map(madeAt)).toEqual([clock.now(), clock.now()]);
    expect(BigInt(ids[1] ?? 0)).toBeGreaterThan(BigInt(ids[0] ?? 0));
  });

  it('is read back in pages, newest first', async () => {
    const probe = await start();
    const ids = [];
    for (const text of ['a', 'b', 'c', 'd', 'e']) ids.push(await probe.ann.says(text, { in: probe.general }));
    const [first = '', , third = ''] = ids;
    expect(await page(probe, probe.general, {})).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(await page(probe, probe.general, { after: first, limit: '2' })).toEqual(['c', 'b']);
    expect(await page(probe, probe.general, { before: third, limit: '1' })).toEqual(['b']);
    expect(await page(probe, probe.general, { around: third, limit: '3' })).toEqual(['d', 'c', 'b']);
    expect(await page(probe, probe.general, { after: '0' })).toHaveLength(5);
    expect(await verdict(page(probe, probe.general, { limit: '101' }))).toMatch(/^400 50035/);
  });

  it('loses and repeats nothing when it is paged through by the last id seen', () => {
    const rounds = fc.array(fc.record({ says: fc.nat(5), limit: fc.integer({ min: 1, max: 4 }) }));
    const property = fc.property(rounds, (plan) => {
      const ids = new Snowflakes(virtualClock());
      const said: { readonly id: string }[] = [];
      const got: { readonly id: string }[] = [];
      for (const { says, limit } of [...plan, { says: 0, limit: 1000 }]) {
        for (let each = 0; each < says; each += 1) said.push({ id: ids.next() });
        got.push(...window(said, new URLSearchParams({ after: got.at(-1)?.id ?? '0' }), limit));
      }
      expect(got).toEqual(said);
    });
    fc.assert(property);
  });

  it('takes one message for one nonce, for a few minutes', async () => {
    const clock = virtualClock();
    const probe = await start({ clock });
    const body = { content: 'done', nonce: 'key-1', enforce_nonce: true };
    const first = await send(probe, probe.general, body);
    expect((await send(probe, probe.general, { ...body, content: 'changed' })).id).toBe(first.id);
    await send(probe, probe.general, { content: 'loose', nonce: 'key-1' });
    await clock.advance(180_001);
    await send(probe, probe.general, body);
    expect(probe.twin.shown(probe.general)).toEqual(['done', 'loose', 'done']);
    expect(await verdict(send(probe, probe.general, { ...body, nonce: 'n'.repeat(26) }))).toMatch(/^400 50035/);
  });

  it('shows what people do with it to the client', async () => {
    const { twin, ann, general, client } = await start();
    const bot = await client();
    const seen: string[] = [];
    bot.on('messageUpdate', (_old, message) => void seen.push(`edit ${message.content}`));
    bot.on('messageDelete', (message) => void seen.push(`delete ${message.id === id}`));
    bot.on('messageReactionAdd', (reaction, user) => void seen.push(`${reaction.emoji.name} ${user.id === ann.id}`));
    const file = { name: 'a.txt', data: 'content', type: 'text/plain' };
    bot.on('messageCreate', async (message) => {
      const attachment = message.attachments.first();
      const data = await (await fetch(attachment?.url ?? '')).text();
      seen.push(`${message.mentions.users.has(bot.user.id)} ${attachment?.name} ${data}`);
    });
    const id = await ann.says('look', { in: general, mention: true, files: [file] });
    await until(() => seen.length === 1, 'the message');
    await ann.edits(id, 'look here');
    await ann.reacts(id, '👍');
    await ann.deletes(id);
    await until(() => seen.length === 4, 'all events');
    expect(seen).toEqual(['true a.txt content', 'edit look here', '👍 true', 'delete true']);
    expect(twin.messages(general)).toEqual([]);
  });

  it('names the one an answer is for', async () => {
    const probe = await start();
    const { ann, general, client } = probe;
    const bot = await client();
    const heard: unknown[] = [];
    const { id } = await send(probe, general, { content: 'well?' });
    bot.on('messageCreate', ({ content, mentions, reference }) => {
      if (content === 'yes')
        heard.push(mentions.users.has(bot.user.id), mentions.repliedUser?.id, reference?.messageId);
    });
    await ann.says('yes', { in: general, replyTo: id });
    await until(() => heard.length === 3, 'the answer');
    expect(heard).toEqual([true, bot.user.id, id]);
  });

  it('changes by a thread or a preview without being edited', async () => {
    const { ann, general, client } = await start();
    const bot = await client();
    const seen: unknown[] = [];
    bot.on('messageUpdate', (_, { content, editedAt, hasThread }) => void seen.push([content, editedAt, hasThread]));
    const id = await ann.says('see https://example.org', { in: general });
    general.unfurls(id);
    general.thread('child', { by: ann, from: id });
    await until(() => seen.length === 2, 'both events');
    const text = 'see https://example.org';
    expect(seen).toEqual([
      [text, null, false],
      [text, null, true],
    ]);
  });

  it('shows edits, files, reactions, replies, quiet links, pings and typing of the bot', async () => {
    const { twin, ann, general, client } = await start();
    const channel = await (await client()).channels.fetch(general.id);
    if (channel?.isSendable() !== true) throw new Error('no channel');
    const question = await ann.says('well?', { in: general });
    await channel.sendTyping();
    expect(twin.typing(general)).toBe(true);
    const sent = await channel.send({
      content: `<@${ann.id}> @everyone see https://example.org`,
      files: [{ attachment: Buffer.from('# result'), name: 'result.md' }],
      reply: { messageReference: question },
      flags: 4,
      allowedMentions: { parse: ['users'] },
    });
    await sent.react('✅');
    await sent.edit('changed');
    const last = twin.messages(general).at(-1) as SeenMessage;
    expect(last).toMatchObject({ text: 'changed', mine: true, edits: 1, replyTo: question, reactions: ['✅'] });
    expect(last).toMatchObject({ plainLinks: true, pings: [ann.id], files: [{ name: 'result.md', text: '# result' }] });
    expect(twin.typing(general)).toBe(false);
  });

  it.each([
    [{ content: '' }, '400 50006 Cannot send an empty message'],
    [{ content: 'x'.repeat(2001) }, /^400 50035 .*content.*2000 or fewer/],
    [{ content: 'x', embeds: Array.from({ length: 11 }, () => ({})) }, /^400 50035/],
    [{ content: 'x', components: [{ type: 1, components: [] }] }, /^400 50035/],
    [
      {
        content: 'x',
        components: [{ type: 1, components: [{ type: 2, style: 1, label: 'a', custom_id: 'i'.repeat(101) }] }],
      },
      /custom_id/,
    ],
    [{ content: 'x', message_reference: { message_id: '1100000000000000009' } }, /Unknown message/],
    [{ content: 'x', components: twice }, /custom id cannot be duplicated/],
    [{ content: 'x', components: [], flags: 1 << 15 }, /^400 50035/],
  ])('refuses %o', async (body, expected) => {
    const probe = await start();
    const said = await verdict(send(probe, probe.general, body));
    expect(said).toMatch(expected instanceof RegExp ? expected : new RegExp(`^${expected}$`));
    expect(probe.twin.shown(probe.general)).toEqual([]);
  });

  it('tells a missing channel, a hidden one and missing permissions apart', async () => {
    const probe = await start();
    const { guild, general, rest, ann, twin } = probe;
    const say = (id: string) => verdict(rest.post(Routes.channelMessages(id), { body: { content: 'x' } }));
    guild.removesPermission('SendMessages', general);
    expect(await say(general.id)).toBe('403 50013 Missing Permissions');
    guild.grantsPermission('SendMessages', general);
    expect(await say(general.id)).toBe('ok');
    guild.removesPermission('ViewChannel');
    expect(await say(general.id)).toBe('403 50001 Missing Access');
    guild.grantsPermission('ViewChannel');
    expect(await say(guild.forum('posts').id)).toMatch(/^400 50008/);
    guild.removesPermission('ReadMessageHistory');
    expect(await page(probe, general, {})).toEqual([]);
    const dm = (await rest.post(Routes.userChannels(), { body: { recipient_id: ann.id } })) as { id: string };
    ann.closesDms();
    expect(await say(dm.id)).toBe('403 50007 Cannot send messages to this user');
    guild.kicksBot();
    expect(await say(general.id)).toBe('403 50001 Missing Access');
    general.deletes();
    expect(await say(general.id)).toBe('404 10003 Unknown Channel');
    expect(twin.invalidRequests).toBe(4);
  });
});

describe('a thread', () => {
  const open = async (more = {}) => {
    const probe = await start(more);
    const id = await probe.ann.says('do it', { in: probe.general });
    const body = { name: 'child', auto_archive_duration: ThreadAutoArchiveDuration.OneHour };
    await probe.rest.post(Routes.threads(probe.general.id, id), { body });
    return { ...probe, probe, id, body, thread: probe.guild.thread(id) };
  };

  it('hangs on a message, once', async () => {
    const { id, body, rest, general, thread, twin } = await open();
    expect([thread.name, thread.autoArchive, thread.parent]).toEqual(['child', 60, general.id]);
    expect(thread.members).toEqual([twin.bot.id]);
    expect(await verdict(rest.post(Routes.threads(general.id, id), { body }))).toMatch(/^400 160004/);
    expect(await verdict(rest.post(Routes.threads(general.id), { body: { ...body, name: '' } }))).toMatch(/^400 50035/);
  });

  it('is one of a thousand that are active at most', async () => {
    const { rest, general, ann } = await start();
    const threads = Array.from({ length: 1000 }, (_, index) => general.thread(`t${index}`, { by: ann }));
    const open = () => verdict(rest.post(Routes.threads(general.id), { body: { name: 'more', type: 11 } }));
    expect(await open()).toMatch(/^400 160006/);
    threads[0]?.archives();
    expect(await open()).toBe('ok');
  });

  it('opens again when somebody writes, but takes no edit while it is archived', async () => {
    const { probe, thread, rest, ann } = await open();
    const { id } = await send(probe, thread, { content: 'one' });
    thread.archives();
    const edit = () => verdict(rest.patch(Routes.channelMessage(thread.id, id), { body: { content: 'two' } }));
    expect(await edit()).toBe('400 50083 Thread is archived');
    await send(probe, thread, { content: 'three' });
    expect(thread.archived).toBe(false);
    expect(await edit()).toBe('ok');
    thread.archives();
    await ann.says('me too', { in: thread });
    expect(thread.archived).toBe(false);
  });

  it('refuses what is locked or deleted', async () => {
    const { probe, thread } = await open();
    thread.locks();
    expect(await verdict(send(probe, thread, { content: 'x' }))).toBe('400 160005 Thread is locked');
    thread.deletes();
    expect(await verdict(send(probe, thread, { content: 'x' }))).toBe('404 10003 Unknown Channel');
    expect(probe.guild.threads).toEqual([]);
  });

  it('needs permissions of its own', async () => {
    const { probe, thread, guild, rest, general, body } = await open();
    guild.removesPermission('SendMessages');
    expect(await verdict(send(probe, thread, { content: 'x' }))).toBe('ok');
    guild.removesPermission('SendMessagesInThreads');
    guild.removesPermission('CreatePublicThreads');
    expect(await verdict(send(probe, thread, { content: 'x' }))).toMatch(/50013/);
    expect(await verdict(rest.post(Routes.threads(general.id), { body }))).toMatch(/50013/);
    guild.removesPermission('ManageThreads');
    expect(await verdict(rest.patch(Routes.channel(thread.id), { body: { archived: true } }))).toBe('ok');
    const other = general.thread('of people', { by: probe.ann });
    expect(await verdict(rest.patch(Routes.channel(other.id), { body: { locked: true } }))).toMatch(/50013/);
  });

  it('becomes known to the client when it comes, changes, opens again and goes', async () => {
    const { general, ann, client } = await start();
    const bot = await client();
    const seen: string[] = [];
    bot.on('threadCreate', (thread, fresh) => void seen.push(`create ${thread.name} ${fresh}`));
    bot.on('threadUpdate', (_, thread) => void seen.push(`update ${thread.archived} ${thread.locked}`));
    bot.on('threadDelete', (thread) => void seen.push(`delete ${thread.name}`));
    bot.on('messageCreate', ({ content, channel }) => void (content === 'hi' && seen.push(`hi ${channel.isThread()}`)));
    const thread = general.thread('child', { by: ann });
    thread.locks();
    thread.locks(false);
    thread.archives();
    await ann.says('hi', { in: thread });
    thread.deletes();
    await until(() => seen.length === 7, 'all events');
    const changes = ['update false true', 'update false false', 'update true false', 'update false false'];
    expect(seen).toEqual(['create child true', ...changes, 'hi true', 'delete child']);
  });

  it('that is archived at login is unknown to the client until somebody writes', async () => {
    const { general, ann, client } = await start();
    const thread = general.thread('old', { by: ann });
    thread.archives();
    const bot = await client();
    expect(bot.channels.cache.has(thread.id)).toBe(false);
    const heard: string[] = [];
    bot.on('messageCreate', ({ content, channel }) => void heard.push(`${content} ${channel.isThread()}`));
    await ann.says('hi', { in: thread });
    await until(() => heard.length === 1, 'the message');
    expect(heard).toEqual(['hi true']);
  });

  it('is a post in a forum', async () => {
    const { twin, guild, ann, client } = await start();
    const forum = guild.forum('posts');
    const bot = await client();
    const channel = await bot.channels.fetch(forum.id);
    if (channel?.isThreadOnly() !== true) throw new Error('no forum');
    const mine = await channel.threads.create({ name: 'run 1', message: { content: 'starts' } });
    expect(twin.shown(mine.id)).toEqual(['starts']);
    expect((await mine.fetchStarterMessage())?.id).toBe(mine.id);
    expect(twin.transcript(forum.post('a question', 'how?', ann))).toEqual(['Ann: how?']);
  });
});

describe('a webhook of the bot', () => {
  it('speaks under any decent name, also into threads', async () => {
    const { twin, general, client, guild } = await start();
    const channel = await (await client()).channels.fetch(general.id);
    if (channel === null || !('createWebhook' in channel) || !('threads' in channel)) throw new Error('no channel');
    const hook = await channel.createWebhook({ name: 'Personas' });
    const thread = await channel.threads.create({ name: 'child' } as never);
    await hook.send({ content: 'hi', username: 'Researcher', threadId: thread.id });
    expect(twin.transcript(thread.id)).toEqual(['Researcher: hi']);
    expect(twin.messages(thread.id)[0]?.mine).toBe(true);
    expect(await verdict(hook.send({ content: 'hi', username: 'Discord mod' }))).toMatch(/^400 50035/);
    guild.removesPermission('ManageWebhooks');
    expect(await verdict(channel.createWebhook({ name: 'more' }))).toMatch(/50013/);
  });

  it('is told apart from one of somebody else', async () => {
    const { twin, general, client } = await start();
    const bot = await client();
    const heard: unknown[] = [];
    bot.on('messageCreate', ({ webhookId, author }) => void heard.push([webhookId !== null, author.bot]));
    general.webhookSays('deployed');
    await until(() => heard.length === 1, 'the message');
    expect(heard).toEqual([[true, true]]);
    expect(twin.shown(general)).toEqual([]);
  });
});
