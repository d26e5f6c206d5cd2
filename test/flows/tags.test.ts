// Runs in a chat that has no threads: what they say is tagged, and a number or a quote speaks to them.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import type { ReceiveOptions } from '../fakes/channel.ts';
import { call, say } from '../fakes/script.ts';
import { inboxStory } from './inbox-view.ts';
import { bo, ended, inGroup, openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
const withTags = { buttons: false, menus: true, tags: true, lastingIds: true } as const;
const open = { channels: { whatsapp: { enabled: true } }, commands: { ownerAllowFrom: ['whatsapp:ann'] } };

beforeEach(async () => {
  world = await openPeople({ channel: { can: withTags } }, 'whatsapp');
});

afterEach(async () => {
  await world.close();
});

const last = () => world.channel.sent.at(-1);

/** Says something and gives the turn that it became. */
async function heard(text: string, how?: ReceiveOptions) {
  await world.say(text, how);
  await world.settled();
  const turn = world.agent.turns.at(-1);
  return { session: turn?.session, text: turn?.text };
}

test('what a run says begins with its number and name, what the agent of the chat says does not', async () => {
  world.agent.once(/^count$/, [say('# Result\n1204')]);
  await ended(world, 'count', 'sort');
  expect(world.channel.texts().filter((text) => text.startsWith('[#1 count] ✅ count:'))).toHaveLength(1);
  expect(world.channel.texts().filter((text) => text.startsWith('[#2 sort] ✅ sort:'))).toHaveLength(1);
  await heard('hello');
  expect(last()?.text).toBe('ok');
  world.agent.once(/why/, [say('# Because\nof it')]);
  await heard('#1 why?');
  expect(last()?.text).toBe('[#1 count]\n# Because\nof it');
});

test('what the agent of the chat tells of its runs is its own word', async () => {
  world.agent
    .once(/^go$/, [call('sessions_spawn', { task: 'count', label: 'count' }), say('started')])
    .once(/completion/, [say('it is 1204')]);
  await heard('go');
  expect(world.channel.texts()).toEqual(['started', 'it is 1204']);
});

test('every part of a long answer has the tag, and none is longer than the channel takes', async () => {
  await ended(world, 'count');
  world.agent.once(/^all$/, [say(Array.from({ length: 300 }, (_, n) => `line ${n} ${'x'.repeat(30)}`).join('\n'))]);
  const before = world.channel.sent.length;
  await heard('#1 all');
  const parts = world.channel.texts().slice(before);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) {
    expect(part).toMatch(/^\[#1 count\] /);
    expect(part.length).toBeLessThanOrEqual(4_000);
  }
});

test('a long label is cut, and what it holds ends no tag and makes no link', async () => {
  await ended(world, 'one [all](two) three four');
  const text = world.channel.texts().find((each) => each.includes('completed')) ?? '';
  expect(text).toMatch(/^\[#1 [^[\]()]{1,20}\] ✅/);
});

test.each([
  ['#2 and then?', 'and then?'],
  ['#2: and then?', 'and then?'],
  ['#2\nand\nthen?', 'and\nthen?'],
  [' #2  and then?', 'and then?'],
])('%j speaks to that run', async (line, text) => {
  await ended(world, 'count', 'sort');
  expect(await heard(line)).toEqual({ session: world.run('sort').child, text });
  expect(last()?.text).toMatch(/^\[#2 sort\] /);
});

test.each(['# 2 things', '## 2', '#2nd try', '#2024is', '#later 2', 'see #2', '#0 x', '#2.'])(
  '%j speaks to nobody else',
  async (line) => {
    await ended(world, 'count', 'sort');
    expect((await heard(line)).session).toBe('agent:main:whatsapp:direct:ann');
  },
);

test('a number that no run has, or nothing behind it, is told so and reaches nobody', async () => {
  await ended(world, 'count', 'sort');
  const turns = world.agent.turns.length;
  const told = async (line: string): Promise<string> => {
    await world.say(line);
    return (await world.channel.next((sent) => sent.key.startsWith('command:') && sent.text.startsWith('⚠️'))).text;
  };
  expect(await told('#7 hello')).toBe('⚠️ No run has number 7: 2 runs are numbered here, 1 to 2. See /subagents list.');
  expect(await told('#2')).toBe(
    '⚠️ #2 is sort; your message says nothing to it. Write "#2 <text>", or /focus #2 so that everything here goes to it.',
  );
  await world.engine.stores.sessions.archive(world.run('sort').child);
  expect(await told('#2 hello')).toMatch(/^⚠️ sort is archived/);
  expect(world.agent.turns).toHaveLength(turns);
});

test('a run at work is steered by its number', async () => {
  await startsWork(world, 'dig');
  await world.say('#1 deeper');
  await world.until(() => !world.engine.receiver.busy(), 'the message');
  expect(world.engine.layer.turns.waiting(world.run('dig').child).map((item) => item.text)).toEqual(['deeper']);
});

test('everybody speaks to the runs of their own conversation alone, the owner to all', async () => {
  await typed(world, '/subagents spawn main count', bo);
  await world.settled();
  expect(await heard('#1 why?', bo)).toMatchObject({ session: world.run('count').child });
  await world.say('#1 why?');
  expect((await world.channel.next(/^⚠️/)).text).toBe('⚠️ There are no numbered runs here yet. See /subagents list.');
});

test("a run of another conversation that was numbered in a group by the owner is the owner's alone to speak to", async () => {
  await ended(world, 'count');
  const group = inGroup(world);
  expect(await typed(world, `/subagents info ${world.run('count').id}`, group)).toContain('count');
  await world.say('#1 why?', { ...group, ...bo });
  const told = await world.channel.next(/^⚠️/);
  expect(told.text).toBe('⚠️ #1 belongs to another conversation. /subagents list shows the runs of this one.');
  expect(await heard('#1 why?', group)).toMatchObject({ session: world.run('count').child });
});

test('naming a run is no mention: a group hears it as any other text', async () => {
  const group = inGroup(world);
  await typed(world, '/subagents spawn main count', group);
  await world.settled();
  await world.say('#1 why?', { ...group, ...bo, mentionsBot: false });
  await world.until(() => !world.engine.receiver.busy(), 'the message');
  expect(inboxStory(world).at(-1)).toBe('#1 why?: dropped (not_mentioned)');
  expect(await heard('#1 why?', { ...group, ...bo })).toMatchObject({ session: world.run('count').child });
});

test('/focus #2 gives the whole chat to that run; a number or a quote still reaches another', async () => {
  await ended(world, 'count', 'sort');
  const quoted = world.channel.sent.find(({ text }) => text.startsWith('[#1 count]'))?.id ?? '';
  expect(await typed(world, '/focus #2')).toMatch(/^✅ sort .*is active here/);
  expect(await heard('hello')).toMatchObject({ session: world.run('sort').child, text: 'hello' });
  expect(last()?.text).toBe('[#2 sort] ok');
  expect(await heard('#1 and you?')).toMatchObject({ session: world.run('count').child });
  expect(await heard('and you?', { replyTo: quoted })).toMatchObject({ session: world.run('count').child });
  expect(await typed(world, '/unfocus')).toContain('sort');
  expect(await heard('hello')).toMatchObject({ session: 'agent:main:whatsapp:direct:ann' });
});

test('where nothing is tagged a number at the beginning is just text', async () => {
  await world.close();
  world = await openPeople();
  await ended(world, 'count');
  expect(await heard('#1 why?')).toEqual({ session: 'agent:main:telegram:direct:ann', text: '#1 why?' });
  expect(world.channel.texts().filter((text) => text.startsWith('['))).toEqual([]);
});

test('fifty runs and five thousand quotes in any order, across restarts and a chat with another id: each its own', async () => {
  await world.close();
  world = await openPeople(
    { channel: { can: withTags }, config: { ...open, messages: { queue: { cap: 200 } } } },
    'whatsapp',
  );
  const tasks = Array.from({ length: 50 }, (_, n) => `task-${n}`);
  for (const task of tasks) await typed(world, `/subagents spawn main ${task}`);
  await world.settled();
  const idOf = (task: string): string =>
    world.channel.sent.find((one) => one.key === `announce:${world.run(task).id}:0`)?.id ?? '';
  const ids = new Map(tasks.map((task) => [task, idOf(task)]));
  const children = new Map(tasks.map((task) => [task, world.run(task).child]));
  const places: Route[] = ['ann', 'ann', 'ann@lid', 'ann@lid', 'ann@net'].map((chat) => ({
    ...world.channel.direct(),
    chat,
  }));
  let state = 7;
  for (const [round, route] of places.entries()) {
    const before = places[round - 1];
    if (before !== undefined && before.chat !== route.chat) await world.channel.events.moved(before, route);
    if (round > 0) await world.restart(round === 2 ? 'kill' : 'drain');
    for (let batch = 0; batch < 10; batch += 1) {
      const quotes = Array.from({ length: 100 }, (_, n) => {
        state = (state * 48_271) % 2_147_483_647;
        const task = tasks[state % 50] ?? '';
        return world.say(`<${round}.${batch}.${n} for ${task}>`, { route, replyTo: ids.get(task) ?? '' });
      });
      await Promise.all(quotes);
    }
    await world.settled();
  }
  const { sessions, transcripts } = world.engine.stores;
  const reached = new Set<string>();
  for (const [task, child] of children) {
    const text = JSON.stringify(await transcripts.read((await sessions.get(child))?.id ?? ''));
    for (const [quote, , meant] of text.matchAll(/<([\d.]+) for (task-\d+)>/g)) {
      expect(meant).toBe(task);
      reached.add(quote);
    }
  }
  expect(reached.size).toBe(5_000);
}, 120_000);
