import { describe, expect, it } from 'vitest';
import { readConfigText } from '../../src/infra/config-text.ts';
import { readEnv } from '../../src/infra/env.ts';

function read(text: string | undefined, variables: Record<string, string> = {}) {
  return readConfigText(text, readEnv(variables, '/'));
}

function config(text: string | undefined, variables: Record<string, string> = {}) {
  const checked = read(text, variables);
  if (!checked.ok) throw new Error(checked.faults.join('\n'));
  return checked.config;
}

describe('the text of the config file', () => {
  it('no file, an empty file and comments alone are all defaults', () => {
    expect(config('')).toEqual(config(undefined));
    expect(config('// nothing yet\n/* … */')).toEqual(config(undefined));
  });

  it('a token of the environment lets the status page be open to the network; the file wins', () => {
    const open = "enabled: true, host: '0.0.0.0'";
    const variables = { SWITCHYARD_WEB_TOKEN: 'a-token-of-the-environment' };
    expect(read(`{ web: { ${open} } }`)).toMatchObject({ ok: false, faults: [expect.stringContaining('web.token')] });
    expect(config(`{ web: { ${open} } }`, variables).web.token).toBe('a-token-of-the-environment');
    const own = 'a-token-of-the-file';
    expect(config(`{ web: { ${open}, token: '${own}' } }`, variables).web.token).toBe(own);
    expect(read('{ web: 7 }', variables).ok).toBe(false);
  });

  it('tokens of the environment switch channels on; the file wins', () => {
    const variables = { DISCORD_TOKEN: 'env-d', TELEGRAM_TOKEN: 'env-t', WHATSAPP_WS_URL: 'ws://127.0.0.1:1/' };
    const { channels } = config("{ channels: { telegram: { token: 'own' } } }", variables);
    expect(channels.discord).toMatchObject({ enabled: true, token: 'env-d' });
    expect(channels.telegram).toMatchObject({ enabled: true, token: 'own' });
    expect(channels.whatsapp).toMatchObject({ enabled: false, wsUrl: 'ws://127.0.0.1:1/' });
    expect(config('{ channels: { discord: { enabled: false } } }', variables).channels.discord.enabled).toBe(false);
  });

  it('variables are filled in inside texts, and can be escaped', () => {
    const text = `{ agents: { list: [{ id: 'main', name: '\${WHO} of $\${HOME}', auth: { openai: { apiKey: '\${K}' } } }] } }`;
    const { list } = config(text, { WHO: 'Nina', K: 'secret' }).agents;
    expect(list[0]).toMatchObject({ name: `Nina of \${HOME}`, auth: { openai: { apiKey: 'secret' } } });
  });

  it('an unset variable is named with its key, beside the other faults', () => {
    const checked = read(`{ models: { providers: { openai: { apiKey: '\${NOPE}' } } }, gatway: {} }`);
    expect(checked).toEqual({
      ok: false,
      faults: [
        `models.providers.openai.apiKey uses \${NOPE}, but the environment variable NOPE is not set (.env is read at start: restart Switchyard after a change there)`,
        'schema validation failed: unknown field gatway; did you mean gateway?',
      ],
    });
  });

  it('a syntax error says where', () => {
    expect(read('{\n  agents: [,\n}')).toEqual({
      ok: false,
      faults: ["not valid JSON5: invalid character ',' at 2:12"],
    });
  });
});

describe('a config file nobody meant', () => {
  const faults = (text: string): readonly string[] => {
    const checked = read(text);
    return checked.ok ? [] : checked.faults;
  };

  it('that is nested without end is one fault', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{a:', '}'],
    ] as const) {
      const bomb = `{ agents: ${open.repeat(100_000)}1${close.repeat(100_000)} }`;
      expect(faults(bomb)).toEqual(['the configuration is nested more than 50 levels deep']);
    }
  });

  it('that is huge is one fault, found at once', () => {
    expect(faults('/*'.repeat(1_000_000))).toEqual(['the configuration is larger than 1 MB']);
  });

  it('names what every object inherits like any other unknown key', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
      expect(faults(`{ "${name}": 1 }`)).toEqual([expect.stringContaining(`unknown field ${name}`)]);
      expect(faults(`{ agents: { defaults: { "${name}": { x: 1 } } } }`)).toEqual([
        expect.stringContaining(`unknown field agents.defaults.${name}`),
      ]);
      expect(faults(`{ wrong: { "${name}": [] } }`)).not.toEqual([]);
    }
  });

  it('with thousands of faults names the first ones and how many are left', () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `wrong${index}: { allowAgents: [] }`);
    const found = faults(`{ ${keys.join(', ')} }`);
    expect(found).toHaveLength(21);
    expect(found.at(-1)).toBe('… and more faults of this kind; mend these first');
    expect(faults(`{ wrong: { ${keys.join(', ')} } }`).length).toBeLessThanOrEqual(21);
  });

  it('never quotes what looks like a key, wherever it was put', () => {
    const key = `sk-ant-${'a1'.repeat(20)}`;
    const text = `{ agents: { list: [{ id: '${key}!', model: 5 }] }, gateway: { drainSeconds: '${key}' } }`;
    expect(faults(text).join('\n')).toContain('[redacted]');
    expect(faults(text).join('\n')).not.toContain(key);
  });
});
