import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Injection } from '../../src/core/agent.ts';
import type { RemoteFile } from '../../src/core/message.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { readEnv } from '../../src/infra/env.ts';
import { inboxOf } from '../../src/infra/inbox-folder.ts';
import { silentLog } from '../../src/infra/log.ts';
import { nativeAgents, Toolbox } from '../../src/wiring/models.ts';
import type { ReceiveOptions } from '../fakes/channel.ts';
import { seededIds } from '../fakes/ids.ts';
import { call, hang } from '../fakes/script.ts';
import { type OpenAiTwin, openAiTwin, status, type TwinRequest, text } from '../twins/openai.ts';
import { inboxStory, remembered } from './inbox-view.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  expect(
    Object.values(remembered(world)).every((size) => size === 0),
    JSON.stringify(remembered(world)),
  ).toBe(true);
  await world.close();
});

const workspace = (): string => world.engine.parts.agents().default().workspace;
/** Where what came in today is kept for a conversation. */
function inbox(controlScope = ann): string {
  return join(workspace(), inboxOf({ controlScope }), new Date(world.clock.now()).toISOString().slice(0, 10));
}
const asked = (): string[] => world.agent.turns.map((turn) => turn.text);
const ann = 'agent:main:telegram:direct:ann';

/** A file on the platform, and the message field that names it. */
function remote(name: string, content: string | undefined, more: Partial<RemoteFile> = {}): RemoteFile {
  const ref = `ref-${name}`;
  if (content !== undefined) world.channel.files.set(ref, Buffer.from(content));
  return { kind: 'file', ref, name, mediaType: 'text/plain', ...more };
}

const sending = (...files: readonly RemoteFile[]) => ({ more: { files: [...files] } });

/** Holds every fetch until it is let go. */
function gate(): { readonly open: () => void; readonly fetches: string[] } {
  const fetches: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const fetch = world.channel.fetch?.bind(world.channel);
  world.channel.fetch = async (file, maxBytes) => {
    fetches.push(file.name);
    await promise;
    return fetch?.(file, maxBytes) ?? { kind: 'too-large' };
  };
  return { open: resolve, fetches };
}

test('a file is put into the workspace of the agent, readable by its owner alone, and comes with the message', async () => {
  await world.say('read this', sending(remote('notes.txt', 'hello'), remote('notes.txt', 'hello')));
  await world.settled();
  const [first, second] = ['notes.txt', 'notes-2.txt'].map((name) => join(inbox(), name));
  expect(readFileSync(first ?? '', 'utf8')).toBe('hello');
  expect(statSync(first ?? '').mode & 0o777).toBe(0o600);
  const entry = world.agent.turns[0]?.prompt.history.at(-1);
  expect(entry).toMatchObject({
    text: 'read this',
    attachments: [
      { kind: 'file', path: first, mediaType: 'text/plain', name: 'notes.txt', bytes: 5 },
      { path: second, name: 'notes.txt' },
    ],
  });
});

test('nothing is fetched for strangers, nor for what is not heard', async () => {
  const { fetches, open } = gate();
  open();
  await world.say('look', { from: { id: 'zed' }, ...sending(remote('a.txt', 'a')) });
  await world.say('look', { ...inGroup(world, bo), mentionsBot: false, ...sending(remote('b.txt', 'b')) });
  await world.say('look', { sentAt: world.clock.now() - 7_200_000, ...sending(remote('c.txt', 'c')) });
  await world.until(() => !world.engine.receiver.busy(), 'the messages');
  await world.settled();
  expect(fetches).toEqual([]);
});

test('a file without a text makes a turn, and what cannot be had is said to the person and to the agent', async () => {
  world.configure({
    channels: { telegram: { token: 't' } },
    commands: { ownerAllowFrom: ['telegram:ann'] },
    messages: { inbound: { maxFileMb: 0.00001 } },
  });
  await world.say(
    '',
    sending(remote('small.txt', 'hi'), remote('big.txt', 'x'.repeat(20)), remote('gone.txt', undefined)),
  );
  await world.settled();
  expect(world.channel.texts()).toContain(
    [
      '⚠️ big.txt could not be read: it is larger than 0.00001 MB (messages.inbound.maxFileMb). Send a smaller one.',
      '⚠️ gone.txt could not be read: it is not there any more. Please send it again.',
    ].join('\n'),
  );
  expect(asked()).toHaveLength(1);
  expect(asked()[0]).toMatch(/^\[The file big\.txt came .*larger than .*\]\n\n\[The file gone\.txt came .*\]$/);
  expect(world.agent.turns[0]?.prompt.history.at(-1)).toMatchObject({ attachments: [{ name: 'small.txt' }] });
});

test('files that come with a command are named as not used, and not fetched', async () => {
  const { fetches, open } = gate();
  open();
  expect(await typed(world, '/whoami', sending(remote('offers.pdf', 'x')))).toMatch(
    /^You:[\s\S]*\n⚠️ not used: offers\.pdf\. Commands take no files; send it without a command\.$/,
  );
  const photo = (name: string) => ({ more: { album: 'x', files: [remote(name, 'x')] } });
  const reply = world.channel.next(/not used/);
  await world.say('/whoami', photo('one.jpg'));
  await world.say('', photo('two.jpg'));
  await world.until(() => !world.engine.receiver.busy(), 'both parts');
  await world.clock.advance(1_500);
  expect((await reply).text).toContain('⚠️ not used: one.jpg, two.jpg.');
  await world.settled();
  expect([fetches, asked()]).toEqual([[], []]);
});

test('while a file is on its way commands act at once and messages keep their order', async () => {
  const { open } = gate();
  await typed(world, '/queue followup');
  await world.say('first', sending(remote('a.txt', 'a')));
  await world.say('second');
  expect(await typed(world, '/whoami')).toContain('telegram:ann');
  expect(asked()).toEqual([]);
  open();
  await world.settled();
  expect(asked()).toEqual(['first', 'second']);
});

test('a message that waits for its file is stopped with the others, and its file changes nothing any more', async () => {
  const { open } = gate();
  await world.say('first', sending(remote('a.txt', 'a')));
  await world.say('second');
  expect(await typed(world, '/stop')).toContain('2 waiting messages');
  open();
  await world.settled();
  expect(asked()).toEqual([]);
  expect(inboxStory(world).filter((row) => !row.startsWith('/'))).toEqual([
    'first: dropped (stopped by a person)',
    'second: dropped (stopped by a person)',
  ]);
});

test('a message with a file joins a running turn once the file is there, and so does what was said after it', async () => {
  const { open } = gate();
  let told: readonly Injection[] = [];
  world.agent.once(/^work$/, async function* ({ injected }) {
    told = injected;
    yield { do: 'wait', ms: 1_000 };
    yield { do: 'boundary' };
    yield { do: 'say', text: 'done' };
  });
  await world.say('work');
  await world.until(() => world.agent.active.size === 1, 'the turn');
  await world.say('first', sending(remote('a.txt', 'a')));
  await world.say('second');
  await world.until(() => world.engine.layer.turns.waiting(ann).length === 2, 'their places');
  open();
  await world.until(() => !world.engine.receiver.busy(), 'the file');
  await world.clock.advance(1_000);
  await world.settled();
  expect(asked()).toHaveLength(1);
  expect(told.map(({ text, attachments }) => [text, attachments?.length])).toEqual([
    ['first', 1],
    ['second', 0],
  ]);
});

test('a restart fetches what had not arrived, and does not fetch again what had', async () => {
  const { open, fetches } = gate();
  world.agent.always(/^(one|two)$/, [hang()]);
  await world.say('one', sending(remote('one.txt', '1')));
  await world.until(() => fetches.length === 1, 'the fetch');
  await world.restart();
  open();
  await world.until(() => world.agent.active.size === 1, 'its turn');
  expect(fetches).toEqual(['one.txt', 'one.txt']);
  await world.restart('kill');
  await world.until(() => world.agent.turns.length === 2, 'the turn to go on');
  expect(fetches).toHaveLength(2);
  expect(world.agent.turns[1]?.prompt.history.at(-1)).toMatchObject({ attachments: [{ name: 'one.txt', bytes: 1 }] });
  await typed(world, '/stop');
  await world.settled();
});

test('a fetch that never answers is given up after two minutes', async () => {
  world.channel.fetch = () => new Promise(() => undefined);
  await world.say('look', sending(remote('a.txt', 'a')));
  await world.until(() => world.engine.layer.turns.waiting(ann).length === 1, 'its place');
  await world.clock.advance(120_000);
  await world.settled();
  expect(world.channel.texts()).toContain(
    '⚠️ a.txt could not be read: it took too long to arrive. Please send it again.',
  );
  expect(asked()).toHaveLength(1);
});

test('no file leaves the workspace, whatever its name and whatever links lie there', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'switchyard-outside-'));
  mkdirSync(dirname(inbox()), { recursive: true });
  symlinkSync(outside, inbox());
  await world.say('one', sending(remote('../../evil.txt', 'x')));
  await world.settled();
  expect(world.channel.texts()[0]).toMatch(/^⚠️ _.._evil\.txt could not be read: it could not be stored here/);
  expect(readdirSync(outside)).toEqual([]);
  rmSync(inbox());
  await world.say('two', sending(remote('../../evil.txt', 'x')));
  await world.settled();
  expect(readdirSync(inbox())).toEqual(['_.._evil.txt']);
  rmSync(outside, { recursive: true });
});

test('the pictures of an album are one message with its caption, also where only the caption mentions the bot', async () => {
  const part = (n: number) => ({
    ...inGroup(world, bo),
    mentionsBot: n === 1,
    more: { album: 'x', files: [remote(`${n}.jpg`, String(n), { kind: 'image', mediaType: 'image/jpeg' })] },
  });
  const id = await world.say('my cats', part(1));
  for (const n of [2, 3]) await world.say('', part(n));
  await world.until(() => !world.engine.receiver.busy(), 'the parts');
  await world.channel.change(id, 'my three cats', part(1));
  await world.clock.advance(1_500);
  await world.settled();
  expect(asked()).toEqual(['my three cats']);
  expect(world.agent.turns[0]?.prompt.history.at(-1)).toMatchObject({
    attachments: [{ name: '1.jpg' }, { name: '2.jpg' }, { name: '3.jpg' }],
  });
});

/** What the tools of the chat's agent answer about these files: `read` for each, then one `grep` over everything. */
async function opens(who: ReceiveOptions, paths: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = [];
  world.agent.once(/^look$/, async function* () {
    for (const path of paths) answers.push((yield call('read', { path }))?.text ?? 'no answer');
    answers.push((yield call('grep', { pattern: 'secret of' }))?.text ?? 'no answer');
  });
  await world.say('look', who);
  await world.settled();
  return answers;
}

test('a file is for the conversation it came in: other people and groups are refused, the owner in direct chat is not', async () => {
  await openWithToolbox();
  const bos = 'agent:main:telegram:direct:bo';
  await world.say('for you', sending(remote('a.txt', 'secret of ann')));
  await world.say('for you', { ...bo, ...sending(remote('b.txt', 'secret of bo')) });
  await world.settled();
  const files = [join(inbox(ann), 'a.txt'), join(inbox(bos), 'b.txt')];
  const [anns, bosFile] = files.map((path) => relative(workspace(), path));
  const refused = (path: string | undefined, own: string) =>
    `"${path}" is not for this conversation: files that people send are for the conversation they came in. ` +
    `Those that came in this one, if any did, are in "${inboxOf({ controlScope: own })}".`;
  expect(await opens({ ...bo }, files)).toEqual([refused(anns, bos), 'secret of bo', `${bosFile}:1: secret of bo`]);
  const group = 'agent:main:telegram:group:g';
  expect(await opens(inGroup(world), files)).toEqual([
    refused(anns, group),
    refused(bosFile, group),
    expect.stringMatching(/^No match/),
  ]);
  const [first, second, found] = await opens({}, files);
  expect([first, second]).toEqual(['secret of ann', 'secret of bo']);
  expect(found?.split('\n').toSorted()).toEqual([`${anns}:1: secret of ann`, `${bosFile}:1: secret of bo`].toSorted());
});

test('a sub-agent opens the files of the conversation it was started in, and no others', async () => {
  await openWithToolbox();
  await world.say('for you', sending(remote('a.txt', 'secret of ann')));
  await world.say('for you', { ...bo, ...sending(remote('b.txt', 'secret of bo')) });
  await world.settled();
  const answers: string[] = [];
  const files = [join(inbox(ann), 'a.txt'), join(inbox('agent:main:telegram:direct:bo'), 'b.txt')];
  world.agent.once(/^go$/, [call('sessions_spawn', { task: 'dig' }), { do: 'say', text: 'started' }]);
  world.agent.once(/^dig$/, async function* () {
    for (const path of files) answers.push((yield call('read', { path }))?.text ?? 'no answer');
    yield { do: 'say', text: 'dug' };
  });
  await world.say('go', bo);
  await world.settled();
  expect(answers).toEqual([expect.stringContaining('is not for this conversation'), 'secret of bo']);
});

/** A world with the real tools. */
async function openWithToolbox(): Promise<void> {
  await world.close();
  let toolbox: Toolbox | undefined;
  const made = (home: string): Toolbox =>
    new Toolbox({
      home,
      configPath: join(home, 'switchyard.json5'),
      workingDirectory: home,
      workspaces: () => [home],
      clock: systemClock,
      ids: seededIds(2),
      log: silentLog,
      config: () => world.engine.parts.config(),
    });
  world = await openPeople({
    tools: (session, agent) => {
      toolbox ??= made(agent.workspace);
      return toolbox.of(session, agent);
    },
  });
}

/** A world whose agent is the native loop on a model that speaks over the wire. */
async function openWithModel(twin: OpenAiTwin): Promise<void> {
  const providers = { twin: { baseUrl: twin.url, models: [{ id: 'eyes' }] } };
  const raw = {
    channels: { telegram: { token: 't' } },
    commands: { ownerAllowFrom: ['telegram:ann'] },
    agents: { defaults: { model: 'twin/eyes' } },
    models: { providers },
  };
  await world.close();
  const native = nativeAgents({
    config: () => world.engine.parts.config(),
    env: readEnv({ OLLAMA_HOST: '127.0.0.1:1' }, tmpdir()),
    clock: systemClock,
    ids: seededIds(2),
    missingTool: () => undefined,
    log: silentLog,
  });
  world = await openPeople({ config: raw, runtime: native.runtime });
}

const pixel = Buffer.from('iVBORw0KGgo=', 'base64').toString('latin1');
/** More than the strictest provider takes. */
const large = 'x'.repeat(3_700_001);
const picture = (name: string) => remote(name, pixel, { kind: 'image', mediaType: 'image/png' });

test('a picture reaches a model that takes pictures, with the words beside it', async () => {
  const twin = await openAiTwin();
  await openWithModel(twin);
  const reply = world.channel.next('ok');
  await world.say('what is this?', sending(picture('cat.png')));
  await reply;
  await world.settled();
  expect(twin.requests[0]?.body.messages.at(-1)?.content).toEqual([
    { type: 'text', text: 'what is this?' },
    { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/png;base64,/) } },
  ]);
  await twin.close();
});

const body = (request: TwinRequest): string => JSON.stringify(request.body.messages);
const images = (request: TwinRequest): number => body(request).split('data:image/').length - 1;

/** Sends pictures one after another, each when the one before is answered. */
async function show(twin: OpenAiTwin, ...pictures: readonly RemoteFile[]): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const each of pictures) {
    const reply = world.channel.next(/^I see/);
    await world.say('what is this?', sending(each));
    answers.push((await reply).text);
  }
  await world.settled();
  await twin.close();
  return answers;
}

const noPicture = status(400, {}, { error: { message: 'no', type: 'x', code: null } });

test('a model that refuses two pictures in a row takes none: it is told where they are, and shown none again', async () => {
  const twin = await openAiTwin();
  await openWithModel(twin);
  twin.always((request) => (images(request) > 0 ? noPicture : text('I see its name.')));
  await show(twin, ...['cat.png', 'dog.png', 'owl.png'].map(picture));
  expect(twin.requests.map(images)).toEqual([1, 0, 1, 0, 0]);
  expect(body(twin.requests.at(-1) as TwinRequest)).toMatch(
    /\[attachment owl\.png: image\/png, \d+ bytes, stored at .*owl\.png\]/,
  );
});

test('a picture that is refused hides no other, however often that happens between good ones', async () => {
  const twin = await openAiTwin();
  await openWithModel(twin);
  const broken = (name: string) => remote(name, 'broken', { kind: 'image', mediaType: 'image/png' });
  const bad = Buffer.from('broken').toString('base64');
  twin.always((request) => {
    if (body(request).includes(bad)) return noPicture;
    return text(images(request) > 0 ? 'I see it.' : 'I see its name.');
  });
  expect(await show(twin, broken('a.png'), picture('b.png'), broken('c.png'), picture('d.png'))).toEqual([
    ...['I see its name.', 'I see it.', 'I see its name.', 'I see it.'],
  ]);
});

test('what no model takes is only named: other kinds of pictures, and pictures that are too large', async () => {
  const twin = await openAiTwin();
  await openWithModel(twin);
  twin.always((request) => text(images(request) > 0 ? 'I see it.' : 'I see its name.'));
  const image = (name: string, mediaType: string, content = 'x') => remote(name, content, { kind: 'image', mediaType });
  const named = [image('a.heic', 'image/heic'), image('b.svg', 'image/svg+xml'), image('c.png', 'image/png', large)];
  const seen = ['jpeg', 'png', 'gif', 'webp'].map((kind) => image(`d.${kind}`, `image/${kind}`));
  expect(await show(twin, ...named, ...seen)).toEqual([
    ...named.map(() => 'I see its name.'),
    ...seen.map(() => 'I see it.'),
  ]);
});
