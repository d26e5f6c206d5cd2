// The first minute of a new user: no key, no network, a pipe into the real program. The README's transcript grows from this.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../fakes/wait.ts';
import { Place, type RealApp, startApp } from './real-app.ts';

const delegate = 'delegate: count the words in README.md; list the npm scripts; wait 5 seconds and say done';
const stats = /^runtime [\d.]+s · tokens [\d.]+k? in \/ \d+ out \/ [\d.]+k? total · run [0-9a-f]{8}$/;

let place: Place;
let app: RealApp;
beforeEach(async () => {
  place = new Place();
  place.write('README.md', Array.from({ length: 301 }, () => 'four words a line').join('\n'));
  place.write('package.json', { scripts: { start: 'a', test: 'b', check: 'c', bench: 'd' } });
  app = await startApp(place);
});
afterEach(async () => {
  await app.say('/stop');
  expect(await app.end()).toBe(0);
  place.remove();
});

it('runs three sub-agents side by side, shows them while they work, and tells what they brought', async () => {
  expect(app.shown()).toBe(
    'Switchyard 0.1 · console · model: demo (scripted stand-in, no AI; set ANTHROPIC_API_KEY, OPENAI_API_KEY, … or run Ollama)\nType a message, or /help.\n',
  );
  const digest = app.next(/^All three are back/);
  expect(await app.ask(delegate)).toBe(
    'Started 3 sub-agents: #1 words, #2 scripts, #3 wait. I will report when they are back.',
  );
  const list = (await app.ask('/subagents', /^Active/)).split('\n');
  expect(list.slice(0, 2)).toEqual(['Active:', '-----']);
  expect(list[2]).toMatch(
    /^1\. words \(main, demo, \d\.\ds, [\d.]+k? tokens\) running - count the words in README\.md$/,
  );
  expect(list[3]).toMatch(/^2\. scripts \(main, demo, \d\.\ds, [\d.]+k? tokens\) running - list the npm scripts$/);
  expect(list[4]).toMatch(/^3\. wait \(main, demo, \d\.\ds, \d+ tokens\) running - wait 5 seconds and say done$/);
  expect(list.slice(5, 8)).toEqual(['Recent (30 min):', '-----', '(none)']);
  expect(list[8]).toMatch(/^3 runs · [\d.]+k? tokens · (?:no cost|cost n\/a)$/);
  expect(await digest).toBe(
    'All three are back. README.md has 1,204 words. The npm scripts are start, test, check, bench. The third waited 5 seconds and said: done.',
  );
  const after = await app.ask('/subagents list', /^Active/);
  expect(after).toMatch(/^Active:\n-----\n\(none\)\nRecent \(30 min\):\n-----\n/);
  expect(after.match(/\) done/g)).toHaveLength(3);
  expect(await app.end()).toBe(0);
});

it('answers what a person types while sub-agents work, and loses nothing of what they bring', async () => {
  const late = app.next(/late/);
  await app.ask('delegate: wait 0.2 seconds and say early; wait 1 second and say late', /^Started 2/);
  expect(await app.ask('count to 3', /1/)).toBe('1, 2, 3');
  expect(await app.ask('say hello', /hello/)).toBe('hello');
  await late;
  const told = app.heard().join('\n');
  expect(told.match(/said: early/g)).toHaveLength(1);
  expect(told.match(/said: late/g)).toHaveLength(1);
});

it('shows the facts of a run and what was said in it', async () => {
  await app.ask('delegate: count the words in README.md; wait 60 seconds and say late');
  await app.ask('/subagents', /^Active/);
  const info = await app.ask('/subagents info 2', /Label/);
  for (const fact of [
    'Status: running',
    'Label: wait',
    'Task: wait 60 seconds and say late',
    'Model: demo/demo',
    'Timeout: none',
  ])
    expect(info.split('\n')).toContain(fact);
  expect(await app.ask('/subagents log #2')).toMatch(
    /^wait \(run [0-9a-f]{8}\):\n-----\nUser: wait 60 seconds and say late$/,
  );
  const log = (): Promise<string> => app.ask('/subagents log 1 tools', /^words/);
  await until(async () => (await log()).includes('Tool: read:'), 'the file to be read');
  expect(await log()).toMatch(
    /^words \(run [0-9a-f]{8}\):\n-----\nUser: count the words in README\.md\nTool: read \{"path":"README\.md"\}\nTool: read: four words a line\n/,
  );
});

it('stops one run, then everything, with exact counts', async () => {
  await app.ask('delegate: wait 60 seconds and say a; wait 60 seconds and say b; wait 60 seconds and say c');
  await app.ask('/subagents', /^Active/);
  expect(await app.ask('/subagents kill #1')).toBe('✅ stopped 1, already finished 0, failed 0');
  expect(await app.ask('/subagents kill #1')).toContain('already finished 1');
  expect(await app.ask('/stop')).toBe('✅ stopped: 2 sub-agents. Nothing else was running.');
  expect(await app.ask('/stop')).toBe('ℹ️ nothing was running');
  const list = await app.ask('/subagents', /^Active/);
  expect(list).toContain('Active:\n-----\n(none)\n');
  expect(list.match(/\) stopped/g)).toHaveLength(3);
});

it('stops the turn of the chat itself as well', async () => {
  await app.say('wait 60 seconds and say late');
  await app.ask('/queue', /^Queue/);
  expect(await app.ask('/stop')).toBe('✅ stopped: 1 turn here. Nothing else was running.');
  expect(await app.ask('say still here')).toBe('still here');
});

it('announces a run that a person started, with its stats', async () => {
  const announced = app.next(/completed successfully/);
  expect(await app.ask('/subagents spawn main reply with the single word WORKING')).toMatch(
    /^✅ main started \(#1, run [0-9a-f]{8}, /,
  );
  const [title, result, line] = (await announced).split('\n');
  expect([title, result]).toEqual(['✅ reply with the single word: completed successfully', 'WORKING']);
  expect(line).toMatch(stats);
});

it('starts anew on /new and explains itself on /help', async () => {
  await app.ask('delegate: wait 60 seconds and say late');
  expect(await app.ask('/new')).toBe('✅ new session, 1 stopped');
  expect(await app.ask('/subagents', /^Active/)).toContain('Active:\n-----\n(none)\n');
  expect(await app.ask('/help')).toMatch(/^Commands:\n-----\n\/help - .*\n[\s\S]*\n\/stop - /);
  expect(await app.ask('/help kill')).toMatch(/^⚠️ There is no command/);
  expect(await app.ask('/halp')).toBe('⚠️ There is no command /halp. Did you mean /help? /help lists the commands.');
});

it('has answered everything and waits for what runs before it ends with its input', async () => {
  await app.say('say first');
  await app.say('delegate: wait 1 second and say slow');
  await app.say('count to 4');
  expect(await app.end()).toBe(0);
  const shown = app.heard().join('\n\n');
  expect(shown).toMatch(
    /first[\s\S]*Started 1 sub-agent: #1 wait[\s\S]*wait is back\. It waited 1 second and said: slow\./,
  );
  expect(shown).toContain('1, 2, 3, 4');
});
