// When the session of an ended run goes away: its deadline, what keeps it, and what is left of it.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { itemMaker } from '../agents/mail-items.ts';
import { hang, say } from '../fakes/script.ts';
import { until } from '../fakes/wait.ts';
import { completionTurn, delegate, delivers, downFor, ends, isCompletion, start } from './endings.ts';
import { inGroup, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const minutes = (count: number): number => count * 60_000;

async function open(subagents: object = {}): Promise<World> {
  world = await openWorld({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2, ...subagents } } } } });
  return world;
}

const session = (here: World, label: string) => here.engine.stores.sessions.get(here.run(label).child);

/** Names of a run's transcript files. */
function files(here: World, label: string): readonly string[] {
  const { childSessionId } = here.run(label);
  const folder = dirname(here.engine.stores.transcripts.path(childSessionId));
  return readdirSync(folder).filter((name) => name.startsWith(childSessionId));
}

async function archived(here: World, label: string): Promise<void> {
  await here.until(() => here.run(label).archivedAt !== undefined, `${label} to be archived`);
  expect(await session(here, label)).toBeUndefined();
}

async function finished(here: World, task: string): Promise<void> {
  here.agent.once(new RegExp(`^${task}$`), `${task} result`);
  await here.ask(`/subagents spawn main ${task}`, '✅ main started');
  await delivers(here, task, 'delivered');
}

describe('an ended run', () => {
  test('is archived 60 minutes after it was delivered; its transcript stays under another name', async () => {
    const here = await open();
    await finished(here, 'research');
    expect(await typed(here, '/subagents info research')).toContain('Archive at: 2026-01-01T01:00:00Z');
    await here.clock.advance(minutes(59));
    expect(here.run('research').archivedAt).toBeUndefined();
    expect(files(here, 'research')).toEqual([`${here.run('research').childSessionId}.jsonl`]);
    await here.until(() => here.clock.pending() > 0, 'the next sweep');
    await here.clock.advance(minutes(2));
    await archived(here, 'research');
    expect(files(here, 'research')).toEqual([expect.stringMatching(/\.jsonl\.deleted\.2026-01-01T01-0[01]-00\.000Z$/)]);
    expect(await typed(here, '/subagents log research')).toContain('archived');
    expect(await typed(here, '/subagents send research hello')).toContain('is archived');
  });

  test('takes no turn in while it is being put away: what comes then finds it gone', async () => {
    const here = await open();
    await finished(here, 'research');
    const before = await session(here, 'research');
    if (before === undefined) throw new Error('no session');
    await here.clock.advance(minutes(59));
    await here.until(() => here.clock.pending() > 0, 'the next sweep');
    const gate = Promise.withResolvers<void>();
    void here.engine.delivery.bindings.ifUnbound('another', () => gate.promise);
    await here.clock.advance(minutes(2));
    await here.until(() => here.engine.layer.scheduler.busy(before.key), 'the archiving');
    here.engine.layer.turns.offer(before, itemMaker()('note', 'too late'));
    await here.clock.flush();
    expect(here.agent.turns.map((turn) => turn.text)).not.toContain('too late');
    gate.resolve();
    await archived(here, 'research');
    await here.until(() => here.engine.layer.unprocessed.busy(), 'the drop');
    expect(here.agent.turns.map((turn) => turn.text)).not.toContain('too late');
    expect(files(here, 'research')).toHaveLength(1);
  });

  test('is archived at any depth', async () => {
    const here = await open();
    here.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    here.agent.once(/^inner$/, 'inner result');
    here.agent.once((one, text) => one.kind === 'subagent' && isCompletion(text), 'outer result');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await here.channel.next('All done.');
    await delivers(here, 'outer', 'delivered');
    await here.settled();
    await here.clock.advance(minutes(61));
    await archived(here, 'inner');
    await archived(here, 'outer');
  });

  test('is never archived with archiveAfterMinutes 0', async () => {
    const here = await open({ archiveAfterMinutes: 0 });
    await finished(here, 'research');
    expect(here.run('research').archiveAt).toBeUndefined();
    await here.clock.advance(minutes(3 * 24 * 60));
    expect(await session(here, 'research')).toBeDefined();
  });

  test('that was overdue when nothing ran is archived at the next start', async () => {
    const here = await open();
    await finished(here, 'research');
    await downFor(here, minutes(30));
    expect(await session(here, 'research')).toBeDefined();
    await downFor(here, minutes(60));
    await archived(here, 'research');
  });

  test('that was overdue when nothing ran first answers what was said to it before', async () => {
    const here = await open();
    await finished(here, 'research');
    here.agent.once(/^more$/, [say('at it'), hang()]);
    here.agent.once(/^more$/, 'more about it');
    await here.say('/subagents send research more');
    await here.until(() => here.agent.active.has(here.run('research').child), 'its turn');
    await downFor(here, minutes(90));
    await here.channel.next(/more about it/);
    await here.settled();
    await here.clock.advance(minutes(1));
    await archived(here, 'research');
  });

  test('whose session is gone at the next start leaves no message without a word', async () => {
    const here = await open();
    await finished(here, 'research');
    here.agent.once(/^more$/, [hang()]);
    await here.say('/subagents send research more');
    await here.until(() => here.agent.active.has(here.run('research').child), 'its turn');
    await here.engine.stores.sessions.archive(here.run('research').child);
    await here.restart('kill');
    await here.clock.advance(1_000);
    await here.channel.next(/1 message not processed: the session has been archived/);
  });

  test('that could not be delivered is kept for a week', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.channel.judge((attempt) => (attempt.key.startsWith('announce:') ? 'refused' : undefined));
    await here.ask('/subagents spawn main research', '✅ main started');
    await delivers(here, 'research', 'undelivered');
    expect(here.run('research').archiveAt).toBe(here.clock.now() + minutes(7 * 24 * 60));
    expect(await typed(here, '/subagents log research')).toContain('A is 1');
  });
});

describe('cleanup: delete', () => {
  test('archives right after the person has the result', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(/^go$/, [start('research', { cleanup: 'delete' }), say('started')]);
    here.agent.once(completionTurn(), 'It is one.');
    await here.ask('go', 'started');
    await here.channel.next('It is one.');
    await archived(here, 'research');
    await until(() => files(here, 'research').every((name) => name.includes('.deleted.')), 'the transcript to move');
  });

  test.each([
    ['said nothing', 'NO_REPLY', 'silent'],
    ['asked to be skipped', 'ANNOUNCE_SKIP', 'skipped'],
  ] as const)('archives a run that %s', async (_, word, state) => {
    const here = await open();
    here.agent.once(/^research$/, word);
    here.agent.once(/^go$/, [start('research', { cleanup: 'delete' }), say('started')]);
    await here.ask('go', 'started');
    await delivers(here, 'research', state);
    await archived(here, 'research');
  });

  test('archives a run whose requester is a run, once that took the result in', async () => {
    const here = await open();
    here.agent.once(/^outer$/, [start('inner', { cleanup: 'delete' }), say('waiting')]);
    here.agent.once(/^inner$/, 'inner result');
    here.agent.once((one, text) => one.kind === 'subagent' && isCompletion(text), 'outer result');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await here.channel.next('All done.');
    await archived(here, 'inner');
    expect(await session(here, 'outer')).toBeDefined();
  });
});

test('a bound session is not archived until it is unbound', async () => {
  const config = { session: { threadBindings: { idleHours: 0 } } };
  const here = await openPeople({ config, channel: { can: { threads: true } } });
  world = here;
  here.agent.once(/^docs$/, 'ready');
  here.agent.once(/^go$/, [start('docs', { thread: true, context: 'isolated' }), say('started')]);
  await here.say('go', inGroup(here));
  await here.channel.next('ready');
  await delivers(here, 'docs', 'delivered');
  await here.clock.advance(minutes(180));
  expect(await session(here, 'docs')).toBeDefined();
  const thread = here.channel.threads[0]?.route.thread;
  await here.say('still there?', inGroup(here, {}, thread));
  await here.channel.next('ok');
  await typed(here, '/unfocus', inGroup(here, {}, thread));
  await here.clock.flush();
  await here.clock.advance(minutes(1));
  await here.until(() => here.run('docs').archivedAt !== undefined, 'docs to be archived');
  expect(await session(here, 'docs')).toBeUndefined();
});

test('a run at work is not archived, whatever its deadline says', async () => {
  const here = await open();
  await finished(here, 'research');
  here.agent.once(/^go on$/, [say('at it'), hang()]);
  await here.say(`/subagents send research go on`);
  await here.until(() => here.agent.active.size === 1, 'the turn');
  here.configure({ agents: { defaults: { stall: { warnSeconds: 0, abortSeconds: 0 } } } });
  await here.clock.advance(minutes(20));
  await ends(here, 'research', 'succeeded');
  expect(await session(here, 'research')).toBeDefined();
  await here.ask('/stop', 'nothing');
});
