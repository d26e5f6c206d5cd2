import { expect, test } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import type { ChannelId } from '../../src/core/route.ts';
import { Pastes, type Whole } from '../../src/inbound/paste.ts';
import { virtualClock } from '../fakes/clock.ts';

const long = 'x'.repeat(4_000);
/** As much as fits into one message: cut wherever that was. */
const full = 'x'.repeat(4_096);
const place = 'telegram:default:1';

function part(ticket: number, text: string, from = 'ann', channel: ChannelId = 'telegram'): Whole {
  const message: InboundMessage = {
    ...{ id: `m${ticket}`, route: { channel, account: 'default', chat: '1' }, sender: { id: from, name: from } },
    ...{ chat: 'group', text, mentionsBot: true, attachments: [], sentAt: 0 },
  };
  return { tickets: [ticket], message, owner: from === 'ann' };
}

function world() {
  const clock = virtualClock();
  const over: string[] = [];
  const pastes = new Pastes(clock, (at) => over.push(at));
  const add = (whole: Whole) => pastes.add(whole).map(({ tickets, message }) => [tickets, message.text.length]);
  return { clock, pastes, over, add };
}

test('a short message is complete at once', () => {
  const { add, clock } = world();
  expect(add(part(1, 'hello'))).toEqual([[[1], 5]]);
  expect(clock.pending()).toBe(0);
});

test('the parts of a long text are one message with all of their rows', () => {
  const { add, pastes, clock } = world();
  expect(add(part(1, full))).toEqual([]);
  expect(add(part(2, full))).toEqual([]);
  expect(add(part(3, 'the end'))).toEqual([[[1, 2, 3], 8_199]]);
  expect(pastes.size()).toBe(0);
  expect(clock.pending()).toBe(0);
});

test.each([
  ['at white space, of which the client sends nothing, is a line end again', ['a'.repeat(4_050), 'b'], '\n'],
  ['in mid-word leaves one word', [full, 'b'], ''],
  ['at white space exactly at the whole length is a line end again', [`${'word '.repeat(819)}x`, 'b'], '\n'],
  ['at white space that was sent is not widened', [`${'a'.repeat(4_050)} `, 'b'], ''],
  ['at white space in front of the rest is not widened', ['a'.repeat(4_050), '\nb'], ''],
  ['twice is looked at each time', ['a'.repeat(4_050), 'b'.repeat(4_050), 'c'], '\n'],
  ['first in mid-word, then at white space, is each as it was', [full, 'b'.repeat(4_050), 'c'], ['', '\n']],
])('a cut %s', (_where, texts, between) => {
  const { pastes } = world();
  const [whole] = texts.flatMap((text, index) => pastes.add(part(index + 1, text)));
  const gap = (index: number): string => (typeof between === 'string' ? between : (between[index - 1] ?? ''));
  expect(whole?.message.text).toBe(texts.map((text, index) => (index === 0 ? text : gap(index) + text)).join(''));
});

test('a long message with no rest is complete after a second and a half', async () => {
  const { add, pastes, clock, over } = world();
  add(part(1, long));
  await clock.advance(1_499);
  expect(over).toEqual([]);
  await clock.advance(1);
  expect(over).toEqual([place]);
  expect(pastes.end(place).map((whole) => whole.tickets)).toEqual([[1]]);
});

test('somebody else in between is not part of it, and comes after it', () => {
  const { add } = world();
  add(part(1, long));
  expect(add(part(2, 'hm', 'bo'))).toEqual([
    [[1], 4_000],
    [[2], 2],
  ]);
});

test('a line of the terminal is never a part', () => {
  expect(world().add(part(1, long, 'ann', 'console'))).toEqual([[[1], 4_000]]);
});

test('what is held at the end of the process leaves no timer', () => {
  const { add, pastes, clock } = world();
  add(part(1, long));
  pastes.close();
  expect(pastes.size()).toBe(0);
  expect(clock.pending()).toBe(0);
});

test('a sender who never pauses gets an answer after 16 parts', () => {
  const { add, pastes } = world();
  for (let ticket = 1; ticket < 16; ticket += 1) expect(add(part(ticket, full))).toEqual([]);
  const tickets = Array.from({ length: 16 }, (_, index) => index + 1);
  expect(add(part(16, full))).toEqual([[tickets, 65_536]]);
  expect(pastes.size()).toBe(0);
});

test('the parts of an album are one message with all of their files and captions', async () => {
  const { add, pastes, clock, over } = world();
  const photo = (ticket: number, text: string, album = 'x'): Whole => {
    const whole = part(ticket, text);
    const file = { kind: 'image', ref: `r${ticket}`, name: `${ticket}.jpg`, mediaType: 'image/jpeg' } as const;
    return { ...whole, message: { ...whole.message, album, files: [file] } };
  };
  expect([add(photo(1, 'cats')), add(photo(2, '')), add(photo(3, 'dogs'))]).toEqual([[], [], []]);
  expect(pastes.expects(photo(4, '').message)).toBe(true);
  expect(pastes.expects(photo(4, '', 'y').message)).toBe(false);
  await clock.advance(1_500);
  expect(over).toEqual([place]);
  const [whole] = pastes.end(place);
  expect(whole).toMatchObject({ tickets: [1, 2, 3], message: { text: 'cats\ndogs' } });
  expect(whole?.message.files?.map((file) => file.ref)).toEqual(['r1', 'r2', 'r3']);
});

test('another album, and a text beside it, are messages of their own', () => {
  const { add } = world();
  const album = (ticket: number, id: string): Whole => {
    const whole = part(ticket, 'caption');
    return { ...whole, message: { ...whole.message, album: id } };
  };
  expect(add(album(1, 'x'))).toEqual([]);
  expect(add(album(2, 'y'))).toEqual([[[1], 7]]);
  expect(add(part(3, 'hello'))).toEqual([
    [[2], 7],
    [[3], 5],
  ]);
});
