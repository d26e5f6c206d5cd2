import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutboundMessage, Receipt } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import { openRig, place, type Rig } from './rig.ts';

const clock = fastClock(100);
const post = 'POST /channels/:id/messages';

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

const send = (message: OutboundMessage | string, key = 'key', route: Route = place(general)): Promise<Receipt> =>
  rig.adapter.deliver(route, typeof message === 'string' ? { text: message } : message, key);
const shown = (): readonly string[] => rig.twin.shown(general);
const mine = () => rig.twin.messages(general).filter((message) => message.mine);
const passes = (ms: number): Promise<void> => {
  const end = clock.now() + ms;
  return until(() => clock.now() > end, 'time to pass');
};

describe('a message that an earlier process may have sent', () => {
  it('is looked for before it is sent again, however long ago that was', async () => {
    const since = clock.now();
    await send('the result', 'k');
    await send('something else', 'other');
    await rig.adapter.stop();
    await passes(200_000);
    const next = rig.another();
    await next.start(rig.events);
    await until(() => next.health().state === 'connected', 'the next process');
    const again = (text: string, key: string) => next.deliver(place(general), { text, sentSince: since }, key);
    expect(await again('the result', 'k')).toMatchObject({ status: 'sent', messageIds: [mine()[0]?.id] });
    expect(await again('never sent', 'n')).toMatchObject({ status: 'sent' });
    expect(shown()).toEqual(['the result', 'something else', 'never sent']);
  });
});

describe('a message', () => {
  it('notifies nobody, whatever it says, and hides the previews of many links', async () => {
    await send(`@everyone <@${ann.id}> see https://a.example and https://b.example`);
    expect(mine()[0]).toMatchObject({ pings: [], plainLinks: true });
    await send('see https://a.example', 'other');
    expect(mine()[1]?.plainLinks).toBe(false);
  });

  it('quotes what it answers, and arrives also when that is gone', async () => {
    const asked = await ann.says('why?', { in: general });
    await send({ text: 'because', replyTo: asked }, 'one');
    await send({ text: 'still', replyTo: '1234567890123456789' }, 'two');
    expect(mine().map(({ text, pings }) => [text, pings])).toEqual([
      ['because', []],
      ['still', []],
    ]);
    expect(mine()[0]?.replyTo).toBe(asked);
  });

  it('brings a file along', async () => {
    expect(await send({ text: 'all of it', document: { name: 'result.md', text: '# Größe' } })).toMatchObject({
      status: 'sent',
    });
    expect(mine()[0]?.files).toMatchObject([{ name: 'result.md', text: '# Größe' }]);
    expect(mine()[0]?.text).toBe('all of it');
  });

  it('with choices has buttons, or a menu where they are many', async () => {
    const choices = (count: number) => Array.from({ length: count }, (_, n) => ({ label: `c${n}`, id: `id${n}` }));
    await send({ text: 'few', choices: choices(5) }, 'few');
    await send({ text: 'many', choices: choices(6) }, 'many');
    expect(mine()[0]?.buttons).toEqual(['c0', 'c1', 'c2', 'c3', 'c4']);
    expect(mine()[1]).toMatchObject({ buttons: [], choices: choices(6).map(({ id }) => `sw1:${id}`) });
  });

  it('whose buttons Discord cannot read arrives once, as its words', async () => {
    rig.twin.fault(post, { status: 400, code: 50_035 });
    expect(await send({ text: 'choose', choices: [{ label: 'A', id: 'a' }] })).toMatchObject({ status: 'sent' });
    expect(mine().map(({ text, buttons }) => [text, buttons])).toEqual([['choose', []]]);
  });
});

describe('the receipt of a send', () => {
  it.each([
    ['refused for a pause', { status: 429, retryAfter: 3 }, 'retry', 0],
    ['refused without a word how long', { status: 429 }, 'retry', 0],
    ['that broke before it arrived', 'reset-before', 'ambiguous', 0],
    ['that broke after it arrived', 'reset-after', 'ambiguous', 1],
    ['answered with a page', 'html', 'ambiguous', 0],
    ['of a failing server', { status: 500 }, 'ambiguous', 0],
    ['of a server that failed afterwards', { status: 502, applied: true }, 'ambiguous', 1],
    ['never answered', 'hang', 'ambiguous', 0],
  ] as const)('%s is honest, after one call', async (_what, fault, status, arrived) => {
    rig.twin.fault(post, fault);
    expect(await send('once')).toMatchObject({ status });
    expect(shown()).toHaveLength(arrived);
    expect(rig.twin.called(post)).toHaveLength(1);
  });

  it('names the pause, to the chat or the whole account, and never one too short to matter', async () => {
    rig.twin.fault(post, { status: 429, retryAfter: 0.01 });
    expect(await send('x')).toMatchObject({ status: 'retry', silence: 'chat', afterMs: 1_000 });
    rig.twin.fault(post, { status: 429 });
    expect(await send('x')).toMatchObject({ status: 'retry', silence: 'chat', afterMs: 60_000 });
    rig.twin.fault(post, { status: 429, retryAfter: 5, global: true });
    const all = await send('x');
    expect(all).toMatchObject({ status: 'retry', silence: 'account' });
    // Nothing is called at all until then.
    const { length } = rig.twin.calls;
    expect(await send('x')).toMatchObject({ status: 'retry', silence: 'account' });
    expect(rig.twin.calls).toHaveLength(length);
  });

  it('takes a gate that is shut before Discord for the whole account', async () => {
    rig.twin.fault(post, { status: 403, html: true });
    expect(await send('x')).toMatchObject({ status: 'retry', silence: 'account', afterMs: 60_000 });
    const { length } = rig.twin.calls;
    rig.adapter.signal(place(general), 'typing');
    await send('x');
    expect(rig.twin.calls).toHaveLength(length);
    rig.adapter.signal(place(general), 'idle');
  });

  it('is surely not sent while nobody listens', async () => {
    await rig.twin.down();
    await until(() => rig.adapter.health().state !== 'connected', 'the outage to be noticed');
    expect(await send('x')).toMatchObject({ status: 'retry' });
  });

  it('names what is missing, and says what is closed', async () => {
    const other = guild.channel('other');
    guild.removesPermission('SendMessages', other);
    expect(await send('x', 'a', place(other))).toMatchObject({
      status: 'refused',
      reason: 'the bot has no right to write here (Send Messages)',
    });
    guild.removesPermission('ViewChannel', other);
    expect(await send('x', 'b', place(other))).toMatchObject({ status: 'refused', closed: true });
    other.deletes();
    expect(await send('x', 'c', place(other))).toMatchObject({
      status: 'refused',
      closed: true,
      reason: 'the channel or thread was deleted',
    });
    expect(await send('x', 'd', { channel: 'discord', account: 'default', chat: 'nobody' })).toMatchObject({
      status: 'refused',
    });
  });

  it('says so when a person takes no direct messages', async () => {
    await ann.says('hi');
    await until(() => rig.taken.length === 1, 'the message');
    ann.closesDms();
    const route = rig.taken[0]?.route ?? place(general);
    expect(await send('x', 'key', route)).toMatchObject({ status: 'refused', closed: true });
  });
});

describe('a repeated send', () => {
  it('shows one message when the answer of the first was lost', async () => {
    rig.twin.fault(post, { status: 502, applied: true });
    expect(await send('once')).toMatchObject({ status: 'ambiguous' });
    expect(await send('once')).toMatchObject({ status: 'sent', messageIds: [mine()[0]?.id] });
    expect(shown()).toEqual(['once']);
  });

  it('is found in the channel when Discord has forgotten the key, and only the one of that key', async () => {
    await send('once', 'before');
    // Nobody tells us of our own message either.
    rig.twin.gateway.deaf();
    rig.twin.fault(post, { status: 502, applied: true });
    expect(await send('once')).toMatchObject({ status: 'ambiguous' });
    await passes(3 * 60_000);
    const [first, second] = mine();
    expect(await send('once')).toMatchObject({ status: 'sent', messageIds: [second?.id] });
    expect(first?.id).not.toBe(second?.id);
    expect(rig.twin.called(post)).toHaveLength(2);
    expect(shown()).toEqual(['once', 'once']);
  });

  it('is found there also by the next process', async () => {
    const enqueuedAt = clock.now();
    rig.twin.fault(post, { status: 502, applied: true });
    expect(await send('result')).toMatchObject({ status: 'ambiguous' });
    await rig.adapter.stop();
    await passes(200_000);
    const next = rig.another();
    await next.start(rig.events);
    expect(await next.deliver(place(general), { text: 'result', sentSince: enqueuedAt }, 'key')).toMatchObject({
      status: 'sent',
    });
    expect(shown()).toEqual(['result']);
  });

  it('is sent anew when the first did not arrive', async () => {
    rig.twin.fault(post, 'html');
    expect(await send('once')).toMatchObject({ status: 'ambiguous' });
    await passes(3 * 60_000);
    expect(await send('once')).toMatchObject({ status: 'sent' });
    expect(shown()).toEqual(['once']);
  });
});

describe('an edit', () => {
  it('changes the message and its buttons', async () => {
    const receipt = await send({ text: 'one', choices: [{ label: 'A', id: 'a' }] });
    const id = receipt.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    expect(await rig.adapter.edit(place(general), id, { text: 'two' })).toMatchObject({ status: 'sent' });
    expect(mine().map(({ text, buttons }) => [text, buttons])).toEqual([['two', []]]);
  });

  it('of a message that is gone is refused, and one of unknown outcome may be repeated', async () => {
    const gone = '1234567890123456789';
    expect(await rig.adapter.edit(place(general), gone, { text: 'x' })).toMatchObject({ status: 'refused' });
    rig.twin.fault('PATCH /channels/:id/messages/:id', 'reset-after');
    expect(await rig.adapter.edit(place(general), gone, { text: 'x' })).toMatchObject({ status: 'retry' });
  });
});

describe('typing', () => {
  it('is shown until the answer, and stops where Discord refuses it', async () => {
    const typing = 'POST /channels/:id/typing';
    rig.adapter.signal(place(general), 'typing');
    await until(() => rig.twin.called(typing).length >= 3, 'typing to go on');
    rig.adapter.signal(place(general), 'idle');
    const before = rig.twin.called(typing).length;
    await passes(20_000);
    expect(rig.twin.called(typing).length).toBeLessThanOrEqual(before + 1);
    guild.removesPermission('SendMessages', general);
    const refused = rig.twin.called(typing).length;
    rig.adapter.signal(place(general), 'typing');
    await passes(30_000);
    expect(rig.twin.called(typing)).toHaveLength(refused + 1);
  });
});

describe('a file', () => {
  it('is fetched from where Discord keeps it, up to the limit, and from nowhere else', async () => {
    await ann.says('compare', { in: general, files: [{ name: 'offers.txt', data: 'three offers' }] });
    await until(() => rig.taken.length === 1, 'the message');
    const [file] = rig.taken[0]?.files ?? [];
    if (file === undefined) throw new Error('no file');
    const fetched = await rig.adapter.fetch(file, 1_000);
    expect(fetched.kind === 'file' && new TextDecoder().decode(fetched.data)).toBe('three offers');
    expect(await rig.adapter.fetch(file, 5)).toEqual({ kind: 'too-large' });
    const { bytes: _unknown, ...unnamed } = file;
    expect(await rig.adapter.fetch(unnamed, 5)).toEqual({ kind: 'too-large' });
    const ref = JSON.parse(file.ref);
    for (const url of [
      'http://169.254.169.254/latest',
      'https://cdn.discordapp.com.evil.example/x',
      'file:///etc/passwd',
    ])
      expect(await rig.adapter.fetch({ ...file, ref: JSON.stringify({ ...ref, url }) }, 1_000)).toMatchObject({
        kind: 'failed',
        reason: 'it is not where Discord keeps files',
      });
    const expired = String(ref.url).replace(/\/attachments\/.*$/, '/attachments/1/2/gone.txt');
    expect(await rig.adapter.fetch({ ...file, ref: JSON.stringify({ ...ref, url: expired }) }, 1_000)).toMatchObject({
      kind: 'file',
    });
  });
});

describe('the invitation', () => {
  it('names the bot, both scopes and the rights it needs', () => {
    const link = new URL(rig.adapter.inviteLink() ?? '');
    expect(link.searchParams.get('client_id')).toBe(rig.twin.bot.id);
    expect(link.searchParams.get('scope')).toBe('bot applications.commands');
    // View Channels, Send Messages (also in Threads), Create Public Threads, Manage Threads, Read History, Embed, Attach, React.
    expect(link.searchParams.get('permissions')).toBe('326417632320');
  });
});
