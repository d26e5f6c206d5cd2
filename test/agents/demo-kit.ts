// The demo model in the real loop, with the tools and completions its tests need.
import { createModels } from '../../src/agents/models.ts';
import { nativeRuntime } from '../../src/agents/native.ts';
import type { Run } from '../../src/core/run.ts';
import { noUsage } from '../../src/core/session.ts';
import type { Tool } from '../../src/core/tool.ts';
import { configSchema } from '../../src/infra/config.ts';
import type { Completion } from '../../src/runs/completion.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { aPrompt, aTool, type PromptOptions, playTurn } from './kit.ts';

const config = configSchema.parse({});

export function setup() {
  const clock = virtualClock();
  const models = createModels({
    config: () => config,
    env: { providerKeys: {}, ollamaUrl: 'http://127.0.0.1:1' },
    clock,
  });
  const runtime = nativeRuntime({
    clock,
    ids: seededIds(),
    models,
    price: async () => null,
    missingTool: () => undefined,
  });
  const play = (text: string, tools: readonly Tool[] = [], options: PromptOptions = {}) =>
    playTurn(runtime, aPrompt(text, { model: 'demo/demo', ...options }), { tools });
  const say = async (text: string, tools: readonly Tool[] = []): Promise<unknown> => {
    const { outcome } = await play(text, tools);
    return outcome.kind === 'success' ? outcome.text : outcome;
  };
  return { clock, runtime, play, say };
}

/** A read tool over these files; parts of `partLines` lines, as the real one gives them. */
export function readTool(files: Readonly<Record<string, string>>, partLines = 2000): Tool {
  return {
    ...aTool('read'),
    parameters: { kind: 'json', schema: { type: 'object' } },
    async run(input) {
      const { path, offset = 1 } = input as { path: string; offset?: number };
      const lines = files[path]?.split('\n');
      if (lines === undefined) return { text: `"${path}" does not exist. Use ls to look.`, failed: true };
      const last = Math.min(lines.length, offset - 1 + partLines);
      const shown = lines.slice(offset - 1, last).join('\n');
      if (offset === 1 && last === lines.length) return { text: shown };
      const more = last < lines.length ? ` Continue with offset ${last + 1}.` : '';
      return { text: `${shown}\n[lines ${offset}-${last} of ${lines.length}.${more}]` };
    },
  };
}

export function spawnTools(refuseAfter = 99): Tool[] {
  let count = 0;
  const spawn: Tool = {
    ...{ name: 'sessions_spawn', group: 'session', description: 'starts', example: { task: 'x' } },
    parameters: { kind: 'json', schema: { type: 'object' } },
    async run(input) {
      const { label, task } = input as { label: string; task: string };
      count += 1;
      if (count > refuseAfter)
        return {
          text: JSON.stringify({
            status: 'refused',
            code: 'children_exceeded',
            message: `${refuseAfter} of ${refuseAfter} children are active already.`,
            fix: 'Wait.',
          }),
          failed: true,
        };
      return {
        text: JSON.stringify({
          status: 'accepted',
          runId: `run-${count}`,
          childSessionKey: childKey(task),
          label,
          number: count,
        }),
      };
    },
  };
  const wait: Tool = {
    ...spawn,
    name: 'sessions_yield',
    run: async () => ({ text: '{"status":"waiting"}', yields: true }),
  };
  return [spawn, wait];
}

const base: Run = {
  ...{
    id: '1a2b3c4d-0000-4000-a000-000000000000',
    tree: 't',
    child: '',
    childSessionId: 'cs',
    requester: 'agent:main:main',
  },
  ...{ requesterTurn: 'turn-1', origin: { channel: 'console', account: 'default', chat: 'local' }, askedBy: 'agent' },
  ...{
    agentId: 'main',
    runtime: 'native',
    mode: 'run',
    depth: 1,
    role: 'leaf',
    task: '',
    label: '',
    model: 'demo/demo',
  },
  ...{ thinking: 'off', context: 'isolated', cleanup: 'keep', timeoutSeconds: 0, warnings: [], usage: noUsage },
  ...{ acceptedAt: 0, lastEventAt: 0, delivery: { state: 'pending', attempts: 0 } },
  state: { status: 'succeeded', startedAt: 0, endedAt: 5000, outcome: { kind: 'success', text: '' } },
};

export const childKey = (task: string): string => `agent:main:subagent:${task.replaceAll(' ', '-')}`;

export function completion(
  task: string,
  label: string,
  result: string,
  status: 'succeeded' | 'failed' | 'stopped' = 'succeeded',
): Completion {
  const outcomes = {
    succeeded: { kind: 'success', text: result },
    failed: { kind: 'error', code: 'model_error', message: result },
    stopped: { kind: 'stopped', by: 'user' },
  } as const;
  const state: Run['state'] = { status, startedAt: 0, endedAt: 5000, outcome: outcomes[status] };
  return {
    run: { ...base, child: childKey(task), task, label, state },
    sessionId: 'cs',
    transcriptPath: '/state/x.jsonl',
  };
}
