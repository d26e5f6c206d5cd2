// A coding agent steered from each chat platform, over the wire: started and bound, asking for a permission, told more, closed.
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { calls, text } from '../../twins/openai.ts';
import * as discord from '../discord/world.ts';
import { scripted } from '../scripted-model.ts';
import * as telegram from '../telegram/world.ts';
import * as whatsapp from '../whatsapp/world.ts';
import { twinHarness } from './harness-config.ts';

let folder: string;
let close: () => Promise<void>;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'switchyard-coding-')));
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

/** The chat with the bot, on any platform. */
interface Chat {
  says(text: string): Promise<unknown>;
  next(fits: RegExp): Promise<{ readonly text: string }>;
}

const chats: readonly (readonly [string, () => Promise<Chat>])[] = [
  [
    'WhatsApp',
    async () => {
      const world = await whatsapp.openWorld({ config: twinHarness(folder, { steering: 'on' }) });
      close = () => world.close();
      delegates(world.model);
      return { says: (words) => world.phone.says(words), next: (fits) => world.twin.next(world.phone, fits) };
    },
  ],
  [
    'Telegram',
    async () => {
      const world = await telegram.openWorld({ config: twinHarness(folder, { steering: 'on' }) });
      close = () => world.close();
      delegates(world.model);
      return { says: (words) => world.ann.says(words), next: (fits) => world.twin.next(world.ann, fits) };
    },
  ],
  [
    'Discord',
    async () => {
      const world = await discord.openWorld({ config: twinHarness(folder, { steering: 'on' }) });
      close = () => world.close();
      delegates(world.model);
      return { says: (words) => world.ann.says(words), next: (fits) => world.twin.next(world.ann, fits) };
    },
  ],
];

/** The agent of the chat hands what it is asked for to a coding agent, and tells what that brought. */
function delegates(model: Parameters<typeof scripted>[0]): void {
  scripted(model, async ({ last, request }) => {
    if (last.includes('from afar') && !last.includes('hand over')) return text('it said: from afar');
    if (last.includes('hand over') && request.body.messages.at(-1)?.role !== 'tool')
      return calls({
        id: 'c',
        name: 'sessions_spawn',
        arguments: { task: 'say from afar', runtime: 'acp', label: 'far' },
      });
    return undefined;
  });
}

const prompts = (): number => {
  const path = join(folder, 'twin', 'log.jsonl');
  return existsSync(path) ? (readFileSync(path, 'utf8').match(/"what":"prompt"/g) ?? []).length : 0;
};

it.each(chats)(
  'on %s one is looked at, started, told, steered, cancelled and closed; an agent starts one too',
  async (_platform, open) => {
    const chat = await open();
    await chat.says('/acp doctor');
    await chat.next(/healthy: yes/);
    await chat.says('/acp doctor codex');
    await chat.next(/ACP_BACKEND_MISSING[\s\S]*npm i -g/);
    await chat.says('/acp spawn --bind here');
    await chat.next(/is ready/);
    await chat.says('say hello');
    await chat.next(/hello$/);
    await chat.says('hang');
    await until(() => prompts() === 2, 'the work to begin');
    await chat.says('/acp steer faster');
    await chat.next(/✅ steered/);
    await chat.next(/working steered: faster/);
    await chat.says('hang');
    await until(() => prompts() === 3, 'more work to begin');
    await chat.says('/acp status');
    expect((await chat.next(/^state: /m)).text).toMatch(/^state: running$/m);
    await chat.says('/acp cancel');
    await chat.next(/cancelled; the session goes on/);
    await chat.says('say still here');
    await chat.next(/still here$/);
    await chat.says('/acp close');
    await chat.next(/closed/);
    await chat.says('hand over');
    await chat.next(/it said: from afar/);
  },
);

it('on WhatsApp: a number allows what it asks for, a thumb forbids it', async () => {
  const world = await whatsapp.openWorld({ config: twinHarness(folder) });
  close = () => world.close();
  const { phone, twin } = world;
  await phone.says('/acp spawn --bind here');
  await twin.next(phone, /is ready/);
  await phone.says('say hello');
  await twin.next(phone, /hello$/);
  await phone.says('run npm test');
  const question = await twin.next(phone, /npm test[\s\S]*1 .*once[\s\S]*2 .*session[\s\S]*3 .*[Dd]eny/);
  await phone.says('1');
  await twin.next(phone, /ran npm test/);
  await phone.says('run rm -rf dist');
  const other = await twin.next(phone, /rm -rf dist/);
  await phone.reacts('👎', other);
  await twin.next(phone, 'was not allowed');
  await phone.says('1', { quote: question });
  await twin.next(phone, /decided already|out of date/);
  await phone.says('/acp close');
  await twin.next(phone, /closed/);
});

it('on Telegram: buttons of the owner count, those of nobody else', async () => {
  const world = await telegram.openWorld({ config: twinHarness(folder) });
  close = () => world.close();
  const { ann, twin } = world;
  await ann.says('/acp spawn --bind here');
  await twin.next(ann, /is ready/);
  await ann.says('run npm test');
  const question = await twin.next(ann, /npm test/);
  expect(question.buttons).toEqual([
    expect.stringMatching(/once/i),
    expect.stringMatching(/session/i),
    expect.stringMatching(/deny/i),
  ]);
  await ann.presses(question.buttons[0] ?? '');
  await twin.next(ann, /ran npm test/);
  await ann.says('/acp steer say more');
  await twin.next(ann, /more/);
});

it('on Discord: in a thread of its own; a stranger’s press decides nothing', async () => {
  const world = await discord.openWorld({ config: twinHarness(folder) });
  close = () => world.close();
  const { ann, bob, general, guild, twin } = world;
  await ann.says('/acp spawn --thread auto', { in: general, mention: true });
  await twin.next(general, /is ready/);
  const [thread] = guild.threads;
  if (thread === undefined) throw new Error('no thread');
  await ann.says('run npm test', { in: thread });
  const question = await twin.next(thread, /npm test/);
  const [once = ''] = question.buttons;
  const refused = await bob.presses(once, { in: thread });
  await refused.next(/only Ann|owner/i);
  await ann.presses(once, { in: thread });
  await twin.next(thread, /ran npm test/);
});
