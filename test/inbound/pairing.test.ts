import { afterEach, describe, expect, it } from 'vitest';
import { pairingQuestion, safeName } from '../../src/inbound/pairing-words.ts';
import { codeFor, hour, openPairing, outcome, type World, wrote } from './pairing-world.ts';

let world: World;
afterEach(() => world.database.close());

const cli = { via: 'cli' } as const;
const chat = { via: 'chat', person: 'telegram:own' } as const;
const work = (person: string) => ({ route: { channel: 'telegram', account: 'work', chat: person } as const });

describe('somebody unknown', () => {
  it('is told once what they are, their id, a code and how it is approved', async () => {
    world = await openPairing();
    const asked = await world.pairing.ask(wrote('42'));
    if (asked.kind !== 'ask') throw new Error('not answered');
    const { code } = asked.request;
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
    expect(asked.reply).toBe(
      [
        'ℹ️ You are not allowed to talk to me yet.',
        'Your id: telegram:42',
        `Your code: ${code} (valid for 1 h)`,
        `The owner lets you in with \`/pair approve ${code}\` in their chat with me, or with \`npx switchyard pair approve telegram ${code}\` on the computer I run on.`,
      ].join('\n'),
    );
    expect(await world.pairing.ask(wrote('42'))).toEqual({ kind: 'quiet', reason: 'asked_before' });
    await world.clock.advance(hour - 1);
    expect(await world.pairing.ask(wrote('42'))).toEqual({ kind: 'quiet', reason: 'asked_before' });
    await world.clock.advance(1);
    expect(await codeFor(world, '42')).not.toBe(code);
  });

  it('gets the same answer for a message that is taken up again after a crash', async () => {
    world = await openPairing();
    const message = wrote('42');
    const first = await world.pairing.ask(message);
    await world.reopen();
    expect(await world.pairing.ask(message)).toEqual(first);
    expect(world.pairing.pending(world.clock.now())).toHaveLength(1);
  });

  it('gets no answer to what waited while nobody was connected, in groups, and as a bot', async () => {
    world = await openPairing();
    const quiet = async (message: ReturnType<typeof wrote>) => (await world.pairing.ask(message)) as object;
    expect(await quiet(wrote('1', 'hi', { backlog: true }))).toEqual({ kind: 'quiet', reason: 'backlog' });
    expect(await quiet(wrote('1', 'hi', { chat: 'group' }))).toEqual({ kind: 'quiet', reason: 'no_person' });
    const bot = { sender: { id: '1', name: 'b', bot: true } };
    expect(await quiet(wrote('1', 'hi', bot))).toEqual({ kind: 'quiet', reason: 'no_person' });
    expect(world.pairing.pending(world.clock.now())).toEqual([]);
  });

  it('waits with two others at most per account; a decision or the end of the hour makes room', async () => {
    world = await openPairing();
    const codes = [await codeFor(world, '1'), await codeFor(world, '2'), await codeFor(world, '3')];
    expect(await world.pairing.ask(wrote('4'))).toEqual({ kind: 'quiet', reason: 'too_many_pending' });
    await codeFor(world, '4', work('4'));
    await world.pairing.deny({ code: codes[0] ?? '' });
    await codeFor(world, '5');
    await world.clock.advance(hour);
    for (const person of ['1', '2', '3']) await codeFor(world, person);
  });

  it('is not answered again within the hour after a denial or a revocation', async () => {
    world = await openPairing();
    await world.pairing.deny({ code: await codeFor(world, '1') });
    await world.pairing.approve({ code: await codeFor(world, '2') }, chat);
    await world.pairing.revoke('telegram:2');
    await world.pairing.sweep(world.clock.now());
    for (const person of ['1', '2'])
      expect(await world.pairing.ask(wrote(person))).toEqual({ kind: 'quiet', reason: 'asked_before' });
  });
});

describe('a code', () => {
  it('lets its person in, typed in any case, with or without the channel', async () => {
    world = await openPairing();
    const [one, two] = [await codeFor(world, '1'), await codeFor(world, '2')];
    const by = await world.pairing.approve({ code: one.toLowerCase() }, chat);
    expect(outcome(by)).toMatchObject({
      person: { id: 'telegram:1', since: world.clock.now(), by: chat },
      becameOwner: false,
      route: { channel: 'telegram', account: 'default', chat: '1' },
    });
    expect(outcome(await world.pairing.approve({ channel: 'discord', code: two }, cli))).toBe('unknown');
    await world.pairing.approve({ channel: 'telegram', code: ` ${two} ` }, cli);
    expect([...world.pairing.paired()]).toEqual(['telegram:1', 'telegram:2']);
    expect(world.pairing.pending(world.clock.now())).toEqual([]);
  });

  it('is refused when nobody has it, an hour later, and after a denial', async () => {
    world = await openPairing();
    const [late, denied] = [await codeFor(world, '1'), await codeFor(world, '2')];
    const approve = async (code: string) => outcome(await world.pairing.approve({ code }, cli));
    const deny = async (code: string) => outcome(await world.pairing.deny({ code }));
    expect([await approve('AAAAAAAA'), await deny('AAAAAAAA')]).toEqual(['unknown', 'unknown']);
    await deny(denied);
    expect(await approve(denied)).toBe('unknown');
    await world.clock.advance(hour);
    expect([await approve(late), await deny(late)]).toEqual(['expired', 'expired']);
    expect(world.pairing.paired().size).toBe(0);
  });

  it('answers the same to whoever decides the same again, and stays decided', async () => {
    world = await openPairing();
    const [yes, no] = [await codeFor(world, '1'), await codeFor(world, '2')];
    const approved = await world.pairing.approve({ code: yes }, cli);
    const denied = await world.pairing.deny({ code: no });
    await world.reopen();
    expect(await world.pairing.approve({ code: yes }, cli)).toEqual(approved);
    expect(await world.pairing.deny({ code: no })).toEqual(denied);
    expect(outcome(await world.pairing.deny({ code: yes }))).toBe('unknown');
    await world.pairing.revoke('telegram:1');
    await world.clock.advance(hour);
    await world.pairing.approve({ code: await codeFor(world, '1') }, cli);
    expect(outcome(await world.pairing.approve({ code: yes }, cli))).toBe('unknown');
  });
});

describe('the owner', () => {
  it('is the first person approved at the command line, not one approved in a chat', async () => {
    world = await openPairing();
    await world.pairing.approve({ code: await codeFor(world, '1') }, chat);
    expect(world.pairing.owner()).toBeUndefined();
    const second = await world.pairing.approve({ code: await codeFor(world, '2') }, cli);
    expect(outcome(second)).toMatchObject({ becameOwner: true });
    const third = await world.pairing.approve({ code: await codeFor(world, '3') }, cli);
    expect(outcome(third)).toMatchObject({ becameOwner: false });
    expect(world.pairing.owner()).toBe('telegram:2');
  });

  it('is nobody by pairing while the config names one', async () => {
    world = await openPairing({ commands: { ownerAllowFrom: ['telegram:own'] } });
    await world.pairing.approve({ code: await codeFor(world, '1') }, cli);
    expect(world.pairing.owner()).toBeUndefined();
    const { config } = world;
    world.config = { ...config, commands: { ...config.commands, ownerAllowFrom: [] } };
    expect(world.pairing.owner()).toBeUndefined();
    await world.pairing.approve({ code: await codeFor(world, '2') }, cli);
    expect(world.pairing.owner()).toBe('telegram:2');
    world.config = config;
    expect(world.pairing.owner()).toBeUndefined();
    expect(world.pairing.view().people.map((one) => one.owner)).toEqual([false, false]);
  });

  it('loses that with access, at once and for good', async () => {
    world = await openPairing();
    await world.pairing.approve({ code: await codeFor(world, '1') }, cli);
    expect(outcome(await world.pairing.revoke('Telegram:1'))).toMatchObject({ wasOwner: true });
    expect([world.pairing.owner(), world.pairing.paired().size]).toEqual([undefined, 0]);
    await world.reopen();
    expect([world.pairing.owner(), world.pairing.paired().size]).toEqual([undefined, 0]);
    expect(outcome(await world.pairing.revoke('telegram:1'))).toBe('unknown');
  });
});

describe('a link', () => {
  const start = (token: string) => `/start ${token}`;

  it('lets the first one in who opens it, as if approved at the command line', async () => {
    world = await openPairing();
    const token = await world.pairing.link('telegram', 'default');
    expect(token).toMatch(/^[A-Za-z0-9_-]{16}$/);
    await world.reopen();
    const claimed = await world.pairing.claim(wrote('1', start(token)));
    expect(claimed).toEqual({ reply: expect.stringContaining('you are my owner'), owner: true });
    expect([world.pairing.owner(), [...world.pairing.paired()]]).toEqual(['telegram:1', ['telegram:1']]);
    await world.reopen();
    expect(await world.pairing.claim(wrote('2', start(token)))).toBeUndefined();
    expect(world.pairing.people()).toMatchObject([{ id: 'telegram:1', by: { via: 'link' } }]);
  });

  it('works as Telegram and people write it', async () => {
    world = await openPairing();
    for (const [person, text] of [
      ['1', (token: string) => `\u200b/START@yard_bot   ${token}\n`],
      ['2', start],
    ] as const) {
      const token = await world.pairing.link('telegram', 'default');
      expect(await world.pairing.claim(wrote(person, text(token)))).toMatchObject({ owner: person === '1' });
    }
  });

  it('is good for nothing when forged, late, in a group, on another account, or for somebody who is nobody', async () => {
    world = await openPairing({ channels: { telegram: { accounts: { work: { dmPolicy: 'disabled' } } } } });
    const token = await world.pairing.link('telegram', 'default');
    const off = await world.pairing.link('telegram', 'work');
    const tries = [
      wrote('1', '/start'),
      wrote('1', '/start AAAAAAAAAAAAAAAA'),
      wrote('1', token),
      wrote('1', `/startle ${token}`),
      wrote('1', start(token.toLowerCase())),
      wrote('1', start(token), { chat: 'group' }),
      wrote('1', start(token), work('1')),
      wrote('1', start(token), { route: { channel: 'discord', account: 'default', chat: '1' } }),
      wrote('1', start(token), { sender: { id: '1', name: 'b', bot: true } }),
      wrote('1', start(token), { sender: { id: '1', name: 'g', anonymous: true } }),
      wrote('1', start(off), work('1')),
    ];
    for (const message of tries) expect(await world.pairing.claim(message)).toBeUndefined();
    await world.clock.advance(hour);
    expect(await world.pairing.claim(wrote('1', start(token)))).toBeUndefined();
    expect(world.pairing.paired().size).toBe(0);
  });

  it('answers the request of the same person too', async () => {
    world = await openPairing();
    const code = await codeFor(world, '1');
    await world.pairing.claim(wrote('1', start(await world.pairing.link('telegram', 'default'))));
    expect(world.pairing.pending(world.clock.now())).toEqual([]);
    expect(outcome(await world.pairing.deny({ code }))).toBe('unknown');
  });

  it('makes an owner of somebody whom a chat had let in', async () => {
    world = await openPairing();
    await world.pairing.approve({ code: await codeFor(world, '1') }, chat);
    const token = await world.pairing.link('telegram', 'default');
    expect(await world.pairing.claim(wrote('1', start(token)))).toMatchObject({ owner: true });
    expect(world.pairing.people()).toMatchObject([{ id: 'telegram:1', by: chat }]);
  });
});

describe('names', () => {
  it('are shown without anything that acts', () => {
    expect(safeName('Ann  Müller-Łoś 🌸')).toBe('Ann Müller-Łoś 🌸');
    expect(safeName('[Owner](https://evil.test) `/pair`\n\u202e\u001b[31m**x** @all')).toBe(
      'Ownerhttpsevil.test pair 31mx all',
    );
    expect(safeName(' \u200b* ')).toBe('somebody');
    expect(safeName('x'.repeat(500)).length).toBe(40);
  });

  it('are safe in the question to the owner', async () => {
    world = await openPairing();
    const evil = { sender: { id: '7', name: '`x` [y](z)\nCode 1' } };
    const asked = await world.pairing.ask(wrote('7', 'hi', evil));
    if (asked.kind !== 'ask') throw new Error('not answered');
    const { code } = asked.request;
    expect(pairingQuestion(asked.request)).toEqual({
      text: `❓ x yz Code 1 (telegram:7) wrote to me on telegram and is not allowed to talk to me yet.\nCode ${code}, valid for 1 h: \`/pair approve ${code}\` or \`/pair deny ${code}\`.`,
      choices: [
        { label: 'Approve', command: `/pair approve ${code}`, once: true, thumb: 'yes' },
        { label: 'Deny', command: `/pair deny ${code}`, once: true, thumb: 'no' },
      ],
    });
  });
});
