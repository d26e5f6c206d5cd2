// Work that takes its time, and answers that are long, on Telegram over the wire.
import { afterEach, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

it('the list of runs follows them in its own message until they have ended', async () => {
  world = await openWorld();
  const { twin, ann, model } = world;
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ child }) => {
    if (!child) return undefined;
    await gate.promise;
    return text('found it');
  });
  await ann.says('/subagents spawn main look for it');
  await twin.next(ann, /^✅ main started/);
  await ann.says('/subagents');
  const { id } = await twin.next(ann, /^Active:/);
  const list = () => twin.messages(ann).find((message) => message.id === id);
  expect(list()?.buttons).toEqual(['Kill #1', 'Log #1']);
  await until(() => (list()?.edits ?? 0) > 0, 'the first change', 15_000);
  expect(list()?.text).toMatch(/1\. look for it \(main, one, [5-9]\.\ds/);
  gate.resolve();
  await twin.next(ann, /look for it: completed successfully/);
  await until(() => list()?.text.endsWith('ℹ️ all ended') === true, 'the last change', 15_000);
  expect(list()?.text).toMatch(/Active:\n-----\n\(none\)\nRecent \(30 min\):\n-----\n1\. look for it .* done/);
  expect(list()?.buttons).toEqual([]);
});

it('an answer of many messages is two, the second one with the whole answer as a file', async () => {
  world = await openWorld();
  const { twin, ann, model } = world;
  const answer = Array.from({ length: 700 }, (_, n) => `${n}. a line of the report that says what was found`).join(
    '\n',
  );
  scripted(model, async () => text(answer));
  await ann.says('report, please');
  const second = await twin.next(ann, ({ file }) => file !== undefined);
  const mine = twin.messages(ann).filter((message) => message.mine);
  expect(mine).toHaveLength(2);
  expect(mine[0]?.text.length).toBeGreaterThan(3_900);
  expect(second.text).toMatch(/ a line of the report that says what was found\n\n📎 the whole text: result\.md$/);
  expect(second.file?.name).toBe('result.md');
  expect(Buffer.from(second.file?.data ?? []).toString()).toBe(answer);
});
