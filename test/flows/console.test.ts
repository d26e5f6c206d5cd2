// A person at a terminal in front of the real program: typing, editing and leaving while answers arrive.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { key } from '../fakes/terminal.ts';
import { until } from '../fakes/wait.ts';
import { Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let app: RealApp;
let left: boolean;
beforeEach(async () => {
  place = new Place();
  app = await startApp(place, { columns: 70 });
  left = false;
});
afterEach(async () => {
  if (!left) {
    await app.say('/stop');
    await app.keyboard.press(key.ctrlD);
  }
  expect(await app.exit).toBe(0);
  place.remove();
});

const screen = (): readonly string[] => app.screen.lines();
/** The terminal breaks long lines wherever its edge is. */
const unwrapped = (): string =>
  screen()
    .map((line) => line.padEnd(70))
    .join('')
    .replaceAll(/ {2,}/g, ' ');

it('keeps the line being typed undisturbed while answers arrive above it', async () => {
  await app.say('delegate: wait 0.5 seconds and say one; wait 1 second and say two');
  await app.next(/^Started 2/);
  const digest = app.next(/^Both are back/);
  await app.keyboard.press(...'this is a long line that is still being typed when the answers come in, ok');
  await digest;
  const lines = screen();
  expect(lines.slice(-2)).toEqual(
    ['> this is a long line that is still being typed when the answers come ', 'in, ok'].map((line) => line.trimEnd()),
  );
  expect(lines.join('\n')).toContain('bot: Both are back.');
  await app.keyboard.press(key.backspace, key.backspace, ...'me too', key.home, ...'say ', key.enter);
  await until(
    () => unwrapped().includes('bot: this is a long line that is still being typed when the answers come in, me too'),
    'the answer',
  );
});

it('completes commands, their words and live targets with the tab key', async () => {
  await app.say('delegate: wait 60 seconds and say late');
  await app.next(/^Started 1/);
  await app.keyboard.press(...'/suba', key.tab);
  await until(
    () => screen().at(-1)?.endsWith('> /subagents ') === true || screen().at(-1)?.endsWith('> /subagents') === true,
    'the command',
  );
  await app.keyboard.press(...'kil', key.tab);
  await until(() => screen().at(-1)?.includes('/subagents kill') === true, 'the verb');
  await app.keyboard.press(...'wa', key.tab);
  await until(() => screen().at(-1)?.includes('/subagents kill wait') === true, 'the label');
  await app.keyboard.press(key.enter);
  expect(await app.next(/stopped 1/)).toBe('✅ stopped 1, already finished 0, failed 0');
});

it('takes a paste of several lines as one message', async () => {
  await app.keyboard.press(key.paste('say one\nsay two'), key.enter);
  expect(await app.next(/one/)).toBe('one\nsay two');
});

it('remembers earlier lines, also after a restart', async () => {
  await app.ask('say the first', /the first/);
  await app.keyboard.press(key.ctrlD);
  expect(await app.exit).toBe(0);
  app = await startApp(place, { columns: 70 });
  const again = app.next(/the first/);
  await app.keyboard.press(key.up, key.enter);
  expect(await again).toBe('the first');
});

it('empties the line on Ctrl-C, asks on the second and leaves on the third', async () => {
  await app.keyboard.press(...'half a thought', key.ctrlC);
  expect(screen().at(-1)).toBe('>');
  await app.keyboard.press(key.ctrlC);
  expect(screen().slice(-2)).toEqual(['Press Ctrl-C again or Ctrl-D to quit.', '>']);
  await app.keyboard.press(key.ctrlC);
  expect(await app.exit).toBe(0);
  left = true;
});

it('shows long answers whole', async () => {
  await app.say('count to 200');
  await until(() => unwrapped().includes('197, 198, 199, 200'), 'the end of the answer');
});

it('drains on SIGTERM: what runs may finish and is shown, then it ends with 0', async () => {
  await app.say('wait 0.5 seconds and say finished');
  await until(() => screen().at(-1)?.startsWith('… >') === true, 'the sign of work');
  app.signal('SIGTERM');
  expect(await app.exit).toBe(0);
  expect(app.heard()).toContain('Waited 0.5 seconds and said: finished.');
  left = true;
});
