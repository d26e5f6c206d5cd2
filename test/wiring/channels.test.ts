import { expect, test } from 'vitest';
import { configSchema } from '../../src/infra/config.ts';
import { Channels, type ChannelsOptions } from '../../src/wiring/channels.ts';
import { fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { recordingLog } from '../fakes/recording-log.ts';

test('a channel that cannot be stopped is told to the log, and the end goes on', async () => {
  const log = recordingLog();
  const console = Object.assign(fakeChannel(), { stop: () => Promise.reject(new Error('stuck')) });
  await new Channels({ console, log, parts: {} as never, events: () => ({}) as never }).stop();
  expect(log.lines.map(({ fields }) => fields.code)).toEqual(['channel_stop']);
});

const parts: ChannelsOptions['parts'] = {
  ...{ clock: virtualClock(), ids: seededIds(1), log: recordingLog(), commands: [] },
  owners: () => [],
  closedGroup: () => undefined,
  forums: async () => ({ known: new Set(), set: () => undefined }),
  seen: async () => ({ known: new Map(), save: async () => undefined }),
  registered: () => ({ get: async () => undefined, set: async () => undefined }),
  whatsapp: () => Promise.reject(new Error('no WhatsApp in this test')),
};
const of = (telegram: object, discord: object) => configSchema.parse({ channels: { telegram, discord } });

test('a changed token makes its own account connect anew; other accounts and other settings leave it as it is', async () => {
  const channels = new Channels({ console: undefined, log: recordingLog(), parts, events: () => ({}) as never });
  const adapters = (): readonly unknown[] =>
    ['telegram:default', 'telegram:second', 'discord:default'].map((key) => channels.adapters().get(key));
  const second = { accounts: { second: { token: '2:b' } } };
  await channels.configure(of({ token: '1:a', ...second }, { token: 'd' }));
  const before = adapters();
  expect(before).not.toContain(undefined);
  await channels.configure(of({ token: '1:a', ...second, allowFrom: ['7'] }, { token: 'd', requireMention: false }));
  expect(adapters().map((each, index) => each === before[index])).toEqual([true, true, true]);
  await channels.configure(of({ token: '1:changed', ...second }, { token: 'd' }));
  const [changed, ...others] = adapters();
  expect(changed).toBeDefined();
  expect(changed).not.toBe(before[0]);
  expect(others.map((each, index) => each === before[index + 1])).toEqual([true, true]);
  await channels.configure(of({ ...second }, {}));
  expect(adapters().map((each) => each !== undefined)).toEqual([false, true, false]);
  await channels.stop();
});

test('are settled once what was configured last is open', async () => {
  const memory = Promise.withResolvers<void>();
  const slow: ChannelsOptions['parts'] = {
    ...parts,
    forums: async () => {
      await memory.promise;
      return { known: new Set(), set: () => undefined };
    },
  };
  const channels = new Channels({ console: undefined, log: recordingLog(), parts: slow, events: () => ({}) as never });
  void channels.configure(of({ token: '1:a' }, {}));
  const open = channels.settled().then(() => [...channels.adapters().keys()]);
  memory.resolve();
  expect(await open).toEqual(['telegram:default']);
  await channels.stop();
});
