// Stored records that cannot be read: the process starts all the same.
import { afterEach, describe, expect, test } from 'vitest';
import { hang, say } from '../fakes/script.ts';
import { ann, delegate, ends } from './endings.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const broken: readonly (readonly [string, string])[] = [
  ['inbox', "UPDATE inbox SET message = '{' WHERE state = 'accepted'"],
  ['runs', "UPDATE runs SET data = '{'"],
  ['open_turns', "UPDATE open_turns SET items = '{'"],
  ['sleeps', "INSERT OR REPLACE INTO sleeps VALUES ('agent:main:main', '{')"],
  ['outbox route', "UPDATE outbox SET route = '{', state = 'pending', ended_at = NULL"],
  ['outbox message', "UPDATE outbox SET message = '{', state = 'pending', ended_at = NULL"],
  ['brief', "INSERT INTO brief_sends VALUES ('{', 9999999999999)"],
  ['trees', "UPDATE trees SET failures = '{', origin = '{'"],
  ...[
    'sessions',
    'bindings',
    'pairing',
    'process',
    'owner-route',
    'persons',
    'chat-moves',
    'closed-places',
    'numbers',
    'acp',
    'acp-processes',
  ].flatMap((n) => [
    [
      `keyv ${n}`,
      `INSERT OR REPLACE INTO keyv (key, value) SELECT coalesce((SELECT key FROM keyv WHERE key LIKE '${n}::%' LIMIT 1), '${n}::x'), '{'`,
    ] as const,
    [
      `keyv shape ${n}`,
      `INSERT OR REPLACE INTO keyv (key, value) SELECT coalesce((SELECT key FROM keyv WHERE key LIKE '${n}::%' LIMIT 1), '${n}::state'), '{"value":{"x":1}}'`,
    ] as const,
  ]),
];

describe('a broken row', () => {
  test.for(broken)('%s', async ([, text]) => {
    world = await openWorld();
    await world.ask('hello', 'ok');
    world.agent.once(/^long$/, [say('at it'), hang()]);
    world.agent.once(/^mine$/, [say('at it'), hang()]);
    await delegate(world, 'long');
    await ends(world, 'long', 'running');
    await world.say('mine');
    await world.until(() => world.agent.active.has(ann(world)), 'turn');
    await world.engine.stores.database.write((sql) => sql.run(text));
    await world.restart('kill');
    expect(await world.ask('again', (m) => m.text === 'ok')).toBe('ok');
  });
});
