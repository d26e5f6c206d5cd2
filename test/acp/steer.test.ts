// The rules of steering as a state machine, under every order of events: never two prompts at once, no text lost or doubled.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SteerAction, type SteerEvent, type Steering, step } from '../../src/acp/steer.ts';

type Move = 'text' | 'answer' | 'refuse' | 'require' | 'end' | 'late' | 'die' | 'overdue';
const moves: readonly Move[] = ['text', 'answer', 'refuse', 'require', 'end', 'late', 'die', 'overdue'];

/** Plays a harness that does what it is asked, in whatever order, and checks what must always hold. */
class Play {
  state: Steering<number> = { phase: 'preparing', waiting: [], lead: false };
  prompting = false;
  steering: readonly number[] | undefined;
  opening = true;
  finished: string | undefined;
  sent = 0;
  /** Texts, by where they went. */
  readonly prompted: number[] = [];
  readonly injected: number[] = [];
  readonly refused: number[] = [];
  readonly #canSteer: boolean;

  constructor(canSteer: boolean) {
    this.#canSteer = canSteer;
  }

  move(move: Move): void {
    switch (move) {
      case 'text':
        this.sent += 1;
        this.#feed({ type: 'text', item: this.sent });
        return;
      case 'answer':
      case 'refuse':
      case 'require':
        this.#answer(move);
        return;
      case 'end':
      case 'late':
        this.#end(move === 'late');
        return;
      case 'die':
        if (!this.prompting) return;
        this.prompting = false;
        this.#feed({ type: 'died' });
        return;
      case 'overdue':
        this.#feed({ type: 'overdue' });
        return;
    }
  }

  ready(): void {
    if (!this.opening) return;
    this.opening = false;
    this.#feed({ type: 'ready' });
  }

  abort(): void {
    this.#feed({ type: 'abort' });
  }

  #answer(move: Move): void {
    const asked = this.steering;
    if (asked === undefined) return;
    this.steering = undefined;
    if (move === 'answer') this.injected.push(...asked);
    const results = { answer: 'injected', refuse: 'failed', require: 'promptRequired' } as const;
    this.#feed({ type: 'steered', result: results[move as keyof typeof results] });
  }

  #end(late: boolean): void {
    if (!this.prompting) return;
    this.prompting = false;
    if (late) this.sent += 1;
    this.#feed({ type: 'prompt-ended', late: late ? [this.sent] : [] });
  }

  #feed(event: SteerEvent<number>): void {
    const { state, actions } = step(this.state, event, this.#canSteer);
    this.state = state;
    for (const action of actions) this.#do(action);
  }

  #do(action: SteerAction<number>): void {
    if (action.do !== 'report') expect(this.finished).toBeUndefined();
    switch (action.do) {
      case 'prompt':
        expect(this.prompting).toBe(false);
        this.prompting = true;
        this.prompted.push(...action.items);
        return;
      case 'steer':
        expect(this.steering).toBeUndefined();
        this.steering = action.items;
        return;
      case 'open':
        // What was asked of the dead process is answered by nobody.
        this.steering = undefined;
        this.opening = true;
        return;
      case 'kill':
        this.prompting = false;
        this.#feed({ type: 'died' });
        return;
      case 'report':
        if (action.outcome === 'no-turn') this.refused.push(...action.items);
        return;
      case 'finish':
        this.finished = action.how;
        return;
      default:
        return;
    }
  }

  /** Lets everything come to its end. */
  finish(): void {
    for (let n = 0; n < 50 && this.finished === undefined; n += 1) {
      this.ready();
      this.#answer('answer');
      this.#end(false);
    }
  }
}

test('no text is lost, doubled or sent out of order, and there is never a second prompt', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.constantFrom('ready' as const, ...moves), { maxLength: 40 }),
      (canSteer, list) => {
        const play = new Play(canSteer);
        for (const move of list) {
          if (play.finished !== undefined && move !== 'text') continue;
          if (move === 'ready') play.ready();
          else play.move(move);
        }
        play.finish();
        expect(play.finished).toBeDefined();
        const reached = new Set([...play.prompted, ...play.injected, ...play.refused]);
        expect([...reached].sort((a, b) => a - b)).toEqual(Array.from({ length: play.sent }, (_, n) => n + 1));
        expect(play.prompted).toEqual([...play.prompted].sort((a, b) => a - b));
        expect(new Set([...play.injected, ...play.refused]).size).toBe(play.injected.length + play.refused.length);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('an abort at any moment ends it, and texts not sent are given back', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.constantFrom('ready' as const, ...moves), { maxLength: 20 }),
      (canSteer, list) => {
        const play = new Play(canSteer);
        for (const move of list) {
          if (play.finished !== undefined) break;
          if (move === 'ready') play.ready();
          else play.move(move);
        }
        if (play.finished !== undefined) return;
        const before = play.prompted.length;
        play.abort();
        play.finish();
        expect(play.finished).toBe('stopped');
        expect(play.prompted).toHaveLength(before);
      },
    ),
    { numRuns: 2_000 },
  );
});
