// What a person sees while a turn works: typing, after some seconds a sign on their message where the channel can put one, and
// after a minute of silence one short note. Best effort: nothing here is owed, so it goes out as an update and not through the outbox. Nothing is shown in a chat that is closed to us.
// Made by src/wiring/delivery.ts for every turn.
import type { TurnEvent } from '../core/agent.ts';
import { elapsed } from '../core/format.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import { type Adapters, adapterFor } from './account.ts';
import type { ClosedPlaces } from './closed-places.ts';
import { chatKey } from './pacer.ts';
import type { Updates } from './updates.ts';

export interface ProgressOptions {
  readonly clock: Clock;
  readonly adapters: Adapters;
  readonly updates: Pick<Updates, 'update' | 'finish'>;
  readonly closed: Pick<ClosedPlaces, 'reason' | 'watch'>;
}

type ToolEvent = Pick<Extract<TurnEvent, { type: 'tool' }>, 'name' | 'callId' | 'phase'>;

interface Working {
  readonly turn: string;
  readonly route: Route;
  readonly since: number;
  /** When the person last saw something of this turn. */
  shownAt: number;
  /** Tools at work by call id, oldest first. */
  readonly tools: Map<string, { readonly name: string; readonly since: number }>;
  /** A note was handed over. */
  noted: boolean;
  timer: Timer | undefined;
  /** The message that asked, where it can have a sign. */
  readonly asked: string | undefined;
  signTimer: Timer | undefined;
  signed: boolean;
}

const silenceMs = 60_000;
/** A quick answer needs no sign, and each is a message of its own to the platform. */
const signAfterMs = 10_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #turns = new Map<string, Working>();
  /** Turns at work per place: typing ends with the last one. */
  readonly #typing = new Map<string, number>();

  constructor(options: ProgressOptions) {
    this.#options = options;
    options.closed.watch((chat) => this.#closed(chatKey(chat)));
  }

  /**
   * A turn waits for its slot or starts: typing begins. Calling it again for the same turn changes nothing.
   * @param asked id of the message that asked, of a turn that starts
   */
  begin(turn: string, route: Route, asked?: string): void {
    if (this.#turns.has(turn) || this.#options.closed.reason(route) !== undefined) return;
    const now = this.#options.clock.now();
    const times = { since: now, shownAt: now };
    const timers = { timer: undefined, signTimer: undefined };
    const working: Working = { turn, route, ...times, tools: new Map(), noted: false, ...timers, asked, signed: false };
    this.#turns.set(turn, working);
    const key = routeKey(route);
    const others = this.#typing.get(key) ?? 0;
    this.#typing.set(key, others + 1);
    if (others === 0) this.#signal(route, 'typing');
    this.#arm(working, silenceMs);
    this.#signLater(working);
  }

  tool(turn: string, event: ToolEvent): void {
    const tools = this.#turns.get(turn)?.tools;
    if (event.phase === 'end') tools?.delete(event.callId);
    else tools?.set(event.callId, { name: event.name, since: this.#options.clock.now() });
  }

  /** The person saw something of this turn (a notice, a question): the minute starts anew. */
  shown(turn: string): void {
    const working = this.#turns.get(turn);
    if (working !== undefined) working.shownAt = this.#options.clock.now();
  }

  /** The turn is over. @param succeeded whether what was asked for is done */
  end(turn: string, succeeded = false): void {
    const working = this.#turns.get(turn);
    if (working === undefined) return;
    const took = elapsed(this.#options.clock.now() - working.since);
    if (working.noted) this.#options.updates.finish(noteKey(working), { text: `ℹ️ worked for ${took}` });
    if (working.signed) this.#sign(working, succeeded ? 'done' : 'idle');
    this.#forget(working);
  }

  /** Nobody is there to see anything. */
  #closed(chat: string): void {
    for (const working of [...this.#turns.values()].filter((each) => chatKey(each.route) === chat)) {
      this.#options.updates.finish(noteKey(working));
      this.#forget(working);
    }
  }

  #forget(working: Working): void {
    this.#turns.delete(working.turn);
    working.timer?.cancel();
    working.signTimer?.cancel();
    const key = routeKey(working.route);
    const left = (this.#typing.get(key) ?? 1) - 1;
    if (left > 0) this.#typing.set(key, left);
    else {
      this.#typing.delete(key);
      this.#signal(working.route, 'idle');
    }
  }

  #arm(working: Working, ms: number): void {
    working.timer = this.#options.clock.after(ms, () => this.#tick(working));
  }

  #tick(working: Working): void {
    const silentFor = this.#options.clock.now() - working.shownAt;
    if (silentFor < silenceMs) {
      this.#arm(working, silenceMs - silentFor);
      return;
    }
    working.noted = true;
    this.#options.updates.update(noteKey(working), working.route, { text: this.#text(working) });
    // A note that cannot be changed is the only one of its turn.
    if (adapterFor(this.#options.adapters, working.route)?.can.edits === true) this.#arm(working, silenceMs);
  }

  #text(working: Working): string {
    const now = this.#options.clock.now();
    const took = elapsed(now - working.since);
    const tool = [...working.tools.values()].at(-1);
    const doing = tool === undefined ? 'thinking' : `${tool.name}, ${elapsed(now - tool.since)}`;
    return `⏳ still going (${took}): ${doing}`;
  }

  #signLater(working: Working): void {
    if (working.asked === undefined) return;
    working.signTimer = this.#options.clock.after(signAfterMs, () => {
      working.signed = true;
      this.#sign(working, 'working');
    });
  }

  #sign({ route, asked }: Working, sign: 'working' | 'done' | 'idle'): void {
    const adapter = adapterFor(this.#options.adapters, route);
    if (adapter?.can.signs === true) adapter.signal?.(route, sign, asked);
  }

  #signal(route: Route, sign: 'typing' | 'idle'): void {
    const adapter = adapterFor(this.#options.adapters, route);
    if (adapter?.can.typing === true) adapter.signal?.(route, sign);
  }
}

function noteKey({ turn }: Working): string {
  return `progress:${turn}`;
}
