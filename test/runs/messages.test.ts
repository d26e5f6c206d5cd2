import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SendResult, SteerResult } from '../../src/core/services.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { silentLog } from '../../src/infra/log.ts';
import { type MessageAsk, Messages } from '../../src/runs/messages.ts';
import { turnWorld } from '../agents/turn-world.ts';
import { aRoute } from '../fakes/builders.ts';
import { boundary, say, wait } from '../fakes/script.ts';

/** Messages on the real turn engine; what would be posted is listed by key, the first of a key wins. */
function messagesWorld(settleMs = 0) {
  const database = openDatabase(':memory:');
  const posted = new Map<string, string>();
  const ids = new Map<string, string>();
  const distrusted: string[] = [];
  const world = turnWorld({
    settleMs,
    settle: (result) => database.write((sql) => messages.settled(sql, result, false)),
  });
  const messages: Messages = new Messages({
    ...{ database, clock: world.clock, log: silentLog },
    offer: (session, item) => world.turns.offer(session, item),
    store: (_sql, { key }) => {
      if (ids.has(key)) return undefined;
      ids.set(key, `inbox:${ids.size + 1}`);
      return ids.get(key);
    },
    enqueue: (_sql, { key, message }) => void (posted.has(key) || posted.set(key, message.text)),
    sent: () => undefined,
    tree: () => 'tree',
    run: () => undefined,
    maxChars: () => 8000,
    distrust: async (session) => distrusted.push(session),
    replyKey: (key) => `command:${key}`,
  });
  const ask = (key: string, more: Partial<MessageAsk> = {}): MessageAsk => ({
    ...{ target: world.session(), label: 'words', text: key, from: 'Ann', trusted: true, key, route: aRoute },
    reply: (result: SendResult) => JSON.stringify(result),
    ...more,
  });
  return { ...world, messages, ask, ids, posted, distrusted };
}

test('a message with a key that was stored before is not put in again', async () => {
  const { messages, ask, clock, heard } = messagesWorld();
  void messages.send(ask('a'));
  await clock.advance(1);
  expect(await messages.send(ask('a'))).toEqual({ ok: true, value: { kind: 'running' } });
  expect(await messages.steer(ask('a'))).toEqual({ ok: true, value: 'queued' });
  expect(heard()).toEqual(['a']);
});

test('whoever is not trusted takes the owner trust from the session', async () => {
  const { messages, ask, distrusted, clock } = messagesWorld();
  void messages.steer(ask('a', { trusted: false }));
  await clock.advance(1);
  expect(distrusted).toEqual(['agent:main:main']);
});

test('what follows in the conversation need not wait for the answer', async () => {
  const { messages, ask, agent, clock } = messagesWorld();
  agent.always(/./, [wait(20_000), say('ok')]);
  const acted: string[] = [];
  void messages.send(ask('a', { acted: () => void acted.push('a') }));
  await clock.advance(1);
  expect(acted).toEqual(['a']);
});

test('several steers that one turn took in from one place get one answer there', async () => {
  const { messages, ask, agent, clock, posted } = messagesWorld();
  agent.always(/./, [wait(1_000), say('ok')]);
  const there = { ...aRoute, chat: 'there' };
  const idle = messages.steer(ask('a'));
  await clock.advance(1);
  void messages.steer(ask('b'));
  void messages.steer(ask('c', { route: there }));
  await clock.advance(5_000);
  expect(await idle).toEqual({ ok: true, value: 'idle' });
  expect([...posted.keys()]).toEqual(['answer:a', 'answer:c']);
});

test('a message stored before a restart is answered under the key it had', async () => {
  const { messages, ask, clock, posted } = messagesWorld();
  const { label: _label, trusted: _trusted, ...stored } = ask('a');
  messages.resume({ ...stored, reply: undefined }, { id: 'inbox:7', steer: false });
  await clock.advance(1);
  expect([...posted.keys()]).toEqual(['answer:a']);
});

type Step = { readonly do: 'message' | 'steer' | 'send' | 'stop' } | { readonly do: 'wait'; readonly ms: number };

async function race(steps: readonly Step[], works: readonly number[]): Promise<void> {
  const world = messagesWorld(works[0]);
  const { messages, ask, agent, clock, turns } = world;
  agent.always(/./, ({ turn, round }) => {
    const ms = works[(turn + round) % works.length] ?? 0;
    return [wait(ms), boundary(), wait(ms), say('ok')];
  });
  const steers = new Map<string, SteerResult | 'refused'>();
  const sends = new Map<string, SendResult>();
  const given: string[] = [];
  const stopped = new Set<string>();

  const asked: Promise<unknown>[] = [];
  for (const [nth, step] of steps.entries()) {
    const key = `k${nth}`;
    if (step.do === 'wait') await clock.advance(step.ms);
    else if (step.do === 'message') given.push(world.give(key, { route: undefined }).id);
    else if (step.do === 'stop') {
      for (const item of turns.clear('agent:main:main')) stopped.add(item.id);
      turns.abort('agent:main:main', 'user');
    } else if (step.do === 'steer') {
      asked.push(messages.steer(ask(key)).then((result) => steers.set(key, result.ok ? result.value : 'refused')));
    } else {
      asked.push(messages.send(ask(key)).then((result) => result.ok && sends.set(key, result.value)));
    }
  }
  do await clock.advance(10_000);
  while (turns.busy());
  await clock.advance(40_000);
  await Promise.all(asked);

  const took = world.settled.flatMap((result) => result.items.map((item) => item.id));
  const started = new Set([...world.batches.values()].flat());
  const all = [...given, ...world.ids.values()];
  expect([...took, ...stopped].sort()).toEqual(all.sort());
  for (const [key, result] of steers) {
    const id = world.ids.get(key) ?? '';
    const how = stopped.has(id) ? 'stopped' : started.has(id) ? 'turn' : 'injected';
    const truths = {
      injected: ['injected'],
      queued: ['turn', 'stopped'],
      idle: ['turn', 'stopped'],
      pending: ['turn', 'stopped', 'injected'],
      refused: ['stopped'],
      // Only of coding agents.
      preparing: [],
      resent: [],
    };
    expect(truths[result], `${key} was ${how}`).toContain(how);
  }
  for (const [key, result] of sends) {
    const id = world.ids.get(key) ?? '';
    const end = world.settled.find((each) => each.items.some((item) => item.id === id));
    const direct = world.posted.get(`command:${key}`);
    const later = world.posted.get(`answer:${key}`);
    if (result.kind === 'answered') expect(end?.outcome.kind).toBe('success');
    if (result.kind === 'failed') expect(stopped.has(id) || end?.outcome.kind === 'stopped').toBe(true);
    expect(direct === undefined || direct === JSON.stringify(result)).toBe(true);
    expect(later !== undefined, key).toBe(result.kind === 'running');
  }
  expect(messages.stats()).toEqual({ owed: 0 });
  expect(turns.stats()).toEqual({ sessions: 0, items: 0 });
  expect(clock.pending()).toBe(0);
}

test('1,000 random races of steer, send, message, stop and turn end: every reply is what happened, every answer comes once', async () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ do: 'steer' } as const) },
    { weight: 2, arbitrary: fc.constant({ do: 'message' } as const) },
    { weight: 2, arbitrary: fc.constant({ do: 'send' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'stop' } as const) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4_000 }) }) },
  );
  const works = fc.array(fc.constantFrom(0, 1, 500, 1_999, 2_000, 2_001, 16_000), { minLength: 1, maxLength: 5 });
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), works, race), { numRuns: 1000 });
}, 60_000);
