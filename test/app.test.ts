// Constructing the real app: what it says about itself, and what keeps it from being constructed.
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../src/app.ts';
import type { App } from '../src/cli/engine-port.ts';
import { readEnv } from '../src/infra/env.ts';
import { Place } from './flows/real-app.ts';

let place: Place;
const apps: App[] = [];
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.drain();
  place.remove();
});

async function create(env: Record<string, string> = {}) {
  const created = await createApp({
    env: readEnv({ SWITCHYARD_HOME: place.home, OLLAMA_HOST: '127.0.0.1:1', ...env }, place.folder),
    workingDirectory: place.folder,
    console: false,
    stdin: new PassThrough() as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    onConsoleClosed: () => undefined,
  });
  if (created.ok) apps.push(created.value);
  return created;
}

async function bannerOf(env: Record<string, string> = {}) {
  const created = await create(env);
  return created.ok ? created.value.banner() : created.refusal;
}

describe('the app', () => {
  it('opens a chat in the terminal where no channel is configured, with the demo model where there is nothing else', async () => {
    expect(await bannerOf()).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      channels: ['console'],
      model: 'demo',
      modelNote: 'scripted stand-in, no AI; set ANTHROPIC_API_KEY, OPENAI_API_KEY, … or run Ollama',
      warning: undefined,
      console: true,
    });
  });

  it('opens no chat in the terminal where a platform is switched on', async () => {
    place.config({ channels: { whatsapp: { enabled: true } } });
    const tokens = { TELEGRAM_TOKEN: '1:x', DISCORD_TOKEN: 'x' };
    expect(await bannerOf(tokens)).toMatchObject({ channels: ['telegram', 'discord', 'whatsapp'], console: false });
  });

  it('names the model it takes, and why', async () => {
    expect(await bannerOf({ ANTHROPIC_API_KEY: 'k' })).toMatchObject({
      model: expect.stringMatching(/^anthropic\//),
      modelNote: 'ANTHROPIC_API_KEY is set; change it with agents.defaults.model',
    });
  });

  it('says plainly which model an agent of the list has', async () => {
    place.config({ agents: { list: [{ id: 'main', model: 'ollama/qwen3' }] } });
    expect(await bannerOf()).toMatchObject({ model: 'ollama/qwen3', modelNote: '' });
  });

  it('can be constructed and drained without ever being started, more than once on one folder', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const created = await create();
      if (created.ok) await created.value.drain();
      apps.length = 0;
      expect(created.ok).toBe(true);
    }
  });

  it('is refused with the reason where its state folder cannot be used', async () => {
    place.write('.switchyard', 'a file stands in the way');
    expect(await create()).toMatchObject({
      ok: false,
      refusal: { code: 'start_failed', message: expect.stringMatching(/^Could not start: .*\.switchyard/) },
    });
  });
});
