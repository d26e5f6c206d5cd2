// Commands given natively and buttons pressed on a platform that can answer one person alone and ask for a text.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SuggestAsk } from '../../src/core/channel.ts';
import type { OutboundMessage } from '../../src/core/message.ts';
import type { ReceiveOptions } from '../fakes/channel.ts';
import { inboxStory } from './inbox-view.ts';
import { bo, ended, inGroup, openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await openPeople({ channel: { can: { asks: true } } });
});

afterEach(async () => {
  await world.close();
});

const zed = { from: { id: 'zed', name: 'Zed' } };

const to = (answerTo: string): ReceiveOptions => ({ more: { answerTo } });

/** The message a natively given command is answered with. */
async function answered(line: string, how: ReceiveOptions = {}): Promise<OutboundMessage> {
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say(line, { native: true, ...how });
  return (await reply).message;
}

describe('the answer to a native command', () => {
  test('says what it answers and to whom, and is private where it only shows something', async () => {
    expect(await answered('/status', to('n1'))).toMatchObject({ answers: 'n1', asker: 'ann', private: true });
    const done = await answered('/stop', to('n2'));
    expect(done).toMatchObject({ answers: 'n2', asker: 'ann' });
    expect(done).not.toHaveProperty('private');
    expect(await answered('/status', { native: false })).toEqual({ text: expect.any(String) });
  });

  test('a stranger is refused privately, also where the place itself is not served', async () => {
    const refusal = { text: expect.stringContaining('not allowed'), private: true, asker: 'zed' };
    expect(await answered('/stop', zed)).toMatchObject(refusal);
    const elsewhere = { route: { channel: 'telegram', account: 'default', chat: 'other' }, chat: 'group' } as const;
    expect(await answered('/stop', { ...zed, ...elsewhere })).toMatchObject(refusal);
    expect(await answered('/stop', elsewhere)).toMatchObject({ ...refusal, asker: 'ann' });
    expect(inboxStory(world)).toContain('/stop: dropped (group_not_listed)');
  });

  test('who somebody is, is known before anything is stored', async () => {
    const command = (how: ReceiveOptions, id: string) => ({
      ...{ id, route: how.route ?? world.channel.direct(how.from?.id), chat: how.chat ?? 'direct', text: '/stop' },
      ...{ sender: { id: how.from?.id ?? 'ann', name: 'x' }, native: true, mentionsBot: true, attachments: [] },
      sentAt: 0,
    });
    const { standing } = world.channel.events;
    expect([{}, bo, zed, inGroup(world, zed)].map((how) => standing(command(how, 'x')))).toEqual([
      ...['owner', 'allowed', 'stranger', 'allowed'],
    ]);
    expect(inboxStory(world)).toEqual([]);
  });
});

describe('a press', () => {
  test('of what only shows something is answered privately, any other for all to see', async () => {
    await startsWork(world, 'dig', inGroup(world));
    await typed(world, '/subagents list', inGroup(world));
    const list = world.channel.sent.at(-1)?.id;
    const next = (): Promise<{ readonly message: OutboundMessage }> =>
      world.channel.next((sent) => sent.key.startsWith('command:'));
    const log = next();
    await world.channel.press('Log #1', { ...inGroup(world), from: { id: 'ann' }, answerTo: 'p1' });
    expect((await log).message).toMatchObject({ answers: 'p1', asker: 'ann', private: true, replyTo: list });
    const kill = next();
    await world.channel.press('Kill #1', { ...inGroup(world), from: { id: 'ann' }, answerTo: 'p2' });
    expect((await kill).message).toMatchObject({ answers: 'p2', text: expect.stringContaining('stopped 1') });
    expect((await kill).message).not.toHaveProperty('private');
  });

  test('that asks for a text types it behind the command, as it was written', async () => {
    await startsWork(world, 'dig');
    await typed(world, '/subagents list');
    await world.channel.press('Steer #1', { id: 'p1', text: 'skip "the\nappendix" --all' });
    const typedByPress = `/subagents steer ${world.run('dig').id} skip "the\nappendix" --all`;
    await world.until(() => inboxStory(world).some((row) => row.startsWith(typedByPress)), 'the command');
  });

  test('that does not ask takes no text, whatever comes with it', async () => {
    await startsWork(world, 'dig');
    await startsWork(world, 'carry');
    await typed(world, '/subagents list');
    const killed = world.channel.next(/stopped 1/);
    await world.channel.press('Kill #1', { id: 'p1', text: 'all' });
    await killed;
    expect(inboxStory(world)).toContain(`/subagents kill ${world.run('dig').id}: done (answered)`);
  });

  test('that asks is not offered where nobody can be asked', async () => {
    await world.close();
    world = await openPeople();
    await startsWork(world, 'dig');
    await typed(world, '/subagents list');
    expect(world.channel.sent.at(-1)?.message.choices?.map(({ label }) => label)).toEqual(['Kill #1', 'Log #1']);
  });
});

describe('suggestions', () => {
  const asking = (verb: string, text: string, more: Partial<SuggestAsk> = {}): SuggestAsk => ({
    ...{ route: world.channel.direct('ann'), sender: { id: 'ann', name: 'Ann' }, chat: 'direct', limit: 25 },
    ...{ command: 'subagents', verb, param: 'target', text },
    ...more,
  });
  const offered = async (ask: SuggestAsk) => (await world.channel.events.suggest(ask)).map(({ value }) => value);

  test('are the runs of the conversation, newest first, found by number, label or id', async () => {
    await ended(world, 'alpha words', 'beta');
    await startsWork(world, 'gamma');
    await startsWork(world, 'other', inGroup(world));
    await typed(world, '/subagents list');
    expect(await offered(asking('log', ''))).toEqual(['gamma', 'beta', 'alpha words']);
    expect(await offered(asking('kill', ''))).toEqual(['gamma', 'beta', 'alpha words', 'all']);
    const found = await world.channel.events.suggest(asking('log', '#1'));
    expect(found).toEqual([{ value: 'gamma', label: expect.stringMatching(/^#1 gamma \(running, [0-9a-f]{8}\)$/) }]);
    expect(await offered(asking('log', 'wor'))).toEqual(['alpha words']);
    expect(await offered(asking('log', world.run('beta').id.slice(0, 6)))).toEqual(['beta']);
    expect(await offered(asking('log', '', { limit: 1 }))).toEqual(['gamma']);
    expect(await offered(asking('log', '', inGroupAsk()))).toEqual(['other']);
    expect(await offered(asking('log', 'nothing like it'))).toEqual([]);
  });

  test('a run whose label means another one is offered by its id', async () => {
    await startsWork(world, 'gamma');
    const prefix = world.run('gamma').id.slice(0, 6);
    await startsWork(world, prefix);
    expect(await offered(asking('log', ''))).toEqual([world.run(prefix).id, 'gamma']);
  });

  test('agents, models and times, each where it belongs', async () => {
    expect(await offered(asking('spawn', 'ma', { param: 'agentId' }))).toEqual(['main']);
    expect(await offered(asking('spawn', '', { param: 'model' }))).toEqual(['scripted/one']);
    expect(await offered(asking('idle', '', { command: 'session', param: 'duration' }))).toContain('2h');
    expect(await offered(asking('spawn', '', { param: 'task' }))).toEqual([]);
    expect(await offered(asking('nothing', '', { command: 'nothing' }))).toEqual([]);
  });

  test('a stranger gets none', async () => {
    await startsWork(world, 'gamma');
    const theirs = { sender: { id: 'zed', name: 'Zed' } };
    expect(await offered(asking('log', '', theirs))).toEqual([]);
    expect(await offered(asking('spawn', '', { ...theirs, param: 'agentId' }))).toEqual([]);
  });

  const inGroupAsk = (): Partial<SuggestAsk> => ({
    route: { channel: 'telegram', account: 'default', chat: 'g' },
    chat: 'group',
  });
});
