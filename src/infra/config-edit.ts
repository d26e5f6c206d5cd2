// Changes one value in the text of a JSON5 file and leaves every other character alone. Called by config-file.ts and
// cli/setup/apply.ts.
import { isDeepStrictEqual } from 'node:util';
import type { ArrayNode, ObjectNode, Token, ValueNode } from '@humanwhocodes/momoa';
import JSON5 from 'json5';
import { isBlank, parseJson5 } from './config-text.ts';
import { formatMember, formatValue, indentAt, type Style, styleOf } from './json5-format.ts';
import { formatKeyPath, isContainer, isPlainObject, type KeyPath } from './key-path.ts';

export type Edited = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: string };

const header = '// Switchyard configuration (JSON5). Every key and its meaning: README.md.\n{\n}\n';

interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Container = ObjectNode | ArrayNode;
type Place =
  | { readonly kind: 'value'; readonly node: ValueNode }
  | { readonly kind: 'missing'; readonly container: Container; readonly rest: KeyPath };

/**
 * @param text content of the file; undefined when there is none
 * @param path numbers are list indexes; missing parents are created, a list grows by one at its end
 * @param comment one line that goes above what is added, where that gets a line of its own; nothing where a value is replaced
 */
export async function editConfigText(
  text: string | undefined,
  path: KeyPath,
  value: unknown,
  comment?: string,
): Promise<Edited> {
  const source =
    text === undefined
      ? header
      : isBlank(text)
        ? `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}{\n}\n`
        : text;
  const before = parseJson5(source);
  if (!before.ok) return before;
  const expected = withValue(before.value, path, { value, done: [] });
  if (!expected.ok) return expected;
  const after = applyChanges(source, await changesFor(source, path, { value, comment }));
  if (parses(after, expected.value)) return { ok: true, text: after };
  return {
    ok: false,
    fault: `${formatKeyPath(path)} could not be changed without touching the rest of the file; please edit it by hand`,
  };
}

function parses(text: string, expected: unknown): boolean {
  const parsed = parseJson5(text);
  return parsed.ok && isDeepStrictEqual(parsed.value, expected);
}

type Valued = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

/** The parsed file as it must read afterwards. */
function withValue(root: unknown, path: KeyPath, goal: { readonly value: unknown; readonly done: KeyPath }): Valued {
  const [segment, ...rest] = path;
  if (segment === undefined) return { ok: true, value: goal.value };
  const here = goal.done.length === 0 ? 'the configuration' : formatKeyPath(goal.done);
  const current = root ?? (typeof segment === 'number' ? [] : {});
  if (typeof segment === 'number' ? !Array.isArray(current) : !isPlainObject(current)) {
    return {
      ok: false,
      fault: `${here} is ${Array.isArray(current) ? 'a list: use [0], [1], …' : isContainer(current) ? 'an object, not a list' : 'a single value, nothing can be set inside'}`,
    };
  }
  const container: object = isContainer(current) ? current : {};
  if (Array.isArray(container) && Number(segment) > container.length) {
    return {
      ok: false,
      fault: `${here} has ${container.length} entries; the next one is ${here}[${container.length}]`,
    };
  }
  const old: unknown = Object.hasOwn(container, segment) ? Reflect.get(container, segment) : undefined;
  const inner = withValue(old, rest, { value: goal.value, done: [...goal.done, segment] });
  if (!inner.ok) return inner;
  if (Array.isArray(container)) return { ok: true, value: Object.assign([...container], { [segment]: inner.value }) };
  return {
    ok: true,
    value: Object.fromEntries([
      ...Object.entries(container).filter(([name]) => name !== segment),
      [String(segment), inner.value],
    ]),
  };
}

interface Goal {
  readonly value: unknown;
  readonly comment: string | undefined;
}

async function changesFor(source: string, path: KeyPath, { value, comment }: Goal): Promise<readonly Change[]> {
  const { parse } = await import('@humanwhocodes/momoa');
  const parsed = attempt(() => parse(source, { mode: 'json5', ranges: true, tokens: true }));
  if (parsed === undefined) return [];
  const tokens = parsed.tokens ?? [];
  const style = styleOf(source, tokens);
  const place = locate(source, parsed.body, path);
  if (place.kind === 'value') {
    const [start, end] = rangeOf(place.node);
    return [{ start, end, text: formatValue(value, style, indentAt(source, start)) }];
  }
  return insertion({ source, tokens, style }, place.container, { ...nest(place.rest, value), comment });
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // a spelling JSON5 allows and the range parser does not; the caller says so
  }
}

function locate(source: string, root: ValueNode, path: KeyPath): Place {
  let node = root;
  for (const [index, segment] of path.entries()) {
    const next = step(source, node, segment);
    if (next === undefined) {
      return node.type === 'Object' || node.type === 'Array'
        ? { kind: 'missing', container: node, rest: path.slice(index) }
        : { kind: 'value', node };
    }
    node = next;
  }
  return { kind: 'value', node };
}

/** The value below; of a name that stands twice the last one, which is the one that counts. */
function step(source: string, node: ValueNode, segment: string | number): ValueNode | undefined {
  if (node.type === 'Array') return typeof segment === 'number' ? node.elements[segment]?.value : undefined;
  if (node.type !== 'Object') return undefined;
  return node.members.findLast((member) => nameOf(source, rangeOf(member.name)) === segment)?.value;
}

function nameOf(source: string, [start, end]: readonly [number, number]): string | undefined {
  const parsed: unknown = JSON5.parse(`{${source.slice(start, end)}:0}`);
  return isContainer(parsed) ? Object.keys(parsed)[0] : undefined;
}

interface NewPart {
  /** Undefined for a list entry. */
  readonly name: string | undefined;
  readonly value: unknown;
  readonly comment: string | undefined;
}

/** The value with the parents that do not exist yet around it, below the first missing segment. */
function nest(rest: KeyPath, value: unknown): Omit<NewPart, 'comment'> {
  const inner = rest
    .slice(1)
    .reduceRight<unknown>((part, segment) => (typeof segment === 'number' ? [part] : { [segment]: part }), value);
  return { name: typeof rest[0] === 'string' ? rest[0] : undefined, value: inner };
}

/** Puts a new member or entry last in its container, in the way the container is written. */
function insertion(
  file: { readonly source: string; readonly tokens: readonly Token[]; readonly style: Style },
  container: Container,
  part: NewPart,
): readonly Change[] {
  const { source, tokens, style } = file;
  const [open, close] = rangeOf(container);
  const inside = tokens.filter((token) => offset(token) > open && offset(token) < close - 1);
  const last = inside.at(-1);
  const lastValue = inside.findLast((token) => token.type !== 'LineComment' && token.type !== 'BlockComment');
  const trailing = lastValue?.type === 'Comma';
  const comma: readonly Change[] = lastValue === undefined || trailing ? [] : [at(endOf(lastValue), ',')];
  const from = last === undefined ? open + 1 : endOf(last);
  const onOwnLine = /[\n\r\u2028\u2029]/.test(source.slice(from, close - 1));
  if (!onOwnLine) {
    const spaced = lastValue !== undefined || style.spaced;
    return [
      ...comma,
      at(
        from,
        `${spaced ? ' ' : ''}${formatMember(part, style, indentAt(source, open))}${lastValue === undefined && spaced ? ' ' : ''}`,
      ),
    ];
  }
  const first = inside[0];
  const closing = indentAt(source, close - 1);
  const own = first === undefined ? '' : indentAt(source, offset(first));
  const indent = own.length > closing.length ? own : `${closing}${style.indent}`;
  // Plain JSON stays plain JSON.
  const plain = style.quoteNames && !tokens.some(({ type }) => type === 'LineComment' || type === 'BlockComment');
  const above = part.comment === undefined || plain ? '' : `${style.newline}${indent}// ${part.comment}`;
  const text = `${above}${style.newline}${indent}${formatMember(part, style, indent)}${trailing || (lastValue === undefined && style.trailingCommas) ? ',' : ''}`;
  return [...comma, at(from, text)];
}

/** Changes in ascending order; those at the same place follow each other as listed. */
function applyChanges(source: string, changes: readonly Change[]): string {
  const parts = changes.map((change, index) => source.slice(changes[index - 1]?.end ?? 0, change.start) + change.text);
  return parts.join('') + source.slice(changes.at(-1)?.end ?? 0);
}

const at = (offset: number, text: string): Change => ({ start: offset, end: offset, text });
const offset = (token: Token): number => token.loc.start.offset;
const endOf = (token: Token): number => token.loc.end.offset;

function rangeOf(node: {
  readonly loc: { readonly start: { readonly offset: number }; readonly end: { readonly offset: number } };
}): readonly [number, number] {
  return [node.loc.start.offset, node.loc.end.offset];
}
