// The image and the example for Compose say what is so: they are compared with the code, as nothing here can build them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../src/infra/config.ts';
import { readEnv } from '../src/infra/env.ts';
import { readSources } from './architecture/source.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const dockerfile = read('Dockerfile').replace(/\\\n/g, ' ');
const compose = read('compose.yaml');
const manifest = JSON.parse(read('package.json')) as {
  readonly engines: { readonly node: string };
  readonly bin: { readonly switchyard: string };
  readonly dependencies: Readonly<Record<string, string>>;
};

/** What follows an instruction, once per line that has it. */
const lines = (instruction: string): readonly string[] =>
  [...dockerfile.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map((found) => found[1] ?? '');
const final = (instruction: string): string => lines(instruction).at(-1) ?? '';
const list = (text: string): readonly string[] => JSON.parse(text) as readonly string[];

/** Everything copied from this folder, by the end of the last stage or before. */
const copied = lines('COPY')
  .filter((line) => !line.startsWith('--from'))
  .flatMap((line) => line.split(/\s+/).slice(0, -1));

describe('the image', () => {
  it('has the Node this needs', () => {
    const needed = Number(/\d+/.exec(manifest.engines.node)?.[0]);
    for (const base of lines('FROM')) expect(Number(/^node:(\d+)-slim/.exec(base)?.[1])).toBeGreaterThanOrEqual(needed);
    expect(lines('FROM').length).toBeGreaterThan(0);
  });

  it('is made of files that are there and reach the build', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(copied.filter((path) => !allowed.includes(path))).toEqual([]);
    expect(allowed.filter((path) => !copied.includes(path))).toEqual([]);
  });

  it('holds every folder the program loads, and every package: none that is left out is needed', () => {
    const sources = readSources('src', 'channels', 'commands').flatMap(({ imports }) => imports);
    const values = sources.filter(({ kind }) => kind !== 'type');
    const folders = new Set(values.flatMap(({ file }) => (file === undefined ? [] : [file.split('/')[0]])));
    expect([...folders].filter((folder) => folder === undefined || !copied.includes(folder))).toEqual([]);
    const packages = values
      .filter(({ file, specifier }) => file === undefined && !specifier.startsWith('node:'))
      .map(({ specifier }) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
    expect(packages.length).toBeGreaterThan(20);
    expect([...new Set(packages)].filter((name) => !(name in manifest.dependencies))).toEqual([]);
    expect(lines('RUN')[0]).toMatch(/^npm ci --omit=dev --omit=optional/);
  });

  it('starts the program itself, as an account without rights, and asks it how it is', () => {
    const [program, entry = ''] = list(final('ENTRYPOINT'));
    expect({ program, command: list(final('CMD')) }).toEqual({ program: 'node', command: ['start'] });
    expect(entry).toBe(`/app/${manifest.bin.switchyard}`);
    expect(dockerfile).toContain(`ln -s ${entry} /usr/local/bin/switchyard`);
    expect(statSync(join(root, manifest.bin.switchyard)).mode & 0o111).not.toBe(0);
    expect(final('USER')).toBe('node');
    expect(final('HEALTHCHECK')).toMatch(/ CMD switchyard status \|\| exit 1$/);
  });

  it('keeps everything that is written in its volume', () => {
    const volume = final('VOLUME');
    const variables = Object.fromEntries(
      final('ENV')
        .split(/\s+/)
        .map((pair) => pair.split('=')),
    );
    const env = readEnv(variables, final('WORKDIR'));
    for (const path of [env.home, env.configPath, final('WORKDIR')])
      expect(`${path}/`).toMatch(new RegExp(`^${volume}/`));
    expect(Object.keys(variables)).toHaveLength(2);
    expect(dockerfile).toMatch(new RegExp(`install -d -o node -g node -m 700 ${volume}`));
  });
});

describe('the example for Compose', () => {
  const has = (line: RegExp): void => expect(compose).toMatch(line);

  it('gives a stop more time than running work gets to finish', () => {
    const { drainSeconds } = configSchema.parse({}).gateway;
    const grace = Number(/^ {4}stop_grace_period: (\d+)s$/m.exec(compose)?.[1]);
    expect(grace).toBeGreaterThanOrEqual(drainSeconds + 15);
    expect(compose).toContain(`gateway.drainSeconds (${drainSeconds})`);
  });

  it('leaves the container no more than it needs: its volume, /tmp, no port, no rights', () => {
    has(/^ {4}read_only: true$/m);
    has(/^ {4}tmpfs:\n {6}- \/tmp$/m);
    has(new RegExp(`^ {6}- data:${final('VOLUME')}$`, 'm'));
    has(/^ {4}init: true$/m);
    has(/^ {6}- no-new-privileges:true$/m);
    has(/^ {4}cap_drop:\n {6}- ALL$/m);
    expect(compose).not.toMatch(/^ +ports:/m);
  });
});
