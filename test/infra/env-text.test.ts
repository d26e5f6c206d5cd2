import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setEnvText } from '../../src/infra/env-text.ts';

function set(text: string | undefined, name: string, value: string): string {
  const edited = setEnvText(text, name, value);
  return edited.ok ? edited.text : `fault: ${edited.fault}`;
}

describe('setting one variable of a .env file', () => {
  it('begins a file with what it is for', () => {
    expect(set(undefined, 'A', '1')).toBe(
      '# Tokens and keys. Keep this file to yourself. What the environment sets already wins over it.\nA=1\n',
    );
  });

  it('replaces the value alone, at the last of its places, which is the one that counts', () => {
    expect(set('A=0\n# note\nexport A = "x y" # why\nB=2\n', 'A', 'z')).toBe('A=0\n# note\nexport A = z # why\nB=2\n');
  });

  it('goes below the line that shows it commented out, which stays', () => {
    expect(set('# Bot.\n#A=\n\n# Other.\n#B=\n', 'A', '1')).toBe('# Bot.\n#A=\nA=1\n\n# Other.\n#B=\n');
  });

  it('ends the last line before it adds one, in the line breaks of the file', () => {
    expect(set('A=1\r\nB=2', 'C', '3')).toBe('A=1\r\nB=2\r\nC=3\r\n');
  });

  it('leaves a text alone that looks like the variable inside another value', () => {
    const file = "B='first\nA=no\nlast'\n";
    expect(set(file, 'A', '1')).toBe(`${file}A=1\n`);
  });

  it('quotes what would be read differently', () => {
    expect(set('', 'A', 'a#b c')).toBe("A='a#b c'\n");
    expect(set('', 'A', "it's")).toBe('A="it\'s"\n');
    expect(set('', 'A', `'"\``)).toBe('fault: the value of A cannot be written into a .env file');
  });

  it('changes nothing where the value is there already', () => {
    expect(set("A='1'", 'A', '1')).toBe("A='1'");
  });

  const name = fc.constantFrom('A', 'B', 'TOKEN', 'A_B');
  const value = fc.string({
    unit: fc.constantFrom('a', '1', ' ', '#', '=', '"', "'", '`', '\\', 'n', '$', ':'),
    maxLength: 8,
  });
  const line = fc.oneof(
    fc.tuple(name, value).map(([key, text]) => `${key}=${text}`),
    fc.tuple(name, value).map(([key, text]) => `export ${key} = '${text}'`),
    value.map((text) => `# ${text}`),
    fc.constantFrom('', '#A=', '#TOKEN=', 'B="one\ntwo"'),
  );

  it('is read back, with every other variable as before, and a second time changes nothing', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), name, value, (lines, key, text) => {
        const before = lines.join('\n');
        const once = setEnvText(before, key, text);
        if (!once.ok) return;
        expect({ ...parseEnv(once.text) }).toEqual({ ...parseEnv(before), [key]: text });
        expect(setEnvText(once.text, key, text)).toEqual(once);
      }),
    );
  });

  it('keeps every line it does not own byte for byte', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.stringMatching(/^[\w:.-]{1,20}$/), (lines, text) => {
        const others = lines.filter((each) => !each.includes('A')).join('\n');
        const edited = set(`${others}\n`, 'A', text);
        expect(edited.startsWith('fault') || edited.replace(/^A=.*\n/m, '') === `${others}\n`).toBe(true);
      }),
    );
  });
});
