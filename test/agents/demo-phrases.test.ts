// Reading what is asked of the demo model.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitCompletions } from '../../src/agents/demo-digest.ts';
import { understand } from '../../src/agents/demo-phrases.ts';

describe('understand', () => {
  it('never fails, whatever is said', () => {
    fc.assert(fc.property(fc.string(), (text) => void understand(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('delegate:', '(', ')', ';', 'wait', '5', ' ', 'say', 'count to', '\n')),
        (parts) => void understand(parts.join(' ')),
      ),
    );
  });

  it('keeps every task of a list', () => {
    const task = fc.stringMatching(/^[a-z]{1,10}( [a-z]{1,10}){0,3}$/);
    fc.assert(
      fc.property(fc.array(task, { minLength: 1, maxLength: 8 }), (tasks) => {
        const phrase = understand(`delegate: ${tasks.join('; ')}`);
        expect(phrase?.do === 'delegate' && phrase.tasks.map((one) => one.task)).toEqual(tasks);
      }),
    );
  });

  it('labels tasks with short words', () => {
    const phrase = understand('delegate: summarise a.md; read b.md; 99 balloons; orchestrate (say a; say b)');
    expect(phrase?.do === 'delegate' && phrase.tasks.map((one) => one.label)).toEqual([
      'summary',
      'read',
      '99',
      'team',
    ]);
  });

  it('takes the sentence end off a file name, not its ending', () => {
    expect(understand('count the words in "docs/a.b.md".')).toEqual({ do: 'words', file: 'docs/a.b.md' });
  });
});

describe('splitCompletions', () => {
  it('gives text without blocks back as it is, trimmed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(splitCompletions(text)).toEqual({ completions: [], rest: text.trim() });
      }),
    );
  });

  it('leaves an unfinished block alone', () => {
    const text = 'see [switchyard completion]\nSource: subagent';
    expect(splitCompletions(text)).toEqual({ completions: [], rest: text });
  });
});
