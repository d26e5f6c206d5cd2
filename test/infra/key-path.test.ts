import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatKeyPath, parseKeyPath } from '../../src/infra/key-path.ts';

describe('key paths', () => {
  it.each([
    ['agents.list[0].model', ['agents', 'list', 0, 'model']],
    ['agents.list.0.model', ['agents', 'list', '0', 'model']],
    [
      'channels.whatsapp.groups["1203@g.us"].requireMention',
      ['channels', 'whatsapp', 'groups', '1203@g.us', 'requireMention'],
    ],
    ["a['b.c'][2]", ['a', 'b.c', 2]],
  ])('%s', (text, path) => {
    expect(parseKeyPath(text)).toEqual(path);
  });

  it.each(['', 'a..b', '.a', 'a.', 'a[', 'a[x]', 'a]b', 'a[0]b'])('%j is none', (text) => {
    expect(parseKeyPath(text)).toBeUndefined();
  });

  it('whatever is written can be read back', () => {
    const segment = fc.oneof(fc.nat(99), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (path) => {
        expect(parseKeyPath(formatKeyPath(path))).toEqual(path);
      }),
    );
  });
});
