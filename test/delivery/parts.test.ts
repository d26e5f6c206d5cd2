import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenceLeftOpen } from '../../src/core/fences.ts';
import { captionText, type OutboundMessage } from '../../src/core/message.ts';
import { splitText } from '../../src/core/split.ts';
import { type PartLimits, partsOf } from '../../src/delivery/parts.ts';
import { world } from './world.ts';

const discord: PartLimits = { maxText: 2_000, documents: true, fileOver: 5, sent: 0 };
const line = `${'word '.repeat(19)}end\n`;
/** Needs this many messages of 2,000. */
const needs = (messages: number): string => line.repeat(messages * 20 - 10);
const foot = 'runtime 5m · tokens 1k in / 2k out / 3k total · run 1a2b3c4d';

describe('a text that needs more messages than allowed', () => {
  it('goes as its first message, and a second one with the whole text as a file and the foot below', () => {
    const text = `${needs(6)}${foot}`;
    const [first, second, ...more] = partsOf({ text, foot, replyTo: '7', choices: [{ label: 'a', id: '1' }] }, discord);
    expect(more).toEqual([]);
    expect(first).toEqual({ text: splitText(text, 2_000)[0], replyTo: '7' });
    expect(second).toEqual({
      text: expect.stringMatching(/^word [\s\S]+ end\n\n📎 the whole text: result\.md\nruntime 5m .* run 1a2b3c4d$/),
      choices: [{ label: 'a', id: '1' }],
      document: { name: 'result.md', text },
    });
  });

  it.each([
    ['it needs no more than that', needs(5), {}],
    ['files are switched off', needs(9), { fileOver: 0 }],
    ['the channel has no files', needs(9), { documents: false }],
    ['its second message stands there already without a file', needs(9), { sent: 2 }],
    ['beside a file there would be no room', 'x'.repeat(900), { maxText: 100 }],
  ])('goes as text where %s', (_why, text, change) => {
    const limits = { ...discord, ...change };
    const parts = partsOf({ text, foot }, limits);
    expect(parts.map((part) => part.text)).toEqual(splitText(text, limits.maxText));
    expect(parts.some((part) => 'document' in part || 'foot' in part)).toBe(false);
  });

  it('leaves no code open above what follows it', () => {
    const code = `\`\`\`js\n${'let x = 1;\n'.repeat(1_200)}\`\`\``;
    const [first, second] = partsOf({ text: code }, discord);
    for (const part of [first, second]) expect(fenceLeftOpen(part?.text ?? '')).toBeUndefined();
    expect(second?.text).toMatch(/let x = 1;\n```\n\n📎/);
  });
});

it('whatever the text and the limits: every part fits, and nothing is lost', () => {
  const anyText = fc
    .array(fc.constantFrom('word ', '\n', '```\n', '```js\n', 'x'.repeat(70), '[a](https://example.org/x) ', '😀'), {
      maxLength: 400,
    })
    .map((pieces) => pieces.join(''));
  const limitsOf = fc.record({
    maxText: fc.integer({ min: 20, max: 3_000 }),
    documents: fc.boolean(),
    fileOver: fc.integer({ min: 0, max: 6 }),
    sent: fc.constant(0),
  });
  fc.assert(
    fc.property(anyText, limitsOf, fc.option(fc.constant(foot), { nil: undefined }), (text, limits, last) => {
      const message: OutboundMessage = last === undefined ? { text } : { text, foot: last };
      const parts = partsOf(message, limits);
      for (const part of parts) expect(part.text.length).toBeLessThanOrEqual(limits.maxText);
      const filed = parts.filter((part) => part.document !== undefined);
      if (filed.length === 0) expect(parts.map((part) => part.text)).toEqual(splitText(text, limits.maxText));
      else {
        expect(parts).toHaveLength(2);
        expect(filed[0]?.document?.text).toBe(text);
        expect(filed[0]?.text.length).toBeLessThanOrEqual(captionText);
        if (last !== undefined) expect(filed[0]?.text.endsWith(`\n${last}`)).toBe(true);
      }
    }),
  );
});

describe('in the outbox', () => {
  const can = { maxText: 300, documents: true };

  it('a long text arrives as two messages, the second one with the file', async () => {
    const { outbox, channel } = world(can, { fileOver: () => 2 });
    const text = needs(1);
    await outbox.enqueueNow({
      key: 'a',
      route: { channel: 'telegram', account: 'default', chat: '1' },
      message: { text },
      priority: 'final',
    });
    await outbox.idle();
    expect(channel.sent.map(({ key, message }) => [key, message.document?.text === text])).toEqual([
      ['a:0', false],
      ['a:1', true],
    ]);
  });

  it('one that was sent in part goes on as it began when the setting changes before the next start', async () => {
    let over = 0;
    const { outbox, channel, clock, restart } = world({ ...can, idempotentSend: true }, { fileOver: () => over });
    const text = needs(1);
    channel.script('sent', 'sent', { retry: 60_000 });
    await outbox.enqueueNow({
      key: 'a',
      route: { channel: 'telegram', account: 'default', chat: '1' },
      message: { text },
      priority: 'final',
    });
    await outbox.idle();
    await outbox.flush(AbortSignal.abort());
    over = 2;
    const next = restart();
    await clock.advance(120_000);
    await next.idle();
    expect(channel.texts()).toEqual(splitText(text, 300));
  });
});
