// The house rules that one file can break by itself. Each answers the places where a file breaks it; the architecture test runs all.
import { isNode, lineOf, type Node, type Source } from './source.ts';

/** `path:line what`, empty when the rule is kept. */
export type Rule = (source: Source) => readonly string[];

/** A rule over single nodes: says what is wrong with one, or undefined. */
export function eachNode(wrong: (node: Node) => string | undefined): Rule {
  return ({ path, text, nodes }) =>
    nodes.flatMap((node) => {
      const what = wrong(node);
      return what === undefined ? [] : [`${path}:${lineOf(text, node.start)} ${what}`];
    });
}

/** A rule over the text, line by line. */
export function eachLine(wrong: RegExp): Rule {
  return ({ path, lines }) =>
    lines.flatMap((line, index) => {
      const found = wrong.exec(line);
      return found === null ? [] : [`${path}:${index + 1} ${found[0]}`];
    });
}

export function longerThan(most: number): Rule {
  return ({ path, lines }) => (lines.length > most ? [`${path}: ${lines.length} lines, at most ${most}`] : []);
}

export const noOpeningComment: Rule = ({ path, lines }) => {
  const first = lines[0]?.startsWith('#!') ? lines[1] : lines[0];
  return first?.startsWith('// ') ? [] : [`${path}: does not open with a comment that says what it holds`];
};

/** `object.property` of a member expression whose object is a plain name. */
export function member(node: unknown): string | undefined {
  if (!isNode(node) || node.type !== 'MemberExpression' || node.computed === true) return undefined;
  const { object, property } = node;
  if (!isNode(object) || !isNode(property)) return undefined;
  return object.type === 'Identifier' ? `${object.name}.${property.name}` : undefined;
}

export const readsEnvironment = eachNode((node) => (member(node) === 'process.env' ? 'process.env' : undefined));

export const writesToConsole = eachNode((node) => {
  const name = member(node);
  return name !== undefined && /^console\.(log|info|warn|error|debug|trace|table|dir)$/.test(name) ? name : undefined;
});

const timers = ['setTimeout', 'setInterval'];

/** Time and chance that a test could not hold in its hands. */
export const usesRealTimeOrChance = eachNode((node) => {
  const name = member(node);
  if (
    name !== undefined &&
    /^(Date\.now|Math\.random|performance\.now|crypto\.randomUUID|process\.hrtime|AbortSignal\.timeout)$/.test(name)
  )
    return name;
  if (node.type === 'NewExpression' && isName(node.callee, ['Date']) && isEmpty(node.arguments)) return 'new Date()';
  if (node.type === 'CallExpression' && isName(node.callee, timers)) return 'a timer';
  if (node.type === 'ImportSpecifier' && isName(node.imported, ['randomUUID'])) return 'randomUUID';
  return isImportOf(node, /^node:timers/) ? 'a timer' : undefined;
});

/** Waiting for a time instead of a condition. */
export const sleepsFixedTimes = eachNode((node) => {
  if (node.type === 'CallExpression' && (isName(node.callee, timers) || member(node.callee) === 'systemClock.sleep'))
    return 'waits for a time; wait for a condition (test/fakes/wait.ts) or use the virtual clock';
  return isImportOf(node, /^node:timers/) ? 'imports timers' : undefined;
});

export const mocksModules = eachNode((node) => {
  const name = member(node);
  return name !== undefined && /^vi\.(mock|doMock|hoisted|useFakeTimers)$/.test(name) ? name : undefined;
});

export const leavesTestsOut = eachNode((node) => {
  const name = member(node);
  return name !== undefined && /^(it|test|describe|suite)\.(only|skip|to[d]o|fails)$/.test(name) ? name : undefined;
});

const forbiddenNodes: Readonly<Record<string, string>> = {
  ExportDefaultDeclaration: 'a default export',
  TSAnyKeyword: 'any',
  TSNonNullExpression: 'a non-null assertion',
  TSEnumDeclaration: 'an enum',
  TSParameterProperty: 'a parameter property',
  ExportAllDeclaration: 'export *',
};

export const usesForbiddenSyntax = eachNode((node) => forbiddenNodes[node.type]);

/** Errors are the exception: what is thrown has to be one. */
export const inherits = eachNode((node) => {
  const parent = node.type === 'ClassDeclaration' || node.type === 'ClassExpression' ? node.superClass : undefined;
  return isNode(parent) && !(parent.type === 'Identifier' && /Error$/.test(String(parent.name)))
    ? 'inherits from a class'
    : undefined;
});

export const takesManyParameters = eachNode((node) => {
  const isFunction = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
  const count = isFunction && Array.isArray(node.params) ? node.params.length : 0;
  return count > 4 ? `${count} parameters, at most 4` : undefined;
});

/** With brackets, or this line would be the first to break the rule. */
export const soundsUnfinished = eachLine(
  /\b(to[d]o|fix[m]e|place[h]older|(not |un)implement[e]d|for no[w]|stu[b])s?\b/i,
);

/** A home or work folder of one machine. `/home/ann` is the person in our examples. */
export const namesAMachine = eachLine(/(\/home\/(?!ann\b)|\/Users\/|\/root\/|\/work\/)\w+/);

function isName(node: unknown, names: readonly string[]): boolean {
  return isNode(node) && node.type === 'Identifier' && names.includes(String(node.name));
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isImportOf(node: Node, name: RegExp): boolean {
  return node.type === 'ImportDeclaration' && isNode(node.source) && name.test(String(node.source.value));
}
