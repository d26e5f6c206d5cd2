import { describe, expect, it } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import { decideAccess, type KnownPeople } from '../../src/inbound/access.ts';
import { decideAge, oldMessageText } from '../../src/inbound/age.ts';
import { configSchema } from '../../src/infra/config.ts';

type Said = Partial<Omit<InboundMessage, 'route' | 'sender'>> & {
  readonly channel?: InboundMessage['route']['channel'];
};

function said(by: string, { channel = 'telegram', ...more }: Said = {}): InboundMessage {
  return {
    id: '1',
    route: { channel, account: 'default', chat: more.chat === 'group' ? '-100' : by },
    sender: { id: by, name: by },
    chat: 'direct',
    text: 'hello',
    mentionsBot: more.chat !== 'group',
    attachments: [],
    sentAt: 0,
    ...more,
  };
}

const none: KnownPeople = { paired: new Set() };
const paired: KnownPeople = { paired: new Set(['telegram:ann']) };
const inGroup = { chat: 'group' } as const;
const decide = (config: object, message: InboundMessage, people = none) =>
  decideAccess(configSchema.parse(config), message, people);

describe('commands by list', () => {
  const config = {
    channels: { telegram: { allowFrom: ['bob'], groups: { '-100': {} } } },
    commands: { allowFrom: ['telegram:ann'] },
  };

  it.each(['/stop', ' /stop', '\u200b/stop', '\u202a \ufeff/stop'])(
    'holds for %j, as for every text that is run',
    (text) => {
      const refused = { kind: 'stranger', reason: 'command_not_allowed', answer: 'none' };
      expect(decide(config, said('bob', { text }))).toEqual(refused);
      expect(decide(config, said('bob', { text, ...inGroup, mentionsBot: true }))).toEqual(refused);
      expect(decide(config, said('ann', { text })).kind).toBe('allowed');
    },
  );
});

describe('direct chats', () => {
  it('knows the owner by list, by linking, and at the console', () => {
    const listed = { commands: { ownerAllowFrom: ['telegram:own'] } };
    expect(decide(listed, said('own')).kind).toBe('owner');
    for (const how of ['accountOwner', 'linkedOwner'])
      expect(decide({}, said('4915', { channel: 'whatsapp' }), { ...none, [how]: 'whatsapp:4915' }).kind).toBe('owner');
    expect(decide({}, said('4916', { channel: 'whatsapp' }), { ...none, accountOwner: 'whatsapp:4915' }).kind).toBe(
      'stranger',
    );
    expect(decide({}, said('whoever', { channel: 'console' })).kind).toBe('owner');
    expect(decide({ commands: { ownerAllowFrom: ['discord:own'] } }, said('own')).kind).toBe('stranger');
  });

  it('offers pairing to strangers where that is the policy, and allows paired and listed people', () => {
    expect(decide({}, said('ann'))).toEqual({ kind: 'stranger', reason: 'sender_not_allowed', answer: 'pairing' });
    expect(decide({}, said('ann'), paired).kind).toBe('allowed');
    expect(decide({ channels: { telegram: { allowFrom: ['bob'] } } }, said('bob')).kind).toBe('allowed');
  });

  it('is silent to strangers on WhatsApp, where the allowlist rules', () => {
    expect(decide({}, said('1', { channel: 'whatsapp' }))).toMatchObject({ kind: 'stranger', answer: 'none' });
  });

  it('hears everybody when open, nobody when disabled', () => {
    expect(decide({ channels: { telegram: { dmPolicy: 'open', allowFrom: ['*'] } } }, said('x')).kind).toBe('allowed');
    const off = { channels: { telegram: { dmPolicy: 'disabled' } }, commands: { ownerAllowFrom: ['telegram:own'] } };
    expect(decide(off, said('own'))).toEqual({ kind: 'ignored', reason: 'direct_disabled' });
  });

  it('answers a stranger’s native command, because the platform shows an error otherwise', () => {
    expect(decide({}, said('x', { native: true, text: '/status' }))).toMatchObject({ answer: 'not_allowed' });
  });

  it('goes by the settings of the account', () => {
    const config = { channels: { telegram: { accounts: { work: { allowFrom: ['ann'] } } } } };
    const message = said('ann');
    expect(decide(config, message).kind).toBe('stranger');
    expect(decide(config, { ...message, route: { ...message.route, account: 'work' } }).kind).toBe('allowed');
    expect(decide(config, { ...message, route: { ...message.route, account: 'gone' } })).toMatchObject({
      reason: 'channel_off',
    });
  });
});

describe('groups', () => {
  const listed = { channels: { telegram: { groups: { '-100': {} } } } };

  it('are served when listed, by chat or by guild; pairing opens none', () => {
    const spoken = said('ann', { ...inGroup, mentionsBot: true });
    expect(decide({}, spoken, paired)).toEqual({ kind: 'ignored', reason: 'group_not_listed' });
    expect(decide(listed, spoken).kind).toBe('allowed');
    const guild = { channels: { discord: { groups: { g1: {} } } } };
    expect(decide(guild, said('ann', { ...inGroup, channel: 'discord', mentionsBot: true, space: 'g1' })).kind).toBe(
      'allowed',
    );
    expect(decide(guild, said('ann', { ...inGroup, channel: 'discord', mentionsBot: true, space: 'g2' })).kind).toBe(
      'ignored',
    );
    expect(decide({ channels: { telegram: { groupPolicy: 'open' } } }, spoken).kind).toBe('allowed');
    expect(decide({ channels: { telegram: { groupPolicy: 'disabled', groups: { '-100': {} } } } }, spoken).kind).toBe(
      'ignored',
    );
  });

  it('need a mention for text, none for commands and where a message is expected', () => {
    expect(decide(listed, said('ann', inGroup))).toEqual({ kind: 'ignored', reason: 'not_mentioned' });
    expect(decide(listed, said('ann', { ...inGroup, text: ' /status' })).kind).toBe('allowed');
    expect(decide(listed, said('ann', inGroup), { ...none, expected: true }).kind).toBe('allowed');
    const relaxed = { channels: { telegram: { groups: { '-100': { requireMention: false } } } } };
    expect(decide(relaxed, said('ann', inGroup)).kind).toBe('allowed');
  });

  it('hear only the people of their own list, and the owner', () => {
    const closed = {
      channels: { telegram: { groups: { '-100': { allowFrom: ['bob'] } } } },
      commands: { ownerAllowFrom: ['telegram:own'] },
    };
    const kinds = ['ann', 'bob', 'own'].map((who) => decide(closed, said(who, { ...inGroup, mentionsBot: true })).kind);
    expect(kinds).toEqual(['stranger', 'allowed', 'owner']);
    expect(decide(closed, said('ann', { ...inGroup, text: '/stop' }))).toMatchObject({ answer: 'none' });
  });

  it('give the owner no more in a group that is not listed', () => {
    const config = { commands: { ownerAllowFrom: ['telegram:own'] } };
    expect(decide(config, said('own', { ...inGroup, text: '/status' })).kind).toBe('ignored');
  });
});

describe('a group that got another id', () => {
  const moved = { route: { channel: 'telegram', account: 'default', chat: '-200' }, mentionsBot: true } as const;
  const spoken = { ...said('ann', inGroup), ...moved };

  it('is served by the rules of the id it had, unless the new one has its own', () => {
    const listed = { channels: { telegram: { groups: { '-100': { allowFrom: ['ann'] } } } } };
    expect(decide(listed, spoken)).toMatchObject({ reason: 'group_not_listed' });
    expect(decide(listed, spoken, { ...none, formerChat: '-100' }).kind).toBe('allowed');
    const both = { channels: { telegram: { groups: { '-100': {}, '-200': { allowFrom: ['bob'] } } } } };
    expect(decide(both, spoken, { ...none, formerChat: '-100' })).toMatchObject({ reason: 'group_sender_not_allowed' });
  });
});

describe('bots', () => {
  const bot = (more: Said = {}): InboundMessage => ({
    ...said('b7', { mentionsBot: true, ...more }),
    sender: { id: 'b7', name: 'b7', bot: true },
  });
  const groups = { '-100': {} };
  const refused = { kind: 'ignored', reason: 'bot' };

  it('are not heard, not even when listed as owner', () => {
    const config = {
      channels: { telegram: { groups, allowFrom: ['b7'] } },
      commands: { ownerAllowFrom: ['telegram:b7'] },
    };
    expect(decide(config, bot())).toEqual(refused);
    expect(decide(config, bot(inGroup))).toEqual(refused);
    expect(decide(config, bot({ ...inGroup, text: '/stop' }))).toEqual(refused);
  });

  it('are heard where the account or the group says so; the group has the last word', () => {
    expect(decide({ channels: { telegram: { groups, allowBots: true } } }, bot(inGroup)).kind).toBe('allowed');
    const closed = { channels: { telegram: { groups: { '-100': { allowBots: false } }, allowBots: true } } };
    expect(decide(closed, bot(inGroup))).toEqual(refused);
    const opened = { channels: { telegram: { groups: { '-100': { allowBots: true } } } } };
    expect(decide(opened, bot(inGroup)).kind).toBe('allowed');
    expect(decide(opened, bot())).toEqual(refused);
  });

  it('are never offered pairing', () => {
    const config = { channels: { telegram: { allowBots: true } } };
    expect(decide(config, bot())).toEqual({ kind: 'stranger', reason: 'sender_not_allowed', answer: 'none' });
  });
});

describe('somebody who writes in the name of a group', () => {
  const hidden = (text: string, more: Said = {}): InboundMessage => ({
    ...said('-100', { ...inGroup, text, ...more }),
    sender: { id: '-100', name: 'Our group', anonymous: true },
  });
  const open = { channels: { telegram: { groups: { '-100': { requireMention: false } } } } };
  const asYourself = { kind: 'stranger', reason: 'anonymous', answer: 'as_yourself' };
  const ignored = { kind: 'ignored', reason: 'anonymous' };

  it('is told to write as themselves when they give a command, and has no rights', () => {
    expect(decide(open, hidden('/stop'))).toEqual(asYourself);
    expect(decide(open, hidden('/stop@us', { mentionsBot: true }))).toEqual(asYourself);
    const everybody = { ...open, commands: { allowFrom: ['*'], ownerAllowFrom: ['telegram:-100'] } };
    expect(decide(everybody, hidden('/stop'))).toEqual(asYourself);
  });

  it('is not heard otherwise: text, what is meant for another bot, a group that is not listed', () => {
    expect(decide(open, hidden('hello', { mentionsBot: true }))).toEqual(ignored);
    expect(decide(open, hidden('/ban@other_bot now'))).toEqual(ignored);
    expect(decide({}, hidden('/stop'))).toEqual({ kind: 'ignored', reason: 'group_not_listed' });
  });
});

describe('commands.allowFrom', () => {
  const config = { commands: { allowFrom: ['telegram:bob'], ownerAllowFrom: ['telegram:own'] } };

  it('alone decides who commands; text is not its business and the owner stays', () => {
    const command = { text: '/status' };
    expect(decide(config, said('ann', command), paired)).toEqual({
      kind: 'stranger',
      reason: 'command_not_allowed',
      answer: 'none',
    });
    expect(decide(config, said('ann'), paired).kind).toBe('allowed');
    expect(decide(config, said('bob', command)).kind).toBe('allowed');
    expect(decide(config, said('own', command)).kind).toBe('owner');
  });
});

describe('age', () => {
  it('is too old past the limit, and never without one or from the future', () => {
    const now = 10 * 3_600_000;
    expect(decideAge(now - 3_600_000, now, 60)).toEqual({ kind: 'fresh' });
    expect(decideAge(now - 3_600_001, now, 60)).toEqual({ kind: 'old', ageMs: 3_600_001, reason: 'too_old' });
    expect([decideAge(0, now, 0), decideAge(now + 5000, now, 60)]).toEqual([{ kind: 'fresh' }, { kind: 'fresh' }]);
    expect(oldMessageText(90 * 60_000)).toContain('90 min old');
  });
});
