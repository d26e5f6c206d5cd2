// What Discord does not let the bot do in a server, one right at a time, over the wire.
import { afterEach, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { calls, text } from '../../twins/openai.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations } = world.twin;
  await world.close();
  expect(violations).toEqual([]);
});

it('without «Attach Files» a long answer arrives whole, in several messages', async () => {
  world = await openWorld();
  const { ann, guild, general, twin, model } = world;
  const long = Array.from({ length: 420 }, (_, line) => `line ${line} of a long answer`).join('\n');
  scripted(model, async () => text(long));
  guild.removesPermission('AttachFiles');
  await ann.says('all of it, please', { in: general, mention: true });
  await until(() => twin.shown(general).join('\n') === long, 'all of it', 15_000);
});

it('without «Read Message History» a press is answered, and quotes nothing', async () => {
  world = await openWorld();
  const { ann, guild, general, twin, model } = world;
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ child }) => {
    if (!child) return undefined;
    await gate.promise;
    return text('there');
  });
  guild.removesPermission('ReadMessageHistory');
  await ann.says('/subagents spawn main walk', { in: general });
  await twin.next(general, /started/);
  await ann.says('/subagents list', { in: general });
  await twin.next(general, /^Active/);
  await ann.presses('Kill #1', { in: general });
  expect((await twin.next(general, /stopped 1/)).replyTo).toBeUndefined();
  gate.resolve();
});

it.each([
  ['SendMessagesInThreads', 'Send Messages in Threads'],
  ['CreatePublicThreads', 'Create Public Threads'],
] as const)('without %s no thread is opened, and that right alone is named', async (right, words) => {
  world = await openWorld();
  const { ann, guild, general, twin, model } = world;
  scripted(model, async ({ child }) => (child ? text('there') : undefined));
  await ann.says('/subagents spawn main walk', { in: general });
  await twin.next(general, /completed/);
  guild.removesPermission(right);
  await ann.says('/focus walk', { in: general });
  const refused = await twin.next(general, /^⚠️ No thread could be opened/);
  expect(refused.text.match(/«[^»]+»/g)).toEqual([`«${words}»`]);
  expect(guild.threads).toEqual([]);
});

it('a result that may not be written into its thread names the right that is missing', async () => {
  world = await openWorld();
  const { ann, guild, general, twin, model } = world;
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ child, last, request }) => {
    if (child) {
      await gate.promise;
      return text('the draft');
    }
    const asked = request.body.messages.at(-1)?.role !== 'tool' && last.includes('in a thread');
    return asked ? calls(spawn('docs', { thread: true, context: 'isolated' })) : undefined;
  });
  await ann.says('write it in a thread', { in: general, mention: true });
  await until(() => guild.threads.some((thread) => twin.shown(thread).length > 0), 'the thread');
  guild.removesPermission('SendMessagesInThreads');
  gate.resolve();
  expect((await twin.next(general, 'the draft')).text).toMatch(/thread gone: .*Send Messages in Threads/);
});
