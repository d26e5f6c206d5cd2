// /subagents as people use it, with runs that really run.
import { afterEach, describe, expect, test } from 'vitest';
import { boundary, call, fail, hang, say, spend, wait } from '../fakes/script.ts';
import { bo, lines, openPeople, startsFamily, startsWork, twoDeep, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const short = (label: string): string => world.run(label).id.slice(0, 8);

describe('/subagents list', () => {
  test('shows what runs, what ended within 30 minutes, and the total with what is being used right now', async () => {
    world = await openWorld();
    world.agent.once(/^count$/, [spend(1200, 100, 0.02), hang()]).once(/^quick$/, [spend(10, 5, 0), say('done')]);
    await typed(world, '/subagents spawn main count');
    await typed(world, '/subagents spawn main quick');
    await world.channel.next('quick: completed successfully');
    await world.until(() => world.run('quick').delivery.state === 'delivered', 'the receipt');
    await world.clock.advance(1000);
    expect(await typed(world, '/subagents')).toBe(
      lines(
        'Active:',
        '-----',
        '1. count (main, one, 1.0s, 1.3k tokens) running',
        'Recent (30 min):',
        '-----',
        '2. quick (main, one, 0.0s, 30 tokens) done',
        '2 runs · 1.3k tokens · est. $0.02',
      ),
    );
    await typed(world, '/subagents kill count');
    await world.settled();
    await world.clock.advance(30 * 60_000);
    expect(await typed(world, '/subagents list')).toContain('Recent (30 min):\n-----\n(none)\n0 runs');
  });

  test('keeps an undelivered result, and says so', async () => {
    world = await openWorld();
    world.channel.judge(({ key }) => (key.startsWith('announce:') ? 'refused' : 'sent'));
    await typed(world, '/subagents spawn main quick');
    await world.until(() => world.run('quick').delivery.state === 'undelivered', 'the delivery to be given up');
    await world.clock.advance(60 * 60_000);
    expect(await typed(world, '/subagents')).toContain(
      '1. quick (main, one, 0.0s, 15 tokens) done · delivery undelivered',
    );
    expect(await typed(world, '/tasks')).toContain('undelivered: 1');
    expect(await typed(world, '/subagents info 1')).toMatch(/Delivery: undelivered, attempts \d+, reason: no route/);
    await world.clock.advance(7 * 24 * 60 * 60_000);
    await world.until(() => world.run('quick').archivedAt !== undefined, 'the run to be archived');
    expect(await typed(world, '/subagents')).toContain('0 runs · 0 tokens · no cost');
    expect(await typed(world, '/tasks')).toContain('undelivered: 0');
  });

  test('says what a run waits for', async () => {
    world = await openWorld(twoDeep);
    await startsFamily(world);
    expect(await typed(world, '/subagents')).toContain(
      '1. boss (main, one, 0.0s, 15 tokens) waiting on 2 children - lead them',
    );
  });

  test('names a run that was queued, and how many are ahead of a new one', async () => {
    world = await openWorld({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    await startsWork(world, 'one');
    expect(await typed(world, '/subagents spawn main two')).toContain('✅ main queued, 1 ahead (#2');
    expect(await typed(world, '/subagents')).toContain('2. two (main, one, 0.0s, 0 tokens) queued');
    expect(await typed(world, '/subagents steer two also this')).toBe(
      `✅ two (run ${short('two')}): queued as its next message`,
    );
  });
});

describe('/subagents info', () => {
  test('tells everything in order, and the path of the transcript only to the owner', async () => {
    world = await openPeople();
    await typed(world, '/subagents spawn main tidy up', bo);
    await world.until(() => world.run('tidy up').delivery.state === 'delivered', 'the receipt');
    const theirs = await typed(world, '/subagents info 1', bo);
    expect(theirs.split('\n').map((line) => line.split(':')[0])).toEqual([
      'Sub-agent 1',
      '-----',
      'Status',
      'Label',
      'Task',
      'Run',
      'Agent',
      'Runtime',
      'Model',
      'Thinking',
      'Session',
      'SessionId',
      'Requester',
      'Children',
      'Accepted',
      'Started',
      'Finished',
      'Delivered',
      'Elapsed',
      'Timeout',
      'Tokens',
      'Cost',
      'Context',
      'Mode',
      'Cleanup',
      'Archive at',
      'Warnings',
      'Outcome',
      'Delivery',
    ]);
    expect(theirs).toContain('Archive at: 2026-01-01T01:00:00Z (in 1h)');
    const run = world.run('tidy up');
    expect(await typed(world, `/subagents info ${run.child}`)).toMatch(/Transcript: \/.*\.jsonl\nRequester/);
    await world.clock.advance(61 * 60_000);
    await world.until(() => world.run('tidy up').archivedAt !== undefined, 'the archive');
    expect(await typed(world, `/subagents info ${run.child}`)).toContain('.jsonl.deleted.*\n');
    expect(await typed(world, '/subagents log 1', bo)).toBe(
      '⚠️ This session is archived; its messages are no longer shown. The transcript is kept in the state folder, renamed to *.deleted.*',
    );
    for (const line of ['/subagents send 1 hi', '/subagents steer 1 hi', '/focus 1']) {
      expect(await typed(world, line, bo), line).toMatch(
        /^⚠️ tidy up is archived.*Start|start a new run with \/subagents spawn/i,
      );
    }
  });
});

describe('/subagents log', () => {
  test('shows cleaned lines, newest last, with tools and notes only when asked for', async () => {
    const parameters = { kind: 'json', schema: {} } as const;
    const run = async () => ({ text: 'a.md b.md' });
    world = await openWorld({ tools: [{ name: 'ls', group: 'read', description: '', parameters, example: {}, run }] });
    world.agent.once(/^look$/, [
      say('<think>hmm</think>Looking with token sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa.'),
      call('ls', { path: '.' }),
      say('There is one.'),
    ]);
    await typed(world, '/subagents spawn main look');
    await world.settled();
    const head = `look (run ${short('look')}):`;
    expect(await typed(world, '/subagents log 1')).toBe(
      lines(head, '-----', 'User: look', 'Assistant: Looking with token [redacted].', 'Assistant: There is one.'),
    );
    expect(await typed(world, '/subagents log tools 1')).toContain(
      'Tool: ls {"path":"."}\nTool: ls: a.md b.md\nAssistant',
    );
    expect(await typed(world, '/subagents log 1 1')).toBe(lines(head, '-----', 'Assistant: There is one.'));
  });

  test('says when there is nothing yet', async () => {
    world = await openWorld({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    await startsWork(world, 'one');
    await typed(world, '/subagents spawn main two');
    expect(await typed(world, '/subagents log two')).toBe(
      lines(`two (run ${short('two')}):`, '-----', '(no messages)'),
    );
  });
});

describe('/subagents kill', () => {
  test('stops a run with everything below it, at once and without an announcement', async () => {
    world = await openWorld(twoDeep);
    await startsFamily(world);
    expect(await typed(world, '/subagents kill boss')).toBe('✅ stopped 3, already finished 0, failed 0');
    await world.settled();
    expect(world.runs().map((run) => [run.state.status, run.delivery.state])).toEqual(
      Array(3).fill(['stopped', 'skipped']),
    );
    expect(await typed(world, '/subagents kill boss')).toBe('ℹ️ nothing was running: already finished 1');
    expect(await typed(world, '/subagents kill all')).toBe('ℹ️ nothing was running');
    expect(world.channel.texts().filter((text) => text.includes('boss:'))).toEqual([]);
  });

  test('names what did not stop within a second, and counts it only there', async () => {
    world = await openWorld();
    await startsWork(world, 'good');
    world.agent.always(/^deaf$/, [hang({ deaf: true })]);
    await typed(world, '/subagents spawn main deaf');
    await world.until(() => world.run('deaf').state.status === 'running', 'deaf to run');
    const answer = typed(world, '/subagents kill all');
    await world.until(() => world.run('deaf').state.status === 'stopped', 'the stop to be recorded');
    await world.until(
      () => world.engine.layer.turns.active(world.run('good').child) === undefined,
      'the good one to end',
    );
    await world.clock.advance(1000);
    expect(await answer).toBe(
      lines(
        '⚠️ stopped 1, already finished 0, failed 1',
        `⚠️ deaf (run ${short('deaf')}) did not stop within 1 s and was forced`,
      ),
    );
    await world.clock.advance(10_000);
  });
});

describe('/subagents send', () => {
  test('is answered by the next turn, also after the run ended, and what it used counts', async () => {
    world = await openWorld();
    await typed(world, '/subagents spawn main quick');
    await world.settled();
    world.agent.once(/hello/, [say('<think>who?</think>Hello back.')]);
    expect(await typed(world, '/subagents send quick hello\n  there')).toBe(
      `quick (run ${short('quick')}):\nHello back.`,
    );
    expect(world.agent.turns.at(-1)?.text).toContain('hello\n  there');
    expect(await typed(world, '/subagents')).toContain('1. quick (main, one, 0.0s, 30 tokens) done');
    world.agent.once(/nothing/, [say('NO_REPLY')]).once(/break/, [fail('the model is gone')]);
    expect(await typed(world, '/subagents send quick say nothing')).toBe(
      `ℹ️ quick (run ${short('quick')}) answered without text`,
    );
    expect(await typed(world, '/subagents send quick break')).toBe(
      `⚠️ quick (run ${short('quick')}) failed: the model is gone`,
    );
  });

  test('after 30 s says that it goes on; the answer follows as a completion', async () => {
    world = await openWorld();
    await typed(world, '/subagents spawn main quick');
    await world.settled();
    world.agent.once(/hello/, [wait(40_000), say('Late, but here.')]);
    const answer = typed(world, '/subagents send quick hello');
    await world.until(() => world.agent.active.size === 1, 'the turn to run');
    await world.clock.advance(30_000);
    expect(await answer).toBe(`⏳ still running (run ${short('quick')}). The answer follows here.`);
    await world.clock.advance(10_000);
    expect((await world.channel.next('Late')).text).toBe(
      lines(
        '✅ quick: completed successfully',
        'Late, but here.',
        `runtime 40s · tokens 10 in / 5 out / 15 total · est. $0.00 · run ${short('quick')}`,
      ),
    );
  });
});

describe('/subagents steer', () => {
  test('goes into the running turn, or starts one whose answer is posted', async () => {
    world = await openWorld();
    world.agent.once(/^work$/, [wait(5000), boundary(), say('took it in')]);
    await typed(world, '/subagents spawn main work');
    await world.until(() => world.run('work').state.status === 'running', 'work to run');
    const answer = typed(world, '/subagents steer work be brief');
    await world.until(() => world.engine.layer.turns.waiting(world.run('work').child).length === 1, 'the steer');
    await world.clock.advance(2000);
    expect(await answer).toBe(`✅ work (run ${short('work')}): goes in at its next step, or as its next message`);
    await world.clock.advance(3000);
    expect((await world.channel.next('work: completed')).text).toContain('took it in');
    expect(await typed(world, '/subagents steer work and now this')).toBe(
      `✅ work (run ${short('work')}) was idle: sent as a new message`,
    );
    expect((await world.channel.next('work: completed')).text).toContain('\nok\n');
  });

  test('says steered when the turn took it in', async () => {
    world = await openWorld();
    world.agent.once(/^work$/, [wait(1000), boundary(), say('took it in')]);
    await typed(world, '/subagents spawn main work');
    await world.until(() => world.run('work').state.status === 'running', 'work to run');
    const answer = typed(world, '/subagents steer work be brief');
    await world.until(() => world.engine.layer.turns.waiting(world.run('work').child).length === 1, 'the steer');
    await world.clock.advance(1000);
    expect(await answer).toBe(`✅ steered work (run ${short('work')})`);
  });
});

describe('/subagents spawn', () => {
  test('confirms with what is in effect and gives exactly one result', async () => {
    world = await openWorld({
      config: { agents: { defaults: { subagents: { runTimeoutSeconds: 90 } }, list: [{ id: 'main' }] } },
      checkModel: (ref) =>
        ref === 'demo/none' ? { kind: 'unknown', message: 'demo/none is unknown.' } : { kind: 'ok' },
    });
    expect(await typed(world, '/subagents spawn main count the words --model demo/none --thinking low')).toBe(
      lines(
        `✅ main started (#1, run ${short('count the words')}, scripted/one, time limit 1m30s). I will send the result here.`,
        `session: ${world.run('count the words').child}`,
        '⚠️ demo/none is unknown. Using scripted/one.',
      ),
    );
    await world.settled();
    expect(world.run('count the words')).toMatchObject({ thinking: 'low', mode: 'run', askedBy: 'person' });
    expect(world.channel.texts().filter((text) => text.includes('count the words: completed'))).toHaveLength(1);
  });

  test('passes refusals on in the words agents get', async () => {
    world = await openWorld({ config: { agents: { list: [{ id: 'main' }, { id: 'writer' }] } } });
    expect(await typed(world, '/subagents spawn writer x')).toBe(
      'Spawn failed: allowAgents not configured for agent main: it may start only itself, not writer. To allow writer, set agents.list[0].subagents.allowAgents: ["main", "writer"].',
    );
    expect(await typed(world, '/subagents spawn ghost x')).toContain(
      'Spawn failed: unknown agent ghost. Known agents: main, writer.',
    );
  });
});
