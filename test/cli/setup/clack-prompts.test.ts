// The dialogue as it is drawn: real keys in, and what a narrow screen shows.
import { describe, expect, it } from 'vitest';
import { clackPrompts } from '../../../src/cli/setup/clack-prompts.ts';
import { Cancelled, type Prompts } from '../../../src/cli/setup/prompts.ts';
import { Keyboard, key, Screen } from '../../fakes/terminal.ts';
import { until } from '../../fakes/wait.ts';

interface Rig {
  readonly prompts: Prompts;
  readonly keyboard: Keyboard;
  readonly screen: Screen;
  readonly stop: AbortController;
  shows(text: string): Promise<void>;
}

async function rig(columns = 40): Promise<Rig> {
  const keyboard = new Keyboard();
  const screen = new Screen(columns);
  const stop = new AbortController();
  const streams = {
    stdin: keyboard as unknown as NodeJS.ReadStream,
    stdout: screen as unknown as NodeJS.WriteStream,
  };
  return {
    ...{ prompts: await clackPrompts({ ...streams, stop: stop.signal }), keyboard, screen, stop },
    shows: (text) =>
      until(() => screen.lines().join('\n').includes(text), `«${text}» on:\n${screen.lines().join('\n')}`),
  };
}

const options = [
  { value: 'a', label: 'First' },
  { value: 'b', label: 'Second', hint: 'the other' },
] as const;
const escapeKey = '\u001b';
const down = '\u001b[B';

describe('the setup dialogue on a terminal', () => {
  it('takes the option the cursor is on, and starts on the one that is there', async () => {
    const { prompts, keyboard, shows } = await rig();
    const first = prompts.choose({ message: 'Which?', options, initial: 'b' });
    await shows('● Second');
    await keyboard.press(key.enter);
    expect(await first).toBe('b');
    const second = prompts.choose({ message: 'Which now?', options, initial: 'a' });
    await shows('Which now?');
    await keyboard.press(down, key.enter);
    expect(await second).toBe('b');
  });

  it('takes several, or none', async () => {
    const { prompts, keyboard, shows } = await rig();
    const several = prompts.pick({ message: 'Which?', options, initial: ['b'] });
    await shows('Which?');
    await keyboard.press(' ', key.enter);
    expect(await several).toEqual(['a', 'b']);
    const none = prompts.pick({ message: 'And now?', options, initial: [] });
    await shows('And now?');
    await keyboard.press(key.enter);
    expect(await none).toEqual([]);
  });

  it('shows nothing of a secret, says what is wrong with it, and trims it', async () => {
    const { prompts, keyboard, screen, shows } = await rig();
    const fault = (text: string): string | undefined => (text === 'hunter2' ? undefined : 'That is not it.');
    const asked = prompts.secret({ message: 'Token', fault });
    await shows('Token');
    await keyboard.press(...'hunter', key.enter);
    await shows('That is not it.');
    await keyboard.press('2', ' ', key.enter);
    expect(await asked).toBe('hunter2');
    expect(screen.raw).not.toMatch(/hunter|nter2/);
  });

  it('offers what is there as a text to change', async () => {
    const { prompts, keyboard, shows } = await rig();
    const asked = prompts.line({ message: 'Model', initial: 'one' });
    await shows('one');
    await keyboard.press(key.backspace, 'X', key.enter);
    expect(await asked).toBe('onX');
    const empty = prompts.line({ message: 'Id' });
    await shows('Id');
    await keyboard.press(key.enter);
    expect(await empty).toBe('');
  });

  it.each([
    ['Esc', escapeKey],
    ['Ctrl-C', key.ctrlC],
  ])('ends with %s, and leaves the terminal as it was', async (_name, pressed) => {
    const { prompts, keyboard, shows } = await rig();
    const asked = prompts.confirm('Sure?', true);
    await shows('Sure?');
    keyboard.write(pressed);
    await expect(asked).rejects.toThrow(Cancelled);
    expect(keyboard.raw).toBe(false);
  });

  it('ends when the terminal is closed or the process is told to, and asks nothing after that', async () => {
    const one = await rig();
    const asked = one.prompts.confirm('Sure?', true);
    await one.shows('Sure?');
    one.stop.abort();
    await expect(asked).rejects.toThrow(Cancelled);
    await expect(one.prompts.line({ message: 'More' })).rejects.toThrow(Cancelled);
    const two = await rig();
    const open = two.prompts.line({ message: 'Name' });
    await two.shows('Name');
    two.keyboard.end();
    await expect(open).rejects.toThrow(Cancelled);
  });

  it('shows names that others chose without what could move the cursor', async () => {
    const { prompts, keyboard, screen, shows } = await rig();
    prompts.say('Hi \u001b[2J\u001b]0;x\u0007 there');
    const asked = prompts.choose({ message: 'Which?', options: [{ value: 'a', label: 'L\u001b[1Aab' }], initial: 'a' });
    await shows('Which?');
    await keyboard.press(key.enter);
    await asked;
    for (const sequence of ['\u001b[2J', '\u001b[1Aab', '\u001b]0']) expect(screen.raw).not.toContain(sequence);
  });

  it('breaks what it says between words, and never inside an address', async () => {
    const { prompts, screen } = await rig(30);
    prompts.say('A sentence that is longer than the screen, and https://example.org/a?b=c at its end.');
    expect(
      screen
        .lines()
        .map((line) => line.slice(3))
        .filter((line) => line.trim() !== ''),
    ).toEqual(['A sentence that is longer', 'than the screen, and', 'https://example.org/a?b=c', 'at its end.']);
  });
});

describe('while something is looked up', () => {
  it('keys are not shown, and do not answer the next question', async () => {
    const { prompts, keyboard, screen, shows } = await rig();
    const gate = Promise.withResolvers<string>();
    const looked = prompts.during('Asking …', () => gate.promise);
    await shows('Asking …');
    expect(keyboard.raw).toBe(true);
    await keyboard.press(...'s3cret', key.enter);
    gate.resolve('done');
    expect(await looked).toBe('done');
    expect({ raw: keyboard.raw, leaked: /s3cret/.test(screen.raw) }).toEqual({ raw: false, leaked: false });
    const next = prompts.line({ message: 'Name' });
    await shows('Name');
    await keyboard.press('n', key.enter);
    expect(await next).toBe('n');
  });

  it.each([
    ['Esc', escapeKey],
    ['Ctrl-C', key.ctrlC],
  ])('%s gives it up', async (_name, pressed) => {
    const { prompts, keyboard, shows } = await rig();
    const looked = prompts.during(
      'Asking …',
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('late'));
        }),
    );
    const ended = expect(looked).rejects.toThrow(Cancelled);
    await shows('Asking …');
    await keyboard.press(pressed);
    await ended;
    expect(keyboard.raw).toBe(false);
  });
});
