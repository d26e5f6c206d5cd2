import { expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { OwnerRoute } from '../../src/delivery/owner-route.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { virtualClock } from '../fakes/clock.ts';

const [telegram, whatsapp] = [
  { channel: 'telegram', account: 'default', chat: '7' } satisfies Route,
  { channel: 'whatsapp', account: 'default', chat: '49@s.whatsapp.net' } satisfies Route,
] as const;

test('the owner is reached where they last wrote, and elsewhere when that is of no use', async () => {
  const database = openDatabase(':memory:');
  const owner = new OwnerRoute(keyedStores(database, virtualClock()), () => true);
  expect(await owner.get()).toBeUndefined();
  await owner.seen(telegram);
  await owner.seen(whatsapp);
  expect(await owner.get()).toEqual(whatsapp);
  expect(await owner.get('whatsapp:default')).toEqual(telegram);
  await owner.forget(telegram);
  expect(await owner.get('whatsapp:default')).toBeUndefined();
  await database.close();
});
