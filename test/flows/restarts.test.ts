// The process ends in the middle of runs, and the next one takes them up: what goes on, what ends, who is told.
import { mkdirSync, rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/agent.ts';
import type { Tool } from '../../src/core/tool.ts';
import { call, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, downFor, ends, forgetTurns, notes, start, turnsOf } from './endings.ts';
import { openWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Never comes to an end. */
const work: Tool = {
  ...{ name: 'work', group: 'exec', description: '', example: {} },
  parameters: { kind: 'json', schema: {} },
  run: () => new Promise(() => undefined),
};
const minutes = (count: number): number => count * 60_000;
const resumed = /^\[A restart cut the work above off\./;

async function open(subagents: object = {}): Promise<World> {
  world = await openWorld({ tools: [work], config: { agents: { defaults: { subagents } } } });
  world.agent.always(completionTurn(), ({ text }) => `told: ${/label "([\w-]+)"/.exec(text)?.[1]}`);
  return world;
}

/** The run's turn works with this tool, and is cut off by a crash. */
async function cutOff(here: World, label: string, turns: number): Promise<void> {
  const { child } = here.run(label);
  await here.until(() => turnsOf(here, child).length === turns, `turn ${turns} of ${label}`);
  await here.until(() => here.agent.active.has(child), `${label} to work`);
  await here.clock.flush();
  await here.restart('kill');
}

/** A turn of a run that was given the result of this child. */
const reads =
  (label: string) =>
  (session: { readonly kind: string }, text: string): boolean =>
    session.kind === 'subagent' && text.includes(`label "${label}"`);

const told = (here: World): readonly string[] => here.channel.texts().filter((text) => text.startsWith('told'));
const owners = (here: World): readonly string[] => here.channel.texts().filter((text) => text.includes('restarted'));
const texts = (history: readonly Entry[]): readonly string[] =>
  history.map((entry) => ('text' in entry ? entry.text : entry.type));

describe('a run that was cut off', () => {
  test('goes on with all it knew, and is told of the call nobody knows the end of', async () => {
    const here = await open();
    here.agent.once(/^cut$/, [say('half way'), call('work', { command: 'deploy' })]);
    await delegate(here, 'cut');
    await ends(here, 'cut', 'running');
    await cutOff(here, 'cut', 1);
    await here.channel.next('told: cut');
    await here.settled();
    const [, again] = here.agent.turns.filter((turn) => turn.session === here.run('cut').child);
    const history = texts(again?.prompt.history ?? []);
    expect(history).toEqual(['cut', 'assistant', 'assistant', expect.stringMatching(resumed), 'cut']);
    expect(history[3]).toContain('Nobody knows what became of: work {"command":"deploy"}.');
    expect(again?.prompt.resumed).toBe(true);
    expect(here.run('cut').state.status).toBe('succeeded');
    expect(owners(here)).toEqual([expect.stringMatching(/Goes on, told to check .*: cut \(run \w{8}\)\./)]);
  });

  test('keeps its place beside what had not started, and each is told once over further restarts', async () => {
    const here = await open({ maxConcurrent: 1 });
    here.agent.once(/^cut$/, [say('half way'), hang()]);
    here.agent.once(/^queued$/, 'queued result');
    await delegate(here, 'cut', 'queued');
    await ends(here, 'cut', 'running');
    await cutOff(here, 'cut', 1);
    await here.channel.next('told: cut');
    await here.channel.next('told: queued');
    await here.settled();
    for (const how of ['kill', 'drain'] as const) await here.restart(how);
    await here.settled();
    expect(told(here)).toHaveLength(2);
    expect(owners(here)).toHaveLength(1);
  });

  test('is given up the third time in ten minutes: ended as interrupted with all it started, told, and marked', async () => {
    const here = await open({ maxSpawnDepth: 2 });
    here.agent.once(/^bad$/, [start('below'), hang()]);
    here.agent.always(/^bad$/, [hang()]);
    here.agent.always(/^below$/, [hang()]);
    await delegate(here, 'bad');
    await ends(here, 'below', 'running');
    for (const turn of [1, 2, 3]) await cutOff(here, 'bad', turn);
    await here.channel.next('told: bad');
    await here.settled();
    expect(here.run('bad').state).toMatchObject({ status: 'failed', outcome: { code: 'interrupted' } });
    expect((await notes(here, ann(here))).join()).toMatch(/interrupted: .*check what it may have done in part/);
    expect(here.run('below').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(owners(here).at(-1)).toMatch(/Ended, check what it may have done in part: bad \(run \w{8}\)\./);
    const session = await here.engine.stores.sessions.get(here.run('bad').child);
    expect(session?.abortedLastRun).toBe(true);
    expect(here.engine.stores.openTurns.all()).toEqual([]);
    await here.restart('kill');
    await here.settled();
    expect(owners(here)).toHaveLength(3);
    expect(turnsOf(here, here.run('bad').child)).toHaveLength(3);
  });

  test('takes along what has ended below what ends with it and was not told yet', async () => {
    const here = await open({ maxSpawnDepth: 3 });
    here.agent.once(/^bad$/, [start('below'), hang()]);
    here.agent.once(/^below$/, [start('leaf'), hang()]);
    here.agent.always(/^(?:bad|below)$/, [hang()]);
    here.agent.once(/^leaf$/, 'leaf result');
    await delegate(here, 'bad');
    await ends(here, 'leaf', 'succeeded');
    for (const turn of [1, 2, 3]) await cutOff(here, 'bad', turn);
    await here.channel.next('told: bad');
    await here.settled();
    expect(here.run('below').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(here.run('leaf').delivery).toMatchObject({ state: 'skipped', reason: 'stopped before it was reported' });
    expect(told(here)).toEqual(['told: bad']);
  });

  test('may be cut off again later: only the last ten minutes count', async () => {
    const here = await open();
    here.agent.always(/^long$/, [say('at it'), hang()]);
    await delegate(here, 'long');
    await ends(here, 'long', 'running');
    for (const turn of [1, 2]) await cutOff(here, 'long', turn);
    await here.until(() => turnsOf(here, here.run('long').child).length === 3, 'the third turn');
    await here.clock.flush();
    await downFor(here, minutes(10));
    await here.until(() => turnsOf(here, here.run('long').child).length === 4, 'the fourth turn');
    expect(here.run('long').state.status).toBe('running');
  });

  test('is not begun anew where nothing says what it was doing', async () => {
    const here = await open();
    here.agent.once(/^cut$/, [hang()]);
    await delegate(here, 'cut');
    await ends(here, 'cut', 'running');
    await here.until(() => here.agent.active.has(here.run('cut').child), 'the turn');
    await forgetTurns(here);
    await here.restart('kill');
    await here.channel.next('told: cut');
    expect(here.run('cut').state).toMatchObject({ status: 'failed', outcome: { code: 'interrupted' } });
    expect((await here.engine.stores.sessions.get(here.run('cut').child))?.abortedLastRun).toBe(true);
    expect(turnsOf(here, here.run('cut').child)).toHaveLength(1);
  });

  test('goes on however long the process was down', async () => {
    const here = await open();
    here.agent.once(/^cut$/, [say('at it'), hang()]);
    await delegate(here, 'cut');
    await ends(here, 'cut', 'running');
    await here.until(() => here.agent.active.has(here.run('cut').child), 'the turn');
    await downFor(here, minutes(300));
    await here.channel.next('told: cut');
    expect(here.run('cut').state.status).toBe('succeeded');
  });

  test('still ends at its time limit, counted from its first start', async () => {
    const here = await open({ runTimeoutSeconds: 600 });
    here.agent.always(/^slow$/, [say('at it'), hang()]);
    await delegate(here, 'slow');
    await ends(here, 'slow', 'running');
    await here.clock.advance(minutes(4));
    await cutOff(here, 'slow', 1);
    await here.until(() => turnsOf(here, here.run('slow').child).length === 2, 'the turn');
    await here.clock.flush();
    await here.clock.advance(minutes(6));
    await here.channel.next('told: slow');
    expect(here.run('slow').state.status).toBe('timed_out');
  });

  test('whose time ran out meanwhile ends as timed out at start, and nothing of it runs', async () => {
    const here = await open({ runTimeoutSeconds: 600 });
    here.agent.always(/^slow$/, [say('first half'), hang()]);
    await delegate(here, 'slow');
    await ends(here, 'slow', 'running');
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await downFor(here, minutes(11));
    await here.channel.next('told: slow');
    expect(here.run('slow').state).toMatchObject({ status: 'timed_out', outcome: { partial: 'first half' } });
    expect(here.engine.stores.openTurns.all().filter(({ session }) => session === here.run('slow').child)).toEqual([]);
    expect((await here.engine.stores.sessions.get(here.run('slow').child))?.abortedLastRun).toBeUndefined();
    expect(turnsOf(here, here.run('slow').child)).toHaveLength(1);
  });
});

describe('a run that waits', () => {
  test('goes on with the result of a child that was cut off', async () => {
    const here = await open({ maxSpawnDepth: 2 });
    here.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    here.agent.once(/^inner$/, [say('at it'), hang()]);
    here.agent.once(reads('inner'), 'all done');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    await ends(here, 'inner', 'running');
    await cutOff(here, 'inner', 1);
    await here.channel.next('told: outer');
    await here.settled();
    expect(here.runs().map((run) => [run.label, run.state.status, run.delivery.state])).toEqual([
      ['outer', 'succeeded', 'delivered'],
      ['inner', 'succeeded', 'delivered'],
    ]);
    expect(here.run('outer').state).toMatchObject({ outcome: { text: 'all done' } });
  });

  test('and was cut off while it read a result goes on with that result', async () => {
    const here = await open({ maxSpawnDepth: 2 });
    here.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    here.agent.once(/^inner$/, 'inner result');
    here.agent.once(reads('inner'), [call('work'), say('never')]);
    here.agent.once(reads('inner'), 'read it');
    await delegate(here, 'outer');
    await here.until(() => here.run('inner').delivery.state === 'handed', 'the handover');
    await cutOff(here, 'outer', 2);
    await here.channel.next('told: outer');
    await here.settled();
    expect(here.run('outer').state).toMatchObject({ status: 'succeeded', outcome: { text: 'read it' } });
    expect(told(here)).toHaveLength(1);
  });

  test('for nobody any more ends as it stands', async () => {
    const here = await open({ maxSpawnDepth: 2 });
    here.agent.once(/^outer$/, [start('inner'), say('as it stands')]);
    here.agent.once(/^inner$/, [hang()]);
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    await ends(here, 'inner', 'running');
    const { registry, database, openTurns } = here.engine.stores;
    const { id, child } = here.run('inner');
    // As a crash leaves it that comes between the end of the child and the end of who waited for it.
    await database.write((sql) => {
      const state = { status: 'succeeded', endedAt: 1, outcome: { kind: 'success', text: 'x' } } as const;
      registry.change(sql, id, (run) => ({ ...run, state, delivery: { state: 'delivered', attempts: 1 } }));
      openTurns.ended(sql, child, openTurns.of(child, sql)?.turn ?? '');
    });
    await here.restart('kill');
    await here.channel.next('told: outer');
    expect(here.run('outer').state).toMatchObject({ status: 'succeeded', outcome: { text: 'as it stands' } });
  });
});

test('a spawn that was recorded but not answered is known to whoever made it, and not repeated', async () => {
  const here = await open({ maxSpawnDepth: 2 });
  here.agent.once(/^outer$/, [start('inner'), hang()]);
  here.agent.once(/^inner$/, [hang()]);
  await delegate(here, 'outer');
  await ends(here, 'inner', 'running');
  const { child, childSessionId } = here.run('outer');
  const { transcripts } = here.engine.stores;
  // As if the process had died between recording the run and writing the answer of the tool.
  const before = (await transcripts.read(childSessionId)).filter((entry) => entry.type !== 'tool');
  await transcripts.archive(childSessionId, 'deleted', 1);
  await transcripts.append(childSessionId, before);
  await here.restart('kill');
  await here.until(() => turnsOf(here, child).length === 2, 'the turn');
  const history = here.agent.turns.findLast((turn) => turn.session === child)?.prompt.history ?? [];
  const answer = history.find((entry) => entry.type === 'tool');
  expect(answer).toMatchObject({ name: 'sessions_spawn', output: expect.stringContaining(here.run('inner').id) });
  expect(texts(history).find((text) => resumed.test(text))).not.toContain('Nobody knows');
});

test('a run that cannot be taken up ends with a reason, and keeps neither the process nor the next run from starting', async () => {
  const here = await open({ maxConcurrent: 1 });
  here.agent.once(/^slow$/, [say('at it'), hang()]);
  here.agent.once(/^fine$/, 'fine result');
  here.agent.once(/^go$/, [start('slow'), start('bad', { context: 'fork' }), start('fine'), say('started')]);
  await here.ask('go', 'started');
  await ends(here, 'slow', 'running');
  // As if the process had died before it copied the transcript, which the disk refuses.
  const path = here.engine.stores.transcripts.path(here.run('bad').childSessionId);
  rmSync(path);
  mkdirSync(`${path}.part`);
  await cutOff(here, 'slow', 1);
  await here.channel.next('told: bad');
  await here.channel.next('told: fine');
  await here.settled();
  expect(here.run('bad').state).toMatchObject({ status: 'failed', outcome: { code: 'interrupted' } });
  expect(here.runs().map(({ state }) => state.status)).toEqual(['succeeded', 'failed', 'succeeded']);
});

test('a restart that cut nothing off is not told', async () => {
  const here = await open();
  await here.ask('hello', 'ok');
  await here.settled();
  for (const how of ['drain', 'kill'] as const) await here.restart(how);
  await here.settled();
  expect(here.channel.texts()).toEqual(['ok']);
});
