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
        `models.providers.openai.apiKey uses \${NOPE}, but the environment variable NOPE is not set`,
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
