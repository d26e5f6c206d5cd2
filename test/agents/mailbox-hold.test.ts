import { beforeEach, describe, expect, test } from 'vitest';
import { Mailbox, type MailItem, type OfferContext } from '../../src/agents/mailbox.ts';
import type { QueueSettings } from '../../src/core/session.ts';
import { busy, idle, itemMaker, type MakeItem, texts } from './mail-items.ts';

let box: Mailbox;
let item: MakeItem;

beforeEach(() => {
  box = new Mailbox();
  item = itemMaker();
});

const place = (each: MailItem, context: OfferContext) => box.offer(each, context).placement;
const take = (mode: QueueSettings['mode'] = 'steer', now = 1_000_000) => texts(box.takeBatch(now, mode));

describe('a yielded session', () => {
  const completion = (text: string) => item('completion', text, { group: 'g' });

  test('waiting for all is woken once, with everything', () => {
    expect(box.hold({ waitFor: 'all', runIds: ['r1', 'r2'] })).toBe('holding');
    expect(place(completion('c1'), idle())).toEqual({ to: 'waiting' });
    expect([box.completionArrived('r1'), box.nextAt('steer'), take()]).toEqual(['holding', undefined, []]);
    place(completion('c2'), idle());
    expect(box.completionArrived('r2')).toBe('released');
    expect(take()).toEqual(['c1', 'c2']);
    expect(box.completionArrived('r2')).toBe('no-hold');
  });

  test('waiting for any is woken by the first of those it waits for', () => {
    box.hold({ waitFor: 'any', runIds: ['r1', 'r2'] });
    place(completion('other'), idle());
    expect(box.completionArrived('r9')).toBe('holding');
    expect(box.completionArrived('r2')).toBe('released');
    expect(place(completion('c2'), idle())).toEqual({ to: 'turn' });
    expect(take()).toEqual(['other', 'c2']);
  });

  test('is released by children that end silently, with nothing to give', () => {
    box.hold({ waitFor: 'all', runIds: ['r1'] });
    expect(box.completionArrived('r1')).toBe('released');
    expect(box.nextAt('steer')).toBeUndefined();
  });

  test.each(['message', 'note', 'wake'] as const)('is woken by a %s, and then waits no more', (kind) => {
    box.hold({ waitFor: 'all', runIds: ['r1', 'r2'] });
    place(completion('c1'), idle());
    expect(place(item(kind, 'up'), idle())).toEqual({ to: 'turn' });
    expect(box.holding()).toBe(false);
    const batches = [...take(), ...take()];
    expect(batches).toEqual(['c1', 'up']);
    expect(place(completion('c2'), idle())).toEqual({ to: 'turn' });
  });

  test('is woken by a message that had come before it yielded', () => {
    place(item('message', 'm'), busy());
    box.hold({ waitFor: 'all', runIds: ['r1'] });
    box.turnEnded();
    expect(take()).toEqual(['m']);
    expect(box.holding()).toBe(false);
  });

  test('gets no completion into the turn that is just ending', () => {
    box.hold({ waitFor: 'all', runIds: ['r1', 'r2'] });
    expect(place(completion('c1'), busy())).toEqual({ to: 'waiting' });
  });

  test('has nothing to wait for without children, and need not wait when a result is here', () => {
    expect(box.hold({ waitFor: 'all', runIds: [] })).toBe('nothing');
    place(completion('c1'), busy());
    expect(box.hold({ waitFor: 'all', runIds: [] })).toBe('ready');
    expect(box.hold({ waitFor: 'any', runIds: ['r2'] })).toBe('ready');
    expect(box.holding()).toBe(false);
    box.turnEnded();
    expect(take()).toEqual(['c1']);
  });
});
