import { afterEach, describe, expect, it } from 'vitest';
import { Live, type News } from '../../src/web/live.ts';
import type { LogRow } from '../../src/web/view.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';

const clock = virtualClock();
const ends: AbortController[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.abort();
});

function open() {
  const state = {
    shown: { lanes: 0, work: ['a'] } as Record<string, unknown>,
    log: [] as LogRow[],
    looks: 0,
    broken: false,
  };
  const errors: unknown[] = [];
  const live = new Live({
    look: async () => {
      state.looks += 1;
      if (state.broken) throw new Error('broken');
      return { ...state.shown };
    },
    log: async () => [...state.log],
    clock,
    onError: (error) => errors.push(error),
  });
  return { state, errors, live };
}

/** Somebody who looks, and takes what comes. */
function watcher(live: Live) {
  const end = new AbortController();
  ends.push(end);
  const got: News[] = [];
  const over = (async () => {
    for await (const news of live.watch(end.signal)) got.push(news);
  })();
  return {
    got,
    over,
    leave: () => end.abort(),
    has: (count: number) => until(() => got.length >= count, `${count} events`),
  };
}

/** One more look has happened. */
async function look({ state }: ReturnType<typeof open>, ms = 1_000): Promise<void> {
  const before = state.looks;
  await clock.advance(ms);
  await until(() => state.looks > before, 'a look');
}

describe('whoever watches', () => {
  it('gets everything first, then only the sections that changed', async () => {
    const here = open();
    const one = watcher(here.live);
    await one.has(1);
    expect(one.got).toEqual([{ sections: { lanes: 0, work: ['a'] }, lines: [] }]);
    here.state.shown.lanes = 1;
    await look(here);
    await one.has(2);
    expect(one.got[1]).toEqual({ sections: { lanes: 1 }, lines: [] });
  });

  it('hears nothing while nothing changes, but for a sign of life now and then', async () => {
    const here = open();
    const one = watcher(here.live);
    await one.has(1);
    for (let seconds = 0; seconds < 19; seconds += 1) await look(here);
    expect(one.got).toHaveLength(1);
    await look(here);
    await one.has(2);
    expect(one.got[1]).toEqual({ sections: {}, lines: [] });
  });

  it('hears of many changes at most once a second', async () => {
    const here = open();
    const one = watcher(here.live);
    await one.has(1);
    for (let change = 1; change <= 50; change += 1) {
      here.state.shown.lanes = change;
      await clock.advance(10);
    }
    expect(one.got).toHaveLength(1);
    await look(here, 600);
    await one.has(2);
    expect(one.got[1]?.sections).toEqual({ lanes: 50 });
  });

  it('gets each line of the log once', async () => {
    const here = open();
    here.state.log = [{ n: 1, level: 'info', text: 'one' }];
    const one = watcher(here.live);
    await one.has(1);
    expect(one.got[0]?.lines).toHaveLength(1);
    here.state.log = [...here.state.log, { n: 2, level: 'info', text: 'two' }];
    await look(here);
    await one.has(2);
    expect(one.got[1]).toEqual({ sections: {}, lines: [{ n: 2, level: 'info', text: 'two' }] });
  });

  it('shares the looks with all others, and gets everything also when coming late', async () => {
    const here = open();
    const [one, two] = [watcher(here.live), watcher(here.live)];
    await Promise.all([one.has(1), two.has(1)]);
    expect(here.state.looks).toBe(1);
    expect(here.live.watchers).toBe(2);
    const three = watcher(here.live);
    await three.has(1);
    expect(three.got[0]?.sections).toEqual({ lanes: 0, work: ['a'] });
  });

  it('misses nothing that changes while slow to take it', async () => {
    const here = open();
    const end = new AbortController();
    ends.push(end);
    const slow = here.live.watch(end.signal);
    expect((await slow.next()).value?.sections).toEqual({ lanes: 0, work: ['a'] });
    here.state.shown = { lanes: 1, work: ['a'] };
    await look(here);
    here.state.shown = { lanes: 1, work: ['b'] };
    await look(here);
    expect((await slow.next()).value?.sections).toEqual({ lanes: 1, work: ['b'] });
  });
});

describe('when', () => {
  it('nobody watches any more, nothing is looked up', async () => {
    const here = open();
    const one = watcher(here.live);
    await one.has(1);
    one.leave();
    await one.over;
    expect(here.live.watchers).toBe(0);
    await clock.advance(1_000);
    const { looks } = here.state;
    await clock.advance(60_000);
    expect(here.state.looks).toBe(looks);
    here.state.shown.lanes = 7;
    const two = watcher(here.live);
    await two.has(1);
    expect(two.got[0]?.sections).toMatchObject({ lanes: 7 });
  });

  it('a look fails, that is told once each time and the next one is made all the same', async () => {
    const here = open();
    const one = watcher(here.live);
    await one.has(1);
    here.state.broken = true;
    await look(here);
    await until(() => here.errors.length === 1, 'the error');
    here.state.broken = false;
    here.state.shown.lanes = 2;
    await look(here);
    await one.has(2);
    expect(one.got[1]?.sections).toEqual({ lanes: 2 });
  });
});
