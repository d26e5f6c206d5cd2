// One person by number and by LID: ids, chats, where to write to, and moves that are told once and survive a crash.
import { describe, expect, test } from 'vitest';
import { Identity } from '../../../channels/whatsapp/identity.ts';
import { isMe, plainJid, readJid } from '../../../channels/whatsapp/jid.ts';
import { IdentityMemoryFake } from './memories.ts';

const lid = '111222333@lid';
const pn = '491511111111@s.whatsapp.net';

describe('addresses', () => {
  test.each([
    ['491511111111:12@s.whatsapp.net', '491511111111@s.whatsapp.net'],
    ['491511111111_1:0@s.whatsapp.net', '491511111111@s.whatsapp.net'],
    ['491511111111@c.us', '491511111111@s.whatsapp.net'],
    ['111222333:3@lid', '111222333@lid'],
    ['111222333:99@hosted.lid', '111222333@lid'],
    ['4915111-1400000000@g.us', '4915111-1400000000@g.us'],
    ['120363000000000001@g.us', '120363000000000001@g.us'],
  ])('%s is %s', (jid, plain) => {
    expect(plainJid(jid)).toBe(plain);
  });

  test.each(['status@broadcast', '123@broadcast', '123@newsletter', '13135550002@bot', '', 'x', '@lid', 'a@lid', null])(
    '%s is no chat',
    (jid) => {
      expect(readJid(jid).kind).toBe('other');
    },
  );

  test('we are known by number and by LID, on every device, and not without a LID', () => {
    const us = { pn: '49151', lid: '77' };
    expect(isMe('49151:3@s.whatsapp.net', us)).toBe(true);
    expect(isMe('77@lid', us)).toBe(true);
    expect(isMe('49151@lid', us)).toBe(false);
    expect(isMe('@lid', { pn: '49151' })).toBe(false);
  });
});

describe('a person', () => {
  test('is the LID until the number is known, then the number with the LID beside it', () => {
    const identity = new Identity(new IdentityMemoryFake());
    expect(identity.person(lid)).toEqual({ id: lid });
    expect(identity.canonical(lid)).toBe(lid);
    identity.learn('111222333:4@lid', pn);
    expect(identity.person(lid)).toEqual({ id: '491511111111', aka: [lid] });
    expect(identity.person(pn)).toEqual({ id: '491511111111', aka: [lid] });
    expect(identity.canonical(lid)).toBe(pn);
  });

  test('two numbers, two LIDs and groups are no pair', () => {
    const identity = new Identity(new IdentityMemoryFake());
    for (const [one, other] of [
      [pn, pn],
      [lid, lid],
      [lid, '1@g.us'],
      [lid, null],
      [undefined, pn],
    ] as const)
      expect(identity.learn(one, other)).toBeUndefined();
    expect(identity.person(lid)).toEqual({ id: lid });
  });

  test('a number that passes to somebody else is not the old person any more', () => {
    const memory = new IdentityMemoryFake();
    const identity = new Identity(memory);
    identity.learn(lid, pn);
    identity.learn('444@lid', pn);
    for (const each of [identity, new Identity(memory)]) {
      expect(each.person('444@lid')).toEqual({ id: '491511111111', aka: ['444@lid'] });
      expect(each.person(lid)).toEqual({ id: lid });
    }
  });

  test('somebody with a new number is the new number', () => {
    const identity = new Identity(new IdentityMemoryFake());
    identity.learn(lid, pn);
    identity.learn(lid, '49222@s.whatsapp.net');
    expect(identity.person(lid)?.id).toBe('49222');
    expect(identity.person(pn)).toEqual({ id: '491511111111' });
  });
});

describe('a chat', () => {
  test('is written to by the form it was last seen under, with the timer it had last', () => {
    const identity = new Identity(new IdentityMemoryFake());
    identity.learn(lid, pn);
    expect(identity.mark(pn)).toEqual({ address: pn });
    identity.seen(lid, 86_400);
    expect(identity.mark(pn)).toEqual({ address: lid, expiration: 86_400 });
    identity.seen(pn, undefined);
    expect(identity.mark(lid)).toEqual({ address: pn, expiration: 86_400 });
    identity.seen(pn, 0);
    expect(identity.mark(pn)).toEqual({ address: pn });
  });

  test('known by LID moves when the number is learnt, once, also over restarts', () => {
    const memory = new IdentityMemoryFake();
    const first = new Identity(memory);
    first.seen(lid, undefined);
    const move = first.learn(pn, lid);
    expect(move).toEqual({ from: lid, to: pn });
    expect(first.learn(pn, lid)).toBeUndefined();

    // The process died before anybody knew: it is told again.
    const second = new Identity(memory);
    expect(second.learn(pn, lid)).toEqual(move);
    second.keep({ from: lid, to: pn });

    const third = new Identity(memory);
    expect(third.learn(pn, lid)).toBeUndefined();
    expect(third.mark(pn)).toEqual({ address: lid });
    expect(third.canonical(lid)).toBe(pn);
  });

  test('never seen by LID does not move, and the pair is kept at once', () => {
    const memory = new IdentityMemoryFake();
    expect(new Identity(memory).learn(lid, pn)).toBeUndefined();
    expect([...memory.pairs]).toEqual([['111222333', '491511111111']]);
  });
});
