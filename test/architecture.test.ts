// The shape of the code, enforced: who may load whom, the house rules, and that these checks can fail.
import { describe, expect, it, test } from 'vitest';
import { cycles, loadedWith, loadGraph } from './architecture/graph.ts';
import * as habits from './architecture/habits.ts';
import { misnamesFiles } from './architecture/head-comments.ts';
import { refusal } from './architecture/rooms.ts';
import { parseSource, readSources, type Source } from './architecture/source.ts';

const product = readSources('src', 'channels', 'commands');
const tests = readSources('test');
const all = [...product, ...tests];
const graph = loadGraph(product);

const except = (sources: readonly Source[], ...paths: readonly (string | RegExp)[]): readonly Source[] =>
  sources.filter(
    ({ path }) => !paths.some((each) => (typeof each === 'string' ? path.startsWith(each) : each.test(path))),
  );

/** What is said about the files, the rule, and the paths that are exceptions. */
type Case = [string, habits.Rule, ...(string | RegExp)[]];

/** Where the sources break the rule; a kept rule shows as []. */
const broken = (sources: readonly Source[], rule: habits.Rule): readonly string[] => sources.flatMap(rule);

describe('who loads whom', () => {
  it('follows the table of rooms', () => {
    const wrong: habits.Rule = (source) =>
      source.imports.flatMap((each) => {
        const why = refusal(source, each);
        return why === undefined ? [] : [`${source.path}:${each.line} ${why} (${each.specifier})`];
      });
    expect(broken(product, wrong)).toEqual([]);
  });

  it('has no circles', () => {
    expect(cycles(graph).map((circle) => circle.join(' -> '))).toEqual([]);
  });

  it('loads heavy libraries only when they are used, so that a start stays quick and small', () => {
    const heavy =
      /^(ai|@ai-sdk\/.*|html-to-text|@pydantic\/.*|marked|@humanwhocodes\/momoa|grammy|discord\.js|@whiskeysockets\/.*|@agentclientprotocol\/.*|hono|@hono\/.*|qrcode)$/;
    const atStart = loadedWith('src/app.ts', graph);
    const wrong: habits.Rule = ({ path, imports }) =>
      imports
        .filter(({ kind, specifier }) => kind === 'value' && heavy.test(specifier))
        .map(({ line, specifier }) => `${path}:${line} ${specifier}`);
    expect(
      broken(
        product.filter(({ path }) => atStart.has(path)),
        wrong,
      ),
    ).toEqual([]);
  });

  it('keeps the engine out of the command line, which loads it for `start` alone', () => {
    const rooms = new Set([...loadedWith('src/main.ts', graph)].map((path) => path.split('/').slice(0, 2).join('/')));
    expect([...rooms].sort()).toEqual(['src/cli', 'src/core', 'src/infra', 'src/main.ts']);
  });

  it('loads no test from the product', () => {
    const wrong: habits.Rule = ({ path, imports }) =>
      imports.filter(({ file, specifier }) => file?.startsWith('test/') || specifier === 'vitest').map(() => path);
    expect(broken(product, wrong)).toEqual([]);
  });
});

describe('every file', () => {
  it.each<Case>([
    ['is at most 300 lines long', habits.longerThan(300)],
    ['reads the environment only in src/infra/env.ts', habits.readsEnvironment, 'src/infra/env.ts'],
    [
      'takes time, ids and chance from outside',
      habits.usesRealTimeOrChance,
      ...['src/infra/clock.ts', 'src/infra/ids.ts'],
      // Runs in a browser, which the browser check drives in real time.
      'src/web/page/',
    ],
    ['leaves the console to the terminal', habits.writesToConsole, 'channels/console/', 'src/cli/', 'src/main.ts'],
    ['inherits from nothing', habits.inherits],
    ['has functions of at most four parameters', habits.takesManyParameters],
  ])('of the product %s', (_name, rule, ...exceptions) => {
    expect(broken(except(product, ...exceptions), rule)).toEqual([]);
  });

  it.each<Case>([
    ['opens with a comment that says what it holds', habits.noOpeningComment, /\.test\.ts$/],
    ['has no default export, any, non-null assertion, enum or parameter property', habits.usesForbiddenSyntax],
    ['names in its head comment only files that exist, and as callers only those that load it', misnamesFiles(all)],
    ['sounds finished', habits.soundsUnfinished],
    ['names no folder of one machine', habits.namesAMachine],
  ])('%s', (_name, rule, ...exceptions) => {
    expect(broken(except(all, ...exceptions), rule)).toEqual([]);
  });
});

describe('every test', () => {
  it.each<Case>([
    ['is at most 500 lines long', habits.longerThan(500)],
    ['runs: none is left out or alone', habits.leavesTestsOut],
    ['uses fakes that work, no module mocks', habits.mocksModules],
    [
      'waits for a condition, not for a time',
      habits.sleepsFixedTimes,
      'test/bench/',
      'test/kill/',
      'test/harnesses/',
      'test/fakes/wait.ts',
      /infra\/clock\.test/,
    ],
    ['is silent', habits.writesToConsole, 'test/bench/', 'test/browser/', 'test/kill/', 'test/harnesses/'],
  ])('file %s', (_name, rule, ...exceptions) => {
    expect(broken(except(tests, ...exceptions), rule)).toEqual([]);
  });
});

describe('these checks', () => {
  const source = (text: string, path = 'src/lanes/sample.ts'): Source => parseSource(path, text);

  test.each([
    ['import { a } from "../agents/turn.ts";', 'src/lanes/sample.ts', 'src/lanes may not load src/agents'],
    ['export { a } from "../agents/turn.ts";', 'src/lanes/sample.ts', 'src/lanes may not load src/agents'],
    ['await import("../agents/turn.ts");', 'src/lanes/sample.ts', 'src/lanes may not load src/agents'],
    ['import { type A } from "../agents/turn.ts";', 'src/lanes/sample.ts', 'src/lanes may not load src/agents'],
    ['import type { A } from "../agents/turn.ts";', 'src/lanes/sample.ts', undefined],
    ['import { a } from "../infra/log.ts";', 'src/lanes/sample.ts', undefined],
    ['import { a } from "../infra/log.ts";', 'src/core/sample.ts', 'src/core may not load src/infra'],
    ['import { readFile } from "node:fs";', 'src/core/sample.ts', 'src/core may not load node:fs'],
    ['import { a } from "../app.ts";', 'src/agents/sample.ts', 'src/agents may not load src/app.ts'],
    ['import { a } from "../src/infra/log.ts";', 'commands/sample.ts', 'commands may not load src/infra'],
    [
      'import { a } from "../console/a.ts";',
      'channels/telegram/sample.ts',
      'channels/telegram may not load channels/console',
    ],
    ['import { a } from "../shared/a.ts";', 'channels/telegram/sample.ts', undefined],
    ['import { Bot } from "grammy";', 'channels/discord/sample.ts', 'channels/discord may not load grammy'],
    ['import { a } from "../unheard-of/a.ts";', 'src/lanes/sample.ts', 'src/lanes may not load src/unheard-of'],
  ])('judge %s in %s', (text, path, expected) => {
    const sample = source(text, path);
    expect(sample.imports.map((each) => refusal(sample, each))).toEqual([expected]);
  });

  test('find a circle, also one that starts outside of it', () => {
    const files: Readonly<Record<string, string>> = {
      'src/a.ts': 'import "./b.ts";',
      'src/b.ts': 'import "./c.ts";',
      'src/c.ts': 'import "./b.ts"; import type { A } from "./a.ts";',
    };
    const circles = cycles(loadGraph(Object.entries(files).map(([path, text]) => source(text, path))));
    expect(circles).toEqual([['src/b.ts', 'src/c.ts', 'src/b.ts']]);
  });

  test.each<[string, habits.Rule, string]>([
    ['process.env', habits.readsEnvironment, 'const a = process.env.HOME;'],
    ['Date.now', habits.usesRealTimeOrChance, 'const a = Date.now();'],
    ['new Date', habits.usesRealTimeOrChance, 'const a = new Date();'],
    ['setTimeout', habits.usesRealTimeOrChance, 'setTimeout(f, 5);'],
    ['timers', habits.usesRealTimeOrChance, 'import { setTimeout as sleep } from "node:timers/promises";'],
    ['a signal by time', habits.usesRealTimeOrChance, 'f(AbortSignal.timeout(5));'],
    ['random', habits.usesRealTimeOrChance, 'const a = Math.random();'],
    ['randomUUID', habits.usesRealTimeOrChance, 'import { randomUUID } from "node:crypto";'],
    ['a sleep', habits.sleepsFixedTimes, 'await new Promise((resolve) => setTimeout(resolve, 50));'],
    ['a sleep on the real clock', habits.sleepsFixedTimes, 'await systemClock.sleep(50);'],
    ['console.log', habits.writesToConsole, 'console.log(1);'],
    ['a mock', habits.mocksModules, 'vi.mock("a");'],
    ['a test alone', habits.leavesTestsOut, 'it.only("a", f);'],
    ['a default export', habits.usesForbiddenSyntax, 'export default 1;'],
    ['any', habits.usesForbiddenSyntax, 'const a = b as any;'],
    ['non-null', habits.usesForbiddenSyntax, 'const a = b!.c;'],
    ['an enum', habits.usesForbiddenSyntax, 'enum A { b }'],
    ['a parent', habits.inherits, 'class A extends B {}'],
    ['five parameters', habits.takesManyParameters, 'const f = (a, b, c, d, e) => 1;'],
    ['a missing first comment', habits.noOpeningComment, 'const a = 1;'],
    ['unfinished work', habits.soundsUnfinished, `// ${'TO'}DO later`],
    ['a machine', habits.namesAMachine, `const a = "/${'Users'}/ben/a";`],
    ['a long file', habits.longerThan(2), '\n\n\nx'],
  ])('see %s', (_name, rule, text) => {
    expect(rule(source(text))).toHaveLength(1);
  });

  test.each<[string, habits.Rule, string]>([
    ['a moment given from outside', habits.usesRealTimeOrChance, 'const a = new Date(clock.now());'],
    ['a property named console', habits.writesToConsole, 'const a = options.console.log;'],
    ['an error class', habits.inherits, 'class A extends Error {}'],
    ['words in a string', habits.readsEnvironment, 'const a = "process.env";'],
    ['a comment after the line for the shell', habits.noOpeningComment, '#!/usr/bin/env node\n// holds a'],
  ])('let pass %s', (_name, rule, text) => {
    expect(rule(source(text))).toEqual([]);
  });

  test.each([
    ['Used by gone.ts.', ['src/lanes/sample.ts: there is no gone.ts']],
    ['Pure; called by other.ts and user.ts. Then more.', ['src/lanes/sample.ts: other.ts does not load it']],
    ['Made and dropped by lanes/user.ts; see other.ts.', []],
    ['Started by starter.ts, and works for user.ts.', []],
  ])('hold a head comment to the code: %s', (head, expected) => {
    const others = [
      source('import { a } from "./sample.ts";', 'src/lanes/user.ts'),
      source('new URL("./sample.ts", import.meta.url);', 'src/lanes/starter.ts'),
      source('import { a } from "./user.ts";', 'src/lanes/other.ts'),
    ];
    expect(misnamesFiles(others)(source(`// Holds a.\n// ${head}\nexport const a = 1;`))).toEqual(expected);
  });

  test('read all of the code', () => {
    expect(product.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        ...['src/main.ts', 'src/cli/launch.mjs', 'src/web/page/main.js', 'commands/index.ts', 'channels/index.ts'],
      ]),
    );
    expect(product.length).toBeGreaterThan(200);
    expect(tests.length).toBeGreaterThan(100);
  });
});
