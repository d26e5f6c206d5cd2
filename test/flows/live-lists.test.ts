// /subagents list and /agents in the chat keep themselves up to date while runs are at work.
import { afterEach, describe, expect, test } from 'vitest';
import type { FakeChannelOptions, Sent } from '../fakes/channel.ts';
import { until } from '../fakes/wait.ts';
import { bo, inGroup, openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
afterEach(() => world.close());

const second = 1_000;
/** Times of all edits, in ms from the opening. */
let edits: number[] = [];
/** The platform says that the message is not there any more. */
let deleted = false;

async function open(channel: FakeChannelOptions = {}, config: object = {}): Promise<void> {
  edits = [];
  deleted = false;
  world = await openPeople({ channel, config });
  const start = world.clock.now();
  const { edit } = world.channel;
  world.channel.edit = async (route, id, message) => {
    edits.push(world.clock.now() - start);
    return (deleted ? undefined : await edit?.(route, id, message)) ?? { status: 'refused', cause: 'no edits' };
  };
}

/** Types a command and waits until its answer changes by itself. */
async function shows(command: string, how?: Parameters<typeof typed>[2]): Promise<Sent> {
  const lists = world.engine.delivery.lists.size;
  await typed(world, command, how);
  const list = world.channel.sent.at(-1);
  if (list === undefined) throw new Error('no list');
  await world.until(() => world.engine.delivery.lists.size > lists, 'the list to be live');
  return list;
}
const labels = (list: Sent): readonly string[] => list.message.choices?.map(({ label }) => label) ?? [];

/** Lets time pass, and what it leads to. */
async function passes(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 500) await world.clock.advance(500);
}

/** Ends a run from inside, without a command that would show anything. */
async function ends(task: string): Promise<void> {
  await world.engine.layer.stopper.kill([world.run(task)]);
  await world.until(() => world.run(task).state.status === 'stopped', `${task} to end`);
}

describe('a list of runs', () => {
  test('counts on while they work, at most once in 5 s, in the same message', async () => {
    await open();
    await startsWork(world, 'docs');
    const list = await shows('/subagents');
    expect(list.text).toContain('1. docs (main, one, 0.0s, 0 tokens) running');
    const sent = world.channel.sent.length;
    await passes(55 * second);
    expect(list.text).toMatch(/1\. docs \(main, one, (?:5\ds|1m\ds|1m), 0 tokens\) running/);
    expect(edits.length).toBeGreaterThanOrEqual(9);
    for (const [index, at] of edits.entries())
      expect(at - (edits[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
    expect(world.channel.sent).toHaveLength(sent);
  });

  test('shows nothing more to somebody whose rights were taken back', async () => {
    await open();
    await startsWork(world, 'docs', bo);
    const list = await shows('/agents', bo);
    const seen = list.text;
    world.configure({ channels: { telegram: { token: 't' } }, commands: { ownerAllowFrom: ['telegram:ann'] } });
    await ends('docs');
    await passes(20 * second);
    expect(list.text).toBe(seen);
    expect(world.engine.delivery.lists.size).toBe(0);
  });

  test('that has not changed for a while shows at once what changes then', async () => {
    await open();
    for (const task of ['docs', 'tests']) await startsWork(world, task);
    const list = await shows('/agents');
    await passes(21 * second);
    expect(edits).toEqual([]);
    await ends('docs');
    await passes(second);
    expect(list.text).toBe('Agents:\n-----\n2. tests (main, running) unbound');
  });

  test('changes no faster when much happens at once', async () => {
    await open();
    const tasks = ['one', 'two', 'three', 'four'];
    for (const task of tasks) await startsWork(world, task);
    const list = await shows('/subagents');
    await passes(7 * second);
    for (const task of tasks) {
      await ends(task);
      await passes(second);
    }
    await passes(10 * second);
    expect(list.text.endsWith('\nℹ️ all ended')).toBe(true);
    expect(edits.length).toBeGreaterThan(1);
    for (const [index, at] of edits.entries())
      expect(at - (edits[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(5_000);
  });

  test('drops the buttons of what has ended, and says when all has', async () => {
    await open();
    for (const task of ['docs', 'tests']) await startsWork(world, task);
    const list = await shows('/subagents');
    const before = list.message.choices;
    expect(labels(list)).toEqual(['Kill #1', 'Log #1', 'Kill #2', 'Log #2']);
    await passes(6 * second);
    await ends('docs');
    await passes(6 * second);
    expect(labels(list)).toEqual(['Kill #2', 'Log #2']);
    // The same buttons as before, not new ones that would have to be remembered.
    expect(list.message.choices).toEqual(before?.slice(2));
    expect(list.text).toMatch(/Active:\n-----\n2\. tests [\s\S]*Recent \(30 min\):\n-----\n1\. docs .* stopped/);
    await ends('tests');
    await passes(6 * second);
    expect(list.text.endsWith('\nℹ️ all ended')).toBe(true);
    expect(labels(list)).toEqual([]);
    expect(world.engine.delivery.lists.size).toBe(0);
    const count = edits.length;
    await passes(60 * second);
    expect(edits).toHaveLength(count);
  });

  test('shows soon what changed, and gives a new run the next number: none shifts', async () => {
    await open();
    for (const task of ['docs', 'tests']) await startsWork(world, task);
    const list = await shows('/subagents');
    await passes(6 * second);
    await ends('docs');
    await startsWork(world, 'more');
    await passes(5 * second);
    expect(list.text).toMatch(/Active:\n-----\n2\. tests [^\n]*\n3\. more [^\n]*\n/);
    expect(labels(list)).toEqual(['Kill #2', 'Log #2', 'Kill #3', 'Log #3']);
    expect(await typed(world, '/subagents info 1')).toContain('docs');
    expect(await world.channel.press('Kill #3')).toEqual({ decided: false });
    await world.until(() => world.run('more').state.status === 'stopped', 'the press to kill the third');
    await world.say('/subagents kill 2');
    await world.until(() => world.run('tests').state.status === 'stopped', 'the number to mean the second');
  });

  test('rests once a newer one is shown in its place, and only there', async () => {
    await open();
    await startsWork(world, 'docs');
    await startsWork(world, 'tests', inGroup(world));
    const first = await shows('/subagents');
    const elsewhere = await shows('/subagents', inGroup(world));
    await passes(6 * second);
    await typed(world, '/agents');
    await until(() => world.channel.sent.at(-1)?.text.startsWith('Agents:') === true, 'the newer list');
    const other = elsewhere.text;
    await passes(6 * second);
    const before = first.text;
    expect(before).toMatch(/running[\s\S]*\nℹ️ no longer kept up to date; \/subagents shows it anew$/);
    expect([world.engine.delivery.lists.size, world.engine.delivery.updates.size]).toEqual([2, 2]);
    await ends('docs');
    await passes(6 * second);
    expect(first.text).toBe(before);
    expect(world.channel.sent.at(-1)?.text).toMatch(/^Agents:\n-----\n\(none\)\nℹ️ all ended$/);
    expect(elsewhere.text).not.toBe(other);
  });

  test('rests after 14 minutes, and says how to see it anew', async () => {
    await open({}, { agents: { defaults: { subagents: { startTimeoutSeconds: 3_600 } } } });
    await startsWork(world, 'docs');
    const list = await shows('/subagents list');
    await passes(14 * 60 * second + 11 * second);
    expect(list.text.endsWith('\nℹ️ no longer kept up to date; /subagents list shows it anew')).toBe(true);
    expect(labels(list)).toEqual(['Kill #1', 'Log #1']);
    expect([world.run('docs').state.status, world.engine.delivery.lists.size]).toEqual(['running', 0]);
  });

  test('that was deleted does not come back', async () => {
    await open();
    await startsWork(world, 'docs');
    await shows('/subagents');
    const sent = world.channel.sent.length;
    deleted = true;
    await passes(30 * second);
    expect([world.channel.sent.length, edits.length]).toEqual([sent, 1]);
  });

  test('of several messages changes in each, the buttons under the last', async () => {
    await open({ can: { maxText: 200 } });
    const tasks = ['one', 'two', 'three', 'four'];
    for (const task of tasks) await startsWork(world, task);
    await typed(world, '/subagents');
    await world.until(() => world.engine.delivery.lists.size === 1, 'the list');
    const list = world.channel.sent.slice(-2);
    await passes(10 * second);
    await ends('one');
    await passes(12 * second);
    expect(list[0]?.text).toMatch(/^Active:\n-----\n2\. two/);
    expect(list[1]?.text).toMatch(/1\. one[\s\S]*4 runs/);
    expect(list.map(labels)).toEqual([[], ['Kill #2', 'Log #2', 'Kill #3', 'Log #3', 'Kill #4', 'Log #4']]);
    for (const { text } of list) expect(text.length).toBeLessThanOrEqual(200);
  });

  test('stays as it is where messages cannot be changed, and where nothing is at work', async () => {
    await open({ can: { edits: false } });
    await startsWork(world, 'docs');
    await typed(world, '/subagents');
    await world.until(() => world.engine.delivery.outbox.stats().pending === 0, 'the delivery');
    expect(world.engine.delivery.lists.size).toBe(0);
    await world.close();
    await open();
    await typed(world, '/subagents');
    await world.until(() => world.engine.delivery.outbox.stats().pending === 0, 'the delivery');
    expect(world.engine.delivery.lists.size).toBe(0);
  });

  test('is no longer kept up to date after a restart', async () => {
    await open();
    await startsWork(world, 'docs');
    await shows('/subagents');
    await passes(6 * second);
    await world.restart('drain');
    const count = edits.length;
    await passes(30 * second);
    expect([world.engine.delivery.lists.size, edits.length]).toEqual([0, count]);
  });
});
