import fc from 'fast-check';
import JSON5 from 'json5';
import { describe, expect, it } from 'vitest';
import { applyEdits, envAfter, faultsOf } from '../../../src/cli/setup/apply.ts';
import { type Current, readCurrent, type Texts } from '../../../src/cli/setup/current.ts';
import { type Answers, planEdits } from '../../../src/cli/setup/plan.ts';
import { type Env, readEnv } from '../../../src/infra/env.ts';
import { readEnvText } from '../../../src/infra/env-text.ts';

const folder = '/srv/yard';
/** How the config refers to a variable. */
const named = (variable: string): string => `\${${variable}}`;
const nothing: Texts = { config: undefined, env: undefined };

/** The environment as a process started with these texts has it. */
function envOf(texts: Texts, outside: Record<string, string> = {}): Env {
  return readEnv({ ...readEnvText(texts.env), ...outside }, folder);
}

function current(texts: Texts, outside: Record<string, string> = {}): Current {
  const read = readCurrent(texts, envOf(texts, outside));
  if (!read.ok) throw new Error(read.refusal.message);
  return read.value;
}

async function filesAfter(texts: Texts, answers: Answers): Promise<Texts> {
  const applied = await applyEdits(texts, planEdits(current(texts), answers));
  if (!applied.ok) throw new Error(applied.refusal.message);
  return applied.value;
}

const everything: Answers = {
  channels: ['telegram', 'discord', 'whatsapp'],
  telegram: { token: '42:abc', bot: 'yard_bot' },
  discord: { token: 'dis.cord', bot: 'Yard', servers: [{ id: '123', name: 'Lab' }] },
  model: { kind: 'compatible', provider: 'groq', baseUrl: 'https://api.groq.com/v1', model: 'q', key: 'sk-1' },
  harness: 'claude',
  owners: ['telegram:7'],
};

describe('the files of a first setup', () => {
  it('hold every answer, with comments, and the secrets apart', async () => {
    const texts = await filesAfter(nothing, everything);
    expect(
      texts.config,
    ).toBe(`// Switchyard configuration (JSON5). Every key and its meaning: README.md. Change it here, with
// \`npx switchyard config set <key> <value>\`, or by running \`npx switchyard setup\` again; comments are kept.
// \${NAME} stands for a variable of the environment or of the file .env, where tokens and keys belong.
{
  // Where people reach you.
  channels: {
    // Telegram: @yard_bot. Direct chats: people you let in (dmPolicy, allowFrom); groups: those listed in groups.
    telegram: { token: '\${TELEGRAM_TOKEN}' },
    // Discord: Yard. Direct messages: people you let in (dmPolicy, allowFrom); servers: those listed in groups.
    discord: { token: '\${DISCORD_TOKEN}', groups: { '123': {} } },
    // WhatsApp, linked with \`npx switchyard pair whatsapp\`. dmPolicy allowlist: you and the numbers in allowFrom.
    whatsapp: { enabled: true },
  },

  // Who commands.
  commands: {
    // The owner: approves, lets people in, starts coding agents. Several entries are one person.
    ownerAllowFrom: ['telegram:7'],
  },

  // Who answers, and with which model.
  agents: {
    // The model of every agent without one of its own, as provider/model.
    defaults: { model: 'groq/q' },
  },

  // Model servers beside the built-in ones.
  models: {
    // Servers that speak the OpenAI API. Their models are named <name here>/<model>.
    providers: { groq: { baseUrl: 'https://api.groq.com/v1', apiKey: '\${GROQ_API_KEY}' } },
  },

  // Coding agents that the owner starts with /acp spawn.
  acp: {
    // Coding agents. They work with your rights on this machine and ask before they act (permissionMode).
    enabled: true,
    defaultAgent: 'claude',
  },
}
`);
    expect(texts.env).toBe(
      '# Tokens and keys. Keep this file to yourself. What the environment sets already wins over it.\nTELEGRAM_TOKEN=42:abc\nDISCORD_TOKEN=dis.cord\nGROQ_API_KEY=sk-1\n',
    );
    expect(faultsOf(texts, envOf(texts))).toEqual([]);
  });

  it('are not there at all when nothing was chosen', async () => {
    expect(await filesAfter(nothing, { channels: [] })).toEqual(nothing);
  });

  it('need no config entry for the key of a provider that is built in', async () => {
    const texts = await filesAfter(nothing, { model: { kind: 'hosted', provider: 'openai', model: 'm', key: 'sk-1' } });
    expect(JSON5.parse(texts.config ?? '')).toEqual({ agents: { defaults: { model: 'openai/m' } } });
    expect(readEnvText(texts.env)).toEqual({ OPENAI_API_KEY: 'sk-1' });
  });

  it('make a coding agent answer in the chat itself', async () => {
    const { config } = await filesAfter(nothing, { model: { kind: 'harness', id: 'codex' } });
    expect(JSON5.parse(config ?? '')).toEqual({
      agents: { list: [{ id: 'main', runtime: { type: 'acp', agent: 'codex' } }] },
      acp: { enabled: true, defaultAgent: 'codex' },
    });
  });
});

describe('setup on files that are there', () => {
  const mine: Texts = {
    config: `// mine
{
  channels: {
    telegram: { token: '\${MY_BOT}', dmPolicy: "pairing" /* as it is */ },
  },
  logging: { level: 'debug' }, // loud
}
`,
    env: '# keep\nMY_BOT=1:a\nOTHER="x y"\n',
  };

  it('puts a new token where the old one is, and leaves the rest byte for byte', async () => {
    const texts = await filesAfter(mine, { telegram: { token: '2:b' } });
    expect(texts).toEqual({ config: mine.config, env: '# keep\nMY_BOT=2:b\nOTHER="x y"\n' });
  });

  it('moves a token out of the config when it is replaced', async () => {
    const texts = await filesAfter(
      { ...mine, config: mine.config?.replace(named('MY_BOT'), '1:a') },
      { telegram: { token: '2:b' } },
    );
    expect(texts.config).toBe(mine.config?.replace(named('MY_BOT'), named('TELEGRAM_TOKEN')));
    expect(texts.env).toBe(`${mine.env}TELEGRAM_TOKEN=2:b\n`);
  });

  it('switches a channel off and on again without touching its settings', async () => {
    const off = await filesAfter(mine, { channels: [] });
    expect(off.config).toBe(mine.config?.replace('" /* as it is */', '", /* as it is */ enabled: false'));
    const on = await filesAfter(off, { channels: ['telegram'] });
    expect(on.config).toBe(off.config?.replace('enabled: false', 'enabled: true'));
  });

  it('gives the model to the agent that answers, where it has one of its own', async () => {
    const config = "{ agents: { list: [{ id: 'a' }, { id: 'b', default: true, model: 'x/y' }] } }";
    const texts = await filesAfter({ config, env: undefined }, { model: { kind: 'demo' } });
    expect(texts.config).toBe(config.replace('x/y', 'demo/demo'));
  });

  it('takes the place of a coding agent that answered', async () => {
    const before = await filesAfter(nothing, { model: { kind: 'harness', id: 'codex' } });
    const { config } = await filesAfter(before, { model: { kind: 'ollama', model: 'qwen3' } });
    expect(JSON5.parse(config ?? '').agents).toEqual({
      list: [{ id: 'main', runtime: { type: 'native', agent: 'codex' } }],
      defaults: { model: 'ollama/qwen3' },
    });
  });

  it('adds the model to a provider that lists its models', async () => {
    const config = "{ models: { providers: { openai: { models: [{ id: 'a' }] } } } }";
    const texts = await filesAfter(
      { config, env: undefined },
      { model: { kind: 'hosted', provider: 'openai', model: 'b' } },
    );
    expect(JSON5.parse(texts.config ?? '').models.providers.openai.models).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('keeps a name that somebody else chose inside its comment', async () => {
    const texts = await filesAfter(nothing, { discord: { token: 't', bot: 'x\n}, evil: {' } });
    expect(JSON5.parse(texts.config ?? '')).toEqual({ channels: { discord: { token: named('DISCORD_TOKEN') } } });
  });
});

describe('what is there', () => {
  it('is read where a variable that the config names is not set yet: setting it is what follows', () => {
    const read = current({ config: `{ channels: { telegram: { token: '${named('NEW')}' } } }`, env: undefined });
    expect({ on: read.on, level: read.config.logging.level }).toEqual({ on: [], level: 'info' });
  });

  it('is refused where the config has other faults', () => {
    const read = readCurrent({ config: '{ chanels: {} }', env: undefined }, envOf(nothing));
    expect(read).toMatchObject({ refusal: { code: 'config_faults', message: expect.stringContaining('chanels') } });
  });

  it('is weaker than the environment: a variable set there stays what it is', () => {
    const texts = { before: { ...nothing, env: 'A=1\nB=1\n' }, after: { ...nothing, env: 'A=2\nB=2\n' } };
    const env = readEnv({ A: 'outside', B: '1' }, folder);
    expect(envAfter(env, texts, folder).variables).toEqual({ A: 'outside', B: '2' });
  });
});

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const secret = fc.stringMatching(/^[\w:.-]{3,20}$/);
const model = fc.oneof(
  fc.constant({ kind: 'demo' } as const),
  fc.constantFrom('codex', 'claude').map((id) => ({ kind: 'harness', id }) as const),
  fc.constantFrom('a', 'b').map((name) => ({ kind: 'ollama', model: name }) as const),
  secret.map((key) => ({ kind: 'hosted', provider: 'openai', model: 'm', key }) as const),
  secret.map(
    (key) => ({ kind: 'compatible', provider: 'p', baseUrl: 'https://p.example/v1', model: 'm', key }) as const,
  ),
);
const answers = fc
  .record({
    channels: optional(fc.subarray(['telegram', 'discord', 'whatsapp'] as const)),
    telegram: optional(fc.record({ token: secret })),
    discord: optional(fc.record({ token: secret, servers: fc.constantFrom([], [{ id: '12', name: 'L' }]) })),
    whatsapp: optional(fc.constantFrom({ dmPolicy: 'pairing' } as const, { dmPolicy: 'allowlist' } as const)),
    model: optional(model),
    harness: optional(fc.constantFrom('codex', 'claude')),
    owners: optional(fc.subarray(['telegram:1', 'discord:123456789012345678'])),
  })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Answers);

describe('any answers', () => {
  it('come to a valid config, and given a second time change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(answers, answers, async (first, second) => {
        const begun = await filesAfter(nothing, first);
        const once = await filesAfter(begun, second);
        expect(faultsOf(once, envOf(once))).toEqual([]);
        expect(await filesAfter(once, second)).toEqual(once);
        expect(planEdits(current(once), second)).toEqual({ config: [], env: [] });
      }),
      { numRuns: 60 },
    );
  });

  it('leave every comment and every other key of a file alone', async () => {
    const config = `{
  // one
  logging: { level: 'warn' }, // two
  agents: {
    defaults: {
      maxConcurrent: 3, // three
    },
  },
}
`;
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        const once = (await filesAfter({ config, env: undefined }, given)).config ?? '';
        for (const line of config.split('\n').filter((each) => each.includes('//'))) expect(once).toContain(line);
        expect(JSON5.parse(once)).toMatchObject({
          logging: { level: 'warn' },
          agents: { defaults: { maxConcurrent: 3 } },
        });
      }),
      { numRuns: 40 },
    );
  });
});
