import { proto } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { Client, linked, memory, unlinked } from './whatsapp/probe.ts';

describe('a device that was away', () => {
  it('gets everything in order, marked as late, and once', async () => {
    const { twin, phone, client, connect } = await linked();
    const [ann, ben] = [twin.person('Ann'), twin.person('Ben')];
    const team = twin.group({ members: [ann, ben] });
    await ann.says('first, while you are there');
    await client.hears('first, while you are there');
    await client.leave();
    await ann.says('one', { at: 1_700_000_000_000 });
    await ben.says('two', { in: team });
    await phone.says('three');
    await ann.says('four', { in: team });
    const back = await connect().isOpen();
    await back.hears('four');
    expect(back.heard).toEqual(['one', 'two', 'three', 'four']);
    expect(back.upserts.map(({ type }) => type)).toEqual(['append', 'append', 'append', 'append']);
    expect(Number(back.upserts[0]?.message.messageTimestamp)).toBe(1_700_000_000);
    await until(() => phone.waiting() === 0, 'an empty queue');
    await back.leave();
    const again = await connect().isOpen();
    await ann.says('five');
    await again.hears('five');
    expect(again.heard).toEqual(['five']);
  });

  it('keeps its sessions, and so do people', async () => {
    const { twin, client, connect } = await linked();
    const ann = twin.person('Ann');
    await ann.says('before');
    await client.hears('before');
    await client.sends(ann.jid(), 'also before');
    await client.leave();
    const back = await connect().isOpen();
    await back.sends(ann.jid(), 'after');
    await ann.says('also after');
    await back.hears('also after');
    expect(twin.transcript(ann).slice(1)).toEqual(['Switchyard: also before', 'Switchyard: after', 'Ann: also after']);
    expect(back.upserts.every(({ message }) => message.messageStubType == null)).toBe(true);
    expect(twin.violations).toEqual([]);
  });
});

describe('two devices', () => {
  it('get everything, and each what the other writes', async () => {
    const { twin, phone, client } = await linked();
    const auth = memory();
    const second = new Client(twin, auth);
    await until(() => second.qrs.length > 0, 'a QR code');
    expect(await phone.scan(second.qrs[0] ?? '')).toBe(2);
    const ann = twin.person('Ann');
    await ann.says('before the first login');
    const other = await new Client(twin, auth).isOpen();
    await other.hears('before the first login');
    await client.hears('before the first login');
    await client.sends(ann.jid(), 'by the first');
    expect((await other.hears('by the first')).key).toMatchObject({ fromMe: true, remoteJid: ann.jid() });
    phone.unlink(2);
    expect(await other.hasEnded()).toBe(401);
    await client.sends(ann.jid(), 'alone again');
    expect(twin.transcript(ann).slice(1)).toEqual(['Switchyard: by the first', 'Switchyard: alone again']);
    expect(twin.violations).toEqual([]);
  });
});

describe('messages that cannot be opened', () => {
  it.each(['the direct chat', 'a group'])('are asked for again by the device in %s', async (where) => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann');
    const place = where === 'a group' ? { in: twin.group({ members: [ann] }) } : {};
    await ann.says('fine', place);
    await client.hears('fine');
    twin.disconnects.corrupt();
    const { id } = await ann.says('damaged', place);
    expect((await client.hears('damaged')).key.id).toBe(id);
    expect(twin.receipts).toContainEqual({ id, type: 'retry' });
    const broken = client.upserts.filter(({ message }) => message.message == null);
    expect(broken.map(({ message }) => message.key.id)).toEqual([id]);
  });

  it('are asked for again by people, who see them once', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann');
    const team = twin.group({ members: [ann] });
    await ann.says('hello');
    await client.hears('hello');
    const inDirect = await client.sends(ann.jid(), 'you there?');
    const inGroup = await client.sends(team.jid, 'all there?');
    ann.asksRetry(inDirect);
    ann.asksRetry(inGroup, { in: team });
    await until(() => twin.shown(ann)[0]?.times === 2 && twin.shown(team)[0]?.times === 2, 'both once more');
    expect([...twin.transcript(ann), ...twin.transcript(team)]).toEqual([
      ...['Ann: hello', 'Switchyard: you there?', 'Switchyard: all there?'],
    ]);
    expect(twin.violations).toEqual([]);
  });

  it('are fetched from memory that outlived the connection', async () => {
    const { twin, client, connect } = await linked();
    const ann = twin.person('Ann');
    await ann.says('hello');
    await client.hears('hello');
    const { id } = await client.sends(ann.jid(), 'kept');
    await client.leave();
    const getMessage = async (key: { id?: string | null }) => (key.id === id ? { conversation: 'kept' } : undefined);
    await connect({ getMessage }).isOpen();
    ann.asksRetry({ id });
    await until(() => twin.shown(ann)[0]?.times === 2, 'the message once more');
  });

  it('arrive twice when the network repeats them', async () => {
    const { twin, phone, client } = await linked();
    const ann = twin.person('Ann');
    const first = await ann.says('do it');
    await client.hears('do it');
    await ann.repeats(first, 'reencrypted');
    await until(() => client.heard.length === 2, 'the second one');
    await ann.repeats(first);
    await until(() => phone.waiting() === 0, 'the refusal of the third');
    expect(client.heard).toEqual(['do it', 'do it']);
    expect(client.upserts.slice(-2).map(({ message }) => message.key.id)).toEqual([first.id, first.id]);
  });
});

describe('a connection', () => {
  it('ends with the code of what ended it, and stands again', async () => {
    const { twin, client, connect } = await linked();
    const { disconnects } = twin;
    const ways: Readonly<Record<string, () => void>> = {
      drop: () => disconnects.drop(),
      end: () => disconnects.end(),
      503: () => disconnects.streamError(503),
      515: () => disconnects.streamError(515),
      conflict: () => disconnects.conflict(),
      removed: () => disconnects.deviceRemoved(),
    };
    const codes: [string, number][] = [];
    let current = client;
    for (const [way, end] of Object.entries(ways)) {
      end();
      codes.push([way, await current.hasEnded()]);
      current = way === 'removed' ? connect() : await connect().isOpen();
    }
    expect(Object.fromEntries(codes)).toEqual({
      ...{ drop: 428, end: 428, 503: 503, 515: 515, conflict: 440, removed: 401 },
    });
    expect(await current.hasEnded()).toBe(401);
  });

  it('fails to log in for each reason, once', async () => {
    const { twin, client, connect } = await linked();
    await client.leave();
    const reasons = [401, 403, 405, 411, 503];
    const codes: number[] = [];
    for (const reason of reasons) {
      twin.disconnects.failLogins(reason);
      codes.push(await connect().hasEnded());
    }
    expect(codes).toEqual(reasons);
    await connect().isOpen();
  });

  it('comes back after the server was down', async () => {
    const { twin, client, connect } = await linked();
    await twin.down();
    expect(await client.hasEnded()).toBe(428);
    expect(await connect().hasEnded()).toBe(408);
    await twin.up();
    await connect().isOpen();
  });

  it('fails to be linked as well', async () => {
    const { twin, connect } = await unlinked();
    twin.disconnects.failLogins(405);
    expect(await connect().hasEnded()).toBe(405);
  });

  it('hangs when the upgrade is refused', async () => {
    const { twin, client, connect } = await linked();
    await client.leave();
    twin.disconnects.refuseUpgrades(502);
    const hanging = connect();
    await until(() => twin.knocks === 3, 'the refusal');
    await connect().isOpen();
    expect({ closed: hanging.closed, opened: hanging.opened }).toEqual({ closed: undefined, opened: false });
  });

  it('may fall silent, and keeps for the next one what came meanwhile', async () => {
    const { twin, client, connect } = await linked();
    const ann = twin.person('Ann');
    twin.disconnects.silence();
    await ann.says('anybody there?');
    expect(client.heard).toEqual([]);
    await client.leave();
    await (await connect().isOpen()).hears('anybody there?');
  });

  it('belongs to the one who came last', async () => {
    const { client, connect } = await linked();
    await connect().isOpen();
    expect(await client.hasEnded()).toBe(440);
  });
});

describe('a message of a device', () => {
  it('is refused with the error of a nack, and not shown', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann', { known: true });
    twin.disconnects.nack(463);
    const { id, error } = await client.sends(ann.jid(), 'refused');
    expect(error).toBe('463');
    await until(() => client.updates.length > 0, 'the update');
    expect(client.updates[0]).toMatchObject({
      key: { id },
      update: {
        status: proto.WebMessageInfo.Status.ERROR,
        messageStubParameters: ['463', 'Your account has been restricted'],
      },
    });
    expect((await client.sends(ann.jid(), 'fine')).error).toBeUndefined();
    expect(twin.shown(ann).map(({ text }) => text)).toEqual(['fine']);
  });

  it('may be taken without an acknowledgement, and shows once when it is sent again', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann', { known: true });
    twin.disconnects.swallowAcks();
    const id = '3EB0F00D';
    let answered = false;
    client.socket.ws.on(`TAG:${id}`, () => {
      answered = true;
    });
    await client.socket.sendMessage(ann.jid(), { text: 'heard?' }, { messageId: id });
    // Answers come in order: after this one, none to the first can be on its way.
    await client.sends(ann.jid(), 'and this?');
    expect(answered).toBe(false);
    await client.sends(ann.jid(), 'heard?', { id });
    expect(answered).toBe(true);
    expect(twin.shown(ann)).toMatchObject([
      { id, text: 'heard?', times: 2 },
      { text: 'and this?', times: 1 },
    ]);
    expect(twin.violations).toEqual([]);
    await client.sends(ann.jid(), 'something else', { id });
    expect(twin.violations).toMatchObject([{ kind: 'id reused' }]);
  });

  it('is noted when it comes first, too fast, or edits what is too old', async () => {
    const clock = virtualClock();
    const { twin, phone, client } = await linked({ clock });
    const [ann, ben] = [twin.person('Ann'), twin.person('Ben')];
    await client.sends(ann.jid(), 'you do not know me');
    expect(twin.violations).toMatchObject([{ kind: 'first contact' }]);
    await ben.says('hi');
    const { id } = await client.sends(ben.jid(), 'one');
    await client.sends(ben.jid(), 'two');
    await client.sends(ben.jid(), 'three');
    expect(twin.violations.slice(1)).toMatchObject([{ kind: 'too fast' }]);
    await clock.advance(16 * 60_000);
    await client.socket.sendMessage(ben.jid(), { text: 'uno', edit: { remoteJid: ben.jid(), fromMe: true, id } });
    await until(() => twin.violations.length === 3, 'a third violation');
    expect(twin.violations[2]).toMatchObject({ kind: 'edit not possible' });
    expect(twin.shown(ben)[0]?.text).toBe('one');
    // Without a name the library keeps it to itself; it learns the name from the phone.
    await phone.says('hello me');
    await client.hears('hello me');
    await client.socket.sendPresenceUpdate('available');
    await until(() => twin.violations.length === 4, 'a fourth violation');
    expect(twin.violations[3]).toMatchObject({ kind: 'available' });
  });

  it('waits at those who cannot open it, and is noted when it lacks a copy', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann', { known: true });
    const enc = { tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.from('no ciphertext') };
    const copy = { tag: 'to', attrs: { jid: ann.jid() }, content: [enc] };
    const acked = client.socket.waitForMessage('X1', 20_000);
    await client.socket.sendNode({
      ...{ tag: 'message', attrs: { id: 'X1', to: ann.jid(), type: 'text' } },
      content: [{ tag: 'participants', attrs: {}, content: [copy] }],
    });
    await acked;
    expect(twin.unreadable).toEqual([{ id: 'X1', chat: 'Ann', person: 'Ann' }]);
    await until(() => client.asked.includes('X1'), 'the question for it');
    const { id } = await client.sends(ann.jid(), 'fine');
    ann.asksRetry({ id });
    await until(() => twin.shown(ann)[0]?.times === 2, 'it once more');
    expect(twin.unreadable).toHaveLength(1);
    expect(twin.violations).toEqual([]);
  });
});

describe('many strangers', () => {
  it('are heard even when the keys run out', async () => {
    const { twin, client } = await linked();
    const people = Array.from({ length: 12 }, (_, index) => twin.person(`stranger ${index}`));
    await Promise.all(people.map((person) => person.says(`I am ${person.name}`)));
    await until(() => client.heard.length === people.length, 'all of them');
    expect(client.heard).toEqual(people.map(({ name }) => `I am ${name}`));
    await until(() => twin.keysUploaded > 5, 'more keys');
  });
});

describe('a number and a LID', () => {
  it('are two strangers until it is told that they are one person', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann', { discreet: true });
    await ann.says('by lid', { as: 'lid' });
    expect((await client.hears('by lid')).key.remoteJidAlt).toBeUndefined();
    await ann.says('by number', { as: 'pn' });
    expect((await client.hears('by number')).key.remoteJidAlt).toBeUndefined();
    ann.discreet = false;
    await ann.says('by both', { as: 'pn' });
    expect((await client.hears('by both')).key.remoteJidAlt).toBe(ann.jid('lid'));
  });
});

describe('what was before', () => {
  it('comes as history and not as news', async () => {
    const { twin, phone, connect } = await unlinked();
    const ann = twin.person('Ann', { wrote: ['/stop'] });
    const first = connect();
    await until(() => first.qrs.length > 0, 'a QR code');
    await phone.scan(first.qrs[0] ?? '');
    const client = connect();
    const told: unknown[] = [];
    client.socket.ev.on('messaging-history.set', ({ messages }) => {
      told.push(...messages.map(({ message }) => message?.conversation));
    });
    await until(() => told.length > 0, 'the history');
    await ann.says('now');
    await client.hears('now');
    expect({ told, heard: client.heard }).toEqual({ told: ['/stop'], heard: ['now'] });
    expect(await client.socket.signalRepository.lidMapping.getPNForLID(ann.jid('lid'))).toContain(ann.human.pn);
  });
});

describe('a file', () => {
  it('goes both ways', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann');
    twin.media.trust();
    await ann.sendsFile({ data: Buffer.from('a picture'), mime: 'image/png', caption: 'look' });
    const heard = await client.hears('look');
    const { downloadMediaMessage } = await import('@whiskeysockets/baileys');
    expect((await downloadMediaMessage(heard, 'buffer', {})).toString()).toBe('a picture');
    await client.socket.sendMessage(ann.jid(), {
      ...{ document: Buffer.from('a letter'), mimetype: 'text/plain', fileName: 'letter.txt', caption: 'here' },
    });
    const seen = await twin.next(ann, 'here');
    const again = {
      document: Buffer.from('a letter'),
      mimetype: 'text/plain',
      fileName: 'letter.txt',
      caption: 'here',
    };
    await client.socket.sendMessage(ann.jid(), again, { messageId: seen.id });
    await until(() => twin.shown(ann)[0]?.times === 2, 'it once more');
    expect(twin.violations).toEqual([]);
    const file = twin.media.fileIn(seen.content);
    expect({ ...file, data: file?.data.toString() }).toEqual({
      ...{ data: 'a letter', mime: 'text/plain', name: 'letter.txt' },
    });
  });
});
