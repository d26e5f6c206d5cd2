import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { ChatMoves } from '../../src/delivery/chat-moves.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { virtualClock } from '../fakes/clock.ts';

const chat = (id: string, thread?: string): Route => ({
  ...{ channel: 'telegram', account: 'default', chat: id },
  ...(thread === undefined ? {} : { thread }),
});

function world() {
  const stores = keyedStores(openDatabase(':memory:'), virtualClock());
  return { open: () => ChatMoves.open(stores) };
}

test('a chat that moved several times is found from every id it had, with its threads', async () => {
  const { open } = world();
  const moves = await open();
  await moves.moved(chat('a', '7'), chat('b'));
  await moves.moved(chat('b'), chat('c', '9'));
  for (const each of [moves, await open()]) {
    expect(each.current(chat('a'))).toEqual(chat('c'));
    expect(each.current(chat('b', '7'))).toEqual(chat('c', '7'));
    expect(each.first(chat('c', '7'))).toEqual(chat('a', '7'));
    expect(each.all(chat('c')).map((route) => route.chat)).toEqual(['c', 'b', 'a']);
    expect(each.current(chat('z'))).toEqual(chat('z'));
    expect(each.current({ ...chat('a'), account: 'work' })).toEqual({ ...chat('a'), account: 'work' });
  }
});

test('a move is news once, however often and from wherever it is told', async () => {
  const moves = await world().open();
  const told = await Promise.all([moves.moved(chat('a'), chat('b')), moves.moved(chat('a'), chat('b'))]);
  expect(told).toEqual([true, false]);
  expect(await moves.moved(chat('a', '7'), chat('b'))).toBe(false);
  expect(await moves.moved(chat('b'), chat('a'))).toBe(false);
  expect(await moves.moved(chat('b'), chat('c'))).toBe(true);
});

test('whatever is told, no chat ends up nowhere, and a restart changes nothing', async () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(ids, ids), { maxLength: 12 }), async (told) => {
      const { open } = world();
      const moves = await open();
      for (const [from, to] of told) await moves.moved(chat(from), chat(to));
      const again = await open();
      for (const id of ['a', 'b', 'c', 'd']) {
        const now = moves.current(chat(id));
        expect(again.current(chat(id))).toEqual(now);
        expect(new Set(moves.all(chat(id)).map((route) => route.chat)).size).toBe(moves.all(chat(id)).length);
      }
    }),
    { numRuns: 100 },
  );
});
