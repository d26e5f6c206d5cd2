// Groups: members are asked for once, and it is noticed when we are put out or let in.
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { Groups } from '../../../channels/whatsapp/groups.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { FakeSocket, me, parts } from './fake-socket.ts';

const group = '120363000000000001@g.us';
const ada = { id: '111222333@lid', phoneNumber: '491511111111@s.whatsapp.net' };

function rig() {
  const fake = new FakeSocket();
  fake.groups.set(group, [ada]);
  const all = parts(virtualClock());
  const groups = new Groups({ ...all, learn: (one, other) => all.moves.learn(one, other) });
  groups.attach(fake.socket);
  const changed = (action: 'add' | 'remove', ...ids: readonly string[]) => {
    const participants = ids.map((id) => ({ id }));
    fake.ev.emit('group-participants.update', {
      id: group,
      author: ada.id,
      participants,
      action,
    } satisfies BaileysEventMap['group-participants.update']);
  };
  return { ...all, fake, groups, changed };
}

describe('the members of a group', () => {
  test('are asked for once, until something changes, and tell who is who', async () => {
    const { fake, groups, identity, changed } = rig();
    const [one, two] = await Promise.all([groups.metadata(group), groups.metadata(group)]);
    expect(one?.participants).toEqual([ada]);
    expect(two).toBe(one);
    expect(fake.groupQuestions).toBe(1);
    expect(identity.person(ada.id)?.id).toBe('491511111111');
    fake.ev.emit('groups.update', [{ id: group, subject: 'New' }]);
    await groups.metadata(group);
    changed('add', '5@lid');
    await groups.metadata(group);
    groups.attach(fake.socket);
    await groups.metadata(group);
    expect(fake.groupQuestions).toBe(4);
  });

  test('that WhatsApp does not tell are asked for again', async () => {
    const { fake, groups } = rig();
    for (let turn = 0; turn < 2; turn += 1) expect(await groups.metadata('1@g.us')).toBeUndefined();
    expect(fake.groupQuestions).toBe(2);
  });
});

describe('when we', () => {
  test.each([`${me.lid}@lid`, `${me.pn}:3@s.whatsapp.net`])(
    '(%s) are removed, the place is gone; added, it is open',
    (us) => {
      const { heard, changed } = rig();
      changed('remove', us);
      expect(heard.gones).toMatchObject([{ route: { chat: group }, reason: 'this number was removed from the group' }]);
      changed('add', us);
      expect(heard.opens).toMatchObject([{ chat: group }]);
    },
  );

  test('stay, others may come and go', () => {
    const { heard, changed } = rig();
    changed('remove', ada.id);
    changed('add', ada.id);
    expect([heard.gones, heard.opens]).toEqual([[], []]);
  });
});
