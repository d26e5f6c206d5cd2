// Puts together again what a platform cut into several messages: a long text, or the pictures of an album. Used by
// receive.ts per conversation.
import type { InboundMessage } from '../core/message.ts';
import { routeKey } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock, Timer } from '../infra/clock.ts';

/** Platforms cut a little above this; a message that long may go on in the next one. In UTF-16 units. */
const partChars = 4_000;
const fullPart = 4_096;
const longestWord = 2_000;
/** The rest of a text or an album follows its beginning at once. */
const gapMs = 1_500;
/** Parts at most: a sender who never pauses must not keep everything waiting. */
const maxParts = 16;

/** Work the end of a process cut off. */
export interface Begun {
  readonly session: SessionKey;
  readonly tree: string;
}

/** One message as the person wrote it, with the rows it came in. */
export interface Whole {
  readonly tickets: readonly number[];
  readonly message: InboundMessage;
  readonly owner: boolean;
  /** The last part joined to it. */
  readonly tail?: string;
  /** Where the last process had begun to work on it, and the tree it belongs to. */
  readonly begun?: Begun | undefined;
  /** What could not be brought along, as stored with the message. */
  readonly notes?: readonly string[] | undefined;
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
    if (!mayGoOn(next.message) || whole.tickets.length >= maxParts) return [...ready, whole];
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

  /** The message may be the rest of what is held. */
  expects(message: InboundMessage): boolean {
    const held = this.#held.get(routeKey(message.route))?.whole.message;
    return held !== undefined && held.sender.id === message.sender.id && held.album === message.album;
  }

  /** The sender changed the text of a message that is held alone, or of the album that begins with it. False: it is neither. */
  rewrite(place: string, ticket: number, text: string): boolean {
    const held = this.#held.get(place);
    if (held?.whole.tickets[0] !== ticket) return false;
    const { tickets, message } = held.whole;
    if (tickets.length > 1 && message.album === undefined) return false;
    this.#held.set(place, { ...held, whole: { ...held.whole, message: { ...message, text } } });
    return true;
  }

  size(): number {
    return this.#held.size;
  }

  /** For the end of the process: what is held stays stored for the next start. */
  close(): void {
    for (const place of this.#held.keys()) this.end(place);
  }
}

/** Long enough to be the beginning of more, or a part of an album. */
export function mayGoOn({ text, album, route }: InboundMessage): boolean {
  return album !== undefined || (text.length >= partChars && route.channel !== 'console');
}

/** Clients cut at white space and trim both sides; only a part of the whole length with none near its end was cut in mid-word. */
function glued(before: Whole, next: string): string {
  const { text } = before.message;
  const part = before.tail ?? text;
  const midWord = part.length >= fullPart && !/\s/.test(part.slice(-longestWord));
  return midWord || /\s$/.test(text) || /^\s/.test(next) ? text + next : `${text}\n${next}`;
}

function joined(next: Whole, before: Whole): Whole {
  const { message } = before;
  const files = [...(message.files ?? []), ...(next.message.files ?? [])];
  const texts = [message.text, next.message.text];
  return {
    ...before,
    tickets: [...before.tickets, ...next.tickets],
    tail: next.message.text,
    message: {
      ...message,
      // A long text was cut in mid-sentence; captions of an album are texts of their own.
      text:
        message.album === undefined ? glued(before, next.message.text) : texts.filter((text) => text !== '').join('\n'),
      attachments: [...message.attachments, ...next.message.attachments],
      ...(files.length === 0 ? {} : { files }),
    },
    notes: [...(before.notes ?? []), ...(next.notes ?? [])],
  };
}
