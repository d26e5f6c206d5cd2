import { expect, test } from 'vitest';
import { Channels } from '../../src/wiring/channels.ts';
import { fakeChannel } from '../fakes/channel.ts';
import { recordingLog } from '../fakes/recording-log.ts';

test('a channel that cannot be stopped is told to the log, and the end goes on', async () => {
  const log = recordingLog();
  const console = Object.assign(fakeChannel(), { stop: () => Promise.reject(new Error('stuck')) });
  await new Channels({ console, log, parts: {} as never, events: () => ({}) as never }).stop();
  expect(log.lines.map(({ fields }) => fields.code)).toEqual(['channel_stop']);
});
