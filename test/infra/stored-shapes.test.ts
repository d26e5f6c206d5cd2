// What is stored as JSON has no version but that of the database: a record of another shape would be set aside as damaged.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { acpRecordSchema } from '../../src/acp/record.ts';
import { bindingSchema } from '../../src/core/binding.ts';
import { inboundSchema, outboundSchema } from '../../src/core/message.ts';
import { routeSchema } from '../../src/core/route.ts';
import { runSchema } from '../../src/core/run.ts';
import { sessionSchema } from '../../src/core/session.ts';
import { pairingStateSchema } from '../../src/inbound/pairing-state.ts';
import { migrations } from '../../src/infra/migrations.ts';

const stored = {
  ...{ run: runSchema, session: sessionSchema, binding: bindingSchema, route: routeSchema },
  ...{ inbound: inboundSchema, outbound: outboundSchema, acp: acpRecordSchema, pairing: pairingStateSchema },
};

/** The version of the database that came with the present shapes, and what they come to. */
const known = { version: 9, hash: '854648cdb0e8f962' };

test('a record that is stored changes its shape only with a new version of the database', () => {
  const shapes = Object.entries(stored).map(([name, schema]) => [
    name,
    z.toJSONSchema(schema, { unrepresentable: 'any' }),
  ]);
  const hash = createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 16);
  expect(
    hash,
    'add a migration (an empty one will do if old records fit the new shape), so that an earlier version refuses the database instead of setting its records aside; then note both here',
  ).toBe(known.hash);
  expect(migrations.length).toBeGreaterThanOrEqual(known.version);
});
