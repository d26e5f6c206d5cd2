// A coding agent driven from a chat: started, spoken to, steered, looked at, set, cancelled, closed.
import { afterEach, expect, test } from 'vitest';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const open = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding(options);
  return world;
};
/** A world with an agent that is bound to the chat. */
const bound = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  await open(options);
  await world.ask('/acp spawn --bind here', /is ready/);
  return world;
};
afterEach(async () => {
  await world.close();
});

test('a bound agent gets plain messages and remembers them', async () => {
  await open();
  const reply = await world.ask('/acp spawn twin --bind here');
  expect(reply).toMatch(
    /^✅ twin is ready \(agent:twin:acp:[0-9a-f-]+, persistent, .*work, approve-reads\)\. It works with your own rights on this machine, not in a sandbox\.\nMessages here go to it; \/unfocus to leave\.$/,
  );
  expect(await world.ask('say one')).toBe('one');
  expect(await world.ask('remember')).toBe('say one / remember');
  expect(world.heard()).toEqual(['say one', 'remember']);
});

test('a first prompt is answered where the agent is bound, after the reply to the command', async () => {
  await open();
  await world.say('/acp spawn twin --bind here -- say hello\nthere');
  await world.until(() => world.said().length === 2, 'two messages');
  expect(world.said()[0]).toContain('twin is ready');
  expect(world.said()[1]).toBe('hello\nthere');
});

test('without a place it is unbound: the reply says how to bind it and how to talk to it, and the answer is a completion', async () => {
  await open();
  expect(await world.ask('/acp spawn twin --label tests')).toContain(
    'It is not bound: with --bind here, or --thread auto where there are threads, plain messages go to it. /acp steer --session tests <text> talks to it.',
  );
  world.agent.always(/^hello$/, 'hello from the main agent');
  expect(await world.ask('hello')).toBe('hello from the main agent');
  const answer = world.channel.next(/fine/);
  expect(await world.ask('/acp steer say fine', /sent/)).toBe('✅ sent.');
  expect((await answer).text).toMatch(/^✅ tests: completed successfully\nfine\nruntime /);
  // The agent of the chat knows of it without having been asked.
  world.agent.always(/^what did it say\?$/, 'it said fine');
  await world.ask('what did it say?');
  const prompt = JSON.stringify(world.agent.turns.at(-1)?.prompt);
  expect(prompt).toContain('The coding agent tests answered them.');
  expect(prompt).toContain('untrusted text of the child');
});

test('once: it is closed after its first answer', async () => {
  await open();
  await world.say('/acp spawn --mode oneshot -- say done');
  await world.channel.next(/✅ twin: completed successfully\ndone/);
  await world.until(() => world.engine.acp.sessions.all().length === 0, 'its session to end');
  expect(world.living()).toEqual([]);
  expect(await world.ask('/acp status', /ACP error/)).toMatch(
    /^⚠️ ACP error \(ACP_SESSION_INIT_FAILED\): no coding agent was started here\./,
  );
});

test('once: cancelled before it answered, it is closed too, and the reply says so', async () => {
  await open();
  await world.ask('/acp spawn --mode oneshot -- hang', /is ready/);
  await world.received('prompt');
  expect(await world.ask('/acp cancel', /cancelled/)).toBe(
    '✅ twin: cancelled. It was started for one answer, so it is closed.',
  );
  await world.until(() => world.engine.acp.sessions.all().length === 0, 'its session to end');
});

test.each([
  ['on', '✅ steered; it took that in while working.', 'working steered: faster'],
  [
    undefined,
    '✅ current turn cancelled, sent instead.',
    'heard: [steering, the previous turn was interrupted] faster',
  ],
] as const)('a steer while it works, steering %s: the reply says what happened', async (steering, reply, answer) => {
  await bound({ twin: steering === undefined ? {} : { steering } });
  await world.say('hang');
  await world.received('prompt');
  const next = world.channel.next(answer);
  expect(await world.ask('/acp steer faster', /✅/)).toBe(reply);
  expect((await next).text).toBe(answer);
});

test('a plain message while it works goes in where the agent can listen', async () => {
  await bound({ twin: { steering: 'on' } });
  await world.say('hang');
  await world.received('prompt');
  await world.say('faster');
  await world.channel.next('✅ steered');
  await world.channel.next('working steered: faster');
});

test('a plain message while it works waits for its turn where the agent cannot listen', async () => {
  await bound();
  await world.say('hang');
  await world.received('prompt');
  await world.say('say next');
  expect(await world.ask('/acp status')).toContain('state: running, 1 waiting');
  expect(await world.ask('/acp cancel', /cancelled/)).toBe('✅ twin: cancelled; the session goes on.');
  await world.channel.next('next');
  expect(world.heard()).toEqual(['hang', 'say next']);
});

test('what is said while it gets ready is confirmed, and goes in as soon as it is', async () => {
  await open({ twin: { init: 'slow' } });
  await world.say('/acp spawn --bind here');
  await world.received('started');
  await world.say('say early');
  await world.channel.next('⏳ queued until ready');
  expect(await world.ask('/acp steer say also', /✅/)).toBe('✅ queued until ready.');
  const answers = [world.channel.next(/is ready/), world.channel.next(/early/)];
  world.go();
  await Promise.all(answers);
});

test('status shows how it stands before and after its first turn', async () => {
  await bound({ twin: { resume: true, steering: 'on' } });
  const status = await world.ask('/acp status');
  for (const line of [
    /^session: agent:twin:acp:/m,
    /^agent: twin$/m,
    /^harness session: twin-\d+-1$/m,
    /^mode: persistent$/m,
    /^state: idle$/m,
    /^bound: chat:/m,
    /^permissions: approve-reads$/m,
    /^timeout: none$/m,
    /^options: mode=bypassPermissions \(default, plan, bypassPermissions\); model=small \(small, large\)$/m,
    /^capabilities: resume, steer, images, list, close$/m,
    /^last error: \(none\)$/m,
  ])
    expect(status).toMatch(line);
});

test('closing ends the process and the binding, and the main agent answers again', async () => {
  await bound();
  expect(world.living()).toHaveLength(1);
  expect(await world.ask('/acp close')).toBe('✅ twin closed, its binding removed.');
  expect(world.living()).toEqual([]);
  world.agent.always(/^hello$/, 'hello from the main agent');
  expect(await world.ask('hello')).toBe('hello from the main agent');
  expect(await world.ask('/acp sessions')).toBe('Sessions:\n-----\n(none)');
});

test('settings answer the effective value, and what the agent does not have is refused with what it has', async () => {
  await bound({ twin: { resume: true } });
  expect(await world.ask('/acp set-mode PLAN')).toBe('✅ twin: mode plan');
  expect(await world.ask('/acp model large')).toBe('✅ twin: model large');
  expect(await world.ask('/acp timeout 90')).toBe('✅ twin: time limit 1m30s');
  expect(await world.ask('/acp permissions deny-all')).toBe('✅ twin: permissions deny-all');
  expect(await world.ask('/acp set progress full')).toBe('✅ twin: progress full');
  expect(await world.ask('/acp cwd /nowhere/at/all')).toBe(
    '⚠️ ACP error (ACP_INVALID_RUNTIME_OPTION): the working folder /nowhere/at/all does not exist.\nnext: give the absolute path of a folder that exists',
  );
  expect(await world.ask('/acp set-mode turbo')).toMatch(
    /^⚠️ ACP error \(ACP_INVALID_RUNTIME_OPTION\): turbo is no mode of twin\. Valid: default, plan, bypassPermissions\.\nnext: /,
  );
  expect(await world.ask('/acp set effort high')).toMatch(
    /^⚠️ ACP error \(ACP_BACKEND_UNSUPPORTED_CONTROL\): twin has no option effort\. It has: modes, model\.\nnext: /,
  );
  expect(await world.ask('say still here')).toBe('still here');
  expect(await world.ask('/acp reset-options')).toBe('✅ twin: defaults again (permissions=approve-reads)');
  await world.ask('say once more');
  expect(await world.ask('/acp status')).toMatch(/^options: mode=bypassPermissions /m);
});

test('taken back, the model is again the one its agent is configured with', async () => {
  const coder = { id: 'coder', model: 'large', runtime: { type: 'acp', agent: 'twin' } };
  await open({ config: { agents: { list: [{ id: 'main' }, coder] } } });
  await world.ask('/acp spawn coder --bind here', /is ready/);
  await world.ask('/acp model small', /✅/);
  await world.ask('/acp reset-options', /✅/);
  await world.ask('say hello');
  expect(world.log().flatMap(({ what, value }) => (what === 'option' ? [value] : []))).toEqual([
    'large',
    'small',
    'large',
  ]);
});

test('sessions are listed with the current one marked, and those made elsewhere can be gone on with', async () => {
  await bound({ twin: { load: true } });
  await world.ask('/acp spawn --label second', /is ready/);
  const list = await world.ask('/acp sessions --all');
  expect(list).toMatch(/^\* twin idle chat:\S+ \S+work session:agent:twin:acp:/m);
  expect(list).toMatch(/^- second \(twin\) idle unbound /m);
  expect(list).toContain('twin can continue:\n-----\n- elsewhere Fix the tax · /srv/shop');
  expect(list).toContain('/acp resume <id> twin --cwd <its folder> --bind here goes on with one.');
  expect(await world.ask('/acp resume elsewhere twin')).toMatch(
    /^⚠️ ACP error \(ACP_SESSION_INIT_FAILED\): twin could not continue its session elsewhere: /,
  );
  expect((await world.ask('/acp sessions')).split('\n')).toHaveLength(4);
});

test('an agent that lives in one lists what it can continue by its own name', async () => {
  const coder = { id: 'coder', runtime: { type: 'acp', agent: 'twin' } };
  await open({ config: { agents: { list: [{ id: 'main' }, coder] } }, acp: { defaultAgent: 'coder' } });
  const list = await world.ask('/acp sessions --all');
  expect(list).toContain('coder can continue:');
  expect(list).toContain('/acp resume <id> coder ');
  expect(await world.ask('/acp doctor', /healthy/)).toMatch(/^twin: .*\n {2}login: ok.*\nhealthy: yes$/m);
});

test('a command nobody here knows goes to the agent that is bound', async () => {
  await bound();
  expect(await world.ask('/compact now')).toBe('heard: /compact now');
  expect(await world.ask('/whoami')).toContain('console:');
});

test('a new session begins in the same place with nothing in its memory', async () => {
  await bound();
  await world.ask('say one');
  expect(await world.ask('/new')).toMatch(/^✅ new session for twin, still bound here/);
  expect(await world.ask('remember')).toBe('remember');
});

test('stop ends the turn of the bound agent, and of one that was started here', async () => {
  await bound();
  await world.say('hang');
  await world.received('prompt');
  expect(await world.ask('/stop', /stopped|ended/)).not.toContain('nothing was running');
  await world.ask('/unfocus', /ended|answers/);
  await world.say('/acp steer hang');
  await world.received('prompt', 2);
  expect(await world.ask('/stop', /stopped|ended/)).not.toContain('nothing was running');
  await world.received('stop', 2);
});

test('agents that may be started, and sessions of this chat, are offered while they are typed', async () => {
  await open({ acp: { allowedAgents: ['twin', 'codex'] } });
  await world.ask('/acp spawn --label tests', /is ready/);
  const sender = { id: 'ann', name: 'Ann' };
  const about = { route: world.channel.direct(), sender, chat: 'direct', command: 'acp', text: '', limit: 25 } as const;
  const agents = await world.channel.events.suggest({ ...about, verb: 'spawn', param: 'agent' });
  expect(agents.map(({ value }) => value)).toEqual(['twin', 'codex']);
  const sessions = await world.channel.events.suggest({ ...about, verb: 'cancel', param: 'target' });
  expect(sessions).toEqual([{ value: 'tests', label: 'tests (twin, idle)' }]);
});
