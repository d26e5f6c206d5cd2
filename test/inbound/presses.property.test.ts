// However people answer menus, in whatever order and how often: one decision each, by somebody who may, and of the right menu.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { routeKey } from '../../src/core/route.ts';
import { Choices, type OfferedTo } from '../../src/inbound/choices.ts';
import { Inbox } from '../../src/inbound/inbox.ts';
import { menuShown } from '../../src/inbound/menus.ts';
import { Presses } from '../../src/inbound/presses.ts';
import { configSchema } from '../../src/infra/config.ts';
import { openDatabase } from '../../src/infra/database.ts';
import type { OutgoingEntry } from '../../src/runs/turn-end.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { recordingLog } from '../fakes/recording-log.ts';

const route: Route = { channel: 'whatsapp', account: 'default', chat: 'g' };
const people = ['ann', 'bo', 'cy'] as const;
const owner = 'ann';
const strangers = ['eve'] as const;

type Who = (typeof people)[number] | (typeof strangers)[number];
interface Answer {
  readonly who: Who;
  readonly how: 'alone' | 'quote' | 'thumb';
  readonly menu: number;
  readonly line: number;
  /** The platform hands it in again. */
  readonly twice: boolean;
  readonly waitMs: number;
}

const menus = fc.array(
  fc.record({ to: fc.constantFrom<'owner' | 'bo' | 'cy'>('owner', 'bo', 'cy'), lines: fc.integer({ min: 2, max: 3 }) }),
  { minLength: 1, maxLength: 5 },
);
const answers = fc.array(
  fc.record<Answer>({
    who: fc.constantFrom<Who>(...people, ...strangers),
    how: fc.constantFrom<Answer['how']>('alone', 'quote', 'thumb'),
    menu: fc.nat({ max: 4 }),
    line: fc.integer({ min: 1, max: 4 }),
    twice: fc.boolean(),
    waitMs: fc.constantFrom(0, 0, 0, 60_000, 11 * 60_000),
  }),
  { maxLength: 40 },
);

test('random answers to several questions', async () => {
  await fc.assert(
    fc.asyncProperty(menus, answers, async (asked, said) => {
      const [clock, database] = [virtualClock(), openDatabase(':memory:')];
      const [inbox, choices] = [new Inbox(database, clock), new Choices(database, clock, seededIds())];
      const told: OutgoingEntry[] = [];
      const taken: InboundMessage[] = [];
      const decided: string[] = [];
      const presses = new Presses({
        ...{ database, inbox, choices, clock, log: recordingLog(), config: () => configSchema.parse({}) },
        ...{ shown: () => [], menus: () => true, sent: () => undefined, sameChats: () => [] },
        enqueue: (_sql, entry) => void told.push(entry),
        places: (place) => [place],
        standing: ({ sender }) =>
          sender.id === owner ? 'owner' : people.some((each) => each === sender.id) ? 'allowed' : 'stranger',
        take: (_ticket, message) => void taken.push(message),
        menuDecided: (key) => void decided.push(key),
      });
      await database.write((sql) => {
        for (const [n, { to, lines }] of asked.entries()) {
          const whom: OfferedTo = to === 'owner' ? 'owner' : { id: `whatsapp:${to}`, name: to };
          const offered = Array.from({ length: lines }, (_, line) => ({
            ...{ label: `${line + 1}`, command: `/decide ${n} ${line + 1}`, once: true },
            ...(line === 0 ? { thumb: 'yes' as const } : line === lines - 1 ? { thumb: 'no' as const } : {}),
          }));
          const shown = choices.offer(sql, offered, { route, to: whom, menu: {} });
          menuShown(
            sql,
            { place: routeKey(route), messageIds: [`q${n}`], key: `key${n}`, choices: shown },
            clock.now(),
          );
        }
      });
      const open = (who: Who) =>
        asked.filter(({ to }, n) => (to === who || (to === 'owner' && who === owner)) && !decided.includes(`key${n}`))
          .length;
      for (const [n, { who, how, menu, line, twice, waitMs }] of said.entries()) {
        await clock.advance(waitMs);
        const sender = { id: who, name: who };
        const at = clock.now();
        const before = open(who);
        const count = taken.length;
        const message: InboundMessage = {
          ...{ id: `m${n}`, route, sender, chat: 'group', text: String(line), mentionsBot: false, attachments: [] },
          ...{ sentAt: at, ...(how === 'quote' ? { replyTo: `q${menu}` } : {}) },
        };
        const reaction = { id: `m${n}`, route, sender, chat: 'group' as const, messageId: `q${menu}`, at };
        const hand = async (): Promise<unknown> =>
          how === 'thumb'
            ? presses.reacted({ ...reaction, emoji: line % 2 === 1 ? '👍' : '👎' })
            : presses.accept(message);
        // Both at once: whoever looks before the other has stored must not decide again.
        await Promise.all(twice ? [hand(), hand()] : [hand()]);
        expect(taken.length - count).toBeLessThanOrEqual(1);
        if (how === 'alone' && before !== 1) expect(taken.length).toBe(count);
      }
      const groups = taken.map(({ text }) => text.split(' ')[1]);
      expect(new Set(groups).size).toBe(groups.length);
      expect(new Set(decided).size).toBe(taken.length);
      for (const { text, sender, replyTo } of taken) {
        const menu = Number(text.split(' ')[1]);
        expect(['ann', asked[menu]?.to]).toContain(sender.id);
        expect(replyTo).toBe(`q${menu}`);
      }
      // Everything that decided nothing, and was no message to the agent, is answered or silent, never run.
      expect(told.every(({ message }) => /^(⚠️|ℹ️)/.test(message.text))).toBe(true);
      await database.close();
    }),
    { numRuns: 60 },
  );
});
