// The bounded capture never breaks a character and never loses count.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CapturedOutput } from '../../src/tools/captured-output.ts';

const letters = fc.string({ unit: fc.constantFrom('a', 'é', '→', '😀', '\n'), maxLength: 60 });

test('property: below the bound everything is kept, however it arrives', () => {
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 5 }), (pieces) => {
      const output = new CapturedOutput(1000, 1000);
      for (const piece of pieces) for (const byte of Buffer.from(piece)) output.add(Buffer.from([byte]));
      expect(output.text()).toBe(pieces.join(''));
    }),
  );
});

test('property: above the bound beginning and end are kept whole and the rest is counted', () => {
  fc.assert(
    fc.property(letters, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), (text, head, tail) => {
      const bytes = Buffer.from(text);
      fc.pre(bytes.length > head + tail);
      const output = new CapturedOutput(head, tail);
      for (let at = 0; at < bytes.length; at += 7) output.add(bytes.subarray(at, at + 7));
      const match = /^([\s\S]*)\n\[… (\d+) bytes of output cut …\]\n([\s\S]*)$/.exec(output.text());
      expect(match?.[2]).toBe(String(bytes.length - head - tail));
      expect(text.startsWith(match?.[1] ?? '?')).toBe(true);
      expect(text.endsWith(match?.[3] ?? '?')).toBe(true);
      expect(Buffer.byteLength(match?.[1] ?? '')).toBeGreaterThan(head - 4);
      expect(Buffer.byteLength(match?.[3] ?? '')).toBeGreaterThan(tail - 4);
    }),
  );
});
