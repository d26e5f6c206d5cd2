// The ways to work with sub-agents that the README names, played by a scripted agent as a model would play them.
import { afterEach, expect, test } from 'vitest';
import type { Tool } from '../../src/core/tool.ts';
import { call, hang, type ScriptContext, type ScriptStep, say } from '../fakes/script.ts';
import { whenTold } from './agent-calls.ts';
import { completionTurn, gate, isCompletion, start, turnsOf } from './endings.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions = {}): Promise<World> {
  world = await openWorld(options);
  return world;
}

/** Everything the agent of the chat was told of results, as a model sees it in its context. */
const told = ({ history }: ScriptContext): string =>
  history.flatMap((entry) => ('text' in entry && isCompletion(entry.text) ? [entry.text] : [])).join('\n');

/** Waits with NO_REPLY until every one of these words has come back. */
function digest(here: World, words: readonly string[], summary: string): void {
  here.agent.always(completionTurn(), (context) =>
    words.every((word) => told(context).includes(word)) ? summary : 'NO_REPLY',
  );
}

test('three-part split: one report when all three are back', async () => {
  const here = await open();
  here.agent.once(/^split$/, [start('a'), start('b'), start('c'), say('Three are at work.')]);
  for (const task of ['a', 'b', 'c']) whenTold(here, task, `result ${task}`);
  digest(here, ['result a', 'result b', 'result c'], 'a, b and c are done.');
  await here.ask('split', 'Three are at work.');
  await here.channel.next('a, b and c are done.');
  await here.settled();
  expect(here.channel.texts()).toEqual(['Three are at work.', 'a, b and c are done.']);
  expect(here.runs().map((run) => run.delivery.state)).toEqual(expect.arrayContaining(['delivered']));
});

test('parallel research: they work at the same time, and the chat goes on meanwhile', async () => {
  const here = await open();
  const questions = ['who is unmaintained', 'what would change', 'who else solves this'];
  here.agent.once(/^research$/, [...questions.map((question) => start(question)), say('I will report.')]);
  const back = gate();
  for (const question of questions)
    whenTold(here, question, async (context) => {
      await back.passed(context);
      return `found ${question}`;
    });
  digest(
    here,
    questions.map((question) => `found ${question}`),
    'They disagree on one point.',
  );
  await here.ask('research', 'I will report.');
  await here.until(() => here.agent.active.size === 3, 'all three at work');
  here.agent.once(/^and the weather\?$/, 'Sunny.');
  expect(await here.ask('and the weather?', 'Sunny.')).toBe('Sunny.');
  const report = here.channel.next('They disagree on one point.');
  back.open();
  await report;
  await here.settled();
  expect(here.channel.texts()).toEqual(['I will report.', 'Sunny.', 'They disagree on one point.']);
});

test('generate and review: the reviewer knows the work and nothing of how it came about', async () => {
  const list = [{ id: 'main', subagents: { allowAgents: ['main', 'reviewer'] } }, { id: 'reviewer' }];
  const here = await open({ config: { agents: { list } } });
  here.agent.once(/^announce it$/, [start('write the announcement'), say('The first draft is on its way.')]);
  whenTold(here, 'write the announcement', 'the draft, with a secret thought');
  const review = 'list what is wrong in notes/announcement.md';
  here.agent.always(completionTurn(), (context) =>
    told(context).includes('no date is named')
      ? 'Draft done; the reviewer missed a date, I added it.'
      : [start(review, { agentId: 'reviewer', context: 'isolated' }), say('NO_REPLY')],
  );
  whenTold(here, review, 'no date is named');
  await here.ask('announce it', 'The first draft is on its way.');
  await here.channel.next(/the reviewer missed a date/);
  await here.settled();
  const turn = here.agent.turns.find(({ session }) => session === here.run(review).child);
  expect(JSON.stringify(turn?.prompt.history)).not.toContain('secret thought');
  expect(here.run(review).agentId).toBe('reviewer');
  expect(here.channel.texts()).toHaveLength(2);
});

test('triage: a cheap model for each file, a look at the urgent ones only', async () => {
  const here = await open({ checkModel: () => ({ kind: 'ok' }) });
  const files = ['one.eml', 'two.eml', 'three.eml'];
  here.agent.once(/^triage$/, [
    ...files.map((file) => start(`rate ${file}`, { model: 'openai/cheap' })),
    say('Sorting.'),
  ]);
  for (const file of files) whenTold(here, `rate ${file}`, file === 'two.eml' ? `${file}: urgent` : `${file}: noise`);
  here.agent.always(completionTurn(), (context) => {
    if (told(context).includes('looked closely')) return 'two.eml needs you today; the rest is noise.';
    const all = files.every((file) => told(context).includes(`${file}: `));
    return all ? [start('look closely at two.eml'), say('NO_REPLY')] : 'NO_REPLY';
  });
  whenTold(here, 'look closely at two.eml', 'looked closely');
  await here.ask('triage', 'Sorting.');
  await here.channel.next(/two\.eml needs you today/);
  await here.settled();
  expect(here.runs().map(({ label, model }) => [label, model])).toEqual(
    expect.arrayContaining([
      ...files.map((file) => [`rate ${file}`, 'openai/cheap']),
      ['look closely at two.eml', 'scripted/one'],
    ]),
  );
  expect(here.channel.texts()).toHaveLength(2);
});

test('checkpoint: what was noted is not done again after a crash', async () => {
  const done: string[] = [];
  const note: Tool = {
    ...{ name: 'note', group: 'exec', description: '', example: {} },
    parameters: { kind: 'json', schema: {} },
    run: async (input) => {
      done.push(String((input as { readonly item: string }).item));
      return { text: `noted; done so far: ${done.join(', ')}` };
    },
  };
  const here = await open({ tools: [note] });
  const items = ['one', 'two', 'three', 'four'];
  const next = (): readonly ScriptStep[] =>
    items.filter((item) => !done.includes(item)).map((item) => call('note', { item }));
  here.agent.once(/^checkpoint$/, [start('work through tasks.md'), say('On it.')]);
  whenTold(here, 'work through tasks.md', () => [...next().slice(0, 2), hang()]);
  here.agent.always(completionTurn(), 'All four are done.');
  await here.ask('checkpoint', 'On it.');
  const { child } = here.run('work through tasks.md');
  await here.until(() => done.length === 2 && turnsOf(here, child).length === 1, 'half of it');
  await here.clock.flush();
  whenTold(here, 'work through tasks.md', () => [...next(), say('finished')]);
  await here.restart('kill');
  await here.channel.next('All four are done.');
  await here.settled();
  expect(done).toEqual(items);
});
