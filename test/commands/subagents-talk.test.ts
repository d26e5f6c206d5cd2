import { describe, expect, test } from 'vitest';
import { aRun } from '../fakes/builders.ts';
import { aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const unknownTarget = '⚠️ No sub-agent 9. /subagents list shows them.';

describe('/subagents send', () => {
  test('passes the message on verbatim and shows the answer', async () => {
    const world = aWorld({ runs: [aRun()], sendResult: { kind: 'answered', text: 'Added.\nDone.' } });
    expect(await typed('/subagents send #1 also:\n  the flag', world)).toBe('words (run 4f1c2a90):\nAdded.\nDone.');
    expect(world.asked).toEqual(['send words also:\n  the flag']);
  });

  test('says when the answer takes longer, is empty, or failed', async () => {
    const answer = (sendResult: ReturnType<typeof aWorld>['sendResult']) =>
      typed('/subagents send 1 x', aWorld({ runs: [aRun()], sendResult }));
    expect(await answer({ kind: 'running' })).toBe('⏳ still running (run 4f1c2a90). The answer follows here.');
    expect(await answer({ kind: 'answered', text: ' ' })).toBe('ℹ️ words (run 4f1c2a90) answered without text');
    expect(await answer({ kind: 'failed', message: 'the model is gone.' })).toBe(
      '⚠️ words (run 4f1c2a90) failed: the model is gone.',
    );
  });

  test('is refused without a message, for an unknown target, and when the session is gone', async () => {
    expect(await typed('/subagents send 1', aWorld({ runs: [aRun()] }))).toBe(
      'Usage: /subagents send <target> <message>',
    );
    expect(await typed('/subagents send 9 x')).toBe(unknownTarget);
    const refusal = { code: 'archived', message: 'words is archived.', fix: 'Start it again.' };
    expect(await typed('/subagents send 1 x', aWorld({ runs: [aRun()], refusal }))).toBe(
      '⚠️ words is archived. Start it again.',
    );
  });
});

describe('/subagents steer', () => {
  test('says which way the message went', async () => {
    const steer = (steerResult: 'injected' | 'pending' | 'queued' | 'idle') =>
      typed('/subagents steer words go left', aWorld({ runs: [aRun()], steerResult }));
    expect(await steer('injected')).toBe('✅ steered words (run 4f1c2a90)');
    expect(await steer('queued')).toBe('✅ words (run 4f1c2a90): queued as its next message');
    expect(await steer('idle')).toBe('✅ words (run 4f1c2a90) was idle: sent as a new message');
    expect(await typed('/subagents steer words')).toBe('Usage: /subagents steer <target> <message>');
    expect(await typed('/subagents steer 9 x')).toBe(unknownTarget);
  });
});

describe('/subagents spawn', () => {
  test('confirms at once with what is in effect', async () => {
    const world = aWorld();
    expect(
      await typed('/subagents spawn researcher compare the offers --model ollama/qwen3 --thinking low', world),
    ).toBe(
      lines(
        '✅ researcher started (#1, run 4f1c2a90, ollama/qwen3, no time limit). I will send the result here.',
        'session: agent:researcher:subagent:4f1c2a90',
      ),
    );
    const request = {
      agentId: 'researcher',
      task: 'compare the offers',
      mode: 'run',
      model: 'ollama/qwen3',
      thinking: 'low',
    };
    expect(world.asked).toEqual([`spawn ${JSON.stringify(request)}`]);
  });

  test('says when it has to wait, and what was changed', async () => {
    const world = aWorld({ ahead: 2, warnings: ['model x is unknown; demo/demo is used.'] });
    expect(await typed('/subagents spawn main x', world)).toBe(
      lines(
        '✅ main queued, 2 ahead (#1, run 4f1c2a90, demo/demo, no time limit). I will send the result here.',
        'session: agent:main:subagent:4f1c2a90',
        '⚠️ model x is unknown; demo/demo is used.',
      ),
    );
  });

  test('explains a refusal', async () => {
    const refusal = {
      code: 'agent_not_allowed',
      message: 'agent id not in allowAgents. main may start: main, researcher.',
      fix: 'To allow writer, set agents.list[0].subagents.allowAgents.',
    };
    expect(await typed('/subagents spawn writer x', aWorld({ refusal }))).toBe(
      'Spawn failed: agent id not in allowAgents. main may start: main, researcher. To allow writer, set agents.list[0].subagents.allowAgents.',
    );
    expect(await typed('/subagents spawn main')).toBe(
      'Usage: /subagents spawn <agentId> <task> [--model <model>] [--thinking <level>]',
    );
  });
});
