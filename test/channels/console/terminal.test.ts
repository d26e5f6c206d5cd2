import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleAdapter } from '../../../channels/console/adapter.ts';
import { worthKeeping } from '../../../channels/console/history.ts';
import { consoleRoute } from '../../../channels/console/place.ts';
import { TerminalSurface } from '../../../channels/console/terminal.ts';
import { silentLog } from '../../../src/infra/log.ts';
import { channelContract } from '../../contracts/channel.ts';
import { hears } from '../../fakes/channel-events.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { seededIds } from '../../fakes/ids.ts';
import { broken, Keyboard, key, Screen } from '../../fakes/terminal.ts';
import { until } from '../../fakes/wait.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'console-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Chat {
  readonly keyboard: Keyboard;
  readonly screen: Screen;
  readonly adapter: ConsoleAdapter;
  readonly said: string[];
  closed: number;
  answer(text: string): Promise<void>;
}

async function chat(columns = 80): Promise<Chat> {
  const keyboard = new Keyboard();
  const screen = new Screen(columns);
  const opened: Chat = {
    keyboard,
    screen,
    said: [],
    closed: 0,
    adapter: new ConsoleAdapter({
      input: keyboard,
      output: screen,
      clock: virtualClock(),
      ids: seededIds(),
      log: silentLog,
      historyFile: join(folder, 'console-history'),
      complete: async (line) =>
        line.startsWith('/s')
          ? { matches: ['/status ', '/stop ', '/steer '].filter((word) => word.startsWith(line)), word: line }
          : Promise.reject(new Error('nothing known')),
      idle: async () => undefined,
      closed: () => {
        opened.closed += 1;
      },
    }),
    answer: async (text) => {
      await opened.adapter.deliver(consoleRoute, { text }, `key:${Math.floor(opened.screen.raw.length)}:${text}`);
    },
  };
  await opened.adapter.start(
    hears(async (message) => {
      opened.said.push(message.text);
    }),
  );
  return opened;
}

describe('a chat on a terminal', () => {
  it('shows a prompt, sends a line, and shows the answer above the next prompt', async () => {
    const { keyboard, screen, said, answer } = await chat();
    await keyboard.press('hello', key.enter);
    expect(said).toEqual(['hello']);
    await answer('Hi.\nSecond line.\n\nLast.');
    expect(screen.lines()).toEqual(['> hello', 'bot: Hi.', '     Second line.', '', '     Last.', '>']);
  });

  it('keeps the half-typed line and the cursor where they are when an answer arrives', async () => {
    const { keyboard, screen, answer } = await chat();
    await keyboard.press('half a line', key.left, key.left);
    await answer('news');
    expect(screen.lines()).toEqual(['bot: news', '> half a line']);
    expect(screen.cursor()).toEqual({ row: 1, column: 11 });
    await keyboard.press('X');
    expect(screen.lines()).toEqual(['bot: news', '> half a liXne']);
  });

  it.each([18, 19, 37, 38, 39])('keeps a line of %i characters that wraps, pasted in one go', async (length) => {
    const { keyboard, screen, answer } = await chat(20);
    const text = 'abcdefghij'.repeat(4).slice(0, length);
    await keyboard.press(text);
    await answer('one');
    await answer('two');
    await keyboard.press('Z');
    expect(screen.lines()).toEqual(['bot: one', 'bot: two', ...wrap(`> ${text}Z`, 20)]);
  });

  it('never garbles anything, whatever is typed and whatever arrives in between', async () => {
    const act = fc.oneof(
      { weight: 4, arbitrary: fc.stringMatching(/^[a-z ]{1,45}$/).map((text) => ({ do: 'type', text }) as const) },
      {
        weight: 3,
        arbitrary: fc.stringMatching(/^[A-Z][A-Z ]{0,50}[A-Z]$/).map((text) => ({ do: 'answer', text }) as const),
      },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 30 }).map((times) => ({ do: 'left', times }) as const) },
      { weight: 1, arbitrary: fc.constant({ do: 'backspace' } as const) },
      { weight: 1, arbitrary: fc.boolean().map((on) => ({ do: 'busy', on }) as const) },
      { weight: 1, arbitrary: fc.stringMatching(/^[a-z]{1,45}$/).map((text) => ({ do: 'paste', text }) as const) },
      { weight: 1, arbitrary: fc.constant({ do: 'enter' } as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 14 }), async (acts) => {
        const { keyboard, screen, adapter, answer } = await chat(20);
        const above: string[] = [];
        let line = '';
        let cursor = 0;
        let prompt = '> ';
        for (const one of acts) {
          switch (one.do) {
            case 'type':
            case 'paste':
              await keyboard.press(one.do === 'type' ? one.text : key.paste(one.text));
              line = line.slice(0, cursor) + one.text + line.slice(cursor);
              cursor += one.text.length;
              break;
            case 'answer':
              await answer(one.text);
              above.push(...wrap(`bot: ${one.text}`, 20));
              break;
            case 'left':
              await keyboard.press(key.left.repeat(one.times));
              cursor = Math.max(0, cursor - one.times);
              break;
            case 'backspace':
              await keyboard.press(key.backspace);
              line = line.slice(0, Math.max(0, cursor - 1)) + line.slice(cursor);
              cursor = Math.max(0, cursor - 1);
              break;
            case 'busy':
              adapter.signal(consoleRoute, one.on ? 'typing' : 'idle');
              prompt = one.on ? '… > ' : '> ';
              break;
            case 'enter':
              // Readline opens a row for the cursor behind a full one, and leaves it blank in what was said: no harm done.
              if ((2 + line.length) % 20 === 0) break;
              await keyboard.press(key.enter);
              above.push(...wrap(`> ${line}`, 20));
              line = '';
              cursor = 0;
              break;
          }
          const typed = prompt + line;
          const at = prompt.length + cursor;
          expect(screen.lines()).toEqual(visible([...above, ...wrap(typed, 20)]));
          expect(screen.cursor()).toEqual({ row: above.length + Math.floor(at / 20), column: at % 20 });
        }
        await adapter.stop();
      }),
      { numRuns: 200 },
    );
  });

  it('shows that somebody works on an answer in the prompt only, and leaves no trace of it behind', async () => {
    const { keyboard, screen, adapter } = await chat();
    adapter.signal(consoleRoute, 'typing');
    await keyboard.press('and');
    expect(screen.lines()).toEqual(['… > and']);
    await keyboard.press(key.enter);
    expect(screen.lines()).toEqual(['> and', '… >']);
    adapter.signal(consoleRoute, 'idle');
    expect(screen.lines()).toEqual(['> and', '>']);
  });

  it('takes control characters out of answers', async () => {
    const { screen, answer } = await chat();
    await answer('a\u001b[2Jb\u0007\r\nc\u009bd');
    expect(screen.lines()).toEqual(['bot: a\ufffd[2Jb\ufffd', '     c\ufffdd', '>']);
  });

  it('sends nothing for a blank line', async () => {
    const { keyboard, said } = await chat();
    await keyboard.press('   ', key.enter, key.enter);
    expect(said).toEqual([]);
  });
});

describe('longer messages', () => {
  it('joins a paste of several lines to one message that is sent with Enter', async () => {
    const { keyboard, screen, said } = await chat();
    await keyboard.press('see: ', key.paste('one\n\ttwo\n'));
    expect(said).toEqual([]);
    expect(screen.lines().at(-1)).toBe('|');
    await keyboard.press('three', key.enter);
    expect(said).toEqual(['see: one\n\ttwo\nthree']);
    await keyboard.press('next', key.enter);
    expect(said[1]).toBe('next');
  });

  it('continues a line that ends in a backslash', async () => {
    const { keyboard, said } = await chat();
    await keyboard.press('first \\', key.enter, 'second', key.enter);
    expect(said).toEqual(['first \nsecond']);
  });

  it('asks the terminal for marked pastes, and no longer when it leaves', async () => {
    const { screen, adapter } = await chat();
    expect(screen.raw).toContain('\u001b[?2004h');
    await adapter.stop();
    expect(screen.raw).toContain('\u001b[?2004l');
  });
});

describe('tab', () => {
  it('completes what is clear and lists what is not', async () => {
    const { keyboard, screen, said } = await chat();
    await keyboard.press('/sta', key.tab, key.enter);
    expect(said).toEqual(['/status']);
    await keyboard.press('/st', key.tab, key.tab);
    await until(() => screen.lines().join('\n').includes('/steer'), 'the list');
    expect(screen.lines().at(-1)).toBe('> /st');
  });

  it('does nothing when nothing is known', async () => {
    const { keyboard, screen } = await chat();
    await keyboard.press('hello', key.tab, key.tab, '!');
    expect(screen.lines()).toEqual(['> hello!']);
  });
});

describe('leaving', () => {
  it('drops the line being typed on the first Ctrl-C', async () => {
    const { keyboard, screen, said } = await chat(20);
    await keyboard.press('something long that wraps around', key.left, key.ctrlC);
    expect(screen.lines()).toEqual(['>']);
    await keyboard.press('new', key.enter);
    expect(said).toEqual(['new']);
  });

  it('drops the lines of an unfinished message too', async () => {
    const { keyboard, said } = await chat();
    await keyboard.press('one\\', key.enter, key.ctrlC, 'two', key.enter);
    expect(said).toEqual(['two']);
  });

  it('asks for a second Ctrl-C on an empty line, and forgets that when something is typed', async () => {
    const opened = await chat();
    const { keyboard, screen } = opened;
    await keyboard.press(key.ctrlC);
    expect(screen.lines()).toEqual(['Press Ctrl-C again or Ctrl-D to quit.', '>']);
    await keyboard.press('x', key.backspace, key.ctrlC);
    expect(opened.closed).toBe(0);
    await keyboard.press(key.ctrlC);
    await until(() => opened.closed === 1, 'the end');
    expect(keyboard.raw).toBe(false);
  });

  it('leaves on Ctrl-D, and still shows what arrives while the rest finishes', async () => {
    const opened = await chat();
    await opened.keyboard.press(key.ctrlD);
    await until(() => opened.closed === 1, 'the end');
    await opened.answer('done at last');
    expect(opened.screen.lines()).toEqual(['>', 'bot: done at last']);
  });

  it.each(['ends', 'fails'] as const)(
    'leaves once, without a crash, when the window is closed and reading %s',
    async (reading) => {
      const opened = await chat();
      const { keyboard, screen, adapter } = opened;
      await keyboard.press('half a line');
      keyboard.hangUp(reading);
      await until(() => opened.closed === 1, 'the end');
      screen.destroy(broken('write'));
      await until(() => adapter.health().state === 'disconnected', 'the broken screen');
      // The next process opens the same chat: what nobody saw here is kept for it.
      expect((await adapter.deliver(consoleRoute, { text: 'too late' }, 'key')).status).toBe('retry');
      await adapter.stop();
      expect(opened.closed).toBe(1);
    },
  );

  it('leaves when the screen fails first', async () => {
    const opened = await chat();
    opened.screen.destroy(broken('write'));
    opened.keyboard.hangUp('ends');
    await until(() => opened.closed === 1, 'the end');
    await opened.adapter.stop();
    expect(opened.closed).toBe(1);
  });

  it('leaves at once when the window was closed before the chat opened', async () => {
    const { keyboard, adapter, ended } = await unstarted();
    keyboard.hangUp('ends');
    await adapter.start(hears(async () => undefined));
    await ended;
    await adapter.stop();
  });

  it('gives up on a closed window also when it is told to stop', async () => {
    const { keyboard, adapter } = await chat();
    keyboard.hangUp('ends');
    await adapter.stop();
  });

  it('does not report an end that was asked for from outside', async () => {
    const opened = await chat();
    await opened.adapter.stop();
    await opened.keyboard.press(key.ctrlD);
    expect(opened.closed).toBe(0);
    expect(opened.keyboard.raw).toBe(false);
  });
});

describe('history', () => {
  const file = (): string => join(folder, 'console-history');

  it('brings lines of an earlier session back, from a file only its owner may read', async () => {
    const first = await chat();
    await first.keyboard.press('remember me', key.enter);
    await first.adapter.stop();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const second = await chat();
    await second.keyboard.press(key.up, key.enter);
    expect(second.said).toEqual(['remember me']);
  });

  it('keeps pairing codes and lines that start with a space out of the file', async () => {
    const { keyboard } = await chat();
    await keyboard.press(' secret', key.enter, '/pair approve ABCD2345', key.enter, '/pairs', key.enter);
    expect(readFileSync(file(), 'utf8')).toBe('/pairs\n');
    expect(worthKeeping('')).toBe(false);
  });

  it('cuts a long file to the newest thousand lines and closes its mode', async () => {
    writeFileSync(file(), Array.from({ length: 1500 }, (_, n) => `line ${n}\n`).join(''), { mode: 0o644 });
    const { keyboard, said } = await chat();
    await keyboard.press(key.up, key.enter);
    expect(said).toEqual(['line 1499']);
    const lines = readFileSync(file(), 'utf8').trim().split('\n');
    expect(lines[0]).toBe('line 500');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });
});

/** The rows a text fills; a full last row takes the cursor to the next one. */
function wrap(text: string, columns: number): string[] {
  const rows = Array.from({ length: Math.max(1, Math.ceil(text.length / columns)) }, (_, row) =>
    text.slice(row * columns, (row + 1) * columns).trimEnd(),
  );
  return rows;
}

function visible(rows: readonly string[]): string[] {
  const lines = [...rows];
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

channelContract('the console on a terminal', async () => {
  const { keyboard, screen, adapter } = await unstarted();
  return {
    adapter,
    route: consoleRoute,
    repeatsOnce: true,
    say: async (text) => keyboard.press(text, key.enter),
    shown: () => screen.lines().flatMap((line) => (line.startsWith('bot: ') ? [line.slice(5)] : [])),
    cut: async () => {
      screen.destroy(new Error('EPIPE'));
      await until(() => screen.destroyed, 'the cut');
      await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => undefined,
  };
});

async function unstarted(): Promise<{
  keyboard: Keyboard;
  screen: Screen;
  adapter: ConsoleAdapter;
  ended: Promise<void>;
}> {
  const { promise: ended, resolve: closed } = Promise.withResolvers<void>();
  const keyboard = new Keyboard();
  const screen = new Screen(80);
  const adapter = new ConsoleAdapter({
    input: keyboard,
    output: screen,
    clock: virtualClock(),
    ids: seededIds(),
    log: silentLog,
    historyFile: join(tmpdir(), 'console-none', 'history'),
    complete: async (line) => ({ matches: [], word: line }),
    idle: async () => undefined,
    closed,
  });
  return { keyboard, screen, adapter, ended };
}

describe('TerminalSurface', () => {
  it('shows text plainly before it is opened', async () => {
    const screen = new Screen(40);
    const surface = new TerminalSurface({
      input: new Keyboard(),
      output: screen,
      historyFile: join(folder, 'h'),
      complete: async (line) => ({ matches: [], word: line }),
    });
    expect(await surface.show('early')).toBeUndefined();
    expect(screen.lines()).toEqual(['early']);
  });
});
