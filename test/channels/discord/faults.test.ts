import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { causeOf, faultOf, HeldBack, receiptOf } from '../../../channels/discord/faults.ts';
import { Refusals } from '../../../channels/discord/refusals.ts';

const address = 'https://discord.com/api/webhooks/1/secret-token';
const answered = (status: number, code: number | undefined): DiscordAPIError =>
  new DiscordAPIError({ code: code as number, message: 'Words of Discord' }, code as number, status, 'POST', address, {
    files: undefined,
    body: undefined,
  });
const limited = (retryAfter: number, global = false): RateLimitError =>
  new RateLimitError({
    ...{ global, retryAfter, timeToReset: 50, limit: 5, method: 'POST', url: address, route: '/x', hash: 'h' },
    ...{ majorParameter: '1', sublimitTimeout: 0, scope: 'user' as const },
  });
const system = (code: string): Error => Object.assign(new Error(address), { code });

describe('a failed call', () => {
  it.each([
    [answered(404, 10_003), 'place-gone', 'refused'],
    [answered(403, 50_001), 'place-gone', 'refused'],
    [answered(400, 160_005), 'place-gone', 'refused'],
    [answered(403, 50_013), 'rights', 'refused'],
    [answered(403, 50_007), 'closed', 'refused'],
    [answered(404, 10_008), 'message-gone', 'refused'],
    [answered(400, 50_083), 'archived', 'refused'],
    [answered(400, 160_004), 'thread-exists', 'refused'],
    [answered(400, 50_035), 'form', 'refused'],
    [answered(400, 50_006), 'form', 'refused'],
    [answered(400, 30_046), 'rejected', 'refused'],
    [answered(401, 0), 'token', 'retry'],
    [answered(403, undefined), 'rate', 'retry'],
    [answered(403, 0), 'rate', 'retry'],
    [answered(502, 0), 'unknown', 'ambiguous'],
    [new HTTPError(502, 'Bad Gateway', 'POST', address, { files: undefined, body: undefined }), 'unknown', 'ambiguous'],
    [limited(400), 'rate', 'retry'],
    [new HeldBack(5), 'rate', 'retry'],
    [system('ECONNREFUSED'), 'unsent', 'retry'],
    [system('EAI_AGAIN'), 'unsent', 'retry'],
    [system('ECONNRESET'), 'unknown', 'ambiguous'],
    [new DOMException('late', 'AbortError'), 'unknown', 'ambiguous'],
    ['whatever', 'unknown', 'ambiguous'],
  ] as const)('%s is what its status and code say', (error, kind, status) => {
    expect(faultOf(error).kind).toBe(kind);
    expect(receiptOf(faultOf(error), causeOf(error), false).status).toBe(status);
    expect(JSON.stringify([causeOf(error), faultOf(error)])).not.toContain('secret-token');
  });

  it('names a pause that cannot become a hot loop', () => {
    expect([limited(0), limited(10), limited(3_500), limited(900, true)].map(faultOf)).toMatchObject([
      { afterMs: 60_000, reach: 'chat' },
      { afterMs: 1_000, reach: 'chat' },
      { afterMs: 3_500, reach: 'chat' },
      { afterMs: 1_000, reach: 'account' },
    ]);
  });

  it('closes a chat that is gone, and not the chat of a thread that is gone', () => {
    const gone = faultOf(answered(404, 10_003));
    expect(receiptOf(gone, {}, false)).toMatchObject({ closed: true });
    expect(receiptOf(gone, {}, true)).not.toHaveProperty('closed');
  });
});

describe('too many refusals', () => {
  it('hold every call for a while, long before Discord shuts the door', () => {
    let now = 1_000_000;
    const refusals = new Refusals({ now: () => now });
    const forbidden = faultOf(answered(403, 50_013));
    for (let i = 0; i < 999; i += 1) refusals.note(forbidden);
    expect(refusals.heldMs()).toBe(0);
    refusals.note(forbidden);
    expect(refusals.heldMs()).toBe(60_000);
    now += 10 * 60_000;
    refusals.note(forbidden);
    expect(refusals.heldMs()).toBe(0);
  });

  it('do not count what Discord answers in order', () => {
    const refusals = new Refusals({ now: () => 0 });
    for (let i = 0; i < 5_000; i += 1) refusals.note(faultOf(answered(404, 10_008)));
    expect(refusals.heldMs()).toBe(0);
  });
});
