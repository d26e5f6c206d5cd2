import { describe, expect, it } from 'vitest';
import type { Reloaded } from '../../src/infra/config-file.ts';
import { reload } from '../../src/wiring/reload.ts';
import { virtualClock } from '../fakes/clock.ts';

const clock = virtualClock();
const file = (loaded: Reloaded) => ({ path: '/srv/s.json5', channelsOff: false, reload: async () => loaded });
const changed = file({ ok: true, changed: true });
const loaded = { ok: true, value: 'Loaded /srv/s.json5; the changes hold from now on.' };

describe('a reload', () => {
  it('is answered once the channels are open', async () => {
    const open = Promise.withResolvers<void>();
    let answered = false;
    const asked = reload({ configFile: changed, channels: { settled: () => open.promise }, clock }).finally(() => {
      answered = true;
    });
    await clock.flush();
    expect(answered).toBe(false);
    open.resolve();
    expect(await asked).toEqual(loaded);
    expect(clock.pending()).toBe(0);
  });

  it('does not wait for channels that take long: the settings hold all the same', async () => {
    const asked = reload({ configFile: changed, channels: { settled: () => new Promise(() => {}) }, clock });
    expect(await clock.runUntil(asked, 10_000)).toEqual(loaded);
  });

  it('that is refused says what is in use instead', async () => {
    const faulty = file({ ok: false, error: 'unknown field a' });
    expect(await reload({ configFile: faulty, channels: { settled: async () => undefined }, clock })).toEqual({
      ok: false,
      refusal: {
        ...{ code: 'config_invalid', fix: '' },
        message: 'unknown field a\nUntil it is mended the settings loaded before stay in use.',
      },
    });
  });
});
