// Credentials leave no trace in what is shown; ordinary text stays as it is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redact, redacted } from '../../src/core/redact.ts';

/** Made up, in the shape of the real ones. Spelled in parts so that no scanner takes them for real. */
const keys = {
  openai: `sk-${'proj-'}${'a1B2'.repeat(10)}`,
  anthropic: `sk-${'ant-api03-'}${'Zz9_'.repeat(20)}`,
  google: `AIza${'Sy0aB-'.repeat(5)}12345`,
  github: `ghp_${'a1B2'.repeat(9)}`,
  githubFine: `github_pat_${'11ABC'.repeat(10)}_x`,
  slack: `xoxb-${'1234567890-'.repeat(2)}abcDEF`,
  aws: `AKIA${'IOSFODNN7EXAMPLE'}`,
  telegram: `123456789:${'AAF-xyz_0'.repeat(4).slice(0, 35)}`,
  discord: `MTIzNDU2Nzg5MDEyMzQ1Njc4.${'GaBcDe'}.${'x9Y_z-'.repeat(5)}`,
  jwt: `eyJhbGciOiJIUzI1NiJ9.${'eyJzdWIiOiIxMjM0NTY3ODkwIn0'}.dozjgNryP4J3jVmNHl0w5N`,
  stripe: `sk_${'live_'}${'4eC39HqLyjWD'.repeat(2)}`,
};

describe('keys of the usual providers', () => {
  test.each(Object.entries(keys))('%s', (_, key) => {
    expect(redact(`the key is ${key}, use it`)).toBe(`the key is ${redacted}, use it`);
    expect(redact(`"${key}"`)).toBe(`"${redacted}"`);
    expect(redact(`\`\`\`\n${key}\n\`\`\``)).not.toContain(key);
    expect(redact(key)).toBe(redacted);
  });

  test('wherever they stand in a text', () => {
    const filler = fc.string({ unit: fc.constantFrom(...' \n.,"()=a<>`') });
    fc.assert(
      fc.property(filler, filler, fc.constantFrom(...Object.values(keys)), (before, after, key) => {
        fc.pre(!/[a=]$/.test(before) && !/^[a=]/.test(after));
        expect(redact(before + key + after)).not.toContain(key);
      }),
    );
  });
});

describe('named secrets', () => {
  test.each([
    ['password=hunter2', 'password=[redacted]'],
    ['PASSWORD=correcthorse', 'PASSWORD=[redacted]'],
    ['DB_PASSWORD: s3cr3tvalue', 'DB_PASSWORD: [redacted]'],
    ['api_key: abc123def456', 'api_key: [redacted]'],
    ['"apiKey": "abcdefgh"', '"apiKey": "[redacted]"'],
    ["client_secret = 'x9y8z7w6'", "client_secret = '[redacted]'"],
    ['**Password:** hunter22', '**Password:** [redacted]'],
    ['https://x.test/?token=abc123def&page=2', 'https://x.test/?token=[redacted]&page=2'],
    ['Authorization: Bearer abcdefgh12', 'Authorization: Bearer [redacted]'],
    ['-H "authorization: Bot MTIz.abc.def"', '-H "authorization: Bot [redacted]"'],
    ['Bearer abc.def-123_456', 'Bearer [redacted]'],
    ['postgres://ann:s3cret@db.test:5432/x', 'postgres://[redacted]@db.test:5432/x'],
    ['redis://:s3cret@cache.test', 'redis://[redacted]@cache.test'],
  ])('%j', (text, clean) => {
    expect(redact(text)).toBe(clean);
    expect(redact(clean)).toBe(clean);
  });
});

describe('private keys', () => {
  const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEf';
  test('a whole one', () => {
    const key = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`;
    expect(redact(`a\n${key}\nb`)).toBe(`a\n${redacted}\nb`);
    expect(redact(`"${key.replaceAll('\n', '\\n')}"`)).toBe(`"${redacted}"`);
  });
  test('one that is broken off', () => {
    expect(redact(`x -----BEGIN PRIVATE KEY-----\n${body}`)).not.toMatch(/MIIE|BKcw/);
  });
  test('one with headers and a checksum', () => {
    const long = 'lQOYBGPhZ2gBCADTsH7c0yTg3xqZ8r1Yd0q2mJ1xk9v4bQ7wNf5uP6sR8tV0aB2c';
    const key = `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG 2.2\n\n${long}\n${long}\nMzEf==\n=njUN\n-----END PGP PRIVATE KEY BLOCK-----`;
    expect(redact(key)).toBe(redacted);
  });
  test('what stands between its lines and is no key stays to be read', () => {
    const text = '-----BEGIN PRIVATE KEY-----\ncurl evil.example | sh\n-----END PRIVATE KEY-----';
    expect(redact(text)).toBe(text);
    const hidden = `-----BEGIN PRIVATE KEY-----\n${body}\nrm -rf ~\n-----END PRIVATE KEY-----`;
    expect(redact(hidden)).toContain('rm -rf ~');
    expect(redact(hidden)).not.toMatch(/MIIE|BKcw/);
    expect(redact(`-----BEGIN PRIVATE KEY-----\nreboot\n${body}\n-----END PRIVATE KEY-----`)).toContain('reboot');
  });
  test('a mention of the first line is no key', () => {
    const text = 'It starts with -----BEGIN RSA PRIVATE KEY----- and ends with -----END RSA PUBLIC KEY';
    expect(redact(text)).toBe(text);
  });
});

test.each([
  'tokens 12.3k in / 4.5k out / 16.8k total',
  'max_tokens: 4096, tokenCount: 123456',
  'const token = getToken();',
  'type Login = { password: string; token: string };',
  'apiKey: process.env.OPENAI_API_KEY2',
  'token=$GITHUB_TOKEN and token=$(pass show x)',
  'password: required, 8 or more characters',
  'The bearer of this letter is authorised.',
  'class="sk-fading-circle-animated"',
  'a task-force-one-two-three-four-five',
  'commit da39a3ee5e6b4b0d3255bfef95601890afd80709',
  '12:30:45 and 2026-11-21T15:58:00Z',
  'see https://example.test:8080/a@b and mail ann@example.test',
  '550e8400-e29b-41d4-a716-446655440000',
  'import { hf_hub_download } from "x"; xai-docs; npm_config_registry',
  'org.example.application.module.SubModuleFactory.create',
  'Basic authorization: see the docs. Authorization: Bearer token',
])('ordinary text stays: %s', (text) => expect(redact(text)).toBe(text));

test('never throws, and a second pass changes nothing', () => {
  const part = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...Object.values(keys),
      'password',
      '=',
      ': ',
      '"',
      '://',
      '@',
      'Bearer ',
      '-----BEGIN PRIVATE KEY-----',
      '-----',
      'token',
      '\n',
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const once = redact(parts.join(''));
      expect(redact(once)).toBe(once);
    }),
    { numRuns: 500 },
  );
});

test('a megabyte made to be slow takes a moment', () => {
  for (const unit of [
    'sk-',
    'eyJ',
    'eyJa.',
    '-----BEGIN PRIVATE KEY-----',
    '://a:',
    'password=',
    'token:',
    'Bearer ',
    '1',
    '1:',
    'a',
    'A.',
    '-----BEGIN ',
    'xoxb-',
    'authorization: bearer ',
    ' ',
    'MTIz.',
  ]) {
    redact(unit.repeat(Math.ceil(1e6 / unit.length)));
  }
});
