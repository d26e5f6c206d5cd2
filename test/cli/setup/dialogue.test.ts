// The dialogue with a person who answers by script, against the twins: what is asked, written and said.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import JSON5 from 'json5';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { setup } from '../../../src/cli/setup.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { readEnv } from '../../../src/infra/env.ts';
import { readEnvText } from '../../../src/infra/env-text.ts';
import { type FakeCli, fakeCli } from '../../fakes/cli.ts';
import { esc, type Person, person, type Reply } from '../../fakes/prompts.ts';
import { openAiTwin, status } from '../../twins/openai.ts';
import { type TelegramTwin, telegramTwin } from '../../twins/telegram/twin.ts';

let folder: string;
let twin: TelegramTwin;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  twin = await telegramTwin();
});
afterEach(async () => {
  await twin.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly cli: FakeCli;
  readonly who: Person;
}

/** @param variables set outside of `.env` */
async function run(
  script: readonly (readonly [RegExp, Reply])[],
  variables: Record<string, string> = {},
  prepare: (cli: FakeCli) => void = () => undefined,
): Promise<Ended> {
  const outside = { TELEGRAM_API_ROOT: twin.url, OLLAMA_HOST: '127.0.0.1:1', PATH: join(folder, 'bin'), ...variables };
  const env = readEnv({ ...readEnvText(text('.env')), ...outside, SWITCHYARD_HOME: folder }, folder);
  const cli = fakeCli(folder, { env, clock: systemClock });
  prepare(cli);
  const who = person(...script);
  const code = await setup({ ...cli.parts, finish: () => undefined }, who.prompts);
  expect(who.unused()).toEqual([]);
  return { code, cli, who };
}

function text(name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

const config = (): unknown => JSON5.parse(text('switchyard.json5') ?? '{}');
const mode = (name: string): string => (statSync(join(folder, name)).mode & 0o777).toString(8);
const where = /^Where do you want/;

describe('setup with a new bot on Telegram', () => {
  it('tries the token out, writes both files for their owner alone, and says what comes next', async () => {
    const { code, cli, who } = await run([
      [where, ['telegram']],
      [/^Token/, twin.token],
      [/^Which model/, 'demo'],
    ]);
    expect(code).toBe(0);
    expect(config()).toEqual({
      channels: { telegram: { token: `\${${'TELEGRAM_TOKEN'}}` } },
      agents: { defaults: { model: 'demo/demo' } },
    });
    expect(readEnvText(text('.env'))).toEqual({ TELEGRAM_TOKEN: twin.token });
    expect([mode('.env'), mode('switchyard.json5')]).toEqual(['600', '600']);
    expect(who.seen).toContain('@switchyard_bot answers.');
    expect(cli.out).toEqual([
      'Written: .env, switchyard.json5',
      'Next:\n1. npm start\n2. npx switchyard pair telegram   (a link that makes you the owner)\n3. npx switchyard doctor   (checks all of it)',
    ]);
    expect([...who.seen, ...cli.out, ...cli.err].join('\n')).not.toContain(twin.token);
  });

  it('asks again for a token that is not known, and does without the channel if that is wanted', async () => {
    const { who } = await run([
      [where, ['telegram']],
      [/^Token/, '1:wrong'],
      [/^What now/, 'paste'],
      [/^Token/, twin.token],
      [/^Which model/, 'demo'],
    ]);
    expect(who.seen.find((line) => line.startsWith('! '))).toMatch(/^! Telegram does not know this token/);
    rmSync(join(folder, '.env'));
    rmSync(join(folder, 'switchyard.json5'));
    await run([
      [where, ['telegram']],
      [/^Token/, '1:wrong'],
      [/^What now/, 'without'],
      [/^Which model/, 'keep'],
    ]);
    expect([text('.env'), text('switchyard.json5')]).toEqual([undefined, undefined]);
  });

  it('takes a token untested where Telegram cannot be reached', async () => {
    await twin.down();
    await run([
      [where, ['telegram']],
      [/^Token/, '1:later'],
      [/^What now/, 'retry'],
      [/^What now/, 'untested'],
      [/^Which model/, 'keep'],
    ]);
    expect(readEnvText(text('.env'))).toEqual({ TELEGRAM_TOKEN: '1:later' });
  });

  it('names the owner by an id', async () => {
    await run([
      [where, ['telegram']],
      [/^Token/, twin.token],
      [/^Which model/, 'keep'],
      [/^Who is the owner/, 'id'],
      [/^Your Telegram id/, '7'],
    ]);
    expect(config()).toMatchObject({ commands: { ownerAllowFrom: ['telegram:7'] } });
  });
});

describe('setup with WhatsApp', () => {
  it('leaves the owner to the account that is linked, where the number is theirs', async () => {
    const { cli, who } = await run([
      [where, ['whatsapp']],
      [/^Link the phone/, 'later'],
      [/^Which model/, 'keep'],
    ]);
    expect(who.seen.filter((line) => line.startsWith('? Who'))).toEqual(['? Whose number is it?']);
    expect(config()).toEqual({ channels: { whatsapp: { enabled: true } } });
    expect(cli.out.at(-1)).toBe(
      'Next:\n1. npm start\n2. npx switchyard pair whatsapp   (links the phone)\n3. On WhatsApp, write into the chat with yourself.\n4. npx switchyard doctor   (checks all of it)',
    );
  });

  it('asks for the owner where the number is the bot, and says how else one is let in', async () => {
    const answers: readonly (readonly [RegExp, Reply])[] = [
      [where, ['whatsapp']],
      [/^Whose number/, 'pairing'],
      [/^Link the phone/, 'later'],
      [/^Which model/, 'keep'],
    ];
    const { cli } = await run(answers);
    expect(cli.out.at(-1)).toContain(
      '3. Write to the bot on WhatsApp, then: npx switchyard pair approve whatsapp <code>',
    );
    const named = (number: string) =>
      run([
        [/^Who is the owner/, 'id'],
        [/^Your WhatsApp id/, number],
      ]);
    await expect(named('0151 234 567')).rejects.toThrow('Write it with its country code');
    await named('0049 151 234 567');
    expect(config()).toEqual({
      channels: { whatsapp: { dmPolicy: 'pairing', enabled: true } },
      commands: { ownerAllowFrom: ['whatsapp:49151234567'] },
    });
  });
});

describe('the number a phone is linked by', () => {
  it('is asked for with its country code, before anything is written', async () => {
    const by = (number: string) =>
      run([
        [where, ['whatsapp']],
        [/^Link the phone/, 'phone'],
        [/^Its number/, number],
        [/^Which model/, 'keep'],
        [/^Write it/, false],
      ]);
    await expect(by('0151 234 567')).rejects.toThrow('Write it with its country code');
    expect((await by('+49 151 234 567')).cli.out).toEqual(['Nothing was changed.']);
  });
});

describe('setup that is ended', () => {
  const questions = [where, /^Token/, /^Which model/, /^Who is the owner/, /^Write it/];
  it.each(questions.map((question, index) => [question, index] as const))(
    'at %s changes nothing',
    async (question, index) => {
      writeFileSync(join(folder, 'switchyard.json5'), '{ /* mine */ }');
      const answered: readonly (readonly [RegExp, Reply])[] = [
        [where, ['telegram']],
        [/^Token/, twin.token],
        [/^Which model/, 'demo'],
      ];
      const { code, cli } = await run([...answered.slice(0, index), [question, esc]]);
      expect({ code, out: cli.out }).toEqual({ code: 1, out: ['Nothing was changed.'] });
      expect([text('.env'), text('switchyard.json5')]).toEqual([undefined, '{ /* mine */ }']);
    },
  );

  it('by «no» at the end changes nothing either', async () => {
    const { code } = await run([
      [/^Which model/, 'demo'],
      [/^Write it/, false],
    ]);
    expect({ code, config: text('switchyard.json5') }).toEqual({ code: 1, config: undefined });
  });
});

describe('setup on a machine that is set up', () => {
  const mine = `// my yard
{
  channels: { telegram: { token: '\${MY_BOT}' } }, // the bot
  agents: { defaults: { model: 'demo/demo' } },
  commands: { ownerAllowFrom: ['telegram:7'] },
}
`;
  beforeEach(() => {
    writeFileSync(join(folder, 'switchyard.json5'), mine);
    writeFileSync(join(folder, '.env'), `# mine\nMY_BOT=${twin.token}\n`);
    chmodSync(join(folder, '.env'), 0o644);
  });

  it('shows what is there, and leaves both files untouched when enter is all that is pressed', async () => {
    const before = [text('.env'), text('switchyard.json5')];
    const { code, cli, who } = await run([]);
    expect(code).toBe(0);
    expect([text('.env'), text('switchyard.json5')]).toEqual(before);
    expect(who.seen).toEqual([
      'Switchyard setup. Esc ends it.',
      '? Where do you want to talk to your agents?',
      '? Telegram: a token is set (MY_BOT).',
      '… Asking Telegram …',
      '@switchyard_bot answers.',
      '… Looking for models …',
      '? Which model answers?',
      '? Who is the owner? The owner lets others in and approves what agents ask.',
      'The files say all of this already: nothing to write.',
    ]);
    expect(cli.out[0]).toBe('Next:\n1. npm start\n2. npx switchyard doctor   (checks all of it)');
  });

  it('changes the token alone when that is asked, and closes the file that holds it to others', async () => {
    await run([
      [/^Telegram: a token is set/, 'paste'],
      [/^Token/, '1:wrong'],
      [/^What now/, 'leave'],
    ]);
    expect(text('.env')).toBe(`# mine\nMY_BOT=${twin.token}\n`);
    await twin.down();
    await run([
      [/^Telegram: a token is set/, 'paste'],
      [/^Token/, '2:newer'],
      [/^What now/, 'untested'],
    ]);
    expect({ env: text('.env'), mode: mode('.env') }).toEqual({ env: '# mine\nMY_BOT=2:newer\n', mode: '600' });
    expect(text('switchyard.json5')).toBe(mine);
  });

  it('switches a channel off when its token does not work and it is to do without', async () => {
    twin.revokeToken();
    await run([[/^What now/, 'without']]);
    expect(config()).toMatchObject({ channels: { telegram: { enabled: false } } });
  });

  it('tells when the environment wins over .env, and when a process has to be started anew', async () => {
    writeFileSync(join(folder, '.env'), 'MY_BOT=1:old\n');
    const { cli } = await run(
      [
        [/^Telegram: a token is set/, 'paste'],
        [/^Token/, twin.token],
      ],
      { MY_BOT: '9:outside' },
      (fake) => Object.assign(fake.answers, { status: { kind: 'answered', value: {} } }),
    );
    expect(cli.out.at(-1)?.split('\n').slice(0, 3)).toEqual([
      'Next:',
      '1. Take MY_BOT out of the environment: it wins over .env there.',
      '2. Restart Switchyard: it reads .env when it starts.',
    ]);
  });

  it('asks for no token where all accounts have names and tokens of their own', async () => {
    const reference = `\${${'MY_BOT'}}`;
    const named = `{ channels: { telegram: { accounts: { work: { token: '${reference}' } } } } }\n`;
    writeFileSync(join(folder, 'switchyard.json5'), named);
    const { who } = await run([]);
    expect(who.seen).toContain('? Telegram: accounts are set up (work).');
    expect([text('switchyard.json5'), text('.env')]).toEqual([named, `# mine\nMY_BOT=${twin.token}\n`]);
    await twin.down();
    await run([
      [/^Telegram: accounts are set up/, 'paste'],
      [/^Token/, '2:second'],
      [/^What now/, 'untested'],
    ]);
    expect(config()).toEqual({
      channels: { telegram: { accounts: { work: { token: reference } }, token: `\${${'TELEGRAM_TOKEN'}}` } },
    });
  });

  it('changes only the id of the owner that was asked for', async () => {
    const owners = ['telegram:7', 'whatsapp:49151234567', 'telegram:8'];
    writeFileSync(join(folder, 'switchyard.json5'), JSON5.stringify({ commands: { ownerAllowFrom: owners } }));
    writeFileSync(join(folder, '.env'), `TELEGRAM_TOKEN=${twin.token}\n`);
    const { who } = await run([[/^Who is the owner/, 'id']]);
    expect(who.seen.at(-1)).toBe('The files say all of this already: nothing to write.');
    await run([
      [/^Who is the owner/, 'id'],
      [/^Your Telegram id/, '9'],
    ]);
    expect(config()).toEqual({ commands: { ownerAllowFrom: ['telegram:9', ...owners.slice(1)] } });
  });

  it('is refused where the config cannot be read, before anything is asked', async () => {
    writeFileSync(join(folder, 'switchyard.json5'), '{ channels: { telegramm: {} } }');
    const { code, cli, who } = await run([]);
    expect({ code, asked: who.seen }).toEqual({ code: 1, asked: [] });
    expect(cli.err[0]).toMatch(
      /has faults:\n.*channels\.telegramm.*\n Mend it, then run setup again\. Nothing was changed\.$/s,
    );
  });
});

describe('the model', () => {
  it('of a server is chosen, tried, and its key kept out of the config', async () => {
    const server = await openAiTwin();
    onTestFinished(() => server.close());
    server.models.push('zero', 'one');
    const { who } = await run([
      [/^Which model/, 'compatible'],
      [/^Its address/, server.url],
      [/^Does it want a key/, 'paste'],
      [/^Key/, 'sk-mine'],
      [/^Which of its models/, 'one'],
    ]);
    expect(config()).toEqual({
      agents: { defaults: { model: 'local/one' } },
      models: { providers: { local: { baseUrl: server.url, apiKey: `\${${'LOCAL_API_KEY'}}` } } },
    });
    expect(readEnvText(text('.env'))).toEqual({ LOCAL_API_KEY: 'sk-mine' });
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer sk-mine');
    expect(who.seen).toContain('local/one answers.');
  });

  it('that does not answer is chosen again, or taken as it is', async () => {
    const server = await openAiTwin();
    onTestFinished(() => server.close());
    server.always(() => status(401));
    const address: readonly (readonly [RegExp, Reply])[] = [
      [/^Which model/, 'compatible'],
      [/^Its address/, server.url],
      [/^Model/, 'one'],
    ];
    await run([...address, [/^What now/, 'other'], ...address, [/^What now/, 'untested']]);
    expect(config()).toMatchObject({ agents: { defaults: { model: 'local/one' } } });
  });

  it('of a provider is asked with the key just given, which goes into .env alone', async () => {
    const server = await openAiTwin();
    onTestFinished(() => server.close());
    const before = `{ models: { providers: { openai: { baseUrl: '${server.url}' } } } }`;
    writeFileSync(join(folder, 'switchyard.json5'), before);
    const { who } = await run([
      [/^Which model/, 'openai'],
      [/^Key for openai/, 'sk-new'],
      [/^Model/, 'm'],
    ]);
    expect(who.seen).toContain('openai/m answers.');
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer sk-new');
    expect(readEnvText(text('.env'))).toEqual({ OPENAI_API_KEY: 'sk-new' });
    expect(config()).toEqual({
      models: { providers: { openai: { baseUrl: server.url } } },
      agents: { defaults: { model: 'openai/m' } },
    });
    const again = await run([
      [/^Which model/, 'openai'],
      [/^A key for openai is set/, 'keep'],
    ]);
    expect(again.who.seen).toContain('The files say all of this already: nothing to write.');
  });

  it('of an Ollama on this machine is offered when it answers', async () => {
    const server = await openAiTwin();
    onTestFinished(() => server.close());
    server.models.push('qwen3', 'llama4');
    const at = { OLLAMA_HOST: server.url.replace('/v1', '') };
    await run(
      [
        [/^Which model/, 'ollama'],
        [/^Which of its models/, 'llama4'],
      ],
      at,
    );
    expect(config()).toEqual({ agents: { defaults: { model: 'ollama/llama4' } } });
  });

  it('may be a coding agent that is on the PATH', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'codex-acp'), '#!/bin/sh\n', { mode: 0o755 });
    await run([[/^Which model/, 'harness:codex']]);
    expect(config()).toEqual({
      agents: { list: [{ id: 'main', runtime: { type: 'acp', agent: 'codex' } }] },
      acp: { enabled: true, defaultAgent: 'codex' },
    });
    rmSync(join(folder, 'switchyard.json5'));
    await run([
      [/^Which model/, 'keep'],
      [/^May you start a coding agent/, 'codex'],
    ]);
    expect(config()).toEqual({ acp: { enabled: true, defaultAgent: 'codex' } });
  });
});

describe('setup without a terminal', () => {
  it('says how to do it without questions and ends with 2', async () => {
    const cli = fakeCli(folder);
    expect(await cli.run('setup')).toBe(2);
    expect(cli.err[0]).toContain('npx switchyard config set');
  });
});
