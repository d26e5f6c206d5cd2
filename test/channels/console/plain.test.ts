import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConsoleAdapter } from '../../../channels/console/adapter.ts';
import { botText, wrapped } from '../../../channels/console/format.ts';
import { consoleRoute } from '../../../channels/console/place.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { silentLog } from '../../../src/infra/log.ts';
import { channelContract } from '../../contracts/channel.ts';
import { hears } from '../../fakes/channel-events.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { until } from '../../fakes/wait.ts';

class Pipe extends Writable {
  text = '';
  broken = false;
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (this.broken) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return;
    }
    this.text += chunk.toString();
    done();
  }
}

interface Piped {
  readonly input: PassThrough;
  readonly output: Pipe;
  readonly adapter: ConsoleAdapter;
  readonly events: string[];
  becomeIdle(): void;
}

function piped(): Piped {
  const input = new PassThrough();
  const output = new Pipe();
  const idle = Promise.withResolvers<void>();
  const events: string[] = [];
  const adapter = new ConsoleAdapter({
    input,
    output,
    clock: virtualClock(1234),
    ids: systemIds,
    log: silentLog,
    historyFile: '/nowhere/history',
    complete: async (line) => ({ matches: [], word: line }),
    idle: () => {
      events.push('asked for idle');
      return idle.promise;
    },
    closed: () => events.push('closed'),
  });
  return { input, output, adapter, events, becomeIdle: idle.resolve };
}

describe('a piped console', () => {
  it('takes the next line only when the one before is stored', async () => {
    const { input, adapter } = piped();
    const taken: string[] = [];
    const stored: (() => void)[] = [];
    await adapter.start(
      hears((message) => {
        taken.push(message.text);
        return new Promise((resolve) => stored.push(resolve));
      }),
    );
    input.write('first\nsecond\n');
    await until(() => taken.length === 1, 'the first line');
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toEqual(['first']);
    stored[0]?.();
    await until(() => taken.length === 2, 'the second line');
    stored[1]?.();
  });

  it('loses nothing that was written before it was started', async () => {
    const { input, adapter } = piped();
    const taken: string[] = [];
    input.write('first\nsecond\n');
    await new Promise((resolve) => setImmediate(resolve));
    await adapter.start(hears(async (message) => void taken.push(message.text)));
    input.end('third\n');
    await until(() => taken.length === 3, 'all three lines');
    expect(taken).toEqual(['first', 'second', 'third']);
  });

  it('ends when nothing runs and nothing is owed any more, and not before', async () => {
    const { input, adapter, events, output, becomeIdle } = piped();
    await adapter.start(
      hears(async (message) => {
        events.push(message.text);
      }),
    );
    input.end('a\n\n  \nno line break at the end');
    await until(() => events.includes('asked for idle'), 'the question');
    expect(events).toEqual(['a', 'no line break at the end', 'asked for idle']);
    await adapter.deliver(consoleRoute, { text: 'late answer' }, 'k');
    becomeIdle();
    await until(() => events.includes('closed'), 'the end');
    expect(output.text).toBe('bot: late answer\n');
  });

  it('ends at once on an empty input', async () => {
    const { input, adapter, events, becomeIdle } = piped();
    becomeIdle();
    input.end();
    await adapter.start(hears(async () => undefined));
    await until(() => events.includes('closed'), 'the end');
  });

  it('hands in a direct message of the owner, with the time of the clock', async () => {
    const { input, adapter } = piped();
    const taken: InboundMessage[] = [];
    await adapter.start(
      hears(async (message) => {
        taken.push(message);
      }),
    );
    input.write('hello\\\n');
    await until(() => taken.length === 1, 'the line');
    expect(taken[0]).toMatchObject({
      route: { channel: 'console', account: 'default', chat: 'local' },
      sender: { id: 'local' },
      chat: 'direct',
      text: 'hello\\',
      mentionsBot: true,
      sentAt: 1234,
    });
  });

  it('says so when a message could not be stored', async () => {
    const { input, adapter, output } = piped();
    await adapter.start(hears(() => Promise.reject(new Error('disk full'))));
    input.write('hello\n');
    await until(() => output.text.includes('could not be stored'), 'the note');
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const { adapter, output, events } = piped();
    await adapter.start(hears(async () => undefined));
    output.broken = true;
    const receipt = await adapter.deliver(consoleRoute, { text: 'x' }, 'k');
    expect(receipt.status).toBe('refused');
    await until(() => events.includes('closed'), 'the end');
    expect(events).toEqual(['closed']);
    expect(adapter.health().state).toBe('disconnected');
  });

  it('takes no line after it was stopped', async () => {
    const { input, adapter, events } = piped();
    await adapter.start(
      hears(async (message) => {
        events.push(message.text);
      }),
    );
    await adapter.stop();
    input.end('too late\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
  });
});

describe('botText', () => {
  it('marks the first line and indents the others', () => {
    expect(botText('a\nb\n\nc\n\n')).toBe('bot: a\n     b\n\n     c');
    expect(botText('')).toBe('bot: ');
  });
});

channelContract('the console on a pipe', async () => {
  const { input, output, adapter, becomeIdle } = piped();
  becomeIdle();
  return {
    adapter,
    route: consoleRoute,
    repeatsOnce: true,
    say: async (text) => void input.write(`${text}\n`),
    shown: () => output.text.split('\n').flatMap((line) => (line.startsWith('bot: ') ? [line.slice(5)] : [])),
    cut: async () => {
      output.destroy(new Error('EPIPE'));
      await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => undefined,
  };
});

describe('a line wider than the terminal', () => {
  it('breaks between words and goes on below its own text', () => {
    expect(wrapped('bot: one two three four five', 20)).toBe('bot: one two three\n     four five');
    expect(wrapped('     1. a list item that is long', 20)).toBe('     1. a list item\n     that is long');
    expect(wrapped('bot: ✅ 日本語日本語 is wide', 20)).toBe('bot: ✅ 日本語日本語\n     is wide');
  });

  it('is left alone where it fits, in a long word, and in a terminal too narrow', () => {
    for (const text of ['bot: fits exactly ok', `bot: ${'x'.repeat(40)}`, '', '\n\n'])
      expect(wrapped(text, 20)).toBe(text);
    expect(wrapped('bot: one two three four', 10)).toBe('bot: one two three four');
  });

  it('loses no word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 20, max: 60 }),
        (words, columns) => {
          const shown = wrapped(botText(words.join(' ')), columns);
          expect(shown.slice(5).split(/\s+/)).toEqual(words);
          for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});
