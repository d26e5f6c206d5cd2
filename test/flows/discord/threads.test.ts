// A thread per sub-agent on Discord, over the wire.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { calls, text } from '../../twins/openai.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations } = world.twin;
  await world.close();
  expect(violations).toEqual([]);
});

async function open(options?: Options): Promise<World> {
  world = await openWorld(options);
  return world;
}

/** Children that draft at once and take in what is added later; the parent opens a thread for each name. */
function drafts(gate: Promise<void>, ...names: readonly string[]): void {
  scripted(world.model, async ({ last, child, request }) => {
    if (child) {
      if (last.includes('also')) return text(`Added: ${/also (.*)/.exec(last)?.[1]}`);
      await gate;
      return text(`draft of ${/work on ([\w-]+)/.exec(last)?.[1]}`);
    }
    const told = /draft of [\w-]+/.exec(last)?.[0];
    if (told !== undefined) return text(told);
    if (request.body.messages.at(-1)?.role !== 'tool' && last.includes('one thread each'))
      return calls(...names.map((name) => spawn(name, { thread: true, context: 'isolated' })));
    return undefined;
  });
}

describe('three sub-agents with a thread each', () => {
  it('are introduced, answer in their own thread and take follow-ups there; none is crossed', async () => {
    const { twin, ann, guild, general } = await open();
    const gate = Promise.withResolvers<void>();
    drafts(gate.promise, 'changelog', 'docs', 'smoke-test');
    await ann.says('split the release work, one thread each', { in: general, mention: true });
    await until(() => guild.threads.length === 3, 'three threads');
    expect(guild.threads.map((thread) => thread.name)).toEqual(['🤖 changelog', '🤖 docs', '🤖 smoke-test']);
    const before = guild.threads.map((thread) => twin.shown(thread));
    gate.resolve();
    for (const [index, name] of ['changelog', 'docs', 'smoke-test'].entries()) {
      const thread = guild.threads[index];
      if (thread === undefined) throw new Error('no thread');
      await twin.next(thread, `draft of ${name}`);
      expect(before[index]?.[0] ?? twin.shown(thread)[0]).toMatch(
        new RegExp(
          `^${name} is active here \\(ends after 24 h without messages\\)\\. Messages here go to this session\\.`,
        ),
      );
      expect(twin.shown(thread).filter((each) => each.startsWith('draft of'))).toEqual([`draft of ${name}`]);
      await ann.says(`also mention the flag in ${name}`, { in: thread });
      await twin.next(thread, `Added: mention the flag in ${name}`);
    }
    await ann.says('/agents', { in: general });
    const [first] = guild.threads;
    expect((await twin.next(general, /^Agents:/)).text).toContain(`changelog (main, done) thread:${first?.id}`);
  });

  it('speak under their own names where that is switched on; results come from the bot', async () => {
    const { twin, ann, guild, general, restart } = await open({ discord: { personas: true } });
    drafts(Promise.resolve(), 'docs');
    await ann.says('one thread each', { in: general, mention: true });
    await until(() => guild.threads.length === 1, 'the thread');
    const [thread] = guild.threads;
    if (thread === undefined) throw new Error('no thread');
    await twin.next(thread, 'draft of docs');
    await ann.says('also the flag', { in: thread });
    await twin.next(thread, 'Added: the flag');
    await restart();
    await ann.says('also the limits', { in: thread });
    await twin.next(thread, 'Added: the limits');
    expect(twin.transcript(thread).map((line) => line.split('\n')[0])).toEqual([
      expect.stringMatching(/^Switchyard: docs is active here/),
      'Switchyard: draft of docs',
      'Ann: also the flag',
      'docs: Added: the flag',
      'Ann: also the limits',
      'docs: Added: the limits',
    ]);
  });

  it('still work after a restart, an archived one opens again, and leaving one gives it back to the agent', async () => {
    const { twin, ann, guild, general, restart } = await open();
    drafts(Promise.resolve(), 'docs');
    await ann.says('one thread each', { in: general, mention: true });
    await until(() => guild.threads.length === 1, 'the thread');
    const [thread] = guild.threads;
    if (thread === undefined) throw new Error('no thread');
    await twin.next(thread, 'draft of docs');
    thread.archives();
    await restart();
    await ann.says('also this', { in: thread });
    await twin.next(thread, /^Added/);
    await ann.says('/session idle 2h', { in: thread });
    await twin.next(thread, /2h/);
    await ann.says('/unfocus', { in: thread });
    await twin.next(thread, /^✅ ended; main answers again\./);
  });
});

describe('/focus', () => {
  it('in a channel opens a thread for the sub-agent, in a thread takes it over', async () => {
    const { twin, ann, guild, general, model } = await open();
    scripted(model, async ({ child, last }) =>
      child ? text(last.includes('how far') ? 'Half way.' : 'there') : undefined,
    );
    await ann.says('/subagents spawn main walk', { in: general });
    await twin.next(general, /completed/);
    await ann.says('/focus walk', { in: general });
    await twin.next(general, /walk \(main\) is active in thread:\d+/);
    const [thread] = guild.threads;
    if (thread === undefined) throw new Error('no thread');
    expect(thread.name).toBe('🤖 walk');
    await ann.says('how far?', { in: thread });
    await twin.next(thread, 'Half way.');
    const mine = general.thread('my own', { by: ann });
    await ann.says('/focus walk', { in: mine });
    await twin.next(mine, /is active here/);
    await twin.next(thread, /no longer answers here: it moved/);
    await ann.says('how far?', { in: mine });
    await twin.next(mine, 'Half way.');
  });

  it('says which permission is missing, and opens one thread although the answer was lost', async () => {
    const { twin, ann, guild, general, model } = await open();
    scripted(model, async ({ child }) => (child ? text('there') : undefined));
    await ann.says('/subagents spawn main walk', { in: general });
    await twin.next(general, /completed/);
    guild.removesPermission('CreatePublicThreads', general);
    await ann.says('/focus walk', { in: general });
    await twin.next(general, /Create Public Threads/i);
    guild.grantsPermission('CreatePublicThreads', general);
    twin.fault('POST /channels/:id/messages/:id/threads', { status: 502, applied: true });
    await ann.says('/focus walk', { in: general });
    await twin.next(general, /is active in thread:/);
    expect(guild.threads).toHaveLength(1);
  });
});

describe('a thread that goes away while its run works', () => {
  it.each(['deleted', 'locked'] as const)('%s: the result goes to the channel, with a word why', async (how) => {
    const { twin, ann, guild, general } = await open();
    const gate = Promise.withResolvers<void>();
    drafts(gate.promise, 'docs');
    await ann.says('one thread each', { in: general, mention: true });
    await until(() => guild.threads.length === 1, 'the thread');
    const [thread] = guild.threads;
    if (thread === undefined) throw new Error('no thread');
    await twin.next(thread, /is active here/);
    if (how === 'deleted') thread.deletes();
    else {
      guild.removesPermission('ManageThreads');
      thread.locks();
      thread.archives();
    }
    gate.resolve();
    // Whichever comes first: the result meets the thread that is gone, or the thread is taken leave of and its parent tells it.
    await twin.next(general, /draft of docs/);
    expect(twin.shown(general).join('\n')).toMatch(
      /thread gone|no longer answers in its thread: it was (deleted|locked)/,
    );
  });
});
