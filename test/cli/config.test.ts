import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configGet, configSet } from '../../src/cli/config.ts';
import { ok, refuse } from '../../src/core/result.ts';
import { ConfigFile } from '../../src/infra/config-file.ts';
import { readEnv } from '../../src/infra/env.ts';
import { virtualClock } from '../fakes/clock.ts';

let folder: string;
let file: ConfigFile;

async function load(text: string): Promise<void> {
  await writeFile(join(folder, 'switchyard.json5'), text);
  await file.load();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
  file = new ConfigFile({ env: readEnv({}, folder), clock: virtualClock(), workingDirectory: folder });
});
afterEach(() => rm(folder, { recursive: true }));

describe('config get', () => {
  it('prints values in use, defaults included', async () => {
    await load("{ agents: { list: [{ id: 'main', name: 'Nina' }] } }");
    expect(configGet(file, 'agents.list[0].name', false)).toEqual({ text: 'Nina', exitCode: 0 });
    expect(configGet(file, 'agents.defaults.maxConcurrent', false).text).toBe('4');
    expect(configGet(file, 'agents.defaults.model', false)).toEqual({ text: '(not set)', exitCode: 0 });
    expect(configGet(file, 'agents.defaults.stall', false).text).toBe(
      '{\n  warnSeconds: 600,\n  abortSeconds: 1800,\n}',
    );
  });

  it('hides tokens, keys and foreign variables, wherever they stand, unless asked', async () => {
    await load(
      "{ channels: { telegram: { token: 'aaa' } }, models: { providers: { openai: { apiKey: 'bbb' } } }, tools: { mcp: { x: { url: 'https://x.example/', headers: { 'X-Thing': 'ccc' } } } } }",
    );
    expect(configGet(file, 'channels.telegram.token', false).text).toBe('[set]');
    expect(configGet(file, 'channels.discord.token', false).text).toBe('(not set)');
    for (const key of ['channels', 'models', 'tools'])
      expect(configGet(file, key, false).text).not.toMatch(/aaa|bbb|ccc/);
    expect(configGet(file, 'models.providers.openai.apiKey', true).text).toBe('bbb');
    expect(configGet(file, 'budgets.tree.tokens', false).text).toBe('2000000');
  });

  it('hides keys that stand in addresses and in the arguments of programs', async () => {
    const args = "['serve', '--api-key', 'ddd', '--token=eee12345', '--port', '80']";
    await load(
      `{ models: { providers: { x: { baseUrl: 'https://me:fff@x.example/v1' } } }, tools: { mcp: { y: { command: 'y', args: ${args} } } } }`,
    );
    const shown = ['models', 'tools.mcp.y.args', 'tools.mcp.y.args[2]', 'models.providers.x.baseUrl'].map(
      (key) => configGet(file, key, false).text,
    );
    expect(shown.join('\n')).not.toMatch(/ddd|eee12345|fff/);
    expect(shown[1]).toContain("'--port'");
    expect(configGet(file, 'tools.mcp.y.args', true).text).toMatch(/ddd/);
  });

  it('explains an unknown key', () => {
    expect(configGet(file, 'agents.defaults.maxConcurent', false)).toEqual({
      text: 'unknown field agents.defaults.maxConcurent; did you mean agents.defaults.maxConcurrent?',
      exitCode: 1,
    });
  });

  it('says that a value is not from the file while that has faults', async () => {
    await load('{ x: 1 }');
    expect(configGet(file, 'logging.level', false).text).toMatch(
      /^info\nNot from .*, which has faults:\nschema validation failed: unknown field x/,
    );
  });
});

describe('config set', () => {
  it('says what is saved where, and passes on what the running process answers', async () => {
    await load('{}');
    const change = { keyPath: 'agents.defaults.maxConcurrent', valueText: '6' };
    expect(await configSet(file, { ...change, notify: async () => ok('Reloaded.') })).toEqual({
      text: `agents.defaults.maxConcurrent = 6\nSaved in ${file.path}.\nReloaded.`,
      exitCode: 0,
    });
    expect((await configSet(file, change)).text).toContain('Switchyard is not running; it reads this when it starts.');
  });

  it('that the running process does not take over has failed, with its reason', async () => {
    await load('{}');
    const refused = async () => refuse('config_invalid', 'A variable is not set.', 'Restart it.');
    expect(await configSet(file, { keyPath: 'logging.level', valueText: 'warn', notify: refused })).toEqual({
      text: `logging.level = 'warn'\nSaved in ${file.path}.\nA variable is not set. Restart it.`,
      exitCode: 1,
    });
  });

  it('does not repeat a token on the screen', async () => {
    await load('{}');
    const { text } = await configSet(file, { keyPath: 'channels.telegram.token', valueText: '1:secret' });
    expect(text).toContain("channels.telegram.token = '[set]'");
    expect(text).not.toContain('secret');
  });

  it('refuses with the reason and tells nobody', async () => {
    await load('{}');
    const refused = await configSet(file, {
      keyPath: 'logging.level',
      valueText: 'loud',
      notify: () => Promise.reject(new Error('not called')),
    });
    expect(refused).toEqual({
      text: `schema validation failed: logging.level must be one of trace, debug, info, warn, error, fatal, but is "loud"\nNothing was changed in ${file.path}.`,
      exitCode: 1,
    });
  });
});
