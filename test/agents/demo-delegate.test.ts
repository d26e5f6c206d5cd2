// The demo model driven by the real loop: the first story word for word, and all about delegating.
import { describe, expect, it } from 'vitest';
import { resumeText } from '../../src/agents/resume.ts';
import type { Entry } from '../../src/core/agent.ts';
import type { Tool } from '../../src/core/tool.ts';
import { type Completion, completionBlock } from '../../src/runs/completion.ts';
import { completion, readTool, setup, spawnTools } from './demo-kit.ts';
import { injected, userEntry } from './kit.ts';

const story = 'delegate: count the words in README.md; list the npm scripts; wait 5 seconds and say done';
const started = 'Started 3 sub-agents: #1 words, #2 scripts, #3 wait. I will report when they are back.';

/** History of a chat that delegated and whose children came back with these. */
function back(entries: readonly Entry[], completions: readonly Completion[]): Entry[] {
  return [userEntry(story), ...entries, { type: 'note', at: 0, turn: 'turn-2', text: completionBlock(completions) }];
}

describe('the first story', () => {
  it('starts a sub-agent for each task, says so, and yields', async () => {
    const { play } = setup();
    const played = await play(story, spawnTools());
    expect(played.outcome).toEqual({ kind: 'success', text: started });
    expect(played.yielded).toBe(true);
    const calls = played.entries.flatMap((entry) =>
      entry.type === 'assistant' ? entry.parts.filter((part) => part.type === 'call') : [],
    );
    expect(calls.map((part) => part.input)).toEqual([
      { task: 'count the words in README.md', label: 'words' },
      { task: 'list the npm scripts', label: 'scripts' },
      { task: 'wait 5 seconds and say done', label: 'wait' },
      { waitFor: 'all' },
    ]);
  });

  it('lets each child do its task', async () => {
    const { say, clock, play } = setup();
    const files = {
      'README.md': 'word '.repeat(1204),
      'package.json': '{"scripts":{"start":"","test":"","check":"","bench":""}}',
    };
    expect(await say('count the words in README.md', [readTool(files)])).toBe('README.md has 1,204 words.');
    expect(await say('list the npm scripts', [readTool(files)])).toBe('The npm scripts are start, test, check, bench.');
    const start = clock.now();
    const turn = play('wait 5 seconds and say done');
    expect((await clock.runUntil(turn, 60_000))?.outcome).toEqual({
      kind: 'success',
      text: 'Waited 5 seconds and said: done.',
    });
    expect(clock.now() - start).toBe(5000);
  });

  it('tells all three results in one message, in the order they were started', async () => {
    const { play } = setup();
    const first = await play(story, spawnTools());
    const history = back(first.entries, [
      completion('wait 5 seconds and say done', 'wait', 'Waited 5 seconds and said: done.'),
      completion('count the words in README.md', 'words', 'README.md has 1,204 words.'),
      completion('list the npm scripts', 'scripts', 'The npm scripts are start, test, check, bench.'),
    ]);
    const second = await play('', spawnTools(), { history, id: 'turn-2' });
    expect(second.outcome).toEqual({
      kind: 'success',
      text: 'All three are back. README.md has 1,204 words. The npm scripts are start, test, check, bench. The third waited 5 seconds and said: done.',
    });
  });
});

describe('delegating', () => {
  it('tells of one that failed and one that was stopped, next to one that worked', async () => {
    const { play } = setup();
    const first = await play(story, spawnTools());
    const history = back(first.entries, [
      completion('count the words in README.md', 'words', 'README.md has 2 words.'),
      completion('list the npm scripts', 'scripts', 'boom', 'failed'),
      completion('wait 5 seconds and say done', 'wait', '', 'stopped'),
    ]);
    const { outcome } = await play('', spawnTools(), { history, id: 'turn-2' });
    expect(outcome).toMatchObject({
      text: 'All three are back. README.md has 2 words. The second (scripts) failed: model_error: boom. The third (wait) was stopped.',
    });
  });

  it('counts what is back when others are still at work', async () => {
    const { play } = setup();
    const first = await play(story, spawnTools());
    const two = [
      completion('count the words in README.md', 'words', 'A.'),
      completion('list the npm scripts', 'scripts', 'B.'),
    ];
    expect((await play('', spawnTools(), { history: back(first.entries, two), id: 'turn-2' })).outcome).toMatchObject({
      text: 'Two are back. A. B.',
    });
    const one = back(first.entries, [completion('list the npm scripts', 'scripts', 'B.')]);
    expect((await play('', spawnTools(), { history: one, id: 'turn-2' })).outcome).toMatchObject({
      text: 'scripts is back. B.',
    });
  });

  it('passes a refusal on, next to what was started', async () => {
    const { play, say } = setup();
    expect((await play('delegate: say a; say b', spawnTools(1))).outcome).toMatchObject({
      text: 'Started 1 sub-agent: #1 say. 1 more refused: 1 of 1 children are active already. Wait. I will report when it is back.',
    });
    expect(await say('delegate: say a', spawnTools(0))).toBe(
      'No sub-agent was started. 0 of 0 children are active already. Wait.',
    );
  });

  it('says that nothing was started where it has no spawn tool', async () => {
    expect(await setup().say('delegate: say a')).toMatch(/^No sub-agent was started\. unknown tool sessions_spawn/);
  });

  it('goes on in a text when there is nothing to wait for', async () => {
    const [spawn, wait] = spawnTools();
    const nothing = { ...(wait as Tool), run: async () => ({ text: '{"status":"nothing_pending"}' }) };
    const { outcome } = await setup().play('delegate: say a', [spawn as Tool, nothing]);
    expect(outcome).toEqual({ kind: 'success', text: 'Started 1 sub-agent: #1 say. I will report when it is back.' });
  });

  it('tells at once what came back before it could wait', async () => {
    const [spawn, wait] = spawnTools();
    const nothing = { ...(wait as Tool), run: async () => ({ text: '{"status":"nothing_pending"}' }) };
    const done = { id: 'c', kind: 'note' as const, text: completionBlock([completion('say a', 'say', 'a')]) };
    const text = 'Started 1 sub-agent: #1 say. I will report when it is back.\n\nsay is back. a.';
    const late = await setup().play('delegate: say a', [spawn as Tool, nothing], { injections: [[], [], [], [done]] });
    expect(late.outcome).toEqual({ kind: 'success', text });
    const early = await setup().play('delegate: say a', spawnTools(), { injections: [[], [done]] });
    expect(early.outcome).toEqual({ kind: 'success', text });
    expect(early.yielded).toBe(true);
  });

  it('does not tell again what stands in a note before a new request', async () => {
    const note = completionBlock([completion('say a', 'say', 'a')]);
    const history = [{ type: 'note' as const, at: 0, turn: 'turn-0', text: note }, userEntry('count to 2')];
    expect((await setup().play('', [], { history })).outcome).toEqual({ kind: 'success', text: '1, 2' });
  });

  it('starts the rest after a message interrupted the spawning, and starts nothing twice', async () => {
    const { play } = setup();
    const tasks: unknown[] = [];
    const [spawn, wait] = spawnTools() as [Tool, Tool];
    const counting: Tool = {
      ...spawn,
      run(input, context) {
        tasks.push((input as { task: string }).task);
        return spawn.run(input, context);
      },
    };
    const played = await play('delegate: say a; say a; say b', [counting, wait], {
      injections: [[], [injected('be quick')]],
    });
    expect(tasks).toEqual(['say a', 'say a', 'say b']);
    expect(played.outcome).toMatchObject({ text: expect.stringMatching(/^Started 3 sub-agents: .*Noted: be quick$/s) });
  });

  it('starts only the rest after a restart cut the spawning off', async () => {
    const { play } = setup();
    const tasks: unknown[] = [];
    const [spawn, wait] = spawnTools() as [Tool, Tool];
    const counting: Tool = {
      ...spawn,
      run(input, context) {
        tasks.push((input as { task: string }).task);
        return spawn.run(input, context);
      },
    };
    const asked = 'delegate: say a; say b';
    const { entries } = await play(asked, [counting, wait]);
    const [step, first] = entries as [Entry, Entry];
    const note: Entry = { type: 'note', at: 0, turn: 'turn-2', text: resumeText([]) };
    const history = [userEntry(asked), step, first, note, userEntry(asked)];
    await play('', [counting, wait], { history, id: 'turn-2' });
    expect(tasks).toEqual(['say a', 'say b', 'say b']);
  });

  it('starts nothing again where a restart came after it had begun to wait', async () => {
    const { play } = setup();
    const first = await play('delegate: say a', spawnTools());
    const note: Entry = { type: 'note', at: 0, turn: 'turn-2', text: resumeText([]) };
    const history = [userEntry('delegate: say a'), ...first.entries, note, userEntry('delegate: say a')];
    const again = await play('', spawnTools(), { history, id: 'turn-2' });
    const calls = again.entries.flatMap((entry) =>
      entry.type === 'assistant' ? entry.parts.flatMap((part) => (part.type === 'call' ? [part.name] : [])) : [],
    );
    expect(calls).not.toContain('sessions_spawn');
    expect(again.outcome).toMatchObject({ text: 'Started 1 sub-agent: #1 say. I will report when it is back.' });
  });

  it('does its task once after a restart cut it off', async () => {
    const note: Entry = { type: 'note', at: 0, turn: 'turn-2', text: resumeText([]) };
    const history = [userEntry('count to 2'), note, userEntry('count to 2')];
    expect((await setup().play('', [], { history })).outcome).toEqual({ kind: 'success', text: '1, 2' });
  });

  it('delegates on as a child: orchestrate starts its own and digests them', async () => {
    const { play } = setup();
    const tools = spawnTools();
    const first = await play('orchestrate: say a; say b', tools);
    expect(first.yielded).toBe(true);
    const blocks = completionBlock([completion('say a', 'say', 'a'), completion('say b', 'say-2', 'b')]);
    const history = [
      userEntry('orchestrate: say a; say b'),
      ...first.entries,
      { type: 'note' as const, at: 0, turn: 'turn-2', text: blocks },
    ];
    expect((await play('', tools, { history, id: 'turn-2' })).outcome).toMatchObject({ text: 'Both are back. a. b.' });
  });

  it('starts the tasks of two requests that came together, each once', async () => {
    const { play } = setup();
    const played = await play('delegate: say a; say b\n\ndelegate: say a\n\ncount to 2', spawnTools());
    expect(played.outcome).toMatchObject({
      text: [
        'Started 2 sub-agents: #1 say, #2 say. I will report when they are back.',
        'Started 1 sub-agent: #3 say. I will report when it is back.',
        '1, 2',
      ].join('\n\n'),
    });
    expect(played.yielded).toBe(true);
  });

  it('hands a bracketed list down as one task', async () => {
    const { play } = setup();
    const played = await play('delegate: orchestrate (say a; say b); say c', spawnTools());
    expect(played.outcome).toMatchObject({ text: expect.stringContaining('#1 team, #2 say') });
  });

  it('answers a new message after it yielded as a new request', async () => {
    const { play } = setup();
    const first = await play(story, spawnTools());
    const history = [userEntry(story), ...first.entries, userEntry('count to 3', 'turn-2')];
    expect((await play('', spawnTools(), { history, id: 'turn-2' })).outcome).toEqual({
      kind: 'success',
      text: '1, 2, 3',
    });
  });
});
