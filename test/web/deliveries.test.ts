import { expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { deliveryRows } from '../../src/web/deliveries.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { anEndedRun } from '../fakes/builders.ts';
import { runStore } from '../runs/run-store.ts';

test('of many results that are owed the newest fifty are shown, and none that is being sent already', async () => {
  const { database, registry, add } = runStore();
  const owe = (id: string, state: Run['delivery']['state']) =>
    add(id, { state: anEndedRun().state, delivery: { state, attempts: 0 } });
  for (let n = 0; n < 60; n += 1) await owe(`handed-${n}`, 'handed');
  for (let n = 0; n < 60; n += 1) await owe(`sending-${n}`, 'sending');
  const rows = deliveryRows({ stores: { database, registry } as Engine['stores'] });
  expect(rows.map(({ run }) => run)).toEqual(Array.from({ length: 50 }, (_, index) => `handed-${index + 10}`));
});
