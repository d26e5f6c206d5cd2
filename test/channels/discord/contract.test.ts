import { channelContract } from '../../contracts/channel.ts';
import { until } from '../../fakes/wait.ts';
import { openRig, place } from './rig.ts';

channelContract('the Discord adapter', async () => {
  const { adapter, twin, close } = await openRig();
  const ann = twin.person('Ann');
  const general = twin.guild({ members: [ann] }).channel('general');
  return {
    adapter,
    route: place(general),
    say: async (text) => void (await ann.says(text, { in: general })),
    shown: () => twin.shown(general),
    repeatsOnce: true,
    cut: async () => {
      await twin.down();
      await until(() => adapter.health().state !== 'connected', 'the adapter to notice');
    },
    close,
  };
});
