// Talking to one sub-agent: /focus, /unfocus, /agents, and what the other commands mean in a bound conversation.
import { afterEach, describe, expect, test } from 'vitest';
import { call, hang, say } from '../fakes/script.ts';
import { annsChat, bo, cy, ended, inGroup, lines, openPeople, startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const docsHere = lines(
  '✅ docs (main) is active here. Messages here go to it.',
  'idle: ends after 24h without messages; max age: off. /unfocus to leave.',
);
const backAtMain = lines('✅ ended; main answers again.', 'ℹ️ docs no longer answers here: unbound by hand.');

describe('/focus in a direct chat', () => {
  test('messages go to the run, answers come from it, until /unfocus', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    expect(await typed(world, '/focus docs')).toBe(docsHere);
    world.agent.once(/^hello$/, [say('docs speaking')]);
    await world.say('hello');
    await world.channel.next('docs speaking');
    expect(world.agent.turns.at(-1)?.session).toBe(world.run('docs').child);
    expect(await typed(world, '/whoami')).toContain(`session: ${world.run('docs').child}`);
    expect(await typed(world, '/unfocus')).toBe(backAtMain);
    await world.say('hello again');
    await world.until(() => world.agent.turns.at(-1)?.session === annsChat, 'main to answer');
    expect(await typed(world, '/unfocus')).toBe(
      '⚠️ This conversation is not bound to a session. /focus <label> binds it.',
    );
  });

  test.each(['docs', '1', '#1', 'do', 'last'])('takes %s for the run', async (token) => {
    world = await openWorld();
    await ended(world, 'docs');
    expect(await typed(world, `/focus ${token}`)).toBe(docsHere);
  });

  test('takes a session key, a session id and a run id', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    const run = world.run('docs');
    for (const token of [run.child, run.childSessionId, run.id.slice(0, 8)]) {
      expect(await typed(world, `/focus ${token}`), token).toBe(docsHere);
      expect(await typed(world, '/unfocus')).toBe(backAtMain);
    }
  });

  test('a newer /focus takes the place over, and the former one takes its leave', async () => {
    world = await openWorld();
    await ended(world, 'docs', 'tests');
    await typed(world, '/focus docs');
    expect(await typed(world, '/focus tests')).toContain('✅ tests (main) is active here.');
    expect(world.channel.texts()).toContain('ℹ️ docs no longer answers here: tests took its place.');
    expect(await typed(world, '/session')).toContain('bound to: tests (main)');
  });

  test('goes with whoever focuses elsewhere: one session has one place', async () => {
    world = await openPeople();
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    expect(await typed(world, `/focus ${world.run('docs').child}`, inGroup(world))).toContain(
      'docs (main) is active here',
    );
    await world.channel.next('it moved to another conversation');
    expect(world.channel.texts(world.channel.direct('ann')).at(-1)).toBe(
      'ℹ️ docs no longer answers here: it moved to another conversation.',
    );
    expect(await typed(world, '/session')).toContain('not bound');
  });

  test("the chat's own session needs no focus; the owner may focus any other chat's", async () => {
    world = await openPeople();
    await world.say('hi', bo);
    await world.settled();
    expect(await typed(world, '/focus agent:main:telegram:direct:ann')).toBe(
      '⚠️ That is the session that answers here anyway. Name a sub-agent; /agents lists them.',
    );
    expect(await typed(world, '/focus agent:main:telegram:direct:bo')).toContain('✅ main is active here.');
    expect(await typed(world, '/focus agent:main:telegram:direct:ann')).toBe(
      "⚠️ That is this conversation's own session. /unfocus goes back to it.",
    );
  });

  test('is refused where bindings are off, and nothing is bound', async () => {
    world = await openPeople({
      config: {
        channels: { telegram: { token: 't', allowFrom: ['bo'], threadBindings: { enabled: false } } },
        commands: { ownerAllowFrom: ['telegram:ann'] },
      },
    });
    await ended(world, 'docs');
    expect(await typed(world, '/focus docs')).toBe(
      '⚠️ Conversations on telegram cannot be bound: bindings are switched off. Set session.threadBindings.enabled to true (or the override of this channel).',
    );
    await startsWork(world, 'other');
    expect(await typed(world, '/agents')).toBe(
      lines('Agents:', '-----', '2. other (main, running) bindings unavailable'),
    );
  });

  test('a run that is being archived at that moment cannot be focused, and leaves no binding behind', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    const { stores, delivery } = world.engine;
    const { child } = world.run('docs');
    const begun = Promise.withResolvers<void>();
    const archiving = delivery.bindings.ifUnbound(child, async () => {
      await begun.promise;
      await stores.sessions.archive(child);
    });
    const reply = world.ask('/focus docs', /docs (?:is|\(main\))/);
    await world.clock.flush();
    begun.resolve();
    expect(await archiving).toBe(true);
    expect(await reply).toContain('docs is archived and can no longer answer.');
    expect(await delivery.bindings.all()).toEqual([]);
  });

  test('an archived run cannot be focused', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await world.clock.advance(61 * 60_000);
    await world.until(() => world.run('docs').archivedAt !== undefined, 'the archive');
    expect(await typed(world, '/focus docs')).toBe(
      '⚠️ docs is archived and can no longer answer. Start a new run with /subagents spawn.',
    );
  });
});

describe('in a group', () => {
  test('only the binder or the owner rebinds, unbinds and changes the end', async () => {
    world = await openPeople();
    const [boHere, cyHere] = [inGroup(world, bo), inGroup(world, cy)];
    for (const task of ['docs', 'tests']) {
      await typed(world, `/subagents spawn main ${task}`, boHere);
      await world.until(() => world.run(task).delivery.state === 'delivered', task);
    }
    await typed(world, '/focus docs', boHere);
    const notHis = '⚠️ Only telegram:bo or the owner may change what is bound here.';
    expect(await typed(world, '/unfocus', cyHere)).toBe(notHis);
    expect(await typed(world, '/session unbind', cyHere)).toBe(notHis);
    expect(await typed(world, '/session idle 1h', cyHere)).toBe(notHis);
    expect(await typed(world, '/session idle', cyHere)).toContain('ℹ️ idle: 24h, next expiry');
    expect(await typed(world, '/focus tests', cyHere)).toBe(
      '⚠️ No run here matches "tests". See /subagents list. Here only runs of the bound session can be named; /unfocus to reach others.',
    );
    expect(await typed(world, '/session idle 2', boHere)).toContain('✅ idle: 2h, next expiry');
    expect(await typed(world, '/session max-age 7d', inGroup(world))).toContain('✅ max age: 7d, next expiry');
    expect(await typed(world, '/unfocus', inGroup(world))).toBe(backAtMain);
    await typed(world, '/focus docs', boHere);
    expect(await typed(world, '/unfocus', boHere)).toBe(backAtMain);
  });

  test("another person's binding of the session is not moved away", async () => {
    world = await openPeople();
    await typed(world, '/subagents spawn main docs', inGroup(world, bo));
    await world.until(() => world.run('docs').delivery.state === 'delivered', 'docs');
    await typed(world, '/focus docs', inGroup(world, bo));
    const { child } = world.run('docs');
    expect(await typed(world, `/focus ${child}`, cy)).toContain('⚠️ No run here matches');
    expect(await typed(world, `/focus ${child}`)).toContain('✅ docs (main) is active here.');
  });

  test('what a bound session did not start is out of reach, also by the numbers of an older list', async () => {
    world = await openPeople();
    const here = inGroup(world, bo);
    for (const task of ['docs', 'tests']) await startsWork(world, task, here);
    await typed(world, '/subagents', here);
    await typed(world, '/focus docs', here);
    expect(await typed(world, '/subagents kill 2', here)).toBe(
      '⚠️ Number 2 is a run of another session than the one this conversation speaks to now. See /subagents list. Here only runs of the bound session can be named; /unfocus to reach others.',
    );
    expect(await typed(world, '/subagents kill all', here)).toBe('ℹ️ nothing was running');
    expect(await typed(world, '/stop', here)).toBe(
      lines('✅ stopped: 1 turn here.', 'ℹ️ Only the bound session docs and what it started were stopped.'),
    );
    expect(world.run('docs').state.status).toBe('stopped');
    expect(world.run('tests').state.status).toBe('running');
    expect(await typed(world, '/stop', here)).toBe(
      lines('ℹ️ nothing was running', 'ℹ️ Only the bound session docs and what it started would be stopped here.'),
    );
  });
});

describe('the current session of a bound conversation is the bound one', () => {
  test('for /status, /queue, /steer, /new, /tools and /usage', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    const { child, id } = world.run('docs');
    expect(await typed(world, '/status')).toMatch(
      new RegExp(
        `session: ${child}\nagent: main\nmodel: scripted/one\nqueue: steer, 0 waiting\nrun: ${id.slice(0, 8)} done\nbinding: docs; idle 24h, next expiry 2026-01-02T00:00:00Z \\(in 1d\\); max age off`,
      ),
    );
    expect(await typed(world, '/tools')).toContain('sessions_spawn: removed by role leaf (depth 1).');
    await typed(world, '/queue followup');
    expect((await world.engine.stores.sessions.get(child))?.queue).toEqual({ mode: 'followup' });
    expect(await typed(world, '/steer hello docs')).toBe('No active run; sent as a new message.');
    await world.until(
      () => world.agent.turns.some((turn) => turn.session === child && turn.text.includes('hello docs')),
      'the turn',
    );
    await world.settled();
    expect(await typed(world, '/usage')).toContain('session: 20 in / 10 out / 30 total');
    expect(await typed(world, '/new')).toBe('✅ new session for docs, still bound here, 0 stopped');
    await world.say('who are you?');
    await world.until(() => world.agent.turns.at(-1)?.text === 'who are you?', 'the turn');
    expect(world.agent.turns.at(-1)).toMatchObject({ session: child });
    expect(world.agent.turns.at(-1)?.prompt.history).toHaveLength(1);
    expect(await typed(world, `/subagents info ${child}`)).not.toContain(
      `SessionId: ${world.run('docs').childSessionId}`,
    );
  });

  test('a session that is gone is never answered for by the main agent, nor acted on in its place', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    await world.engine.stores.sessions.archive(world.run('docs').child);
    const gone =
      '⚠️ session_gone: this conversation is bound to docs, which has been archived. Use /unfocus to talk to the agent here again, or /focus another run.';
    const before = world.agent.turns.length;
    await world.say('hello?');
    expect((await world.channel.next('session_gone')).text).toBe(gone);
    for (const line of [
      '/steer hello',
      '/stop',
      '/new',
      '/queue collect',
      '/subagents spawn main x',
      '/subagents kill all',
    ]) {
      expect(await typed(world, line), line).toBe(gone);
    }
    expect(world.agent.turns).toHaveLength(before);
    expect(await typed(world, '/status')).toContain('binding: docs (its session is gone: /unfocus); idle 24h');
    expect(await typed(world, '/unfocus')).toBe(backAtMain);
    await world.say('hello?');
    await world.channel.next(/^ok$/);
  });

  test('a binding whose session died ends with one farewell', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    await world.engine.stores.sessions.archive(world.run('docs').child);
    await world.clock.advance(60_000);
    expect((await world.channel.next('no longer')).text).toBe('ℹ️ docs no longer answers here: its session ended.');
    await world.say('hello?');
    await world.channel.next(/^ok$/);
  });
});

describe('/agents', () => {
  test('lists who works and who is bound, with the place of each', async () => {
    world = await openPeople({ channel: { id: 'discord', can: { threads: true } } }, 'discord');
    const here = inGroup(world);
    expect(await typed(world, '/agents', here)).toBe(lines('Agents:', '-----', '(none)'));
    for (const task of ['docs', 'tests']) await startsWork(world, task, here);
    await typed(world, '/subagents spawn main over', here);
    await world.until(() => world.run('over').delivery.state === 'delivered', 'over');
    await typed(world, '/focus docs', here);
    await typed(world, '/focus over', here);
    expect(await typed(world, '/agents', here)).toBe(
      lines(
        'Agents:',
        '-----',
        '1. docs (main, running) thread:t1',
        '2. tests (main, running) unbound',
        '3. over (main, done) thread:t2',
      ),
    );
  });
});

describe('where the platform has threads', () => {
  const discord = { channel: { id: 'discord', can: { threads: true } } } as const;

  test('/focus in a channel opens one, introduces the run there and says so here', async () => {
    world = await openPeople(discord, 'discord');
    const here = inGroup(world);
    await startsWork(world, 'write the docs', here);
    expect(await typed(world, '/focus write', { ...here, id: 'asked' })).toBe(
      lines(
        '✅ write the docs (main) is active in thread:t1. Messages there go to it.',
        'idle: ends after 24h without messages; max age: off. /unfocus to leave.',
      ),
    );
    expect(world.channel.threads).toMatchObject([{ name: '🤖 write the docs', from: 'asked' }]);
    expect(world.channel.texts({ channel: 'discord', account: 'default', chat: 'g', thread: 't1' })).toEqual([
      'write the docs is active here (ends after 24 h without messages). Messages here go to this session. /unfocus to leave.',
    ]);
    await world.say('hello', inGroup(world, bo, 't1'));
    await world.until(
      () => world.engine.layer.turns.waiting(world.run('write the docs').child).length === 1,
      'the message',
    );
  });

  test('a native /focus is no message a thread could be opened from', async () => {
    world = await openPeople(discord, 'discord');
    const here = inGroup(world);
    await startsWork(world, 'docs', here);
    await typed(world, '/focus docs', { ...here, native: true });
    expect(world.channel.threads).toMatchObject([{ name: '🤖 docs', from: undefined }]);
  });

  test('/focus in a thread takes it over; --bind here binds the channel; a direct chat is bound itself', async () => {
    world = await openPeople(discord, 'discord');
    const here = inGroup(world);
    for (const task of ['docs', 'tests']) await startsWork(world, task, here);
    await typed(world, '/focus docs', here);
    expect(await typed(world, '/focus tests', inGroup(world, {}, 't1'))).toContain('✅ tests (main) is active here.');
    expect(await typed(world, '/focus docs --bind here', here)).toContain('✅ docs (main) is active here.');
    expect(await typed(world, '/focus docs')).toContain('✅ docs (main) is active here.');
    expect(world.channel.threads).toHaveLength(1);
  });

  test('nothing is opened for a session that may not be bound; a missing right is named', async () => {
    world = await openPeople(discord, 'discord');
    const here = inGroup(world, bo);
    await startsWork(world, 'docs', here);
    await typed(world, '/focus docs --bind here', inGroup(world));
    expect(await typed(world, '/subagents', here)).toMatch(/1\. docs [\s\S]*\n1 run /);
    await typed(world, '/unfocus', inGroup(world));
    await typed(world, '/focus docs', inGroup(world));
    expect(await typed(world, '/focus docs', here)).toBe(
      '⚠️ docs was bound by discord:ann; only they or the owner may change that. Ask them for /unfocus, or use another conversation.',
    );
    expect(world.channel.threads).toHaveLength(1);
    world.channel.openThread = async () => {
      throw new Error('Missing Permissions.');
    };
    expect(await typed(world, '/focus docs', inGroup(world))).toBe(
      '⚠️ No thread could be opened: Missing Permissions. Give the bot the right to open threads here, or use --bind here.',
    );
  });

  test('an agent that asks for a thread gets one in a channel and is refused in a direct chat', async () => {
    world = await openPeople(discord, 'discord');
    world.channel.opensThreads = ({ chat }) => chat === 'g';
    world.agent
      .always(/^go$/, [call('sessions_spawn', { task: 'docs', thread: true }), say('asked')])
      .always(/^docs$|docs$/, [hang()]);
    await world.say('go', inGroup(world));
    await world.channel.next('docs is active here');
    await world.channel.next('asked');
    expect(world.run('docs')).toMatchObject({ mode: 'session', context: 'fork' });
    await world.say('go');
    await world.until(
      () => world.agent.turns.filter((turn) => turn.text === 'go' && turn.outcome !== undefined).length === 2,
      'both turns',
    );
    expect(world.channel.threads).toHaveLength(1);
    expect(world.runs()).toHaveLength(1);
  });
});
