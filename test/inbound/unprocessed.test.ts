import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MailItem } from '../../src/agents/mailbox.ts';
import { Inbox } from '../../src/inbound/inbox.ts';
import { itemId } from '../../src/inbound/tickets.ts';
import { Unprocessed } from '../../src/inbound/unprocessed.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { silentLog } from '../../src/infra/log.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';

const clock = virtualClock();
const route = { channel: 'console', account: 'default', chat: 'ann' } as const;
const session = 'agent:main:direct:ann';

let database: Database;
let inbox: Inbox;
/** As the outbox: the first text of each key counts. */
let told: Map<string, string>;
let unprocessed: Unprocessed;

beforeEach(() => {
  database = openDatabase(':memory:');
  inbox = new Inbox(database, clock);
  told = new Map();
  unprocessed = new Unprocessed({
    ...{ database, inbox, clock, log: silentLog, sent: () => undefined },
    enqueue: (_sql, { key, message }) => {
      if (!told.has(key)) told.set(key, message.text);
    },
  });
});
afterEach(() => database.close());

async function refused(key: string): Promise<MailItem> {
  const entry = { session, kind: 'user', text: key, key } as const;
  const ticket = await database.write((sql) => inbox.acceptInternal(sql, entry, clock.now()));
  return { id: itemId(ticket ?? 0), kind: 'message', text: key, at: clock.now(), tree: 't', route, steerable: false };
}

test('what is refused in a burst after a stop has told the first part of it is told, too', async () => {
  unprocessed.add(session, [await refused('first')], 'gone');
  await database.write((sql) => unprocessed.tellIn(sql, session));
  unprocessed.add(session, [await refused('second'), await refused('third')], 'gone');
  await clock.advance(1_000);
  await until(() => inbox.open().length === 0, 'all to be recorded');
  const counts = [...told.values()].map((text) => /\d+ messages?/.exec(text)?.[0]);
  expect(counts).toEqual(['1 message', '2 messages']);
});
