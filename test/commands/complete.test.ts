import { describe, expect, test } from 'vitest';
import { type Candidates, complete } from '../../commands/complete.ts';
import { commandTable } from '../../commands/index.ts';

const values = (...words: string[]) => words.map((value) => ({ value, label: `the ${value}` }));
const candidates: Candidates = (kind) => {
  if (kind === 'target') return values('#1', '#2', 'words', 'smoke test');
  if (kind === 'agent') return Promise.resolve(values('main', 'researcher'));
  return values('ollama/qwen3', 'demo/demo');
};
const offers = async (line: string) => (await complete(line, commandTable(), candidates)).matches;

describe('what the tab key offers', () => {
  test('command names and aliases, whatever the case', async () => {
    expect(await complete('/s', commandTable(), candidates)).toEqual({
      matches: ['/subagents ', '/steer ', '/stop ', '/session ', '/status ', '/start '],
      word: '/s',
    });
    expect(await offers('/TE')).toEqual(['/tell ']);
    expect(await offers('hello')).toEqual([]);
    expect(await offers('/nothing x')).toEqual([]);
  });

  test('sub-words, then targets', async () => {
    expect(await offers('/subagents ')).toEqual(['list ', 'kill ', 'log ', 'info ', 'send ', 'steer ', 'spawn ']);
    expect(await offers('/subagents ki')).toEqual(['kill ']);
    expect(await offers('/subagents log ')).toEqual(['#1 ', '#2 ', 'words ', '"smoke test" ']);
    expect(await offers('/subagents kill ')).toEqual(['#1 ', '#2 ', 'words ', '"smoke test" ', 'all ']);
    expect(await complete('/subagents kill "smo', commandTable(), candidates)).toEqual({
      matches: ['"smoke test" '],
      word: '"smo',
    });
    expect(await offers('/subagents kill #1 ')).toEqual([]);
  });

  test('agents, flags and their values', async () => {
    expect(await offers('/subagents spawn r')).toEqual(['researcher ']);
    expect(await offers('/subagents spawn main go --')).toEqual(['--model ', '--thinking ']);
    expect(await offers('/subagents spawn main go --model ')).toEqual(['ollama/qwen3 ', 'demo/demo ']);
    expect(await offers('/subagents spawn main --model x --t')).toEqual(['--thinking ']);
    expect(await offers('/subagents spawn main --thinking m')).toEqual(['minimal ', 'medium ']);
    expect(await offers('/focus words --bind ')).toEqual(['here ']);
  });

  test('modes and settings by name, each once', async () => {
    expect(await offers('/queue ')).toEqual([
      'steer ',
      'followup ',
      'collect ',
      'interrupt ',
      'default ',
      'debounce:',
      'cap:',
      'drop:summarize ',
      'drop:old ',
      'drop:new ',
    ]);
    expect(await offers('/queue collect drop:old ')).toEqual(['debounce:', 'cap:']);
    expect(await offers('/session idle ')).toEqual(['30m ', '2h ', '1d ', 'off ']);
  });
});
