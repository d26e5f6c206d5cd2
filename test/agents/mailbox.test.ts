import { beforeEach, describe, expect, test } from 'vitest';
import { Mailbox, type MailItem, type OfferContext } from '../../src/agents/mailbox.ts';
import type { QueueSettings } from '../../src/core/session.ts';
import { busy, elsewhere, here, idle, itemMaker, type MakeItem, texts } from './mail-items.ts';

let box: Mailbox;
let item: MakeItem;

beforeEach(() => {
  box = new Mailbox();
  item = itemMaker();
});

const place = (each: MailItem, context: OfferContext) => box.offer(each, context).placement;
const take = (mode: QueueSettings['mode'] = 'steer', now = 1_000_000) => texts(box.takeBatch(now, mode));

describe('an idle session', () => {
  test.each(['steer', 'followup', 'collect', 'interrupt'] as const)(
    'starts a turn for a message in mode %s',
    (mode) => {
      expect(place(item('message', 'hi'), idle({ mode }))).toEqual({ to: 'turn' });
      expect(box.nextAt(mode)).toBe(0);
      expect(take(mode)).toEqual(['hi']);
      expect([take(mode), box.nextAt(mode)]).toEqual([[], undefined]);
    },
  );
});

describe('in mode steer', () => {
  test('a message goes into the active turn, in order', () => {
    expect(place(item('message', 'a'), busy())).toEqual({ to: 'active' });
    expect(place(item('message', 'b'), busy())).toEqual({ to: 'active' });
    expect(texts(box.takeInjections())).toEqual(['a', 'b']);
    expect(box.takeInjections()).toEqual([]);
  });

  test('what the turn never read is the first part of the next turn', () => {
    place(item('task', 'task'), busy());
    place(item('message', 'a'), busy());
    box.takeInjections();
    place(item('message', 'b'), busy());
    place(item('message', 'c'), busy());
    box.turnEnded();
    expect(take()).toEqual(['b', 'c']);
    expect(take()).toEqual(['task']);
  });

  test('a message becomes the next turn when the active one cannot take it in', () => {
    expect(place(item('message', 'a'), busy({}, false))).toEqual({ to: 'waiting' });
    expect(place(item('message', 'b'), busy({}, false))).toEqual({ to: 'waiting' });
    box.turnEnded();
    expect(take()).toEqual(['a', 'b']);
  });

  test('a message from another place waits for a turn that answers there', () => {
    expect(place(item('message', 'a', { route: elsewhere }), busy())).toEqual({ to: 'waiting' });
    expect(place(item('message', 'b', { route: { ...here, thread: '7' } }), busy())).toEqual({ to: 'waiting' });
    expect([take(), take()]).toEqual([['a'], ['b']]);
  });

  test('a message does not overtake an older one that waits', () => {
    place(item('message', 'a'), busy({ mode: 'followup' }));
    expect(place(item('message', 'b'), busy())).toEqual({ to: 'waiting' });
    expect(take()).toEqual(['a', 'b']);
  });
});

describe('in mode followup', () => {
  test('each message is a turn of its own', () => {
    expect(place(item('message', 'a'), busy({ mode: 'followup' }))).toEqual({ to: 'waiting' });
    expect(place(item('message', 'b'), busy({ mode: 'followup' }))).toEqual({ to: 'waiting' });
    expect([take('followup'), take('followup'), take('followup')]).toEqual([['a'], ['b'], []]);
  });
});

describe('in mode collect', () => {
  test('messages wait for a quiet moment that each newer one pushes on, and are joined', () => {
    const collect = { mode: 'collect' } as const;
    expect(place(item('message', 'a', { at: 1000 }), busy(collect))).toEqual({ to: 'waiting', notBefore: 1500 });
    expect(place(item('message', 'b', { at: 1400 }), busy(collect))).toEqual({ to: 'waiting', notBefore: 1900 });
    box.turnEnded();
    expect(take('collect', 1899)).toEqual([]);
    expect(place(item('message', 'c', { at: 1899 }), idle(collect))).toEqual({ to: 'waiting', notBefore: 2399 });
    expect(box.nextAt('collect')).toBe(2399);
    expect(take('collect', 2399)).toEqual(['a', 'b', 'c']);
    expect(place(item('message', 'd', { at: 5000 }), idle(collect))).toEqual({ to: 'turn' });
  });

  test('a switch to another mode ends the wait', () => {
    place(item('message', 'a'), busy({ mode: 'collect', debounceMs: 60_000 }));
    expect(take('steer', 1001)).toEqual(['a']);
  });
});

describe('in mode interrupt', () => {
  test('the active turn is aborted, and the newest message runs joined with those that waited', () => {
    place(item('message', 'a'), busy({ mode: 'followup' }));
    expect(place(item('message', 'b'), busy({ mode: 'interrupt' }))).toEqual({ to: 'waiting', interrupt: true });
    box.turnEnded();
    expect(take('interrupt')).toEqual(['a', 'b']);
  });

  test('only people interrupt', () => {
    expect(place(item('completion', 'done', { group: 'g' }), busy({ mode: 'interrupt' }, false))).toEqual({
      to: 'waiting',
    });
    expect(place(item('note', 'n', { steerable: false }), busy({ mode: 'interrupt' }))).toEqual({ to: 'waiting' });
  });
});

describe('a batch', () => {
  test('joins messages of one place, and stops at anything that is a turn of its own', () => {
    for (const [kind, text, more] of [
      ['message', 'a', {}],
      ['message', 'b', { from: 'Bob' }],
      ['message', 'c', { route: elsewhere }],
      ['message', 'd', {}],
      ['note', 'alone', { steerable: false }],
      ['message', 'e', {}],
      ['note', 'steered', {}],
      ['task', 'task', {}],
    ] as const) {
      place(item(kind, text, more), idle());
    }
    const batches = [take(), take(), take(), take(), take(), take(), take()];
    expect(batches).toEqual([['a', 'b'], ['c'], ['d'], ['alone'], ['e', 'steered'], ['task'], []]);
  });

  test('gives waiting completions of one requester turn and place together, others apart', () => {
    place(item('completion', 'c1', { group: 'g1' }), idle());
    place(item('message', 'm'), idle());
    place(item('completion', 'c2', { group: 'g2' }), idle());
    place(item('completion', 'c3', { group: 'g1' }), idle());
    place(item('completion', 'c4', { group: 'g1', route: elsewhere }), idle());
    expect([take(), take(), take(), take()]).toEqual([['c1', 'c3'], ['m'], ['c2'], ['c4']]);
  });

  test('takes a wake along with whatever else there is', () => {
    place(item('wake', 'timeout'), idle());
    expect(take()).toEqual(['timeout']);
    place(item('completion', 'c1', { group: 'g' }), idle());
    place(item('wake', 'timeout'), idle());
    place(item('task', 'task'), idle());
    expect([take(), take(), take()]).toEqual([['c1', 'timeout'], ['task'], []]);
  });
});

describe('notes and completions while a turn is active', () => {
  test('a steered note goes in whatever the mode; one that expects an answer waits', () => {
    expect(place(item('note', 'go left'), busy({ mode: 'followup' }))).toEqual({ to: 'active' });
    expect(place(item('note', 'and?', { steerable: false }), busy())).toEqual({ to: 'waiting' });
  });

  test('a completion goes in when the turn answers where the result belongs', () => {
    expect(place(item('completion', 'c', { group: 'g' }), busy({ mode: 'followup' }))).toEqual({ to: 'active' });
    expect(place(item('completion', 'd', { group: 'g', route: elsewhere }), busy())).toEqual({ to: 'waiting' });
    expect(place(item('completion', 'e', { group: 'g', route: undefined }), busy())).toEqual({ to: 'waiting' });
    const inner = { ...busy(), activeRoute: undefined };
    expect(place(item('completion', 'f', { group: 'g', route: undefined }), inner)).toEqual({ to: 'active' });
  });
});

describe('over the cap', () => {
  const offer = (text: string, more: Partial<QueueSettings>) =>
    box.offer(item('message', text), busy({ mode: 'followup', cap: 2, ...more }));

  test('`old` discards the oldest messages and says which', () => {
    offer('a', { drop: 'old' });
    offer('b', { drop: 'old' });
    const third = offer('c', { drop: 'old' });
    expect([third.placement.to, texts(third.dropped)]).toEqual(['waiting', ['a']]);
    expect(texts(offer('d', { drop: 'old', cap: 1 }).dropped)).toEqual(['b', 'c']);
    expect(texts(box.items())).toEqual(['d']);
  });

  test('`new` discards the arriving message and says so', () => {
    offer('a', { drop: 'new' });
    offer('b', { drop: 'new' });
    const third = offer('c', { drop: 'new' });
    expect([third.placement, texts(third.dropped)]).toEqual([{ to: 'dropped' }, ['c']]);
    expect(texts(box.items())).toEqual(['a', 'b']);
  });

  test('`summarize` folds the oldest into one item that stands where they stood', () => {
    offer('a', {});
    offer('b', {});
    expect(texts(offer('c', {}).folded)).toEqual(['a']);
    expect(texts(offer('d', {}).folded)).toEqual(['b']);
    const [folded, ...rest] = box.items();
    expect(texts(rest)).toEqual(['c', 'd']);
    expect(folded).toMatchObject({ kind: 'message', folds: ['i1', 'i2'], route: here });
    expect(folded?.text).toBe('2 earlier messages, shortened:\n- Anna: a\n- Anna: b');
  });

  test('a folded message holds up nothing any more, also while its files are on their way', () => {
    box.offer(item('message', 'a', { pending: true }), busy({ mode: 'followup', cap: 2 }));
    for (const text of ['b', 'c']) offer(text, {});
    box.turnEnded();
    expect(texts(box.takeBatch(1000, 'steer'))).toEqual([
      '1 earlier message, shortened:\n- Anna: a (+files)',
      'b',
      'c',
    ]);
  });

  test('what was held up by a file is folded behind what went into the turn before it, and nothing overtakes it', () => {
    const context = busy({ cap: 2 });
    for (const [text, pending] of [['a'], ['b', true], ['c'], ['d', true]] as const)
      box.offer(item('message', text, pending === true ? { pending } : {}), context);
    box.replace(
      'i4',
      ({ pending: _, ...each }) => each,
      () => context,
    );
    box.offer(item('message', 'e'), context);
    expect(box.items().map((each) => each.folds ?? each.id)).toEqual([['i1'], ['i2', 'i3'], 'i4', 'i5']);
  });

  test('messages of another place are folded apart, so that each is answered where it was asked', () => {
    const context = busy({ mode: 'followup', cap: 1 });
    for (const route of [here, elsewhere, here, elsewhere]) box.offer(item('message', 'x', { route }), context);
    expect(box.items().map((each) => [each.route?.chat, each.folds])).toEqual([
      ['1', ['i1', 'i3']],
      ['2', ['i2']],
      ['2', undefined],
    ]);
  });

  test('counts messages on their way into the active turn too', () => {
    const context = busy({ cap: 1 });
    box.offer(item('message', 'a'), context);
    box.offer(item('message', 'b'), context);
    expect(texts(box.takeInjections())).toEqual(['1 earlier message, shortened:\n- Anna: a', 'b']);
  });

  test.each(['old', 'new', 'summarize'] as const)(
    'with `%s` only messages of people fall: tasks, notes and completions stay',
    (drop) => {
      const context = busy({ cap: 1, drop }, false);
      for (const kind of ['task', 'note', 'completion', 'completion', 'wake'] as const) {
        expect(box.offer(item(kind, kind), context)).toMatchObject({ dropped: [], folded: [] });
      }
      box.offer(item('message', 'a'), context);
      box.offer(item('message', 'b'), context);
      expect(box.items().filter((each) => each.kind !== 'message')).toHaveLength(5);
    },
  );
});

describe('stopping', () => {
  test('removes everything, the hold too, and returns it in order', () => {
    place(item('message', 'later', { route: elsewhere }), busy());
    place(item('message', 'now'), busy());
    box.hold({ waitFor: 'all', runIds: ['r1'] });
    expect(texts(box.clear())).toEqual(['now', 'later']);
    expect([box.items(), box.holding(), box.nextAt('steer')]).toEqual([[], false, undefined]);
  });

  test('can remove only some', () => {
    place(item('message', 'm'), busy());
    place(item('task', 't'), busy());
    expect(texts(box.clear((each) => each.kind === 'message'))).toEqual(['m']);
    expect(texts(box.items())).toEqual(['t']);
  });
});
