import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { DiscordAdapter } from '../../../channels/discord/adapter.ts';
import { usernameOf } from '../../../channels/discord/personas.ts';
import type { OutboundMessage, Receipt } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace, ThreadPlace } from '../../twins/discord/places.ts';
import { openRig, place, type Rig } from './rig.ts';

const clock = fastClock(100);
const say = 'POST /webhooks/:id/:token';
const post = 'POST /channels/:id/messages';
const make = 'POST /channels/:id/webhooks';

let rig: Rig;
let ann: Person;
let guild: GuildPlace;
let general: ChannelPlace;
let thread: ThreadPlace;
let adapter: DiscordAdapter;
beforeEach(async () => {
  rig = await openRig({ clock, personas: true }, { clock });
  ann = rig.twin.person('Ann');
  guild = rig.twin.guild({ members: [ann] });
  general = guild.channel('general');
  thread = general.thread('docs', { by: ann });
  adapter = rig.adapter;
  await adapter.start(rig.events);
});
afterEach(async () => {
  const { violations } = rig.twin;
  await rig.close();
  expect(violations).toEqual([]);
});

const send = (more: Partial<OutboundMessage> = {}, key = 'key', route?: Route): Promise<Receipt> =>
  adapter.deliver(route ?? place(general, thread), { text: 'Half way.', speaker: 'docs', ...more }, key);
const said = (at: { readonly id: string } = thread): readonly string[] => rig.twin.transcript(at);
const idOf = (receipt: Receipt): string => (receipt.status === 'sent' ? (receipt.messageIds[0] ?? '') : '');
const told = () => rig.log.lines.filter(({ fields }) => fields.code === 'discord_personas');
const passes = (ms: number): Promise<void> => {
  const end = clock.now() + ms;
  return until(() => clock.now() > end, 'time to pass');
};
/** The process ends, and another one takes over. */
async function restarts(personas = true): Promise<void> {
  await adapter.stop();
  adapter = rig.another({ personas });
  await adapter.start(rig.events);
}

describe('a sub-agent in its thread', () => {
  it('speaks under its own name, through one webhook for all threads of the channel', async () => {
    const other = general.thread('tests', { by: ann });
    const receipts = await Promise.all([
      send(),
      send({ text: 'All green.', speaker: 'tests' }, 'other', place(general, other)),
    ]);
    expect([said(), said(other)]).toEqual([['docs: Half way.'], ['tests: All green.']]);
    expect(receipts.map(idOf)).toEqual([rig.twin.messages(thread)[0]?.id, rig.twin.messages(other)[0]?.id]);
    expect(rig.twin.called(make)).toHaveLength(1);
    await restarts();
    await send({ text: 'Done.' }, 'next');
    expect(said()).toEqual(['docs: Half way.', 'docs: Done.']);
    expect(rig.twin.called(make)).toHaveLength(1);
  });

  it('notifies nobody, brings its file along, and opens an archived thread', async () => {
    thread.archives();
    await send({ text: `@everyone <@${ann.id}>`, document: { name: 'result.md', text: 'all' } });
    expect(rig.twin.messages(thread)).toMatchObject([{ from: 'docs', pings: [], files: [{ name: 'result.md' }] }]);
    expect(thread.archived).toBe(false);
  });

  it.each([
    ['outside a thread', {}, () => place(general)],
    ['without a speaker', { speaker: undefined }, undefined],
    ['that quotes', { replyTo: '1234567890123456789' }, undefined],
    ['of a speaker without a name', { speaker: '@' }, undefined],
  ])('is no other than the bot in a message %s', async (_what, more, route) => {
    expect(await send(more, 'key', route?.())).toMatchObject({ status: 'sent' });
    expect([...said(general), ...said()].filter((line) => line.endsWith('Half way.'))).toEqual([
      'Switchyard: Half way.',
    ]);
    expect(rig.twin.called(make)).toEqual([]);
  });

  it('is the bot everywhere unless personas are on', async () => {
    await restarts(false);
    await send();
    expect(said()).toEqual(['Switchyard: Half way.']);
  });

  it('counts against the limit of the webhook, which all threads of a channel share', () => {
    const [one, two] = [thread, general.thread('tests', { by: ann })].map((at) => adapter.limits(place(general, at)));
    const shared = { key: `webhook:${general.id}`, count: 5, perMs: 2_000 };
    expect(one).toContainEqual(shared);
    expect(two).toContainEqual(shared);
    expect(adapter.limits(place(general))).toHaveLength(2);
  });
});

describe('where no webhook can be had', () => {
  it('it speaks as the bot, which is logged once for the channel, and anew once it can', async () => {
    guild.removesPermission('ManageWebhooks', general);
    for (const key of ['a', 'b']) expect(await send({}, key)).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['Switchyard: Half way.', 'Switchyard: Half way.']);
    expect(told()).toHaveLength(1);
    expect(told()[0]?.message).toContain('Manage Webhooks');
    expect(rig.twin.called('GET /channels/:id/webhooks')).toHaveLength(1);
    guild.grantsPermission('ManageWebhooks', general);
    await passes(5 * 60_000);
    await send({}, 'c');
    expect(said().at(-1)).toBe('docs: Half way.');
  });

  it.each([
    ['the channel has 15 already', make, { status: 400, code: 30_007 }],
    ['somebody deleted it', say, { status: 404, code: 10_015 }],
    ['its token is no good any more', say, { status: 401, code: 50_027 }],
    ['it takes no more at the moment', say, { status: 429, retryAfter: 1 }],
  ] as const)('because %s, the message comes from the bot', async (_why, route, fault) => {
    rig.twin.fault(route, fault);
    expect(await send()).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['Switchyard: Half way.']);
    expect(adapter.health().state).toBe('connected');
  });

  it('because somebody deleted it, the next message gets another one', async () => {
    await send({}, 'a');
    rig.twin.fault(say, { status: 404, code: 10_015 });
    for (const key of ['b', 'c']) await send({}, key);
    expect(said().map((line) => line.split(':')[0])).toEqual(['docs', 'Switchyard', 'docs']);
  });

  it('a thread that is gone is reported as for any message', async () => {
    await send({}, 'a');
    thread.deletes();
    expect(await send({}, 'b')).toMatchObject({ status: 'refused', reason: 'the channel or thread was deleted' });
    expect(told()).toEqual([]);
  });
});

describe('a send without an answer', () => {
  it.each([
    { status: 502, applied: true } as const,
    'reset-after' as const,
    'hang-after' as const,
    { status: 500 } as const,
    'reset-before' as const,
  ])('(%j) shows one message when it is repeated', async (fault) => {
    await send({}, 'before');
    rig.twin.fault(say, fault);
    expect(await send()).toMatchObject({ status: 'ambiguous' });
    expect(await send()).toMatchObject({ status: 'sent', messageIds: [rig.twin.messages(thread)[1]?.id] });
    expect(said()).toEqual(['docs: Half way.', 'docs: Half way.']);
  });

  it('is not said by the bot instead when it arrived, and is when it did not', async () => {
    for (const applied of [true, false]) {
      rig.twin.fault(say, { status: 502, applied });
      expect(await send({}, String(applied))).toMatchObject({ status: 'ambiguous' });
      rig.twin.fault(say, { status: 404, code: 10_015 });
      expect(await send({}, String(applied))).toMatchObject({ status: 'sent' });
      rig.twin.heal();
    }
    expect(said()).toEqual(['docs: Half way.', 'Switchyard: Half way.']);
  });

  it('stays in doubt while the thread cannot be read', async () => {
    rig.twin.fault(say, { status: 502, applied: true });
    await send();
    rig.twin.fault('GET /channels/:id/messages', { status: 403, code: 50_013 });
    expect(await send()).toMatchObject({ status: 'ambiguous' });
    expect(await send()).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['docs: Half way.']);
  });

  it('as the bot is repeated as the bot', async () => {
    rig.twin.fault(say, { status: 404, code: 10_015 });
    rig.twin.gateway.deaf();
    rig.twin.fault(post, { status: 502, applied: true });
    expect(await send()).toMatchObject({ status: 'ambiguous' });
    expect(await send()).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['Switchyard: Half way.']);
  });

  it.each([true, false])('is found after a restart, with personas on: %s', async (on) => {
    const since = clock.now();
    await send();
    await restarts(on);
    await passes(200_000);
    expect(await send({ sentSince: since })).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['docs: Half way.']);
  });

  it('is not repeated before it is known who we are', async () => {
    const since = clock.now();
    await send();
    await adapter.stop();
    await rig.twin.gateway.outage();
    adapter = rig.another();
    await adapter.start(rig.events);
    expect(await send({ sentSince: since })).toMatchObject({ status: 'retry' });
    await rig.twin.gateway.up();
    await until(() => adapter.health().state === 'connected', 'the login');
    expect(await send({ sentSince: since })).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['docs: Half way.']);
    expect(rig.twin.called(make)).toHaveLength(1);
  });

  it('is one message when it is sent twice at once', async () => {
    const [one, two] = await Promise.all([send(), send()]);
    expect(one).toEqual(two);
    expect(said()).toEqual(['docs: Half way.']);
  });
});

describe('what was said so', () => {
  it('is nothing to us, also when it is read after a restart; other webhooks are heard as bots', async () => {
    await send();
    general.webhookSays('deployed');
    await until(() => rig.taken.length === 1, 'the other webhook');
    await adapter.stop();
    const late = rig.another();
    // Said by the process that ended, and not seen by it.
    adapter = rig.another();
    await adapter.start(rig.events);
    rig.twin.gateway.deaf();
    await send({ text: 'Later.' }, 'later');
    await adapter.stop();
    adapter = late;
    await adapter.start(rig.events);
    await ann.says('and?', { in: thread });
    await until(() => rig.taken.some(({ text }) => text === 'and?'), 'what came after it');
    expect(rig.taken.map(({ text, sender }) => [text, sender.bot])).toEqual([
      ['deployed', true],
      ['and?', undefined],
    ]);
  });

  it('is ours to those who answer it', async () => {
    const id = idOf(await send());
    await ann.says('really?', { in: thread, replyTo: id });
    await until(() => rig.taken.length === 1, 'the answer');
    expect(rig.taken[0]).toMatchObject({ mentionsBot: true, replyTo: id });
  });

  it('is edited through the webhook, also after a restart', async () => {
    const id = idOf(await send());
    const edit = (text: string) => adapter.edit(place(general, thread), id, { text, speaker: 'docs' });
    expect(await edit('Nearly.')).toEqual({ status: 'sent', messageIds: [id] });
    await restarts();
    rig.twin.fault('PATCH /webhooks/:id/:token/messages/:id', { status: 502 });
    expect(await edit('Done.')).toMatchObject({ status: 'retry' });
    expect(await edit('Done.')).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['docs: Done.']);
  });

  it('by the bot is edited by the bot', async () => {
    guild.removesPermission('ManageWebhooks', general);
    const id = idOf(await send());
    const edited = await adapter.edit(place(general, thread), id, { text: 'Done.', speaker: 'docs' });
    expect(edited).toMatchObject({ status: 'sent' });
    expect(said()).toEqual(['Switchyard: Done.']);
  });
});

test('the invitation asks for the right to it', () => {
  const asked = BigInt(new URL(adapter.inviteLink() ?? '').searchParams.get('permissions') ?? '0');
  expect(asked & (1n << 29n)).not.toBe(0n);
});

describe('a name', () => {
  it.each([
    ['changelog', 'changelog'],
    ['Discord adapter', 'Dis·cord adapter'],
    ['ask clyde', 'ask cly·de'],
    ['fix: #12 for @ann', 'fix 12 for ann'],
    ['here', undefined],
    ['```', undefined],
  ])('of %j is %j', (label, name) => {
    expect(usernameOf(label)).toBe(name);
  });

  test('is one that Discord takes, whatever the label', () => {
    const part = fc.constantFrom('dis', 'cord', 'DisCord', 'cly', 'de', '@', '```', ' ', 'é', '🤖', 'x'.repeat(40));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(part).map((parts) => parts.join('')),
        ),
        (label) => {
          const name = usernameOf(label) ?? 'x';
          expect(name.length).toBeGreaterThan(0);
          expect(name.length).toBeLessThanOrEqual(80);
          expect(name).not.toMatch(/discord|clyde|[@#:]|```|^\s|\s$/i);
        },
      ),
    );
  });
});
