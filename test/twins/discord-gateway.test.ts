import { Events, GatewayIntentBits, RateLimitError, Routes } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import type { Fault } from './discord/faults.ts';
import { newClient, type Probe, probes, verdict } from './discord/probe.ts';

const start = probes();

/** A client that keeps what it hears. */
async function listening(options: Parameters<typeof start>[0] = {}) {
  const probe = await start(options);
  const bot = await probe.client();
  const heard: string[] = [];
  bot.on('messageCreate', ({ content }) => void heard.push(content));
  const events: string[] = [];
  bot.on(Events.ShardResume, () => void events.push('resumed'));
  bot.on(Events.ShardReconnecting, () => void events.push('reconnecting'));
  bot.on(Events.Debug, (text) => void (/network error/.test(text) && events.push('refused')));
  return { ...probe, bot, heard, events };
}

const identify = (token: string, intents = 1) => ({ op: 2, d: { token, intents, properties: {} } });

/** A connection without the library, after HELLO. */
async function line(url: string) {
  const socket = new WebSocket(url);
  const answers: (string | number)[] = [];
  socket.onmessage = ({ data }) => {
    const { op, t } = JSON.parse(String(data)) as { op: number; t: string | null };
    answers.push(t ?? op);
  };
  socket.onclose = ({ code }) => void answers.push(code);
  await until(() => answers.length === 1, 'HELLO');
  /** The first answer, or the first that is `wanted`: an event, an opcode or a close code. */
  const asks = async (frame: object | string, wanted?: number): Promise<string | number | undefined> => {
    const before = answers.length;
    socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
    const find = () => answers.slice(before).find((answer) => wanted === undefined || answer === wanted);
    await until(() => find() !== undefined, 'an answer');
    return find();
  };
  return { socket, asks };
}

const say = ({ rest, general }: Probe, content = 'x') =>
  rest.post(Routes.channelMessages(general.id), { body: { content } });

describe('a session', () => {
  it.each([
    ['a broken cable', (twin: Probe['twin']) => twin.gateway.drop()],
    ['a close code', (twin: Probe['twin']) => twin.gateway.drop(4000)],
    ['op 7', (twin: Probe['twin']) => twin.gateway.op7()],
    ['op 9 that can be resumed', (twin: Probe['twin']) => twin.gateway.op9(true)],
  ])('is resumed after %s, and what happened meanwhile comes once', async (_name, trouble) => {
    const { twin, heard, events, ann, general } = await listening();
    await ann.says('before', { in: general });
    await until(() => heard.length === 1, 'the first message');
    trouble(twin);
    await ann.says('meanwhile', { in: general });
    await until(() => events.includes('resumed'), 'the resume');
    await ann.says('after', { in: general });
    await until(() => heard.length >= 3, 'all messages');
    expect(heard).toEqual(['before', 'meanwhile', 'after']);
    expect(twin.gateway.sessions).toHaveLength(1);
    expect(twin.violations).toEqual([]);
  });

  it('is noticed as a zombie and resumed with what it did not hear', async () => {
    const { twin, heard, events, ann, general } = await listening({ heartbeatMs: 40 });
    twin.gateway.deaf();
    await ann.says('unheard', { in: general });
    await until(() => events.includes('resumed'), 'the resume');
    expect(heard).toEqual(['unheard']);
    expect(twin.gateway.sessions).toHaveLength(1);
  });

  it('is lost in an outage with what happened meanwhile, which REST still has', async () => {
    const probe = await listening({ identifyMs: 0 });
    const { twin, heard, ann, general, rest } = probe;
    await twin.gateway.outage();
    await ann.says('lost', { in: general });
    const found = (await rest.get(Routes.channelMessages(general.id))) as { content: string }[];
    expect(found.map(({ content }) => content)).toEqual(['lost']);
    await until(() => probe.events.includes('refused'), 'the first reconnect');
    await twin.gateway.up();
    await until(() => twin.gateway.sessions.length === 2, 'another IDENTIFY', 12_000);
    await ann.says('heard', { in: general });
    await until(() => heard.includes('heard'), 'the next message');
    expect(heard).toEqual(['heard']);
  });

  it('may never get its RESUMED, though its heartbeats are answered', async () => {
    const { twin, heard, events, ann, general } = await listening({ heartbeatMs: 40 });
    twin.gateway.stallsResumes();
    twin.gateway.op7();
    await until(() => events.includes('reconnecting'), 'the reconnect');
    await ann.says('unheard', { in: general });
    await until(() => twin.gateway.connections === 1, 'the new connection');
    const beats = twin.gateway.heartbeats;
    await until(() => twin.gateway.heartbeats > beats + 2, 'heartbeats');
    expect([heard, events.includes('resumed')]).toEqual([[], false]);
  });

  it('that cannot be resumed begins anew', async () => {
    const { twin, heard, ann, general } = await listening({ identifyMs: 0 });
    twin.gateway.op9(false);
    await ann.says('lost', { in: general });
    await until(() => twin.gateway.sessions.length === 2, 'another IDENTIFY', 12_000);
    await ann.says('heard', { in: general });
    await until(() => heard.length === 1, 'a message');
    expect(heard).toEqual(['heard']);
  });
});

describe('a login', () => {
  it.each([
    ['wrong.token', {}, /TokenInvalid|invalid token/i],
    ['twin.discord.token', { privileged: { messageContent: false } }, /disallowed intents/],
  ])('with %s and %o is refused', async (token, options, expected) => {
    const { twin } = await start(options);
    const client = newClient(twin);
    await expect(client.login(token)).rejects.toThrow(expected);
    await client.destroy();
  });

  it('without the message content intent reads only what concerns the bot', async () => {
    const { twin, ann, general, client, rest } = await start({ privileged: { messageContent: false } });
    const bot = await client([
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
    ]);
    const heard: string[] = [];
    bot.on('messageCreate', ({ content }) => void heard.push(content));
    await ann.says('secret', { in: general });
    await ann.says('you', { in: general, mention: true });
    await ann.says('in private');
    await until(() => heard.length === 3, 'messages');
    expect(heard).toEqual(['', `<@${twin.bot.id}> you`, 'in private']);
    const found = (await rest.get(Routes.channelMessages(general.id))) as { content: string }[];
    expect(found.map(({ content }) => content)).toEqual([`<@${twin.bot.id}> you`, '']);
  });

  it('hears only what its intents ask for', async () => {
    const { twin, ann, general, client } = await start();
    const bot = await client([GatewayIntentBits.Guilds, GatewayIntentBits.DirectMessages]);
    const heard: string[] = [];
    bot.on('messageCreate', ({ content }) => void heard.push(content));
    await ann.says('in the guild', { in: general });
    await ann.says('in private');
    await until(() => heard.length > 0, 'a message');
    expect(heard).toEqual(['in private']);
    expect(twin.gateway.sessions[0]?.connected).toBe(true);
  });

  it('soon after another one is an offence and refused, unless the first client left in order', async () => {
    const { twin, rest } = await start();
    const { url } = (await rest.get(Routes.gatewayBot())) as { url: string };
    const first = await line(url);
    expect(await first.asks(identify(twin.token))).toBe('READY');
    first.socket.close(1000);
    await until(() => twin.gateway.connections === 0, 'the goodbye');
    const resume = { op: 6, d: { token: twin.token, session_id: 'session-1', seq: 2 } };
    expect(await (await line(url)).asks(resume)).toBe(9);
    const second = await line(url);
    expect(await second.asks(identify(twin.token))).toBe('READY');
    expect(twin.violations).toEqual([]);
    expect(await (await line(url)).asks(identify(twin.token))).toBe(9);
    expect(twin.violations.map(({ kind }) => kind)).toEqual(['identify too soon']);
  });

  it('ends for good when the token is revoked', async () => {
    const { twin, bot, rest, general } = await listening();
    const codes: number[] = [];
    bot.on(Events.ShardDisconnect, ({ code }) => void codes.push(code));
    twin.revokeToken();
    await until(() => codes.length === 1, 'the end');
    expect(codes).toEqual([4004]);
    expect(await verdict(rest.get(Routes.channel(general.id)))).toMatch(/^401 0/);
  });

  it('shows guilds that come, go and are in trouble', async () => {
    const { twin, bot, guild } = await listening();
    const seen: string[] = [];
    bot.on('guildCreate', ({ name }) => void seen.push(`create ${name}`));
    bot.on('guildDelete', ({ name }) => void seen.push(`delete ${name}`));
    bot.on('guildUnavailable', ({ name }) => void seen.push(`unavailable ${name}`));
    bot.on('guildAvailable', ({ name }) => void seen.push(`available ${name}`));
    twin.guild({ name: 'Second' });
    guild.isUnavailable();
    guild.isUnavailable(false);
    guild.kicksBot();
    await until(() => seen.length === 4, 'all events');
    expect(seen).toEqual(['create Second', 'unavailable Lab', 'available Lab', 'delete Lab']);
  });
});

describe('a connection', () => {
  it.each([
    ['no JSON', () => '{', 4002],
    ['more than 4096 bytes', () => 'x'.repeat(4097), 4002],
    ['an unknown opcode', () => ({ op: 99 }), 4001],
    ['a presence before IDENTIFY', () => ({ op: 3 }), 4003],
    ['a wrong token', () => identify('wrong'), 4004],
    ['intents that do not exist', (token: string) => identify(token, 1 << 30), 4013],
    ['intents that are switched off', (token: string) => identify(token, 1 << 1), 4014],
    ['RESUME with a wrong token', () => ({ op: 6, d: { token: 'wrong', session_id: 'x', seq: 0 } }), 4004],
    ['RESUME of an unknown session', (token: string) => ({ op: 6, d: { token, session_id: 'x', seq: 0 } }), 9],
    ['a heartbeat', () => ({ op: 1, d: null }), 11],
  ])('that sends %s gets its answer', async (_name, frame, expected) => {
    const { twin, rest } = await start();
    const { url } = (await rest.get(Routes.gatewayBot())) as { url: string };
    expect(await (await line(url)).asks(frame(twin.token))).toBe(expected);
  });

  it('that sends more than 120 frames a minute is closed', async () => {
    const { twin, rest } = await start({ clock: virtualClock() });
    const { url } = (await rest.get(Routes.gatewayBot())) as { url: string };
    const { socket, asks } = await line(url);
    const last = asks({ op: 1, d: null }, 4008);
    for (let each = 0; each < 120; each += 1) socket.send('{"op":1,"d":null}');
    expect(await last).toBe(4008);
    expect(twin.violations.map(({ kind }) => kind)).toEqual(['too many gateway sends']);
  });

  it('cannot resume what is too old, or more than there was', async () => {
    const clock = virtualClock();
    const { twin, rest } = await start({ clock });
    const { url } = (await rest.get(Routes.gatewayBot())) as { url: string };
    const resume = (seq: number) => ({ op: 6, d: { token: twin.token, session_id: 'session-1', seq } });
    expect(await (await line(url)).asks(identify(twin.token))).toBe('READY');
    twin.gateway.drop();
    expect(await (await line(url)).asks(resume(99))).toBe(4007);
    await clock.advance(119_999);
    expect(await (await line(url)).asks(resume(2))).toBe('RESUMED');
    twin.gateway.drop();
    await clock.advance(120_000);
    expect(await (await line(url)).asks(resume(2))).toBe(9);
  });
});

describe('a fault', () => {
  const route = 'POST /channels/:id/messages';

  it.each<[Fault, RegExp, readonly string[]]>([
    [{ status: 502 }, /HTTPError/, []],
    [{ status: 502, applied: true }, /HTTPError/, ['x']],
    [{ status: 403, html: true }, /^403 undefined|^403 0/, []],
    [{ status: 403, code: 50013, message: 'Missing Permissions' }, /^403 50013 Missing/, []],
    ['html', /HTTPError/, []],
    ['reset-before', /other side closed|ECONNRESET|terminated/, []],
    ['reset-after', /other side closed|ECONNRESET|terminated/, ['x']],
  ])('%o happens once, then all is well', async (fault, expected, shown) => {
    const probe = await start();
    probe.twin.fault(route, fault);
    expect(await verdict(say(probe))).toMatch(expected);
    expect(probe.twin.shown(probe.general)).toEqual(shown);
    expect(await verdict(say(probe, 'again'))).toBe('ok');
    expect(probe.twin.called(route)).toHaveLength(2);
  });

  it('hits one channel alone when it is named, and is taken back', async () => {
    const probe = await start();
    const other = probe.guild.channel('other');
    probe.twin.fault(`POST /channels/${other.id}/messages`, { status: 500 }, 9);
    expect(await verdict(say(probe))).toBe('ok');
    expect(await verdict(say({ ...probe, general: other }))).toMatch(/HTTPError/);
    probe.twin.heal();
    expect(await verdict(say({ ...probe, general: other }))).toBe('ok');
  });

  it.each([
    [
      { status: 429, retryAfter: 1.5 },
      { retryAfter: 1500, global: false },
    ],
    [
      { status: 429, retryAfter: 2, global: true },
      { retryAfter: 2000, global: true },
    ],
    [{ status: 429 }, { retryAfter: 0, global: false }],
  ])('%o is a rate limit to the library', async (fault, expected) => {
    const probe = await start();
    probe.twin.fault(route, fault);
    const error = await say(probe).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject(expected);
  });

  it('hangs until the caller gives up', async () => {
    const probe = await start();
    probe.twin.fault(route, 'hang-after');
    const stop = new AbortController();
    const { rest, general, twin } = probe;
    const call = rest.post(Routes.channelMessages(general.id), { body: { content: 'x' }, signal: stop.signal });
    await until(() => twin.shown(general).length === 1, 'the message');
    stop.abort();
    await expect(call).rejects.toThrow();
    await until(() => twin.calls[0]?.answered === 'gone', 'the end of the call');
  });

  it('is over for all when everything is down, until it is up at the same place', async () => {
    const probe = await start();
    await probe.twin.down();
    expect(await verdict(say(probe))).toMatch(/ECONNREFUSED/);
    await probe.twin.up();
    expect(await verdict(say(probe))).toBe('ok');
  });
});

describe('a rate', () => {
  it('of five sends in five seconds is told in headers and kept per channel', async () => {
    const clock = virtualClock();
    const probe = await start({ clock });
    const { twin, general, guild } = probe;
    const other = guild.channel('other');
    const post = (id: string) =>
      fetch(`${twin.url}/v10/channels/${id}/messages`, {
        ...{ method: 'POST', body: '{"content":"x"}' },
        headers: { authorization: `Bot ${twin.token}`, 'content-type': 'application/json' },
      });
    const first = await post(general.id);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('4');
    expect(first.headers.get('x-ratelimit-reset-after')).toBe('5');
    await clock.advance(1000);
    for (let each = 0; each < 4; each += 1) expect((await post(general.id)).status).toBe(200);
    const sixth = await post(general.id);
    expect([sixth.status, sixth.headers.get('retry-after')]).toEqual([429, '4']);
    expect(await sixth.json()).toMatchObject({ retry_after: 4, global: false });
    expect((await post(other.id)).status).toBe(200);
    await clock.advance(4000);
    expect((await post(general.id)).status).toBe(200);
    expect(twin.violations.map(({ kind }) => kind)).toEqual(['rate limit exceeded']);
  });

  it('of two new names in ten minutes holds for a channel, whatever else is changed', async () => {
    const clock = virtualClock();
    const { twin, general, ann, rest } = await start({ clock });
    const thread = general.thread('child', { by: ann });
    const change = (body: object) => verdict(rest.patch(Routes.channel(thread.id), { body }));
    expect([await change({ name: 'a' }), await change({ name: 'b' })]).toEqual(['ok', 'ok']);
    expect(await change({ auto_archive_duration: 60 })).toBe('ok');
    expect(await change({ name: 'c' })).toMatch(/RateLimitError/);
    expect([thread.name, twin.violations.length]).toEqual(['b', 1]);
  });

  it('of fifty calls a second holds for the whole bot, and invalid calls are counted', async () => {
    const clock = virtualClock();
    const { twin, guild } = await start({ clock, mostInvalid: 2 });
    const channels = Array.from({ length: 53 }, (_, index) => guild.channel(`c${index}`));
    const statuses = await Promise.all(
      channels.map(async ({ id }) => {
        const headers = { authorization: `Bot ${twin.token}` };
        const answer = await fetch(`${twin.url}/v10/channels/${id}/typing`, { method: 'POST', headers });
        return `${answer.status} ${answer.headers.get('x-ratelimit-global')}`;
      }),
    );
    expect(statuses.filter((status) => status === '429 true')).toHaveLength(3);
    expect(twin.invalidRequests).toBe(3);
    expect(twin.violations.at(-1)?.kind).toBe('too many invalid requests');
    await clock.advance(600_001);
    expect(twin.invalidRequests).toBe(0);
  });
});
