// Where results arrive: the conversation bound to the child, the one bound to its requester, the place that asked; what
// happens when that place is gone, and how people see and mend what could not be delivered.
import { afterEach, describe, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { routeKey } from '../../src/core/route.ts';
import { controlHandlers } from '../../src/wiring/control.ts';
import { fail, hang, say } from '../fakes/script.ts';
import {
  ann,
  completionTurn,
  delegate,
  delivers,
  ends,
  gate,
  group,
  isCompletion,
  noted,
  start,
  turnsOf,
} from './endings.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(config: object = {}): Promise<World> {
  world = await openPeople({ config, channel: { can: { threads: true } } });
  return world;
}

/** With a transcript of its own, so that its task is all it reads. */
const ownThread = { thread: true, context: 'isolated' };

const places = (here: World): readonly string[] =>
  here.channel.sent.map((sent) => `${place(sent.route)}: ${sent.text}`);
const place = ({ chat, thread }: Route): string => (thread === undefined ? chat : `${chat}/${thread}`);

/** The agent of the group starts a run that stays behind the gate. */
async function inThread(here: World, thread: string | undefined, task: string) {
  const done = gate();
  here.agent.once(new RegExp(`^${task}$`), async function* (context) {
    await done.passed(context);
    yield say(`result of ${task}`);
  });
  here.agent.once(new RegExp(`^do ${task}$`), [start(task), say(`started ${task}`)]);
  await here.say(`do ${task}`, inGroup(here, {}, thread));
  await here.channel.next(`started ${task}`);
  return done;
}

describe('a child bound to a conversation', () => {
  test('answers there once, and its requester gets a note', async () => {
    const here = await open();
    here.agent.once(/^docs$/, 'The page is written.');
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    await here.say('go', inGroup(here));
    await here.channel.next('The page is written.');
    await delivers(here, 'docs', 'delivered');
    await here.settled();
    const [thread] = here.channel.threads;
    expect(places(here).filter((line) => line.includes('The page is written.'))).toEqual([
      `${thread === undefined ? '' : place(thread.route)}: The page is written.`,
    ]);
    expect(here.run('docs').delivery.state).toBe('delivered');
    const requester = here.run('docs').requester;
    await noted(here, requester, 'The page is written.');
    expect(turnsOf(here, requester)).toEqual(['go']);
  });

  test('goes on answering there, and each time the requester gets a note', async () => {
    const here = await open();
    here.agent.once(/^docs$/, 'The page is written.');
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    await here.say('go', inGroup(here));
    await here.channel.next('The page is written.');
    await delivers(here, 'docs', 'delivered');
    here.agent.once(/^and the flag\?$/, 'The flag is in.');
    const thread = here.channel.threads[0]?.route;
    await here.say('and the flag?', inGroup(here, {}, thread?.thread));
    const answer = await here.channel.next('The flag is in.');
    expect(answer.route).toEqual(thread);
    await noted(here, here.run('docs').requester, 'The flag is in.');
    expect(turnsOf(here, here.run('docs').requester)).toEqual(['go']);
    await here.settled();
  });

  test('asked by a person while it works, answers both there, and nothing is reported a second time', async () => {
    const here = await open();
    const done = gate();
    here.agent.once(/^docs$/, async function* (context) {
      await done.passed(context);
      yield say('The page is written.');
    });
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    await here.say('go', inGroup(here));
    await ends(here, 'docs', 'running');
    const thread = here.channel.threads[0]?.route.thread;
    here.agent.once(/^and the flag\?$/, 'The flag is in.');
    await here.say('and the flag?', inGroup(here, {}, thread));
    await here.until(() => here.engine.layer.turns.waiting(here.run('docs').child).length > 0, 'the message');
    done.open();
    await here.channel.next('The flag is in.');
    await delivers(here, 'docs', 'delivered');
    await here.settled();
    expect(here.channel.texts(here.channel.threads[0]?.route).slice(1)).toEqual([
      'The page is written.',
      'The flag is in.',
    ]);
    expect(turnsOf(here, here.run('docs').requester)).toEqual(['go']);
  });

  test('that failed is reported by its requester, in the child’s conversation', async () => {
    const here = await open();
    here.agent.once(/^docs$/, [fail('no such page')]);
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    here.agent.once((session, text) => session.kind === 'chat' && isCompletion(text), 'It did not work.');
    await here.say('go', inGroup(here));
    const { route } = await here.channel.next('It did not work.');
    expect(route).toEqual(here.channel.threads[0]?.route);
    await delivers(here, 'docs', 'delivered');
  });

  test('takes in what its own children bring, also after its task, and answers in its conversation', async () => {
    const here = await open({ agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } });
    here.agent.once(/^docs$/, 'ready');
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    await here.say('go', inGroup(here));
    await here.channel.next('ready');
    await delivers(here, 'docs', 'delivered');
    const thread = here.channel.threads[0]?.route;
    here.agent.once(/^check it$/, [start('check'), say('checking')]);
    here.agent.once(/^check$/, 'all links work');
    here.agent.once((session, text) => session.kind === 'subagent' && isCompletion(text), 'I checked: fine.');
    await here.say('check it', inGroup(here, {}, thread?.thread));
    const { route } = await here.channel.next('I checked: fine.');
    expect(route).toEqual(thread);
    await delivers(here, 'check', 'delivered');
    expect(turnsOf(here, here.run('docs').requester)).toEqual(['go']);
    await here.settled();
  });

  test('that no longer can is left to the formatter, in the same conversation', async () => {
    const here = await open({ agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } });
    here.agent.once(/^docs$/, 'ready');
    here.agent.once(/^go$/, [start('docs', ownThread), say('started')]);
    await here.say('go', inGroup(here));
    await here.channel.next('ready');
    await delivers(here, 'docs', 'delivered');
    const thread = here.channel.threads[0]?.route;
    here.agent.once(/^check it$/, [start('check'), say('checking')]);
    here.agent.once(/^check$/, 'all links work');
    here.agent.always((session, text) => session.kind === 'subagent' && isCompletion(text), [fail('broken')]);
    await here.say('check it', inGroup(here, {}, thread?.thread));
    const { child } = here.run('docs');
    for (const [attempt, pause] of [5_000, 20_000, 60_000].entries()) {
      const tried = (): number => turnsOf(here, child).filter(isCompletion).length;
      await here.until(() => tried() === attempt + 1 && !here.engine.layer.turns.busy(), `attempt ${attempt + 1}`);
      await here.clock.flush();
      await here.clock.advance(pause);
    }
    const { route } = await here.channel.next('✅ check: completed successfully');
    expect(route).toEqual(thread);
    await delivers(here, 'check', 'delivered');
  });
});

describe('the place that asked', () => {
  test('gets the result although the person has gone to another chat', async () => {
    const here = await open({ session: { dmScope: 'main' } });
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await delegate(here, 'research');
    await here.say('hello from elsewhere', { route: here.channel.direct('ann-2') });
    await here.channel.next('ok');
    await here.say('hello from somebody else', bo);
    await here.channel.next('ok');
    here.agent.once(completionTurn(), 'It is one.');
    done.open();
    const { route } = await here.channel.next('It is one.');
    expect(route).toEqual(here.channel.direct('ann'));
  });

  test('is the thread it was asked in, while people talk in others', async () => {
    const here = await open();
    const done = await inThread(here, '7', 'research');
    await here.say('hi', inGroup(here, {}, '8'));
    await here.channel.next('ok');
    await here.say('hi', inGroup(here));
    await here.channel.next('ok');
    here.agent.once(completionTurn(), 'It is one.');
    done.open();
    const { route } = await here.channel.next('It is one.');
    expect(route).toEqual(group(here, '7'));
  });

  test('gives way to the conversation its session is bound to', async () => {
    const here = await open();
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await delegate(here, 'research');
    await typed(here, `/focus ${ann(here)} --bind here`, inGroup(here, {}, '9'));
    here.agent.once(completionTurn(), 'It is one.');
    done.open();
    const { route } = await here.channel.next('It is one.');
    expect(route).toEqual(group(here, '9'));
  });
});

describe('a place that is gone', () => {
  const refusing =
    (...gone: readonly Route[]) =>
    (attempt: { readonly route: Route }) =>
      gone.some((route) => routeKey(route) === routeKey(attempt.route)) ? ('refused' as const) : undefined;

  test('is replaced by its parent chat, and the message says so', async () => {
    const here = await open({ announce: { mode: { agentRuns: 'direct' } } });
    const done = await inThread(here, '7', 'research');
    here.channel.judge(refusing(group(here, '7')));
    done.open();
    const posted = await here.channel.next('result of research');
    expect(posted.route).toEqual(group(here));
    expect(posted.text).toMatch(/^ℹ️ thread gone\n/);
    await delivers(here, 'research', 'delivered');
  });

  test('and its parent too: the session’s last place, then nowhere', async () => {
    const here = await open({ session: { dmScope: 'main' }, announce: { mode: { userRuns: 'direct' } } });
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await typed(here, '/subagents spawn main research');
    await here.say('hello from elsewhere', { route: here.channel.direct('ann-2') });
    await here.channel.next('ok');
    await here.say('hello from somebody else', bo);
    await here.channel.next('ok');
    here.channel.judge(refusing(here.channel.direct('ann')));
    done.open();
    const posted = await here.channel.next('A is 1');
    expect(posted.route).toEqual(here.channel.direct('ann-2'));
    expect(posted.text).toMatch(/^ℹ️ the place this belongs to is gone\n/);
    await delivers(here, 'research', 'delivered');
  });
});

describe('a result that cannot be delivered', () => {
  const announces = (attempt: { readonly key: string }): boolean => attempt.key.startsWith('announce:');

  async function undelivered(): Promise<World> {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.channel.judge((attempt) => (announces(attempt) ? 'refused' : undefined));
    await typed(here, '/subagents spawn main research');
    await delivers(here, 'research', 'undelivered');
    return here;
  }

  test('is shown with its reason until it is mended', async () => {
    const here = await undelivered();
    expect(await typed(here, '/subagents')).toContain('done · delivery undelivered');
    expect(await typed(here, '/subagents info research')).toMatch(
      /^Delivery: undelivered, attempts \d, reason: no route/m,
    );
    expect(await typed(here, '/tasks')).toMatch(/delivered: n\/a \(undelivered[^)]*\)[\s\S]*undelivered: 1$/);
    expect(await typed(here, '/status')).toContain('outbox: 0 pending, 1 undelivered');
    await here.clock.advance(31 * 60_000);
    expect(await typed(here, '/subagents')).toContain('done · delivery undelivered');
  });

  test('is tried for 30 minutes, and shows when it is tried next', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.channel.judge((attempt) => (announces(attempt) ? { retry: 0 } : undefined));
    await typed(here, '/subagents spawn main research');
    await delivers(here, 'research', 'sending');
    await here.until(() => here.channel.attempts.some(announces), 'the first attempt');
    await here.clock.flush();
    await here.clock.advance(3_000);
    await here.until(() => here.channel.attempts.filter(announces).length === 2, 'the second attempt');
    // In the chat itself what is written later waits behind it.
    expect(await typed(here, `/subagents info ${here.run('research').id}`, inGroup(here))).toMatch(
      /^Delivery: sending, attempts 2, next try .*, reason: telegram did not accept it yet$/m,
    );
    for (let n = 0; n < 40 && here.run('research').delivery.state === 'sending'; n += 1) {
      await here.clock.advance(60_000);
      await here.clock.flush();
    }
    expect((await delivers(here, 'research', 'undelivered')).delivery.reason).toBe(
      'telegram did not accept it for 30 min',
    );
  });

  test('is sent again by tasks retry, which never runs the task again', async () => {
    const here = await undelivered();
    here.channel.judge(undefined);
    const control = controlHandlers({ engine: here.engine } as never);
    expect(await control['tasks.retry']({ id: here.run('research').id.slice(0, 8) })).toMatchObject({ ok: true });
    await here.channel.next('A is 1');
    await delivers(here, 'research', 'delivered');
    expect(here.agent.turns.filter((turn) => turn.text === 'research')).toHaveLength(1);
    expect(await control['tasks.retry']({ id: here.run('research').id })).toMatchObject({
      ok: false,
      refusal: { code: 'delivered' },
    });
    expect(here.channel.texts().filter((text) => text.includes('A is 1'))).toHaveLength(1);
  });

  test('is given up by tasks dismiss, and then archived like any other', async () => {
    const here = await undelivered();
    const control = controlHandlers({ engine: here.engine } as never);
    expect(await control['tasks.dismiss']({ id: here.run('research').id })).toMatchObject({ ok: true });
    const run = await delivers(here, 'research', 'skipped');
    expect(run.delivery.reason).toBe('dismissed');
    expect(run.archiveAt).toBe(here.clock.now() + 60 * 60_000);
    expect(await typed(here, '/tasks')).toContain('undelivered: 0');
  });

  test('dismissed while it waits to be read is not read any more, and whoever waited for it goes on', async () => {
    const here = await open({ agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } });
    const block = gate();
    here.agent.once(/^inner$/, 'inner result');
    here.agent.once(/^outer$/, [start('inner'), say('outer said this')]);
    here.agent.always((session, text) => session.kind === 'subagent' && isCompletion(text), [fail('broken')]);
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    await here.until(() => here.run('inner').delivery.attempts === 1 && !here.engine.layer.turns.busy(), 'a first try');
    const control = controlHandlers({ engine: here.engine } as never);
    await control['tasks.dismiss']({ id: here.run('inner').id });
    await here.channel.next('All done.');
    expect(here.run('inner').delivery.state).toBe('skipped');
    expect(here.run('outer').state).toMatchObject({ status: 'succeeded' });
    block.open();
  });
});

test('a run that never ends leaves no trace of a delivery', async () => {
  const here = await open();
  here.agent.once(/^research$/, [say('at it'), hang()]);
  await delegate(here, 'research');
  await ends(here, 'research', 'running');
  expect(await typed(here, '/subagents info research')).toContain('Delivery: none, attempts 0');
});
