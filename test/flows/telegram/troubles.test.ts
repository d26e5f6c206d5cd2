// When something is wrong between the bot and its people on Telegram: what is said, what is kept, how it recovers by itself.
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { text } from '../../twins/openai.ts';
import { telegramTwin } from '../../twins/telegram/twin.ts';
import { scripted } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const channelLine = async (): Promise<string> =>
  (await world.cli('status')).out.split('\n').find((line) => line.startsWith('channel telegram')) ?? '';

describe('the token', () => {
  it('that is wrong is explained in the status, and a new one is taken without a restart', async () => {
    world = await openWorld({ telegram: { token: '4242424242:AAwrongTokenOfTheRightLength_987654321' } });
    const { twin, ann, cli, place } = world;
    const status = await cli('status');
    expect(status.code).toBe(1);
    expect(await channelLine()).toMatch(
      /^channel telegram:default: failed\. Telegram does not accept the token\. Check/,
    );
    expect(place.log()).toContain('telegram_failed');
    expect((await cli('config', 'set', 'channels.telegram.token', twin.token)).code).toBe(0);
    await until(async () => /connected\. @switchyard_bot/.test(await channelLine()), 'the connection');
    await ann.says('hello');
    await twin.next(ann, 'ok');
    expect(place.log()).not.toMatch(/AAtwinToken|AAwrongToken/);
  });

  it('of another bot is taken, and its first messages are heard although it counts them from the beginning again', async () => {
    world = await openWorld();
    const { twin, ann } = world;
    for (const word of ['one', 'two', 'three']) {
      await ann.says(word);
      await twin.next(ann, 'ok');
    }
    const other = await telegramTwin({
      token: '5252525252:AAotherTokenOfTheRightLength_0123456789',
      botName: 'other_bot',
    });
    world.configure({ telegram: { token: other.token, apiRoot: other.url } });
    await until(async () => (await channelLine()).includes('connected. @other_bot'), 'the other bot');
    const again = other.person(7, 'Ann');
    await again.says('first words');
    await other.next(again, 'ok');
    await other.close();
  });

  it('that is revoked later is explained too', async () => {
    world = await openWorld();
    const { twin, ann } = world;
    await ann.says('hello');
    await twin.next(ann, 'ok');
    twin.revokeToken();
    await ann.says('wake the poll');
    await until(async () => (await channelLine()).includes('failed'), 'the failure');
  });
});

describe('the network', () => {
  it('that is gone for a while costs nothing: what was said and what was owed arrive when it is back', async () => {
    world = await openWorld();
    const { twin, ann, model } = world;
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await ann.says('/subagents spawn main look for it');
    await twin.next(ann, /started/);
    await twin.down();
    await until(async () => /disconnected\. Telegram cannot be reached for/.test(await channelLine()), 'the status');
    gate.resolve();
    await ann.says('and this?');
    await until(async () => /outbox: 1 pending/.test((await world.cli('status')).out), 'the result to wait');
    await twin.up();
    await twin.next(ann, /look for it: completed successfully\nfound it/);
    await twin.next(ann, /^ok$/);
    expect(twin.shown(ann)).toHaveLength(3);
    expect(await channelLine()).toContain('connected');
  });

  it('that loses an answer never makes a message appear twice: it is marked as uncertain', async () => {
    world = await openWorld();
    const { twin, ann, model, cli } = world;
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await ann.says('/subagents spawn main look for it');
    await twin.next(ann, /started/);
    twin.fault('sendMessage', 'reset-after');
    gate.resolve();
    await twin.next(ann, /found it/);
    await until(async () => /ambiguous/.test((await cli('tasks', 'list')).out), 'the mark');
    await ann.says('/subagents');
    expect((await twin.next(ann, /^Active:/)).text).toContain('done · delivery ambiguous');
    expect(twin.shown(ann).filter((each) => each.includes('found it'))).toHaveLength(1);
  });
});

describe('a person who blocks the bot', () => {
  it('is not written to again, the result says why it did not arrive, and all is well once they are back', async () => {
    world = await openWorld();
    const { twin, ann, model, cli } = world;
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    for (const task of ['look here', 'look there']) await ann.says(`/subagents spawn main ${task}`);
    await twin.next(ann, /started/);
    await twin.next(ann, /started/);
    await ann.blocks();
    const before = twin.calls.filter(({ method }) => method === 'sendMessage').length;
    gate.resolve();
    await until(async () => {
      const { out } = await cli('tasks', 'list');
      return (out.match(/undelivered/g) ?? []).length === 2;
    }, 'both to be given up');
    // One attempt told us; the second was not made.
    expect(twin.calls.filter(({ method }) => method === 'sendMessage')).toHaveLength(before + 1);
    const status = await cli('status');
    expect(status.out).toContain('2 undelivered');
    expect(status.out).toContain('ℹ️ nothing can be sent to telegram:default:7: the person has blocked the bot');
    const id = /([0-9a-f]{8})/.exec((await cli('tasks', 'list')).out)?.[1] ?? '';
    expect((await cli('tasks', 'show', id)).out).toContain('the person has blocked the bot');
    await ann.unblocks();
    await twin.next(ann, /look here: completed successfully\nfound it/);
    await twin.next(ann, /look there: completed successfully\nfound it/);
    expect((await cli('tasks', 'list')).out).not.toContain('undelivered');
    expect((await cli('status')).out).not.toContain('nothing can be sent');
    await ann.says('/status');
    expect((await twin.next(ann, /^Status:/)).text).not.toContain('nothing can be sent');
    expect(twin.shown(ann).filter((each) => each.includes('found it'))).toHaveLength(2);
  });
});

describe('a group that throws the bot out', () => {
  it('gets nothing more, and is served again when the bot is let in', async () => {
    world = await openWorld({ telegram: { groups: { '-1005': {} } } });
    const { twin, ann, model, cli } = world;
    const team = twin.group(-1005, { title: 'Team', members: [ann] });
    const gate = Promise.withResolvers<void>();
    scripted(model, async ({ child }) => {
      if (!child) return undefined;
      await gate.promise;
      return text('found it');
    });
    await ann.says('/subagents spawn main look', { in: team });
    await twin.next(team, /started/);
    team.removesBot();
    gate.resolve();
    await until(async () => (await cli('tasks', 'list')).out.includes('undelivered'), 'the result to be given up');
    await ann.says('/status');
    expect((await twin.next(ann, /^Status:/)).text).toContain(
      'ℹ️ nothing can be sent to telegram:default:-1005: the bot was removed from this group',
    );
    team.addsBot();
    await twin.next(team, /look: completed successfully\nfound it/);
    await ann.says('/whoami', { in: team });
    await twin.next(team, /^You:/);
  });
});
