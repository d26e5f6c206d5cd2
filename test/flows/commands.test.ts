// Every command in a real engine: what it is called, what it says of itself, and what it answers to a mistake.
import { afterEach, expect, test } from 'vitest';
import { commandTable } from '../../commands/index.ts';
import { hang } from '../fakes/script.ts';
import { bo, inGroup, lines, openPeople, startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

test('every command explains itself: syntax, meaning and an example of each of its forms', async () => {
  world = await openWorld();
  for (const command of commandTable()) {
    const help = await typed(world, `/help ${command.name}`);
    expect(help.split('\n').slice(0, 2)).toEqual([`/${command.name}: ${command.summary.replace(/\.$/, '')}:`, '-----']);
    for (const verb of command.verbs) {
      expect(help).toContain(lines(verb.syntax, `  ${verb.summary}`, `  example: ${verb.example}`));
    }
    for (const alias of command.aliases ?? []) expect(await typed(world, `/help ${alias}`)).toBe(help);
  }
});

test('an unknown sub-word is answered with the help of that command', async () => {
  world = await openWorld();
  for (const name of ['subagents', 'session']) {
    expect(await typed(world, `/${name} dance`)).toBe(
      lines(`⚠️ /${name} has no "dance".`, await typed(world, `/help ${name}`)),
    );
  }
});

test.each([
  ['/status now', '⚠️ Surplus argument "now". A name with spaces goes in quotes.', '/status'],
  ['/whoami x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/whoami'],
  ['/usage x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/usage'],
  ['/tools x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/tools'],
  ['/tasks x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/tasks'],
  ['/agents x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/agents'],
  ['/stop x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/stop'],
  ['/new x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/new'],
  ['/unfocus x', '⚠️ Surplus argument "x". A name with spaces goes in quotes.', '/unfocus'],
  ['/steer', '', '/steer <message>'],
  ['/focus', '', '/focus <label|session key|session id|target> [--bind here]'],
  [
    '/focus a --bind there',
    '⚠️ --bind cannot be "there". Choose: here.',
    '/focus <label|session key|session id|target> [--bind here]',
  ],
  ['/focus a --bind', '⚠️ --bind needs a value: here.', '/focus <label|session key|session id|target> [--bind here]'],
  [
    '/session idle soon',
    '⚠️ "soon" is not a duration. Write 30m, 2h, 1d, a bare number of hours, or off.',
    '/session idle [<duration>|off]',
  ],
  [
    '/session max-age soon',
    '⚠️ "soon" is not a duration. Write 30m, 2h, 1d, a bare number of hours, or off.',
    '/session max-age [<duration>|off]',
  ],
  ['/subagents kill', '', '/subagents kill <target|all>'],
  ['/subagents info', '', '/subagents info <target>'],
  ['/subagents log', '', '/subagents log <target> [limit] [tools]'],
  [
    '/subagents log 1 many',
    '⚠️ limit must be a whole number from 1 to 200, not "many".',
    '/subagents log <target> [limit] [tools]',
  ],
  ['/subagents send 1', '', '/subagents send <target> <message>'],
  ['/subagents steer 1', '', '/subagents steer <target> <message>'],
  ['/subagents spawn main', '', '/subagents spawn <agentId> <task> [--model <model>] [--thinking <level>]'],
  [
    '/subagents spawn main x --thinking hard',
    '⚠️ --thinking cannot be "hard". Choose: off, minimal, low, medium, high.',
    '/subagents spawn <agentId> <task> [--model <model>] [--thinking <level>]',
  ],
  [
    '/subagents spawn main x --fast',
    '⚠️ Unknown flag --fast. Known: --model, --thinking. To keep it as text, put -- before the text.',
    '/subagents spawn <agentId> <task> [--model <model>] [--thinking <level>]',
  ],
])('%s is answered with what is wrong and the syntax', async (line, fault, syntax) => {
  world = await openWorld();
  expect(await typed(world, line)).toBe(`${fault === '' ? '' : `${fault}\n`}Usage: ${syntax}`);
  expect(world.agent.turns).toEqual([]);
});

test.each([
  ['/subagents kill nobody'],
  ['/subagents info nobody'],
  ['/subagents log nobody'],
  ['/subagents send nobody hello'],
  ['/subagents steer nobody hello'],
  ['/focus nobody'],
])('%s names the word it could not place and the way to the list', async (line) => {
  world = await openWorld();
  expect(await typed(world, line)).toBe('⚠️ No run here matches "nobody". See /subagents list.');
});

test('a number out of range says how many there are; one word for several runs lists them with numbers', async () => {
  world = await openWorld();
  expect(await typed(world, '/subagents info 1')).toBe('⚠️ There are no numbered runs here yet. See /subagents list.');
  await startsWork(world, 'cats');
  await startsWork(world, 'cattle');
  expect(await typed(world, '/subagents info 7')).toBe(
    '⚠️ No run has number 7: 2 runs are numbered here, 1 to 2. See /subagents list.',
  );
  const [cats, cattle] = [world.run('cats'), world.run('cattle')].map((run) => run.id.slice(0, 8));
  expect(await typed(world, '/subagents info cat')).toBe(
    `⚠️ "cat" could be: #2 cattle (${cattle}), #1 cats (${cats}). Use the number or the id.`,
  );
});

test('numbers mean the last list: newer runs get new ones, none shifts, and a restart forgets nothing', async () => {
  world = await openWorld();
  await startsWork(world, 'apples');
  await startsWork(world, 'pears');
  expect(await typed(world, '/subagents')).toMatch(/1\. apples .*\n2\. pears /);
  await typed(world, '/subagents kill apples');
  await startsWork(world, 'plums');
  expect(await typed(world, '/tasks')).toMatch(/3\. plums [\s\S]*2\. pears [\s\S]*1\. apples /);
  expect(await typed(world, '/subagents info 3')).toContain('Label: plums');
  expect(await typed(world, '/subagents info #1')).toContain('Label: apples');
  expect(await typed(world, '/subagents')).toMatch(/1\. pears [\s\S]*2\. plums [\s\S]*3\. apples /);
  await world.restart('kill');
  expect(await typed(world, '/subagents info 3')).toContain('Label: apples');
});

test('an unknown command is answered with the nearest name and never becomes a turn', async () => {
  world = await openWorld();
  expect(await typed(world, '/sttus')).toBe(
    '⚠️ There is no command /sttus. Did you mean /status? /help lists the commands.',
  );
  expect(await typed(world, '/frobnicate')).toBe('⚠️ There is no command /frobnicate. /help lists the commands.');
  expect(world.agent.turns).toEqual([]);
});

test('phone keyboards are forgiven: leading space, capitals, long dashes, curly quotes, no-break spaces', async () => {
  world = await openWorld();
  expect(await typed(world, '  /WhoAmI')).toContain('id: console:ann');
  await typed(world, '/SubAgents\u00a0Spawn main count the words —model “demo/two”');
  await world.settled();
  expect(world.run('count the words')).toMatchObject({ task: 'count the words', model: 'demo/two' });
});

test('commands never wait: with every lane wedged and a queue of messages, they answer', async () => {
  world = await openWorld({ config: { agents: { defaults: { maxConcurrent: 1 } } } });
  world.agent.always(/.*/, [hang()]);
  await world.say('first');
  await world.until(() => world.agent.turns.length === 1, 'the turn to run');
  await world.say('/queue followup');
  await world.say('second');
  await world.say('third');
  expect(await typed(world, '/status')).toContain('✅ Queue:');
  const status = await world.channel.next((sent) => sent.text.startsWith('Status:'));
  expect(status.text).toContain('queue: followup, 2 waiting\nrun: a turn is under way');
  expect(world.agent.turns).toHaveLength(1);
});

test('a stranger gets no answer to text, a short one to a native command; others cannot use what is not theirs', async () => {
  const telegram = { token: 't', dmPolicy: 'allowlist', allowFrom: ['bo', 'cy'] };
  world = await openPeople({ config: { channels: { telegram } } });
  const stranger = { from: { id: 'zoe' } };
  await world.say('/whoami', stranger);
  await world.say('/whoami', { ...stranger, native: true });
  expect((await world.channel.next()).text).toBe('⚠️ you are not allowed to use this here.');
  expect(await typed(world, '/whoami', bo)).toBe(
    lines(
      'You:',
      '-----',
      'id: telegram:bo',
      'in the config: "bo" goes into channels.telegram.allowFrom, "telegram:bo" into commands.ownerAllowFrom',
      'class: allowed',
      'agent: main',
      'session: agent:main:telegram:direct:bo',
      'route: telegram:default:bo',
    ),
  );
  expect(world.channel.texts(world.channel.direct('zoe'))).toHaveLength(1);
});

test('others reach only runs of their own session; the owner any of them by session key or id', async () => {
  world = await openPeople();
  await startsWork(world, 'secret plans');
  const run = world.run('secret plans');
  for (const token of ['1', 'secret', run.id, run.id.slice(0, 8), run.child, run.childSessionId, 'last']) {
    expect(await typed(world, `/subagents info ${JSON.stringify(token)}`, bo), token).toMatch(
      /^⚠️ (?:No run here|There are no)/,
    );
    expect(await typed(world, `/focus ${JSON.stringify(token)}`, bo), token).toMatch(/^⚠️ (?:No run here|There are no)/);
  }
  expect(await typed(world, '/subagents kill all', bo)).toBe('ℹ️ nothing was running');
  expect(await typed(world, '/subagents', bo)).not.toContain('secret');
  expect(await typed(world, '/agents', bo)).not.toContain('secret');
  expect(await typed(world, '/tasks', bo)).not.toContain('secret');
  await startsWork(world, 'own work', bo);
  const his = world.run('own work');
  for (const token of [his.child, his.id.slice(0, 8), his.childSessionId]) {
    expect(await typed(world, `/subagents info ${token}`), token).toContain('Label: own work');
  }
  expect(await typed(world, '/subagents kill all')).toBe('✅ stopped 1, already finished 0, failed 0');
  expect(world.run('own work').state.status).toBe('running');
});

test('a thread, a group and a direct chat are sessions of their own with keys of their own', async () => {
  world = await openPeople({}, 'discord');
  const key = async (how: Parameters<typeof typed>[2]) => /session: (.*)/.exec(await typed(world, '/whoami', how))?.[1];
  expect(await key(bo)).toBe('agent:main:discord:direct:bo');
  expect(await key(inGroup(world, bo))).toBe('agent:main:discord:channel:g');
  expect(await key(inGroup(world, bo, 'T1'))).toBe('agent:main:discord:channel:g:thread:t1');
});

test('telegram topics and groups have keys of their own', async () => {
  world = await openPeople();
  const key = async (how: Parameters<typeof typed>[2]) => /session: (.*)/.exec(await typed(world, '/whoami', how))?.[1];
  expect(await key(inGroup(world, bo))).toBe('agent:main:telegram:group:g');
  expect(await key(inGroup(world, bo, '7'))).toBe('agent:main:telegram:group:g:topic:7');
});

test.each([
  ['main', 'agent:main:main'],
  ['per-peer', 'agent:main:direct:bo'],
  ['per-account-channel-peer', 'agent:main:telegram:default:direct:bo'],
])('with dmScope %s a direct chat is %s', async (dmScope, key) => {
  world = await openPeople({
    config: { channels: { telegram: { token: 't', allowFrom: ['bo'] } }, session: { dmScope } },
  });
  expect(await typed(world, '/whoami', bo)).toContain(`session: ${key}`);
});

test('while draining, what starts work is refused and what looks is answered', async () => {
  world = await openWorld();
  await startsWork(world, 'long work');
  void world.engine.drain();
  for (const line of ['/steer x', '/subagents send 1 x', '/subagents steer 1 x', '/subagents spawn main x']) {
    expect(await typed(world, line), line).toBe(
      '⚠️ Switchyard is restarting and takes no new work. Resend in a moment.',
    );
  }
  expect(await typed(world, '/status')).toContain('⏳ restarting: no new work is taken');
});
