import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnv, loadEnv, readEnv } from '../../src/infra/env.ts';

describe('the environment', () => {
  it('is read into plain values; empty variables count as unset', () => {
    const env = readEnv(
      { DISCORD_TOKEN: 'd', TELEGRAM_TOKEN: ' ', SWITCHYARD_CONFIG: 'conf/a.json5', GEMINI_API_KEY: 'g' },
      '/srv',
    );
    expect(env).toMatchObject({
      configPath: '/srv/conf/a.json5',
      home: '/srv/.switchyard',
      channels: { discord: { token: 'd' }, telegram: {}, whatsapp: {} },
      providerKeys: { google: 'g' },
      ollamaUrl: 'http://127.0.0.1:11434',
    });
    expect(env.channels.telegram).toEqual({});
  });

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['10.0.0.5:9999', 'http://10.0.0.5:9999'],
    ['https://ollama.example', 'https://ollama.example'],
    ['gpu-box', 'http://gpu-box:11434'],
  ])('OLLAMA_HOST %s is reached at %s', (host, url) => {
    expect(readEnv({ OLLAMA_HOST: host }, '/').ollamaUrl).toBe(url);
  });

  it('a .env file fills in what is not set; none is fine', () => {
    const folder = mkdtempSync(join(tmpdir(), 'env-'));
    try {
      expect(loadEnv(folder).warning).toBeUndefined();
      writeFileSync(join(folder, '.env'), 'SWITCHYARD_TEST_VALUE="from file"\n');
      expect(loadEnv(folder).variables.SWITCHYARD_TEST_VALUE).toBe('from file');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('children get no token or key, only what is named', () => {
    const from = {
      PATH: '/bin',
      LC_ALL: 'C',
      DISCORD_TOKEN: 'd',
      TELEGRAM_TOKEN: 't',
      ANTHROPIC_API_KEY: 'a',
      MY_SECRET: 's',
    };
    expect(childEnv([], {}, from)).toEqual({ PATH: '/bin', LC_ALL: 'C' });
    expect(childEnv(['ANTHROPIC_*', 'DISCORD_TOKEN'], { EXTRA: '1' }, from)).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      ANTHROPIC_API_KEY: 'a',
      EXTRA: '1',
    });
    expect(childEnv(['*'], {}, from)).not.toHaveProperty('TELEGRAM_TOKEN');
  });
});
