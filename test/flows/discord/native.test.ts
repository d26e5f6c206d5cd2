// Native commands, buttons and suggestions on Discord, over the wire.
import { afterEach, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations } = world.twin;
  await world.close();
  expect(violations).toEqual([]);
});

/** Runs work until the gate opens. */
async function open(options?: Options): Promise<PromiseWithResolvers<void>> {
  const gate = Promise.withResolvers<void>();
  world = await openWorld(options);
  scripted(world.model, async ({ child, last }) => {
    if (!child) return undefined;
    await gate.promise;
    return text(`done: ${last.slice(0, 40)}`);
  });
  await until(() => world.twin.commands('global').length > 0, 'the commands to be registered');
  return gate;
}

it('a run is started, found by what is typed, steered by a form and stopped by a button', async () => {
  await open();
  const { ann, bob, general, twin } = world;
  const here = { in: general };
  const started = await ann.slash('/subagents spawn', { 'agent-id': 'main', task: 'dig --deep "now"' }, here);
  expect(started.deferred).toBe('public');
  await started.next(/^✅ main started \(#1/);
  const offered = await ann.types('/subagents kill', 'target', 'di', here);
  expect(offered).toMatchObject([{ name: expect.stringMatching(/^#1 dig/) }]);
  const list = await ann.slash('/subagents list', {}, here);
  const shown = await list.next(/^Active:/);
  expect(list.private).toBe(true);
  expect(shown.buttons).toEqual(['Kill #1', 'Log #1', 'Steer #1']);
  expect(shown.text).toContain('dig --deep "now"');

  const log = await ann.presses('Log #1');
  await log.next(/^dig/);
  expect(twin.ephemeral(ann).map((each) => each.text)).toContainEqual(expect.stringMatching(/^dig.*\n-+\nUser: dig/));
  expect((await ann.presses('Steer #1')).modal?.title).toMatch(/^What should dig/);
  await ann.submits({ text: 'deeper,\nplease' });
  await twin.next(general, /dig.*(steered|goes in at its next step)|steered dig/);
  const stranger = await bob.types('/subagents kill', 'target', '', here);
  expect(stranger?.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^#1 dig/));
  await ann.presses('Kill #1');
  await twin.next(general, /stopped 1/);
});

it('50 commands at once have their sign in time, and each its answer, once', async () => {
  await open();
  const { ann, general } = world;
  const all = await Promise.all(Array.from({ length: 50 }, () => ann.slash('/whoami', {}, { in: general })));
  expect(all.map(({ deferred }) => deferred)).toEqual(all.map(() => 'private'));
  await until(() => all.every(({ replies }) => replies.length > 0), 'all answers');
  expect(new Set(all.map(({ replies }) => replies.join()))).toEqual(new Set([expect.stringContaining(ann.id)]));
});

it('whoever is not heard is told so alone, and is offered nothing', async () => {
  await open({ discord: { groups: {} } });
  const { ann, general, twin } = world;
  const refused = await ann.slash('/stop', {}, { in: general });
  expect(refused.deferred).toBe('private');
  await refused.next('not allowed');
  expect(await ann.types('/subagents kill', 'target', '', { in: general })).toEqual([]);
  expect(twin.shown(general)).toEqual([]);
});

it('buttons are for the one who asked, and for the owner', async () => {
  await open();
  const { ann, bob, guild, general, twin } = world;
  await bob.says('/subagents spawn main walk', { in: general });
  await twin.next(general, /started \(#1/);
  await bob.says('/subagents list', { in: general });
  await twin.next(general, /^Active:/);
  const carol = twin.person('Carol');
  guild.joins(carol);
  await (await carol.presses('Kill #1', { in: general })).next('only Bob or the owner may use this');
  await ann.presses('Kill #1', { in: general });
  await twin.next(general, /stopped 1/);
});

it('who may talk to the bot is decided by a button, also after a restart, and once', async () => {
  await open();
  const { ann, twin } = world;
  await ann.says('hello');
  await twin.next(ann, 'ok');
  const carol = twin.person('Carol');
  await carol.says('may I?');
  const question = await twin.next(ann, /Carol/);
  expect(question.buttons).toEqual(['Approve', 'Deny']);
  await world.restart();
  await until(() => (world.place.log().match(/discord_connected/g) ?? []).length === 2, 'the second login');
  await ann.presses('Approve');
  await twin.next(ann, /✅ Carol/);
  await until(() => twin.messages(ann).every(({ buttons }) => buttons.length === 0), 'the buttons to go');
  const status = await carol.slash('/status');
  await status.next(/^Status:/);
});

it('a command is answered in its place by the next process when this one ends first', async () => {
  await open();
  const { ann, general, twin } = world;
  twin.fault('PATCH /webhooks/:id/:token/messages/@original', { status: 503 }, 100);
  const shown = await ann.slash('/stop', {}, { in: general });
  await until(() => twin.called('PATCH /webhooks/:id/:token/messages/@original').length > 0, 'the first try');
  await world.restart();
  twin.heal();
  await shown.next(/nothing was running/);
  expect(twin.shown(general)).toHaveLength(1);
});

it('two people look at lists of their own, and both are kept up to date', async () => {
  const gate = await open();
  const { ann, bob, general, twin } = world;
  await ann.says('/subagents spawn main walk', { in: general });
  await twin.next(general, /started/);
  const lists = [
    await ann.slash('/subagents list', {}, { in: general }),
    await bob.slash('/subagents list', {}, { in: general }),
  ];
  for (const list of lists) await list.next(/running/);
  gate.resolve();
  await until(() => lists.every(({ reply }) => /all ended/.test(reply ?? '')), 'both to end');
});

it('a list that a newer one replaces says that it is no longer kept up to date', async () => {
  const gate = await open();
  const { ann, general, twin } = world;
  await ann.says('/subagents spawn main walk', { in: general });
  await twin.next(general, /started/);
  const first = await ann.slash('/subagents list', {}, { in: general });
  await first.next(/running/);
  await (await ann.slash('/agents', {}, { in: general })).next(/^Agents:/);
  await until(() => /no longer kept up to date/.test(first.reply ?? ''), 'the last word', 15_000);
  gate.resolve();
});

it('what is under way is offered however many others came after it', async () => {
  world = await openWorld();
  const { ann, general, twin, model } = world;
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ child, last }) => {
    if (child && last.includes('slow')) await gate.promise;
    return child ? text('ANNOUNCE_SKIP') : undefined;
  });
  await until(() => twin.commands('global').length > 0, 'the commands to be registered');
  const spawn = async (task: string): Promise<void> => {
    const started = await ann.slash('/subagents spawn', { 'agent-id': 'main', task }, { in: general });
    await started.next(/started/);
  };
  await spawn('slow');
  for (let n = 0; n < 51; n += 1) await spawn(`quick${n}`);
  const offered = await ann.types('/subagents kill', 'target', 'slow', { in: general });
  expect(offered).toMatchObject([{ value: 'slow' }]);
  gate.resolve();
});

it('a command is answered at once although many results wait for their turn in the channel', async () => {
  world = await openWorld({
    config: { agents: { defaults: { model: 'twin/one', subagents: { maxChildrenPerAgent: 20, maxConcurrent: 20 } } } },
  });
  const { ann, general, twin, model } = world;
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ child }) => {
    if (child) await gate.promise;
    return child ? text('done') : undefined;
  });
  await until(() => twin.commands('global').length > 0, 'the commands to be registered');
  const here = { in: general };
  for (let n = 0; n < 12; n += 1)
    await (await ann.slash('/subagents spawn', { 'agent-id': 'main', task: `job${n}` }, here)).next(/started/);
  gate.resolve();
  await until(() => twin.shown(general).filter((each) => each.includes('completed')).length >= 5, 'the first results');
  const [seen, stop] = [await ann.slash('/whoami', {}, here), await ann.slash('/stop', {}, here)];
  await until(() => seen.reply !== undefined && stop.reply !== undefined, 'the answers', 2_000);
  const results = (): number => twin.shown(general).filter((each) => each.includes('completed')).length;
  await until(() => results() === 12, 'all results', 15_000);
  expect(world.place.log()).not.toContain('"status":429');
});
