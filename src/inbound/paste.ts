// Puts a long text together again that a platform cut into several messages. Used by receive.ts per conversation.
import type { InboundMessage } from '../core/message.ts';
import { routeKey } from '../core/route.ts';
import type { Clock, Timer } from '../infra/clock.ts';

/** Platforms cut a little above this; a message that long may go on in the next one. In UTF-16 units. */
const partChars = 4_000;
/** The rest of a text follows its beginning at once. */
const gapMs = 1_500;
/** Parts of one text at most: a sender who never pauses must not keep everything waiting. */
const maxParts = 16;

/** One message as the person wrote it, with the rows it came in. */
export interface Whole {
  readonly tickets: readonly number[];
  readonly message: InboundMessage;
  readonly owner: boolean;
  /** Left open by the last process. */
  readonly resumed: boolean;
}

export class Pastes {
  readonly #clock: Clock;
  readonly #over: (place: string) => void;
  readonly #held = new Map<string, { readonly whole: Whole; readonly timer: Timer }>();

  /** @param over nothing more came for this place in time: `end` gives what is held */
  constructor(clock: Clock, over: (place: string) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Takes a message in and gives what is complete now, in order. */
  add(next: Whole): readonly Whole[] {
    const place = routeKey(next.message.route);
    const goesOn = this.expects(next.message);
    const held = this.end(place);
    const whole = goesOn ? held.reduceRight(joined, next) : next;
    const ready = goesOn ? [] : held;
    const short = next.message.text.length < partChars || next.message.route.channel === 'console';
    if (short || whole.tickets.length >= maxParts) return [...ready, whole];
    const timer = this.#clock.after(gapMs, () => this.#over(place));
    this.#held.set(place, { whole, timer });
    return ready;
  }

  /** Gives what is held for a place, complete or not. */
  end(place: string): readonly Whole[] {
    const held = this.#held.get(place);
    if (held === undefined) return [];
    held.timer.cancel();
    this.#held.delete(place);
    return [held.whole];
  }

  /** The message may be the rest of a text that is held. */
  expects(message: InboundMessage): boolean {
    return this.#held.get(routeKey(message.route))?.whole.message.sender.id === message.sender.id;
  }

  size(): number {
    return this.#held.size;
  }

  /** For the end of the process: what is held stays stored for the next start. */
  close(): void {
    for (const place of this.#held.keys()) this.end(place);
  }
}

function joined(next: Whole, before: Whole): Whole {
  const message = {
    ...before.message,
    text: before.message.text + next.message.text,
    attachments: [...before.message.attachments, ...next.message.attachments],
  };
  return { tickets: [...before.tickets, ...next.tickets], message, owner: before.owner, resumed: before.resumed };
}
