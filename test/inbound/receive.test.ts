import { expect, test } from 'vitest';
import type { MailItem } from '../../src/agents/mailbox.ts';
import type { CommandPlace, Reply } from '../../src/core/command.ts';
import type { InboundMessage } from '../../src/core/message.ts';
import { ok, refuse } from '../../src/core/result.ts';
import { Choices } from '../../src/inbound/choices.ts';
import { Inbox } from '../../src/inbound/inbox.ts';
import { Receiver, type ReceiverDeps } from '../../src/inbound/receive.ts';
import { configSchema } from '../../src/infra/config.ts';
import type { OutgoingEntry } from '../../src/runs/turn-end.ts';
import { seededIds } from '../fakes/ids.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { until } from '../fakes/wait.ts';
import { sessionWorld } from '../sessions/session-world.ts';

function said(id: string, text = id, more: Partial<InboundMessage> = {}): InboundMessage {
  return {
    ...{
      id,
      route: { channel: 'console', account: 'local', chat: 'me' },
      sender: { id: 'me', name: 'Me' },
      chat: 'direct',
    },
    ...{ text, mentionsBot: true, attachments: [], sentAt: Date.UTC(2026, 0, 1) },
    ...more,
  };
}

function world(over: Partial<ReceiverDeps> = {}) {
  const { clock, database, sessions } = sessionWorld();
  const inbox = new Inbox(database, clock);
  const log = recordingLog();
  const offered: MailItem[] = [];
  const posted: OutgoingEntry[] = [];
  const places: CommandPlace[] = [];
  const config = configSchema.parse({});
  const deps: ReceiverDeps = {
    ...{ inbox, database, clock, log, sessions, ids: seededIds(), config: () => config },
    bindings: { at: async () => undefined, touch: async () => undefined },
    agentFor: () => 'main',
    dmScope: () => 'per-channel-peer',
    people: () => ({ paired: new Set<string>() }),
    pairing: { claim: async () => undefined, ask: async () => ({ kind: 'quiet', reason: 'asked_before' }) },
    choices: new Choices(database, clock, seededIds()),
    ...{ quoted: () => undefined, firstRoute: (route) => route, places: (route) => [route], shown: () => [] },
    ...{
      home: (_route, person) => person,
      tags: () => false,
      numbered: async () => refuse('unknown', 'There is none.', 'Look.'),
    },
    ...{ sameChats: () => [], menus: () => false, menuDecided: () => undefined },
    ...{ waits: () => false, replace: () => false, ownerRoute: async () => undefined },
    fetch: async () => ({ kind: 'too-large' }),
    save: async () => ok('/nowhere'),
    isCommand: (text) => text.startsWith('/'),
    namesCommand: (text) => text.startsWith('/stop'),
    hasOwnCommands: async () => false,
    closedTo: () => undefined,
    runCommand: async (text, place): Promise<Reply | undefined> => {
      places.push(place);
      return { text: `ran ${text}` };
    },
    offer: (_session, item) => void offered.push(item),
    leave: () => undefined,
    enqueue: (_sql, entry) => void posted.push(entry),
    sent: () => undefined,
    draining: () => false,
    ownerSeen: async () => undefined,
    ...over,
  };
  const receiver = new Receiver(deps);
  const rows = () =>
    database.read.all('SELECT state, reason FROM inbox ORDER BY ticket').map((row) => [row.state, row.reason]);
  return { receiver, deps, clock, database, log, offered, posted, places, rows };
}

test('a message is stored before its channel may forget it, and becomes an item with its row', async () => {
  const { receiver, offered, rows } = world();
  await receiver.accept(said('a', 'hello'));
  expect(rows()).toEqual([['accepted', null]]);
  await receiver.idle();
  expect(offered).toMatchObject([{ id: 'inbox:1', kind: 'message', text: 'hello', from: 'Me', steerable: true }]);
  expect(receiver.stats()).toEqual({ conversations: 0, commands: 0, files: 0 });
});

test('a command is run with its place, and its row ends with its reply', async () => {
  const { receiver, posted, places, rows } = world();
  await receiver.accept(said('a', '/status'));
  await receiver.idle();
  expect(places).toMatchObject([{ caller: { id: 'console:me', class: 'owner' }, bound: false, commandId: 'inbox:1' }]);
  expect(posted).toMatchObject([{ key: 'command:1', message: { text: 'ran /status' } }]);
  expect(rows()).toEqual([['done', 'answered']]);
});

test('a command that is meant for another bot is dropped', async () => {
  const { receiver, posted, rows } = world({ runCommand: async () => undefined });
  await receiver.accept(said('a', '/status@another'));
  await receiver.idle();
  expect(posted).toEqual([]);
  expect(rows()).toEqual([['dropped', 'other_bot']]);
});

test('a command that throws is answered with a sentence', async () => {
  const { receiver, posted, rows, log } = world({ runCommand: () => Promise.reject(new Error('boom')) });
  await receiver.accept(said('a', '/status'));
  await receiver.idle();
  expect(posted).toMatchObject([{ message: { text: expect.stringMatching(/^⚠️ this message could not be handled/) } }]);
  expect(rows()).toEqual([['dropped', 'intake_failed']]);
  expect(log.lines.filter((line) => line.fields.code === 'intake_failed')).toHaveLength(1);
});

test('when not even the sentence can be stored, the message stays open and those behind it go on', async () => {
  const broken = { on: true };
  const { receiver, offered, rows, log } = world({
    bindings: {
      at: async () => {
        if (broken.on) throw new Error('broken');
        return undefined;
      },
      touch: async () => undefined,
    },
    enqueue: () => {
      broken.on = false;
      throw new Error('disk full');
    },
  });
  await Promise.all([receiver.accept(said('a')), receiver.accept(said('b'))]);
  await receiver.idle();
  expect(rows()).toEqual([
    ['accepted', null],
    ['accepted', null],
  ]);
  expect(offered.map((item) => item.text)).toEqual(['b']);
  expect(log.lines.map((line) => line.message)).toContain('message stays open');
});

test('a message waits for the command before it, and a slow command holds it up for two seconds at most', async () => {
  const { receiver, offered, clock } = world({ runCommand: () => new Promise(() => undefined) });
  await receiver.accept(said('a', '/focus 1'));
  await receiver.accept(said('b', 'hello'));
  await until(() => clock.pending() === 1, 'the message to wait');
  await clock.advance(1_999);
  expect(offered).toEqual([]);
  await clock.advance(1);
  await until(() => offered.length === 1, 'the message to go on');
  expect(offered.map((item) => item.text)).toEqual(['hello']);
  expect(clock.pending()).toBe(0);
});

test('a slow command is waited for once, however many messages follow it', async () => {
  const { receiver, offered, clock } = world({ runCommand: () => new Promise(() => undefined) });
  await receiver.accept(said('a', '/focus 1'));
  for (const id of ['b', 'c', 'd', 'e']) await receiver.accept(said(id));
  await until(() => clock.pending() === 1, 'the messages to wait');
  await clock.advance(2_000);
  await until(() => offered.length === 4, 'all of them to go on');
  expect(clock.pending()).toBe(0);
});

test('a command that waits for an agent lets go of what follows once it has acted', async () => {
  const { receiver, offered, clock } = world({
    runCommand: (_text, place) => {
      place.acted?.();
      return new Promise(() => undefined);
    },
  });
  await receiver.accept(said('a', '/subagents send 1 hello'));
  await receiver.accept(said('b', 'hello'));
  await until(() => offered.length === 1, 'the message to go on');
  expect(clock.pending()).toBe(0);
});

test('commands hold each other up for hardly anything, and other conversations for nothing', async () => {
  const ran: string[] = [];
  const { receiver, clock } = world({
    runCommand: (text) => {
      ran.push(text);
      return new Promise(() => undefined);
    },
  });
  await receiver.accept(said('a', '/doctor'));
  await receiver.accept(said('b', '/stop'));
  await receiver.accept(said('c', '/stop', { route: { channel: 'console', account: 'local', chat: 'you' } }));
  await until(() => ran.length === 2 && clock.pending() === 1, 'the other conversation to be served');
  expect(ran).toEqual(['/doctor', '/stop']);
  await clock.advance(100);
  await until(() => ran.length === 3, 'the second command');
});

test('while the process goes down messages stay stored and commands are still answered', async () => {
  const { receiver, offered, posted, rows } = world({ draining: () => true });
  await receiver.accept(said('a', 'hello'));
  await receiver.accept(said('b', '/status'));
  await receiver.idle();
  expect(offered).toEqual([]);
  expect(posted).toHaveLength(1);
  expect(rows()).toEqual([
    ['accepted', null],
    ['done', 'answered'],
  ]);
});

test('a message the last process had begun to work on stays in its tree', async () => {
  const { receiver, offered } = world();
  await receiver.take(7, { message: said('a') }, { begun: { session: 's', tree: 'tree-1' } });
  expect(offered).toMatchObject([{ id: 'inbox:7', tree: 'tree-1' }]);
});
