import { GrammyError, HttpError } from 'grammy';
import { describe, expect, it } from 'vitest';
import { causeOf, faultOf, receiptOf } from '../../../channels/telegram/faults.ts';

const answered = (error_code: number, description: string, parameters = {}): GrammyError =>
  new GrammyError('call failed', { ok: false, error_code, description, parameters }, 'sendMessage', {
    text: 'private',
  });
const broken = (code: string, name = 'FetchError'): HttpError =>
  new HttpError('network', Object.assign(new Error('to https://x/bot123456:SECRET/sendMessage'), { code, name }));

describe('a failed send is', () => {
  it.each([
    ['not sent where no connection came about', broken('ECONNREFUSED'), 'retry'],
    ['not sent where the name is not known', broken('EAI_AGAIN'), 'retry'],
    ['in doubt when the connection broke', broken('ECONNRESET'), 'ambiguous'],
    ['in doubt when it took too long', broken('', 'AbortError'), 'ambiguous'],
    ['in doubt when the server failed', answered(502, 'Bad Gateway'), 'ambiguous'],
    ['to be repeated after a 429', answered(429, 'Too Many Requests', { retry_after: 7 }), 'retry'],
    ['refused where the person blocked the bot', answered(403, 'Forbidden: bot was blocked by the user'), 'refused'],
    ['refused where the topic is closed', answered(400, 'Bad Request: TOPIC_CLOSED'), 'refused'],
    ['refused where Telegram does not like it', answered(400, 'Bad Request: something new'), 'refused'],
  ])('%s', (_what, error, status) => {
    expect(receiptOf(faultOf(error), causeOf(error), 'chat')).toMatchObject({ status });
  });

  it('refused for the whole chat only where the chat is closed to us', () => {
    const closed = (error: GrammyError) => receiptOf(faultOf(error), {}, 'chat');
    expect(closed(answered(403, 'Forbidden: bot was kicked from the supergroup chat'))).toMatchObject({
      ...{ closed: true, reason: 'the bot was removed from this group' },
    });
    expect(closed(answered(400, 'Bad Request: chat not found'))).toMatchObject({ closed: true });
    expect(closed(answered(400, 'Bad Request: not enough rights to send text messages to the chat'))).toMatchObject({
      closed: true,
    });
    const noFiles = closed(answered(400, 'Bad Request: not enough rights to send documents to the chat'));
    expect(noFiles).toMatchObject({ status: 'retry', afterMs: 0 });
    expect(closed(answered(400, 'Bad Request: message thread not found'))).not.toHaveProperty('closed');
  });

  it.each(['something new', "can't parse entities: whatever"])('refused for itself alone after: %s', (words) => {
    const receipt = receiptOf(faultOf(answered(400, `Bad Request: ${words}`)), {}, 'chat');
    expect(receipt).toMatchObject({ status: 'refused', only: 'this', reason: expect.stringMatching(/./) });
    expect(receipt).not.toHaveProperty('closed');
  });

  it('refused for its place, not for itself, where the topic is gone', () => {
    const receipt = receiptOf(faultOf(answered(400, 'Bad Request: TOPIC_CLOSED')), {}, 'chat');
    expect(receipt).not.toHaveProperty('only');
  });
});

it('a pause Telegram asks for is kept to the millisecond, and has a length where it names none', () => {
  expect(faultOf(answered(429, 'Too Many Requests', { retry_after: 7 }))).toEqual({ kind: 'rate', afterMs: 7_000 });
  expect(faultOf(answered(429, 'Too Many Requests'))).toEqual({ kind: 'rate', afterMs: 3_000 });
});

it('a group that became a supergroup is known by the parameter, not by words', () => {
  expect(faultOf(answered(400, 'any words', { migrate_to_chat_id: -100 }))).toEqual({ kind: 'moved', to: '-100' });
});

it('what is logged of a fault holds neither the token nor what was said', () => {
  const all = JSON.stringify([
    causeOf(broken('ECONNRESET')),
    causeOf(answered(400, 'Bad Request')),
    causeOf(new Error('bot1:S')),
  ]);
  expect(all).not.toMatch(/SECRET|private|bot1/);
  expect(all).toContain('ECONNRESET');
});
