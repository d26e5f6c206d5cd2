import { initAuthCreds, normalizeMessageContent, type WAMessage } from '@whiskeysockets/baileys';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { Client, linked, memory, unlinked } from './whatsapp/probe.ts';

const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: Error) => error.message,
  );

describe('linking', () => {
  it('shows QR codes one after another, and the phone scans the newest', async () => {
    const { twin, phone, connect } = await unlinked();
    const first = connect({ qrTimeout: 30 });
    await until(() => first.qrs.length >= 4, 'four codes');
    expect(new Set(first.qrs).size).toBe(first.qrs.length);
    expect(await phone.scan(first.qrs.at(-1) ?? '')).toBe(1);
    expect(await first.hasEnded()).toBe(515);
    const client = await connect().isOpen();
    expect(client.socket.user).toMatchObject({ id: phone.jid('pn', 1), lid: phone.jid('lid', 1) });
    expect({ logins: twin.logins, linked: phone.linked }).toEqual({ logins: 1, linked: [1] });
    expect(twin.violations).toEqual([]);
  });

  it('refuses codes that ran out, are unknown or carry other keys', async () => {
    const clock = virtualClock();
    const { phone, connect } = await unlinked({ clock });
    const client = connect({ qrTimeout: 20 });
    await until(() => client.qrs.length >= 2, 'two codes');
    const [old = '', next = ''] = client.qrs;
    const forged = next.replace(/,[^,]+,/, ',AAAA,');
    await clock.advance(61_000);
    expect(await outcome(phone.scan(old))).toContain('expired');
    expect(await outcome(phone.scan(forged))).toContain('another key');
    expect(await outcome(phone.scan(next.replace('#2@', '#3@')))).toContain('expired');
    expect(await outcome(phone.scan(next))).toBe('ok');
  });

  it('ends with 408 when all codes ran out', async () => {
    const { connect } = await unlinked({ refs: 2 });
    expect(await connect({ qrTimeout: 20 }).hasEnded()).toBe(408);
  });

  it('takes 812 keys at the first login', async () => {
    const { twin } = await linked({ firstKeys: 'many' });
    expect(twin.keysUploaded).toBe(812);
  });

  it('goes by a typed code as well, and a wrong one links nothing', async () => {
    const { twin, phone, auth, connect } = await unlinked();
    const client = connect();
    await until(() => client.qrs.length > 0, 'a QR code');
    const code = await client.socket.requestPairingCode('4915100000');
    await until(() => twin.codesAsked === 1, 'the question for a code');
    expect(await outcome(phone.enterCode('AAAA-AAAA'))).toContain('the code is wrong');
    expect(phone.linked).toEqual([]);
    await client.socket.requestPairingCode('4915100000', code);
    await until(() => twin.codesAsked === 2, 'the question for a code');
    expect(await phone.enterCode(`${code.slice(0, 4)}-${code.slice(4)}`)).toBe(1);
    expect(await client.hasEnded()).toBe(515);
    await connect().isOpen();
    expect(auth.state.creds.me?.id).toBe(phone.jid('pn', 1));
  });

  it('lets nobody in without it', async () => {
    const { twin, phone, connect, auth } = await linked();
    const stranger = memory();
    Object.assign(stranger.state.creds, { ...initAuthCreds(), me: auth.state.creds.me });
    expect(await new Client(twin, stranger).hasEnded()).toBe(401);
    phone.unlink();
    expect(await connect().hasEnded()).toBe(401);
  });
});

describe('a direct chat', () => {
  it.each(['lid', 'pn'] as const)('carries words both ways by %s', async (form) => {
    const { twin, client } = await linked({ addressing: form, perSecond: Infinity });
    const ann = twin.person('Ann');
    await ann.says('hello');
    const { key, pushName } = await client.hears('hello');
    expect(key).toMatchObject({ remoteJid: ann.jid(form), remoteJidAlt: ann.jid(form === 'lid' ? 'pn' : 'lid') });
    expect({ fromMe: key.fromMe, pushName }).toEqual({ fromMe: false, pushName: 'Ann' });
    expect((await client.sends(ann.jid(form), 'hi Ann')).error).toBeUndefined();
    await twin.next(ann, 'hi Ann');
    await ann.says('by the other way', { as: form === 'lid' ? 'pn' : 'lid' });
    await client.hears('by the other way');
    await client.sends(ann.jid('lid'), 'one');
    await client.sends(ann.jid('pn'), 'two');
    await twin.next(ann, 'two');
    expect(twin.transcript(ann)).toEqual([
      ...['Ann: hello', 'Switchyard: hi Ann', 'Ann: by the other way', 'Switchyard: one', 'Switchyard: two'],
    ]);
    expect(twin.violations).toEqual([]);
  });

  it('shows quotes, edits, reactions, timers and deletions', async () => {
    const { twin, client } = await linked({ perSecond: Infinity });
    const ann = twin.person('Ann');
    const asked = await ann.says('a question', { expiration: 86_400 });
    const heard = await client.hears('a question');
    expect(normalizeMessageContent(heard.message)?.extendedTextMessage?.contextInfo?.expiration).toBe(86_400);
    const jid = ann.jid();
    const { id } = await client.sends(jid, 'an answr', { quoted: heard });
    const key = { remoteJid: jid, fromMe: true, id };
    await client.socket.sendMessage(jid, { text: 'an answer', edit: key });
    await client.socket.sendMessage(jid, { react: { text: '👀', key: heard.key } });
    await until(() => twin.messages(ann)[0]?.reactions.length === 1, 'a reaction');
    await ann.reacts('👍', { id });
    await until(() => client.upserts.some(({ message }) => reactionOf(message) === '👍'), 'the reaction');
    expect(twin.messages(ann)[0]).toMatchObject({ reactions: [{ from: 'Switchyard', emoji: '👀' }] });
    expect(twin.shown(ann)).toMatchObject([
      { id, text: 'an answer', edits: 1, quoted: { id: asked.id, text: 'a question', author: jid } },
    ]);
    expect(twin.shown(ann)[0]?.reactions).toEqual([{ from: 'Ann', emoji: '👍' }]);
    await client.socket.sendMessage(jid, { text: 'soon gone' }, { ephemeralExpiration: 86_400 });
    const gone = await twin.next(ann, 'soon gone');
    expect(gone.expiration).toBe(86_400);
    await client.socket.sendMessage(jid, { delete: { remoteJid: jid, fromMe: true, id: gone.id } });
    await until(() => twin.shown(ann).length === 1, 'the deletion');
    expect(twin.violations).toEqual([]);
  });

  it('carries wrapped, edited and quoting messages in', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann');
    await ann.says('short-lived', { wrap: 'ephemeral', expiration: 60 });
    await ann.says('once', { wrap: 'viewOnce' });
    await client.hears('short-lived');
    const { message } = await client.hears('once');
    expect(message?.viewOnceMessageV2).toBeTruthy();
    const { id } = await client.sends(ann.jid(), 'which?');
    await ann.says('that one', { quote: { id } });
    const heard = await client.hears('that one');
    expect(heard.message?.extendedTextMessage?.contextInfo).toMatchObject({ stanzaId: id, quotedMessage: {} });
    const first = await ann.says('wrng');
    await ann.edits(first, 'wrong');
    await until(() => client.upserts.some(({ message: each }) => each.message?.protocolMessage), 'the edit');
  });

  it('is with oneself on the own phone', async () => {
    const { twin, phone, client } = await linked();
    const { id } = await phone.says('note to self');
    const heard = await client.hears('note to self');
    expect(heard.key).toMatchObject({ id, fromMe: true, remoteJid: phone.jid('pn'), remoteJidAlt: phone.jid('lid') });
    await client.sends(phone.jid('pn'), 'noted');
    await twin.next(phone, 'noted');
    await phone.says('by lid', { as: 'lid' });
    expect((await client.hears('by lid')).key).toMatchObject({ fromMe: true, remoteJid: phone.jid('lid') });
    await client.sends(phone.jid('lid'), 'noted too');
    await twin.next(phone, 'noted too');
    expect(phone.sees().map(({ text }) => text)).toEqual(['noted', 'noted too']);
    expect(twin.violations).toEqual([]);
  });

  it('shows the linked device what its owner types to others', async () => {
    const { twin, phone, client } = await linked();
    const ann = twin.person('Ann');
    await phone.says('hello Ann', { to: ann, as: 'lid' });
    const { key } = await client.hears('hello Ann');
    expect(key).toMatchObject({ fromMe: true, remoteJid: ann.jid('lid'), remoteJidAlt: ann.jid('pn') });
  });

  it('shows typing', async () => {
    const { twin, client } = await linked();
    const ann = twin.person('Ann', { known: true });
    await client.socket.sendPresenceUpdate('composing', ann.jid());
    await until(() => twin.typing(ann), 'typing');
    await client.socket.sendPresenceUpdate('paused', ann.jid());
    await until(() => !twin.typing(ann), 'the end of typing');
  });
});

const reactionOf = ({ message }: WAMessage): string | undefined => message?.reactionMessage?.text ?? undefined;

describe('a group', () => {
  it.each(['lid', 'pn'] as const)('carries words both ways by %s', async (form) => {
    const { twin, phone, client } = await linked();
    const [ann, ben] = [twin.person('Ann'), twin.person('Ben')];
    const team = twin.group({ subject: 'Team', members: [ann, ben], as: form });
    await ann.says('hello all', { in: team, mention: true });
    const me = phone.jid(form).split('@')[0];
    const { key, message } = await client.hears(`@${me} hello all`);
    expect(key).toMatchObject({ remoteJid: team.jid, participant: ann.jid(form) });
    expect(key.participantAlt).toBe(ann.jid(form === 'lid' ? 'pn' : 'lid'));
    expect(message?.extendedTextMessage?.contextInfo?.mentionedJid).toEqual([phone.jid(form)]);
    await client.sends(team.jid, 'hello Ann');
    await ben.says('and me?', { in: team });
    await client.hears('and me?');
    await client.sends(team.jid, 'and Ben');
    await phone.says('I am here', { in: team });
    await client.hears('I am here');
    await twin.next(team, 'and Ben');
    expect(twin.transcript(team).slice(1)).toEqual([
      ...['Switchyard: hello Ann', 'Ben: and me?', 'Switchyard: and Ben', 'Owner: I am here'],
    ]);
    expect(twin.violations).toEqual([]);
  });

  it('describes itself, and tells of changes', async () => {
    const { twin, phone, client } = await linked();
    const [ann, ben] = [twin.person('Ann'), twin.person('Ben')];
    const team = twin.group({ subject: 'Team', members: [ann], expiration: 3600 });
    const changes: unknown[] = [];
    client.socket.ev.on('group-participants.update', ({ action, participants }) => {
      changes.push([action, participants.map(({ id }) => id)]);
    });
    client.socket.ev.on('groups.update', (updates) => void changes.push(updates[0]?.subject));
    expect(await client.socket.groupMetadata(team.jid)).toMatchObject({
      ...{ id: team.jid, subject: 'Team', addressingMode: 'lid', ephemeralDuration: 3600 },
      participants: [{ id: ann.jid('lid'), phoneNumber: ann.jid('pn') }, { id: phone.jid('lid') }],
    });
    await team.adds(ben);
    await team.renames('Crew');
    await team.removes(ann);
    await until(() => changes.length === 3, 'three changes');
    expect(changes).toEqual(expect.arrayContaining([['add', [ben.jid('lid')]], 'Crew', ['remove', [ann.jid('lid')]]]));
    expect(Object.keys(await client.socket.groupFetchAllParticipating())).toEqual([team.jid]);
    expect(await outcome(ann.says('still here', { in: team }))).toContain('not in');
  });
});
