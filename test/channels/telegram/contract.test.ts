import { channelContract } from '../../contracts/channel.ts';
import { until } from '../../fakes/wait.ts';
import { chat, openRig } from './rig.ts';

channelContract('the Telegram adapter', async () => {
  const { another, twin, events, taken, close } = await openRig();
  const ann = twin.person(7, 'Ann');
  // Bots may write only to people who have written to them; an earlier process saw to that.
  const before = another();
  await before.start(events);
  await ann.says('/start');
  await until(() => taken.length === 1, 'the first word');
  await before.stop();
  const adapter = another();
  return {
    adapter,
    route: chat(ann.id),
    say: async (text) => void (await ann.says(text)),
    shown: () => twin.shown(ann),
    repeatsOnce: false,
    cut: async () => {
      await twin.down();
      await until(() => adapter.health().state !== 'connected', 'the adapter to notice');
    },
    close,
  };
});
