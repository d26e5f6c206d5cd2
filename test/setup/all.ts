// `switchyard setup` in a pseudo-terminal as a person uses it, then the program it set up, and a chat on each channel, all
// against the twins. Run: npm run test:setup -- [telegram|discord|whatsapp ...]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callControl } from '../../src/cli/control-client.ts';
import { until } from '../fakes/wait.ts';
import { discordTwin } from '../twins/discord/twin.ts';
import { openAiTwin, text } from '../twins/openai.ts';
import { telegramTwin } from '../twins/telegram/twin.ts';
import { whatsappTwin } from '../twins/whatsapp/twin.ts';
import { keys, PseudoTerminal, type Size } from './terminal.ts';

const launcher = join(import.meta.dirname, '../../src/cli/launch.mjs');
const phone: Size = { columns: 44, rows: 24 };
const desk: Size = { columns: 100, rows: 50 };

/** A new machine: a folder, an environment with nothing in it but where the twins are. */
class Machine {
  readonly folder = mkdtempSync(join(tmpdir(), 'switchyard-setup-'));
  readonly home = join(this.folder, '.switchyard');
  readonly #env: NodeJS.ProcessEnv;
  readonly #terminals: PseudoTerminal[] = [];

  constructor(twins: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env;
    this.#env = { PATH, HOME: this.folder, TERM: 'xterm-256color', OLLAMA_HOST: '127.0.0.1:1', ...twins };
  }

  setup(size: Size): PseudoTerminal {
    const command = `'${process.execPath}' '${launcher}' setup`;
    const terminal = new PseudoTerminal(command, { cwd: this.folder, env: this.#env, size });
    this.#terminals.push(terminal);
    return terminal;
  }

  /** @returns what it prints, and its exit code */
  async cli(...args: readonly string[]): Promise<{ readonly out: string; readonly code: number }> {
    const child = spawn(process.execPath, [launcher, ...args], { cwd: this.folder, env: this.#env });
    let out = '';
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString();
    });
    child.stderr.on('data', (part: Buffer) => {
      out += part.toString();
    });
    const code = await new Promise<number>((resolve) => child.on('close', (ended) => resolve(ended ?? -1)));
    return { out, code };
  }

  /** The program as it was set up, connected; ends with the work. */
  async running(work: () => Promise<void>): Promise<void> {
    const child = spawn(process.execPath, [launcher, 'start'], { cwd: this.folder, env: this.#env, stdio: 'ignore' });
    const over = new Promise((resolve) => child.on('close', resolve));
    try {
      await until(
        async () => {
          const reply = await callControl(this.home, 'status', {});
          return reply.kind === 'answered' && reply.value.channels.every(({ state }) => state === 'connected');
        },
        'the channels to connect',
        60_000,
      );
      await work();
    } finally {
      child.kill('SIGTERM');
      await over;
    }
  }

  file(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  check(secrets: readonly string[], screen: PseudoTerminal): void {
    for (const name of ['.env', 'switchyard.json5']) {
      const mode = existsSync(join(this.folder, name)) ? statSync(join(this.folder, name)).mode & 0o777 : 0o600;
      expect(mode === 0o600, `${name} is for its owner alone`);
    }
    for (const secret of secrets) {
      expect(!screen.raw.includes(secret), 'no secret was shown');
      expect(this.file('switchyard.json5')?.includes(secret) !== true, 'no secret is in the config');
    }
  }

  remove(): void {
    for (const terminal of this.#terminals) terminal.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

/** On a phone: a token pasted wrongly first, the demo model, the owner let in by a link; then enter, enter, and Ctrl-C. */
async function telegram(): Promise<void> {
  const twin = await telegramTwin({ token: '4242424242:AAtwinTokenOfTheRightLength_0123456789' });
  const machine = new Machine({ TELEGRAM_API_ROOT: twin.url });
  try {
    const first = machine.setup(phone);
    await first.answers('Where do you want', keys.space, keys.enter);
    await first.answers('Token of your bot', `${twin.token}x`, keys.enter);
    await first.sees('does not know this token');
    await first.answers('What now?', keys.enter);
    await first.answers('Token of your bot', twin.token, keys.enter);
    await first.sees('@switchyard_bot answers.');
    await first.answers('Which model answers?', keys.up, keys.up, keys.enter);
    await first.answers('Who is the owner?', keys.enter);
    await first.answers('Write it?', keys.enter);
    await first.sees('npx switchyard pair telegram');
    expect((await first.exit) === 0, 'setup ends with 0');
    machine.check([twin.token], first);
    const before = [machine.file('.env'), machine.file('switchyard.json5')].join();
    const again = machine.setup(phone);
    await again.answers('Where do you want', keys.enter);
    await again.answers('a token is set', keys.enter);
    await again.answers('Which model answers?', keys.enter);
    await again.answers('Who is the owner?', keys.enter);
    await again.sees('nothing to write');
    expect((await again.exit) === 0, 'setup ends with 0');
    const broken = machine.setup(phone);
    await broken.answers('Where do you want', keys.enter);
    await broken.answers('a token is set', keys.ctrlC);
    await broken.sees('Nothing was changed.');
    expect((await broken.exit) === 1, 'setup ends with 1');
    expect([machine.file('.env'), machine.file('switchyard.json5')].join() === before, 'the files are as before');
    await machine.running(async () => {
      const { link } = JSON.parse((await machine.cli('pair', 'telegram', '--json')).out) as { readonly link: string };
      const ann = twin.person(7, 'Ann');
      await ann.says(`/start ${link.split('=')[1]}`);
      await twin.next(ann, /my owner/);
      await ann.says('say hello');
      await twin.next(ann, 'hello');
    });
  } finally {
    machine.remove();
    await twin.close();
  }
}

/** At a desk: a server chosen from those the bot is in, a model of an OpenAI-compatible server with a key. */
async function discord(): Promise<void> {
  const twin = await discordTwin({ identifyMs: 0 });
  const model = await openAiTwin();
  model.models.push('one', 'two');
  model.always((request) => text(request.body.model === 'two' ? 'hello' : 'the wrong model'));
  const machine = new Machine({ DISCORD_API_URL: twin.url });
  try {
    const ann = twin.person('Ann');
    const guild = twin.guild({ name: 'Lab', members: [ann] });
    const general = guild.channel('general');
    const first = machine.setup(desk);
    await first.answers('Where do you want', keys.down, keys.space, keys.enter);
    await first.answers('Token of your bot', twin.token, keys.enter);
    await first.sees('discord.com/oauth2/authorize');
    await first.answers('Is it in your server?', keys.enter);
    await first.answers('Where may it answer?', keys.enter);
    await first.answers('Which model answers?', keys.up, keys.up, keys.up, keys.enter);
    // What is there is a guess: over it with the whole address.
    await first.answers('Its address', '\u0015', model.url, keys.enter);
    await first.answers('Does it want a key?', keys.up, keys.enter);
    await first.answers('Key', 'sk-twin-0123456789', keys.enter);
    await first.answers('Which of its models?', keys.down, keys.enter);
    await first.sees('local/two answers.');
    await first.answers('Who is the owner?', keys.enter);
    await first.answers('Write it?', keys.enter);
    await first.sees('pair approve discord');
    expect((await first.exit) === 0, 'setup ends with 0');
    machine.check([twin.token, 'sk-twin-0123456789'], first);
    await machine.running(async () => {
      await ann.says('hello');
      const code = /code: (\w+)/i.exec((await twin.next(ann, /code/i)).text)?.[1] ?? '';
      expect((await machine.cli('pair', 'approve', 'discord', code)).code === 0, 'the code is taken');
      await ann.says('hello?');
      await twin.next(ann, 'hello');
      await ann.says('and here?', { in: general, mention: true });
      await twin.next(general, 'hello');
    });
  } finally {
    machine.remove();
    await twin.close();
    await model.close();
  }
}

/** On the phone that is to be linked: no camera, so a code that is typed. */
async function whatsapp(): Promise<void> {
  const twin = await whatsappTwin({ firstKeys: 'few' });
  const machine = new Machine({ WHATSAPP_WS_URL: twin.url });
  try {
    const owner = twin.phone({ name: 'Ann', pn: '4915155501', lid: '900000001' });
    const first = machine.setup(phone);
    await first.answers('Where do you want', keys.down, keys.down, keys.space, keys.enter);
    await first.answers('Whose number is it?', keys.enter);
    await first.answers('Link the phone', keys.enter);
    await first.answers('Its number', '+49 151 55501', keys.enter);
    await first.answers('Which model answers?', keys.up, keys.up, keys.enter);
    await first.answers('Write it?', keys.enter);
    const [, code = ''] = await first.sees(/Code: (\w{4}-\w{4})/);
    await owner.enterCode(code.replace('-', ''));
    await first.sees('Linked as');
    await first.sees('npm start');
    expect((await first.exit) === 0, 'setup ends with 0');
    machine.check([], first);
    await machine.running(async () => {
      await owner.says('say hello');
      await twin.next(owner, 'hello');
    });
  } finally {
    machine.remove();
    await twin.close();
  }
}

const stories = { telegram, discord, whatsapp } as const;
const asked = process.argv.slice(2);
let failed = 0;
for (const [name, story] of Object.entries(stories)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    await story();
    process.stdout.write(`${name}: set up and chatted with\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
