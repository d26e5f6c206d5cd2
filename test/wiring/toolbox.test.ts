// Which files the tools of a session open, by who speaks there.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/infra/clock.ts';
import { configSchema } from '../../src/infra/config.ts';
import { inboxOf } from '../../src/infra/inbox-folder.ts';
import { silentLog } from '../../src/infra/log.ts';
import { Toolbox } from '../../src/wiring/models.ts';
import { seededIds } from '../fakes/ids.ts';
import { toolContext } from '../fakes/tool-context.ts';

const anns = { controlScope: 'agent:main:telegram:direct:ann', ownerOnly: true };
const bos = { controlScope: 'agent:main:telegram:direct:bo', ownerOnly: false };

let workspace: string;
let toolbox: Toolbox;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'toolbox-'));
  toolbox = new Toolbox({
    home: join(workspace, '.switchyard'),
    configPath: join(workspace, 'switchyard.json5'),
    workingDirectory: workspace,
    workspaces: () => [workspace, join(workspace, 'team')],
    clock: systemClock,
    ids: seededIds(),
    log: silentLog,
    config: () => configSchema.parse({}),
  });
});
afterEach(async () => {
  await toolbox.close();
  rmSync(workspace, { recursive: true });
});

function put(path: string): string {
  const whole = join(workspace, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, 'content');
  return whole;
}

async function read(session: typeof bos, path: string): Promise<string | undefined> {
  const tools = await toolbox.of(session, { workspace });
  return (await tools.find((tool) => tool.name === 'read')?.run({ path }, toolContext()))?.text;
}

test('also what came in for an agent that works further down is closed to other conversations', async () => {
  const [own, other] = [bos, anns].map((session) => put(`team/${inboxOf(session)}/2026-01-01/a.txt`));
  expect(await read(bos, own ?? '')).toBe('content');
  expect(await read(bos, other ?? '')).toContain('is not for this conversation');
  expect(await read(anns, other ?? '')).toBe('content');
});

test('a conversation that is no longer the owner alone loses what others sent', async () => {
  const file = put(`${inboxOf(bos)}/2026-01-01/b.txt`);
  expect(await read(anns, file)).toBe('content');
  expect(await read({ ...anns, ownerOnly: false }, file)).toContain('is not for this conversation');
});

test('an agent that works in the state folder finds no key of ours there', async () => {
  const home = join(workspace, '.switchyard');
  const tools = await toolbox.of(anns, { workspace: home });
  const read = tools.find((tool) => tool.name === 'read');
  for (const name of ['web-token', 'switchyard.db', 'console-history']) {
    put(`.switchyard/${name}`);
    const { text } = (await read?.run({ path: name }, toolContext())) ?? {};
    expect(text, name).toContain('belongs to Switchyard itself');
  }
});

test('the same tools come back for the same conversation, and no more than a hundred sets are kept', async () => {
  const first = await toolbox.of(bos, { workspace });
  expect((await toolbox.of({ ...bos }, { workspace }))[0]).toBe(first[0]);
  for (let n = 0; n < 100; n += 1) await toolbox.of({ ...bos, controlScope: `chat ${n}` }, { workspace });
  expect((await toolbox.of(bos, { workspace }))[0]).not.toBe(first[0]);
});
