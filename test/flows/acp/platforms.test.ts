// A coding agent steered from each chat platform, over the wire: started and bound, asking for a permission, told more, closed.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as discord from '../discord/world.ts';
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
