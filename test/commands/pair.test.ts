import { describe, expect, test } from 'vitest';
import { revokedWords } from '../../commands/pair-words.ts';
import { aBinding, aPlace, aRoute, noon } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const guest = aPlace({ caller: { id: 'telegram:7', name: 'Gus', class: 'allowed' } });
const bo = { id: 'telegram:8', name: 'Bo', route: { ...aRoute, chat: '8' } };
const pairing = {
  pending: [{ ...bo, code: 'K7MP2QXR', at: noon - 180_000 }],
  people: [
    { id: 'telegram:42', name: 'Ann', route: aRoute, since: noon - 7_200_000, by: { via: 'link' }, owner: true },
    {
      id: 'telegram:9',
      name: 'Cy',
      route: aRoute,
      since: noon - 60_000,
      by: { via: 'chat', person: 'telegram:42' },
      owner: false,
    },
    { id: 'telegram:5', name: 'Di', route: aRoute, since: noon - 60_000, by: { via: 'cli' }, owner: false },
  ],
} as const;

describe('/pair', () => {
  test('shows who waits, and who was let in, since when and by whom', async () => {
    for (const line of ['/pair', '/pair list'])
      expect(await typed(line, aWorld({ pairing }))).toBe(
        lines(
          'Waiting:',
          '-----',
          'K7MP2QXR Bo (telegram:8), asked 3m ago',
          'May talk to me:',
          '-----',
          'Ann (telegram:42), since 2026-01-01T10:00:00Z (2h ago), by a link, owner',
          'Cy (telegram:9), since 2026-01-01T11:59:00Z (1m ago), by telegram:42',
          'Di (telegram:5), since 2026-01-01T11:59:00Z (1m ago), by the command line',
          'People in allowFrom and commands.ownerAllowFrom of the config may too.',
        ),
      );
    expect(await typed('/pair')).toContain(lines('Waiting:', '-----', '(none)', 'May talk to me:', '-----', '(none)'));
  });

  test('decides in the name of whoever typed it', async () => {
    const world = aWorld({ pairing });
    expect(await typed('/pair approve K7MP2QXR', world)).toBe('✅ Bo (telegram:8) may talk to me now');
    expect(await typed('/pair deny K7MP2QXR', world)).toBe('✅ Bo (telegram:8) was sent away');
    expect(await typed('/pair revoke telegram:9', world)).toBe(
      '✅ Cy (telegram:9) has no access any more. They can ask again.',
    );
    expect(await typed('/pair revoke telegram:42', world)).toBe(
      '✅ Ann (telegram:42) has no access any more. They can ask again. They were the owner: the next person approved on the command line (switchyard pair) is.',
    );
    expect(world.asked).toEqual([
      'approve K7MP2QXR by telegram:42',
      'deny K7MP2QXR',
      'revoke telegram:9',
      'revoke telegram:42',
    ]);
  });

  test('says of a revocation what the config still allows', () => {
    const [, person] = pairing.people;
    const still = 'channels.telegram.allowFrom';
    expect(revokedWords({ person, wasOwner: false, asksAgain: 'now', still })).toBe(
      'Cy (telegram:9) is not paired any more, but channels.telegram.allowFrom of the config lets them in: change it to end that.',
    );
  });

  test('passes refusals on, and explains what is missing', async () => {
    const unknown = '⚠️ Nothing is known of X. /pair list shows who waits.';
    for (const verb of ['approve', 'deny', 'revoke']) expect(await typed(`/pair ${verb} X`)).toBe(unknown);
    expect(await typed('/pair approve')).toContain('Usage: /pair approve <code>');
    expect(await typed('/pair frobnicate')).toContain('/pair has no "frobnicate"');
  });

  test('is for the owner alone', async () => {
    const world = aWorld({ pairing });
    for (const line of ['/pair', '/pair approve K7MP2QXR', '/pair revoke telegram:42', '/pair x'])
      expect(await typed(line, world, guest)).toBe('⚠️ only the owner may use /pair');
    expect(world.asked).toEqual([]);
  });
});

describe('/start', () => {
  const welcome = (who: string) =>
    lines(
      `Welcome. You talk to ${who} here. Try:`,
      '-----',
      'Write what you need, in your own words.',
      '/subagents spawn main <task> - work that goes on by itself; the result comes back here',
      '/subagents - what is being worked on',
      '/stop - stop everything running here',
      '/help lists everything you can type.',
    );

  test('welcomes everybody, with or without a token', async () => {
    for (const line of ['/start', '/start K7MP2QXRK7MP2QXR', '/start@yard_bot'])
      expect(await typed(line, aWorld(), guest)).toBe(welcome('the agent main'));
  });

  test('says who answers where the chat is bound', async () => {
    const world = aWorld({ bindings: [aBinding({ label: 'docs' })] });
    expect(await typed('/start', world, aPlace({ bound: true }))).toBe(welcome('the sub-agent docs'));
  });
});

test('/whoami names no list at the terminal, where none is needed', async () => {
  const place = aPlace({ route: { channel: 'console', account: 'default', chat: 'local' } });
  expect(await typed('/whoami', aWorld(), place)).toContain('\nid: telegram:42\n');
});
