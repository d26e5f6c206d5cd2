import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigFile } from '../../src/infra/config-file.ts';
import { readEnv } from '../../src/infra/env.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

let folder: string;
let path: string;
let clock: VirtualClock;
const opened: ConfigFile[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
  path = join(folder, 'switchyard.json5');
  clock = virtualClock();
});

afterEach(async () => {
  for (const file of opened.splice(0)) file.close();
  await rm(folder, { recursive: true, force: true });
});

function open(variables: Record<string, string> = {}): ConfigFile {
  const file = new ConfigFile({ env: readEnv(variables, folder), clock, workingDirectory: folder });
  opened.push(file);
  return file;
}

async function opening(text: string): Promise<ConfigFile> {
  await writeFile(path, text);
  const file = open();
  await file.load();
  return file;
}

const width = (file: ConfigFile): number => file.current.agents.defaults.maxConcurrent;

describe('loading', () => {
  it('a missing file means all defaults', async () => {
    const file = open({ TELEGRAM_TOKEN: 't' });
    expect(await file.load()).toEqual({ ok: true, changed: true });
    expect([file.path, file.error, file.channelsOff, width(file)]).toEqual([path, undefined, false, 4]);
    expect(file.current.channels.telegram.enabled).toBe(true);
  });

  it('SWITCHYARD_CONFIG names another file', async () => {
    await writeFile(join(folder, 'other.json5'), '{ agents: { defaults: { maxConcurrent: 7 } } }');
    const file = open({ SWITCHYARD_CONFIG: 'other.json5' });
    await file.load();
    expect([file.path, width(file)]).toEqual([join(folder, 'other.json5'), 7]);
  });

  it('a bad first file: channels stay off, the error is kept, defaults are used', async () => {
    await writeFile(path, '{ allowAgents: [] }');
    const file = open({ TELEGRAM_TOKEN: 't' });
    const loaded = await file.load();
    expect(loaded.ok).toBe(false);
    expect(file.channelsOff).toBe(true);
    expect(file.current.channels.telegram.enabled).toBe(false);
    expect(file.error).toBe(
      'schema validation failed: unknown field allowAgents; did you mean agents.list[].subagents.allowAgents?',
    );
  });

  it('a bad edit keeps the last good config, a good edit recovers', async () => {
    const file = await opening('{ agents: { defaults: { maxConcurrent: 5 } } }');
    const heard: string[] = [];
    file.onFault((error) => heard.push(`fault ${error.slice(0, 14)}`));
    file.onChange((now, before) =>
      heard.push(`${before.agents.defaults.maxConcurrent} -> ${now.agents.defaults.maxConcurrent}`),
    );
    await writeFile(path, '{ agents: ');
    expect((await file.reload()).ok).toBe(false);
    await file.reload();
    expect([width(file), file.channelsOff]).toEqual([5, false]);
    await writeFile(path, '{ agents: { defaults: { maxConcurrent: 6 } } }');
    expect(await file.reload()).toEqual({ ok: true, changed: true });
    expect([width(file), file.error]).toEqual([6, undefined]);
    expect(await file.reload()).toEqual({ ok: true, changed: false });
    expect(heard).toEqual(['fault not valid JSON', '5 -> 6']);
  });

  it('a file that vanishes keeps the last good config', async () => {
    const file = await opening('{ agents: { defaults: { maxConcurrent: 5 } } }');
    await rm(path);
    expect(await file.reload()).toEqual({
      ok: false,
      error: `${path} is missing; the configuration read before stays in use`,
    });
    expect(width(file)).toBe(5);
  });

  it('a file that cannot be read is an error, not a crash', async () => {
    await mkdir(path);
    const file = open();
    expect((await file.load()).ok).toBe(false);
    expect(file.error).toContain('could not be read');
  });

  it('says when the file is newer than what is in use', async () => {
    const file = await opening('{}');
    expect(await file.fileChangedAt()).toBeUndefined();
    await writeFile(path, '{ nope: 1 }');
    await utimes(path, 2_000_000_000, 2_000_000_000);
    expect(await file.fileChangedAt()).toBe(2_000_000_000_000);
    await file.reload();
    expect(await file.fileChangedAt()).toBe(2_000_000_000_000);
    await writeFile(path, '{}');
    await file.reload();
    expect(await file.fileChangedAt()).toBeUndefined();
    expect(file.loadedAt).toBe(clock.now());
  });
});

/** Time passes until the watcher has looked and the condition holds. */
function eventually(condition: () => void): Promise<void> {
  return vi.waitFor(
    async () => {
      await clock.advance(3000);
      condition();
    },
    { timeout: 30_000, interval: 5 },
  );
}

describe('watching', () => {
  it('takes an edit in place, an atomic rename, a bad edit and its repair', async () => {
    const file = await opening('{ agents: { defaults: { maxConcurrent: 5 } } }');
    file.watch();
    await writeFile(path, '{ agents: { defaults: { maxConcurrent: 6 } } }');
    await eventually(() => expect(width(file)).toBe(6));
    await writeFile(join(folder, 'tmp'), '{ agents: { defaults: { maxConcurrent: 7 } } }');
    await rename(join(folder, 'tmp'), path);
    await eventually(() => expect(width(file)).toBe(7));
    await writeFile(path, '{ agents: 7 }');
    await eventually(() =>
      expect(file.error).toBe('schema validation failed: agents must be an object {...}, but is 7'),
    );
    expect(width(file)).toBe(7);
    await writeFile(path, '{ agents: { defaults: { maxConcurrent: 8 } } }');
    await eventually(() => expect([width(file), file.error]).toEqual([8, undefined]));
  });

  it('finds a file that appears later, also when its folder does', async () => {
    const file = open({ SWITCHYARD_CONFIG: 'conf/a.json5' });
    await file.load();
    file.watch();
    await mkdir(join(folder, 'conf'));
    await writeFile(join(folder, 'conf/a.json5'), '{ agents: { defaults: { maxConcurrent: 9 } } }');
    await eventually(() => expect(width(file)).toBe(9));
    await rm(join(folder, 'conf'), { recursive: true });
    await eventually(() => expect(file.error).toContain('is missing'));
    await mkdir(join(folder, 'conf'));
    await writeFile(join(folder, 'conf/a.json5'), '{ agents: { defaults: { maxConcurrent: 3 } } }');
    await eventually(() => expect(width(file)).toBe(3));
  });

  it('survives a part that cannot take a change over, and says so', async () => {
    const file = await opening('{ agents: { defaults: { maxConcurrent: 5 } } }');
    const faults: string[] = [];
    file.onFault((error) => faults.push(error));
    const forget = file.onChange(() => {
      throw new Error('no room for that');
    });
    file.watch();
    await writeFile(path, '{ agents: { defaults: { maxConcurrent: 6 } } }');
    await eventually(() => expect(faults).toEqual(['the change could not be taken over: no room for that']));
    forget();
    await writeFile(path, '{ agents: { defaults: { maxConcurrent: 7 } } }');
    await eventually(() => expect([width(file), file.error]).toEqual([7, undefined]));
  });

  it('survives a file that nobody meant', async () => {
    const file = await opening('{ agents: { defaults: { maxConcurrent: 5 } } }');
    file.watch();
    await writeFile(path, `{ constructor: ${'['.repeat(100_000)}${']'.repeat(100_000)} }`);
    await eventually(() => expect(file.error).toContain('nested more than'));
    expect(width(file)).toBe(5);
  });

  it('stops with close', async () => {
    const file = await opening('{}');
    file.watch();
    file.close();
    expect(clock.pending()).toBe(0);
  });
});

describe('setting a value', () => {
  it('keeps comments, is in use at once and leaves no temporary file', async () => {
    const file = await opening(
      '{\n  // width of the main lane\n  agents: { defaults: { maxConcurrent: 5 } }, // five\n}\n',
    );
    const set = await file.set('agents.defaults.maxConcurrent', '6');
    expect(set).toEqual({ ok: true, path: ['agents', 'defaults', 'maxConcurrent'], value: 6 });
    expect(width(file)).toBe(6);
    expect(await readFile(path, 'utf8')).toBe(
      '{\n  // width of the main lane\n  agents: { defaults: { maxConcurrent: 6 } }, // five\n}\n',
    );
    expect(await readdir(folder)).toEqual(['switchyard.json5']);
  });

  it('creates the file for the owner alone, and keeps the mode of one that exists', async () => {
    const file = open();
    await file.load();
    await file.set('logging.level', 'debug');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(path);
    await writeFile(path, '{}', { mode: 0o640 });
    await file.set('logging.level', 'debug');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('writes through a symbolic link', async () => {
    await writeFile(join(folder, 'real.json5'), '{}');
    await symlink('real.json5', path);
    const file = open();
    await file.load();
    await file.set('logging.level', 'warn');
    expect(await readFile(join(folder, 'real.json5'), 'utf8')).toContain('warn');
    expect((await readdir(folder)).toSorted()).toEqual(['real.json5', 'switchyard.json5']);
  });

  it('takes list indexes both ways and creates missing parents', async () => {
    const file = await opening("{ agents: { list: [{ id: 'main' }] } }");
    await file.set('agents.list.0.model', 'openai/gpt-5');
    await file.set('agents.list[0].subagents.allowAgents', '["*"]');
    await file.set('agents.list[1]', "{ id: 'helper' }");
    await file.set('channels.whatsapp.groups["1203@g.us"].requireMention', 'false');
    expect(file.current.agents.list).toMatchObject([
      { id: 'main', model: 'openai/gpt-5', subagents: { allowAgents: ['*'] } },
      { id: 'helper' },
    ]);
    expect(file.current.channels.whatsapp.groups).toEqual({ '1203@g.us': { requireMention: false } });
  });

  it('digits and words become text where the schema wants text', async () => {
    const file = await opening('{}');
    expect(await file.set('channels.telegram.allowFrom[0]', '12345')).toMatchObject({ ok: true, value: '12345' });
    expect(await file.set('channels.telegram.token', '123:ABC-x')).toMatchObject({ ok: true, value: '123:ABC-x' });
    expect(await file.set('acp.enabled', 'true')).toMatchObject({ ok: true, value: true });
  });

  it('refuses what would not be valid and changes nothing', async () => {
    const text = '{ agents: { defaults: { maxConcurrent: 5 } } }';
    const file = await opening(text);
    expect(await file.set('agents.defaults.maxConcurrent', 'many')).toEqual({
      ok: false,
      error: 'schema validation failed: agents.defaults.maxConcurrent must be a number, but is "many"',
    });
    expect(await file.set('allowAgents', '[]')).toEqual({
      ok: false,
      error: 'unknown field allowAgents; did you mean agents.list[].subagents.allowAgents?',
    });
    expect(await file.set('agents.list[1].id', 'x')).toEqual({
      ok: false,
      error: 'agents.list has 0 entries; the next one is agents.list[0]',
    });
    expect(await file.set('a..b', 'x')).toMatchObject({
      ok: false,
      error: '"a..b" is not a key; write e.g. agents.list[0].model',
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('does not write the tokens of the environment into the file', async () => {
    const file = open({ TELEGRAM_TOKEN: 'secret' });
    await file.load();
    await file.set('channels.telegram.requireMention', 'false');
    expect(await readFile(path, 'utf8')).not.toContain('secret');
    expect(file.current.channels.telegram).toMatchObject({ enabled: true, token: 'secret', requireMention: false });
  });

  it('two at once are both kept', async () => {
    const file = await opening('{}');
    await Promise.all([
      file.set('logging.level', 'debug'),
      file.set('gateway.drainSeconds', '5'),
      file.set('acp.enabled', 'true'),
    ]);
    expect([file.current.logging.level, file.current.gateway.drainSeconds, file.current.acp.enabled]).toEqual([
      'debug',
      5,
      true,
    ]);
  });
});
