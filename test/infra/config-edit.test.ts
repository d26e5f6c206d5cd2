import fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { editConfigText } from '../../src/infra/config-edit.ts';
import { type KeyPath, valueAt } from '../../src/infra/key-path.ts';

const file = `// head
{
  // agents here
  agents: {
    list: [
      { id: 'main', model: 'a/b' }, // first
      {
        id: 'x', // the x
      }
    ],
    defaults: {maxConcurrent: 2}
    // end of agents
  },
}
`;

async function edit(text: string | undefined, path: KeyPath, value: unknown, comment?: string): Promise<string> {
  const edited = await editConfigText(text, path, value, comment);
  return edited.ok ? edited.text : `fault: ${edited.fault}`;
}

describe('editing one value of a JSON5 file', () => {
  it('replaces a value and leaves comments and layout alone', async () => {
    expect(await edit(file, ['agents', 'list', 0, 'model'], 'c/d')).toBe(file.replace("'a/b'", "'c/d'"));
  });

  it('adds a member after a comment, in the indentation and comma style of its object', async () => {
    expect(await edit(file, ['agents', 'list', 1, 'name'], 'Nina')).toBe(
      file.replace('// the x\n', "// the x\n        name: 'Nina',\n"),
    );
  });

  it('adds a list entry behind the last one and puts the missing comma', async () => {
    expect(await edit(file, ['agents', 'list', 2], { id: 'y' })).toBe(
      file.replace('      }\n    ]', "      },\n      {id: 'y'}\n    ]"),
    );
  });

  it('creates missing parents inside an object written on one line', async () => {
    expect(await edit(file, ['agents', 'defaults', 'subagents', 'allowAgents'], ['*'])).toBe(
      file.replace('{maxConcurrent: 2}', "{maxConcurrent: 2, subagents: {allowAgents: ['*']}}"),
    );
  });

  it('puts a comment above what is new, where that has a line of its own', async () => {
    expect(await edit(file, ['agents', 'extra'], true, 'why')).toBe(
      file.replace(
        'maxConcurrent: 2}\n    // end of agents',
        'maxConcurrent: 2},\n    // end of agents\n    // why\n    extra: true',
      ),
    );
    expect(await edit(file, ['agents', 'defaults', 'model'], 'a/b', 'why')).not.toContain('why');
    expect(await edit(file, ['agents', 'list', 0, 'model'], 'c/d', 'why')).not.toContain('why');
  });

  it('writes no comment into plain JSON', async () => {
    expect(await edit('{\n  "a": 1\n}', ['b'], 2, 'why')).toBe('{\n  "a": 1,\n  "b": 2\n}');
  });

  it('judges the spacing of braces by the braces, not by texts that hold some', async () => {
    expect(await edit("{\n  // {A}\n  a: '{A}',\n}\n", ['b'], { c: 1 })).toBe(
      "{\n  // {A}\n  a: '{A}',\n  b: { c: 1 },\n}\n",
    );
  });

  it('keeps the comment that stands last in an object', async () => {
    expect(await edit(file, ['agents', 'extra'], true)).toBe(
      file.replace(
        'maxConcurrent: 2}\n    // end of agents',
        'maxConcurrent: 2},\n    // end of agents\n    extra: true',
      ),
    );
  });

  it('writes a file with a header when there is none, and fills an empty one', async () => {
    const text = await edit(undefined, ['logging', 'level'], 'debug');
    expect(text).toMatch(/^\/\/ Switchyard configuration/);
    expect(JSON5.parse(text)).toEqual({ logging: { level: 'debug' } });
    expect(await edit('', ['a'], 1)).toBe('{\n  a: 1,\n}\n');
    expect(await edit('// only a note', ['a'], 1)).toBe('// only a note\n{\n  a: 1,\n}\n');
  });

  it('stays plain JSON in a file that is plain JSON', async () => {
    const text = await edit('{\r\n    "a": {\r\n        "b": [1]\r\n    }\r\n}', ['a', 'c'], { d: 'x' });
    expect(text).toBe('{\r\n    "a": {\r\n        "b": [1],\r\n        "c": { "d": "x" }\r\n    }\r\n}');
    expect(JSON.parse(text)).toEqual({ a: { b: [1], c: { d: 'x' } } });
  });

  it('breaks a long value into lines', async () => {
    const text = await edit('{\n  a: 1,\n}\n', ['b'], { one: 'x'.repeat(40), two: ['y'.repeat(40)] });
    expect(text).toBe(`{\n  a: 1,\n  b: {\n    one: '${'x'.repeat(40)}',\n    two: ['${'y'.repeat(40)}'],\n  },\n}\n`);
  });

  it('changes the one that counts where a name stands twice', async () => {
    expect(await edit('{ a: 1, "a": 2 }', ['a'], 3)).toBe('{ a: 1, "a": 3 }');
  });

  it('says why a path cannot be followed', async () => {
    expect(await edit(file, ['agents', 'list', 'x'], 1)).toBe('fault: agents.list is a list: use [0], [1], …');
    expect(await edit(file, ['agents', 'list', 9], 1)).toBe(
      'fault: agents.list has 2 entries; the next one is agents.list[2]',
    );
    expect(await edit(file, ['agents', 'list', 0, 'id', 'z'], 1)).toBe(
      'fault: agents.list[0].id is a single value, nothing can be set inside',
    );
    expect(await edit('{a: ', ['a'], 1)).toMatch(/^fault: not valid JSON5/);
  });
});

const names = fc.constantFrom('a', 'b', 'model', 'with space', '1203@g.us', "it's", '__proto__x', 'ünï');
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.dictionary(names, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
}));
const document = fc.dictionary(names, tree, { maxKeys: 4, noNullPrototype: true });
const layout = fc.record({
  space: fc.constantFrom('', '  ', '\t', '    '),
  quote: fc.constantFrom('"', "'"),
  comments: fc.boolean(),
});

/** Comments at the places where people write them: above a member and behind a comma. */
function withComments(text: string): string {
  let count = 0;
  return text.replace(/(,|\{|\[)$/gm, (mark) => {
    count += 1;
    return count % 2 === 0 ? `${mark} // note ${count}, { [` : `${mark}\n/* note ${count} } ] */`;
  });
}

const comments = (text: string): readonly string[] => text.match(/\/\/ note \d+|\/\* note \d+/g) ?? [];

function pathsOf(value: unknown, path: KeyPath = []): readonly KeyPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value)
    ? [...value.flatMap((item: unknown, index) => pathsOf(item, [...path, index])), [...path, value.length]]
    : [...Object.entries(value).flatMap(([name, item]) => pathsOf(item, [...path, name])), [...path, 'new', 'inner']];
  return path.length === 0 ? inner : [path, ...inner];
}

describe('set then get', () => {
  it('returns the value, and everything else stays as it was, comments included', async () => {
    await fc.assert(
      fc.asyncProperty(document, layout, fc.nat(), tree, async (content, how, pick, value) => {
        const plain = JSON5.stringify(content, { space: how.space, quote: how.quote });
        const text = how.comments ? withComments(plain) : plain;
        const paths = pathsOf(content);
        const path = paths[pick % paths.length] ?? [];
        const next = await edit(text, path, value);
        const after: unknown = JSON5.parse(next);
        expect(valueAt(after, path)).toEqual(value);
        for (const other of pathsOf(content)) {
          const related = other.every((segment, index) => index >= path.length || path[index] === segment);
          if (!related) expect(valueAt(after, other)).toEqual(valueAt(content, other));
        }
        if (typeof valueAt(content, path) !== 'object') expect(comments(next)).toEqual(comments(text));
      }),
      { numRuns: 300 },
    );
  });
});
