// Stored records that are damaged: the process starts all the same, they are kept, and whoever waits hears of it.
import { afterEach, describe, expect, test } from 'vitest';
import { recordsSetAside } from '../../src/infra/set-aside.ts';
import { leftovers, reconcile, upkeepOf } from '../../src/wiring/maintenance.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { call, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, delivers, ends, start, turnsOf } from './endings.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const change = (text: string): Promise<unknown> =>
  world.engine.stores.database
    .write((sql) => sql.run(text).changes)
    .then((changes) => expect(changes).toBeGreaterThan(0));
const setAside = () => recordsSetAside(world.engine.stores.database.read);
const names = (): readonly string[] => setAside().map(({ name }) => name);
const owners = (): readonly string[] => world.channel.texts().filter((text) => text.includes('set aside; everything'));

/** A chat that works, with a run below it that works, too. */
async function working(log = recordingLog()): Promise<void> {
  world = await openWorld({ log });
  await world.ask('hello', 'ok');
  world.agent.once(/^long$/, [say('at it'), hang()]);
  world.agent.once(/^mine$/, [say('at it'), hang()]);
  await delegate(world, 'long');
  await ends(world, 'long', 'running');
  await world.say('mine');
  await world.until(() => world.agent.active.has(ann(world)), 'the turn of the chat');
  await world.until(() => world.agent.active.has(world.run('long').child), 'the turn of the run');
}

const keyed = [
  ...['sessions', 'pairing', 'process', 'owner-route', 'persons', 'chat-moves', 'bindings', 'closed-places'],
  ...['acp', 'acp-processes'],
];
const secret = 'swordfish';
/** What keeps a start from reading a row. */
const damages: readonly (readonly [what: string, name: RegExp, sql: string])[] = [
  ['a message that came in', /^inbox \d+$/, `UPDATE inbox SET message = '{"${secret}' WHERE state = 'accepted'`],
  [
    'a message of another shape',
    /^inbox \d+$/,
    `UPDATE inbox SET message = '{"kind":"${secret}"}' WHERE state = 'accepted'`,
  ],
  ['a run', /^runs /, `UPDATE runs SET data = '{"${secret}'`],
  ['a run of another shape', /^runs /, `UPDATE runs SET data = '{"id":"${secret}"}'`],
  ['a turn under way', /^open_turns /, `UPDATE open_turns SET items = '["${secret}' WHERE session LIKE '%direct%'`],
  ['the sleep of a session', /^sleeps /, `INSERT INTO sleeps VALUES ('agent:main:main', '{"${secret}')`],
  ['the place of an outgoing message', /^outbox \d+$/, outgoing(`route = '{"${secret}'`)],
  ['the text of an outgoing message', /^outbox \d+$/, outgoing(`message = '{"${secret}'`)],
  ['what was sent lately', /^brief_sends \d+$/, `INSERT INTO brief_sends VALUES ('{"${secret}', 9999999999999)`],
  [
    'a question to a person',
    /^approvals q$/,
    `INSERT INTO approvals (id, code, session, asker, title, kind, preview, hash, session_offered, route, at)
     VALUES ('q', 'c', 's', 'a', 't', 'k', 'p', 'h', 0, '{"${secret}', 1)`,
  ],
  ...keyed.flatMap((kind) => {
    const key = `coalesce((SELECT key FROM keyv WHERE key LIKE '${kind}::%' ORDER BY key DESC LIMIT 1), '${kind}::state')`;
    const put = (value: string): string => `INSERT OR REPLACE INTO keyv (key, value) VALUES (${key}, '${value}')`;
    return [
      [`what is kept under ${kind}`, new RegExp(`^keyv ${kind}::`), put(`{"${secret}`)] as const,
      [`the shape of ${kind}`, new RegExp(`^keyv ${kind}::`), put(`{"value":{"x":"${secret}"}}`)] as const,
    ];
  }),
];

/** As if the process had died before it sent one of its messages. */
function outgoing(damage: string): string {
  return `UPDATE outbox SET ${damage}, state = 'pending', ended_at = NULL WHERE id = (SELECT min(id) FROM outbox)`;
}

describe('a start', () => {
  test.for(damages)('goes on where %s is damaged, and keeps it', async ([, name, text]) => {
    const log = recordingLog();
    await working(log);
    await change(text);
    await world.restart('kill');
    expect(await world.ask('again', (message) => message.text === 'ok')).toBe('ok');
    await world.until(() => names().length > 0, 'something to be set aside');
    expect(names()).toEqual(names().map(() => expect.stringMatching(name)));
    const kept = world.engine.stores.database.read
      .all('SELECT record FROM set_aside')
      .map(({ record }) => String(record));
    expect(kept.join()).toContain(secret);
    const errors = log.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => `${fields.table} ${fields.id}: ${fields.cause}`)).toEqual(
      setAside().map((record) => `${record.name}: ${record.reason}`),
    );
    expect(JSON.stringify([errors, setAside()])).not.toContain(secret);
    await world.restart('kill');
    expect(await world.ask('once more', (message) => message.text === 'ok')).toBe('ok');
  });

  test('tells the owner once of what was set aside, with everything else there is to say', async () => {
    await working();
    await change("UPDATE inbox SET message = '{' WHERE state = 'accepted'");
    await change(`INSERT INTO sleeps VALUES ('agent:main:main', '{')`);
    for (let times = 0; times < 2; times += 1) await world.restart('kill');
    await world.until(() => owners().length === 1, 'the owner to be told');
    const [told = ''] = owners();
    expect(told).toMatch(/^ℹ️ Switchyard was restarted in the middle of work\.\n/);
    expect(told).toContain('\n\n⚠️ 2 stored records were damaged and set aside');
    expect(told).toMatch(/\n- inbox \d+: it is no JSON\n/);
    expect(told).toContain('\n- sleeps agent:main:main: it is no JSON\n');
    expect(setAside().every(({ told }) => told)).toBe(true);
  });

  test('counts on from where no count has come to when its number is lost', async () => {
    await working();
    const { generation } = world.engine;
    await change("UPDATE keyv SET value = '{' WHERE key = 'process::generation'");
    await world.restart('kill');
    expect(world.engine.generation).toBeGreaterThan(generation);
    const lost = world.engine.generation;
    await world.restart('kill');
    expect(world.engine.generation).toBe(lost + 1);
  });
});

describe('a damaged message that came in', () => {
  test('is told in its chat', async () => {
    await working();
    await change("UPDATE inbox SET message = '{' WHERE state = 'accepted'");
    await world.restart('kill');
    const told = await world.channel.next(/A message from this chat could not be read/);
    expect(told.text).toContain('say it again');
    expect(told.route).toEqual(world.channel.direct('ann'));
  });

  test('is told to nobody we do not talk to', async () => {
    await working();
    await change(
      `INSERT INTO inbox (dedupe, state, message, at) VALUES ('console:default:mallory:1', 'accepted', '{', 1)`,
    );
    await world.restart('kill');
    await world.until(() => owners().length === 1, 'the owner to be told');
    expect(world.channel.sent.filter(({ route }) => route.chat === 'mallory')).toEqual([]);
    expect(names()).toHaveLength(1);
  });
});

describe('a damaged run', () => {
  test('is told to whoever asked for it, and nothing of it goes on', async () => {
    world = await openWorld({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } } });
    world.agent.once(/^outer$/, [start('inner'), hang()]);
    world.agent.once(/^inner$/, [hang()]);
    await delegate(world, 'outer');
    await ends(world, 'inner', 'running');
    const { child, requester } = world.run('outer');
    const thread = { ...world.channel.direct('ann'), thread: 't' };
    const by = { id: 'console:ann', class: 'owner' } as const;
    await world.engine.delivery.bindings.bind({ route: thread, session: child, agentId: 'main', label: 'outer', by });
    const inner = world.run('inner').child;
    const before = [turnsOf(world, child).length, turnsOf(world, inner).length];
    await change("UPDATE runs SET data = '{' WHERE label = 'outer'");
    world.agent.once(/The record of the run outer/, 'outer was lost');
    await world.restart('kill');
    const told = await world.channel.next('outer was lost');
    expect(told.route).toEqual(world.channel.direct('ann'));
    await world.settled();
    expect(world.run('inner').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect([turnsOf(world, child).length, turnsOf(world, inner).length]).toEqual(before);
    expect(turnsOf(world, requester).filter((text) => text.includes('The record of the run'))).toHaveLength(1);
    const { stores, delivery } = world.engine;
    expect(await stores.sessions.get(child)).toBeUndefined();
    expect(await delivery.bindings.at(thread)).toBeUndefined();
    expect(await leftovers(upkeepOf(world.engine))).toEqual([expect.objectContaining({ kind: 'unreadable' })]);
  });

  test('is told to a run that waits for it, which goes on', async () => {
    world = await openWorld({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } } });
    world.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    world.agent.once(/^inner$/, [hang()]);
    world.agent.once(completionTurn('outer'), 'outer is done');
    await delegate(world, 'outer');
    await ends(world, 'inner', 'running');
    await ends(world, 'outer', 'waiting');
    world.agent.once(/The record of the run inner/, 'done without inner');
    await change("UPDATE runs SET data = '{' WHERE label = 'inner'");
    await world.restart('kill');
    await world.channel.next('outer is done');
    expect(world.run('outer').state).toMatchObject({ status: 'succeeded', outcome: { text: 'done without inner' } });
  });

  test('wakes whoever sleeps for it', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [start('slow'), call('sessions_yield'), say('waiting')]);
    world.agent.once(/^slow$/, [hang()]);
    await world.say('go');
    await ends(world, 'slow', 'running');
    await world.until(() => world.engine.stores.openTurns.asleep().length === 1, 'the sleep');
    await change("UPDATE runs SET data = '{'");
    world.agent.once(/The record of the run slow/, 'slow was lost');
    await world.restart('kill');
    await world.channel.next('slow was lost');
    expect(world.engine.stores.openTurns.asleep()).toEqual([]);
  });

  test('that was delivered is told to the owner alone', async () => {
    world = await openWorld();
    world.agent.once(/^quick$/, 'done');
    world.agent.once(completionTurn('quick'), 'quick is done');
    await delegate(world, 'quick');
    await delivers(world, 'quick', 'delivered');
    await world.settled();
    const turns = turnsOf(world, ann(world)).length;
    await change("UPDATE runs SET data = '{'");
    await world.restart('kill');
    expect(await world.ask('/tasks', (message) => message.text !== 'quick is done')).not.toContain('quick');
    await world.until(() => names().length === 1, 'the run to be set aside');
    await world.clock.advance(60_000);
    await world.until(() => owners().length === 1, 'the owner to be told');
    await world.settled();
    expect(turnsOf(world, ann(world))).toHaveLength(turns);
  });
});

describe('a damaged outgoing message', () => {
  test('is told where it was to be sent', async () => {
    await working();
    await change(outgoing("message = '{'"));
    await world.restart('kill');
    const told = await world.channel.next(/A message for this chat could not be read/);
    expect(told.text).toContain('ask again');
  });

  /** The result of a run had arrived; its message is damaged as if the process had died before that was known. */
  async function resultDamaged(state: 'pending' | 'sending'): Promise<void> {
    world = await openWorld();
    world.agent.once(/^quick$/, 'the result');
    await world.ask('/subagents spawn main quick', /quick/);
    await world.channel.next(/the result/);
    await delivers(world, label(), 'delivered');
    await change(
      `UPDATE runs SET delivery = 'sending', data = json_set(data, '$.delivery', json('{"state":"sending","attempts":0}'))`,
    );
    await change(`UPDATE outbox SET message = '{', state = '${state}', ended_at = NULL WHERE runs <> '[]'`);
    await world.restart('kill');
  }
  const label = (): string => world.runs()[0]?.label ?? '';
  const sends = (): number => world.channel.attempts.filter(({ text }) => text.includes('\nthe result\n')).length;

  test('that carries the result of a run is sent again from the record of the run', async () => {
    await resultDamaged('pending');
    await world.until(() => sends() === 2, 'the result to be sent again');
    await delivers(world, label(), 'delivered');
    expect(world.channel.texts().join()).not.toContain('ask again');
  });

  test('is not sent again where it may have arrived, until a person wants that', async () => {
    await resultDamaged('sending');
    await delivers(world, label(), 'ambiguous');
    await world.settled();
    expect(sends()).toBe(1);
    expect(world.run(label()).delivery.reason).toContain('it may have arrived');
  });
});

test('a damaged message that had arrived is told to the owner alone', async () => {
  world = await openWorld();
  await world.ask('hello', 'ok');
  await world.settled();
  await change("UPDATE outbox SET route = '{'");
  await world.restart('kill');
  await world.clock.advance(60_000);
  await world.until(() => owners().length === 1, 'the owner to be told');
  await world.settled();
  expect(world.channel.texts()).toEqual(['ok', owners()[0]]);
});

test('a damaged turn of a chat begins again with what was said', async () => {
  await working();
  await change("UPDATE open_turns SET items = '{' WHERE session LIKE '%direct%'");
  world.agent.once(/^mine$/, 'answered');
  await world.restart('kill');
  await world.channel.next('answered');
});

test('a damaged turn of a run ends it as interrupted, which is told', async () => {
  world = await openWorld();
  world.agent.once(/^long$/, [say('at it'), hang()]);
  await delegate(world, 'long');
  await ends(world, 'long', 'running');
  await world.until(() => world.agent.active.has(world.run('long').child), 'its turn');
  await change("UPDATE open_turns SET items = '{' WHERE session LIKE '%subagent%'");
  world.agent.once(completionTurn('long'), 'long was cut off');
  await world.restart('kill');
  await world.channel.next('long was cut off');
  expect(world.run('long').state).toMatchObject({ status: 'failed', outcome: { code: 'interrupted' } });
});

test('a tree whose record is damaged has spent what it has spent', async () => {
  world = await openWorld({ config: { budgets: { breaker: { failures: 3 } } } });
  world.agent.once(/^quick$/, 'done');
  await delegate(world, 'quick');
  await delivers(world, 'quick', 'delivered');
  const { tree } = world.run('quick');
  await change(`UPDATE trees SET failures = '{', input = 1234, seconds = 'x' WHERE id = '${tree}'`);
  await world.restart('kill');
  const { budgets, aside } = world.engine.stores;
  expect(budgets.breaker(tree, 'main', 'quick')).toBeUndefined();
  await aside.settled();
  expect(names()).toEqual([`trees ${tree}`]);
  expect(budgets.treeUsage(tree).input).toBe(1234);
});

test('nobody is let in by the loss of who was', async () => {
  await working();
  await change(`INSERT OR REPLACE INTO keyv (key, value) VALUES ('pairing::state', '{')`);
  await world.restart('kill');
  expect(world.engine.pairing.view()).toEqual({ pending: [], people: [] });
  expect(world.engine.pairing.owner()).toBeUndefined();
});

describe('while work goes on', () => {
  test('a damaged session begins anew, and the owner is told within a minute', async () => {
    world = await openWorld();
    await world.ask('hello', 'ok');
    await world.settled();
    const before = await world.engine.stores.sessions.get(ann(world));
    await change(`UPDATE keyv SET value = '{"value":{}}' WHERE key = 'sessions::${ann(world)}'`);
    expect(await world.ask('again', 'ok')).toBe('ok');
    expect((await world.engine.stores.sessions.get(ann(world)))?.id).not.toBe(before?.id);
    await world.settled();
    await world.clock.advance(60_000);
    await world.until(() => owners().length === 1, 'the owner to be told');
    expect(owners()[0]).toContain(
      `- keyv sessions::${ann(world)}: it has another shape than expected (key: invalid_type)`,
    );
    await world.clock.advance(120_000);
    expect(owners()).toHaveLength(1);
  });

  test('a damaged message does not stand in the way of what is sent after it', async () => {
    world = await openWorld();
    await world.ask('hello', 'ok');
    await world.settled();
    await change(
      `INSERT INTO outbox (key, account, place, priority, state, route, message, next_at, at, since)
       SELECT 'damaged', account, place, priority, 'pending', route, '{', next_at, at, since FROM outbox LIMIT 1`,
    );
    expect(await world.ask('again', (message) => message.text === 'ok')).toBe('ok');
    await world.channel.next(/A message for this chat could not be read/);
    expect(names()).toEqual(['outbox 2']);
  });

  test('the sleep of a session is over when one of those it sleeps for is damaged', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [start('slow'), start('other'), call('sessions_yield'), say('waiting')]);
    world.agent.always(/^slow$|^other$/, [hang()]);
    await world.say('go');
    await ends(world, 'other', 'running');
    await world.until(() => world.engine.stores.openTurns.asleep().length === 1, 'the sleep');
    world.agent.once(/The record of the run slow/, 'slow was lost');
    await change("UPDATE runs SET data = '{' WHERE label = 'slow'");
    expect(world.runs()).toHaveLength(1);
    await world.channel.next('slow was lost');
    expect(world.engine.stores.openTurns.asleep()).toEqual([]);
  });

  test('a run that is damaged is told at once to whoever asked for it', async () => {
    world = await openWorld();
    world.agent.once(/^long$/, [say('at it'), hang()]);
    await delegate(world, 'long');
    await ends(world, 'long', 'running');
    const { child } = world.run('long');
    await world.until(() => world.agent.active.has(child), 'its turn');
    world.agent.once(/The record of the run long/, 'long was lost');
    await change("UPDATE runs SET data = '{'");
    expect(world.runs()).toEqual([]);
    await world.channel.next('long was lost');
    await world.until(() => !world.agent.active.has(child), 'its turn to be over');
    await world.settled();
    await world.restart('kill');
    await world.settled();
    expect(turnsOf(world, ann(world)).filter((text) => text.includes('The record of the run'))).toHaveLength(1);
  });
});

test('maintenance shows what was set aside, and deletes it for good', async () => {
  await working();
  await change("INSERT INTO sleeps VALUES ('agent:main:main', '{')");
  await world.restart('kill');
  const found = (await leftovers(upkeepOf(world.engine))).filter(({ kind }) => kind === 'unreadable');
  expect(found.map(({ what, repair }) => `${what} ${repair}`)).toEqual([
    expect.stringMatching(
      /^Record sleeps agent:main:main: it is no JSON; set aside .*, kept in table set_aside \(seq 1\)\. deletes what is kept of it$/,
    ),
  ]);
  expect(await reconcile(upkeepOf(world.engine), found)).toEqual(found);
  expect(setAside()).toEqual([]);
  expect(await reconcile(upkeepOf(world.engine), found)).toEqual([]);
});
