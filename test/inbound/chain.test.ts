import { expect, test } from 'vitest';
import { Chain } from '../../src/inbound/chain.ts';

test('work of one key runs in order, keys do not wait for each other, and nothing is kept afterwards', async () => {
  const chain = new Chain();
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  void chain.run('a', async () => {
    await gate.promise;
    done.push('a1');
  });
  void chain.run('a', async () => void done.push('a2'));
  await chain.run('b', async () => void done.push('b1'));
  expect(done).toEqual(['b1']);
  gate.resolve();
  await chain.idle();
  expect(done).toEqual(['b1', 'a1', 'a2']);
  expect(chain.size()).toBe(0);
});

test('work that fails is reported to its caller and holds up nothing', async () => {
  const chain = new Chain();
  const done: string[] = [];
  const failed = chain.run('a', async () => Promise.reject(new Error('broken')));
  const next = chain.run('a', async () => void done.push('next'));
  await expect(failed).rejects.toThrow('broken');
  await next;
  expect(done).toEqual(['next']);
  await chain.idle();
});

test('work added while waiting for idle is waited for too', async () => {
  const chain = new Chain();
  const done: string[] = [];
  void chain.run('a', async () => {
    void chain.run('a', async () => void done.push('inner'));
  });
  await chain.idle();
  expect(done).toEqual(['inner']);
});
