// A chat platform: what people see there, what it has not been told is taken, and how it treats a repeated send. It lives on
// when the process dies. Used by world.ts; adapter.ts connects a life to it.
import type { ChannelEvents } from '../../src/core/channel.ts';
import type { InboundMessage, OutboundMessage } from '../../src/core/message.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import type { Life } from './life.ts';
import type { PlatformName } from './plan.ts';
import type { HandedIn, Sighting } from './record.ts';
import type { Timeline } from './timeline.ts';

/** One message as people see it. */
export interface Shown {
  readonly id: string;
  readonly place: string;
  readonly key: string;
  readonly at: number;
  text: string;
}

/** How long Discord knows a nonce. */
const nonceMs = 5 * 60_000;
/** Pause before a message the process did not take is handed in again. */
const againMs = 1_000;

export class Platform {
  readonly name: PlatformName;
  readonly shown: Shown[] = [];
  readonly threads: Route[] = [];
  readonly #timeline: Timeline;
  readonly #seen: Sighting;
  /** Not taken yet, oldest first. */
  readonly #waiting: { readonly message: InboundMessage; readonly record: HandedIn; handing: number }[] = [];
  /** Everything people wrote. */
  readonly #written: { readonly message: InboundMessage; readonly record: HandedIn }[] = [];
  #connected: { readonly life: Life; readonly events: ChannelEvents } | undefined;

  constructor(name: PlatformName, timeline: Timeline, seen: Sighting) {
    this.name = name;
    this.#timeline = timeline;
    this.#seen = seen;
  }

  /** Messages a process has not taken. */
  get waiting(): number {
    return this.#waiting.length;
  }

  connect(life: Life, events: ChannelEvents): void {
    this.#connected = { life, events };
    events.connected();
    this.#hand();
  }

  disconnect(life: Life): void {
    if (this.#connected?.life === life) this.#connected = undefined;
  }

  /** Somebody writes. */
  write(message: InboundMessage, token: string | undefined): void {
    const chat = routeKey(message.route);
    const record = { id: message.id, token, chat, text: message.text, accepted: false };
    this.#seen.inbound.push(record);
    this.#written.push({ message, record });
    this.#waiting.push({ message, record, handing: 0 });
    this.#hand();
  }

  /** Hands the newest messages of a chat in once more, as after a lost acknowledgement. */
  repeat(chat: string, count: number): void {
    const again = this.#written.filter(({ message }) => routeKey({ ...message.route, thread: undefined }) === chat);
    for (const { message, record } of again.slice(-count)) {
      if (this.#waiting.some((each) => each.message === message)) continue;
      this.#waiting.push({ message, record, handing: 0 });
    }
    this.#hand();
  }

  /** The platform takes a message from us: what people see now. Answers its id there. */
  apply(route: Route, message: OutboundMessage, key: string): string {
    const known = this.shown.find((each) => each.key === key && this.#isRepeat(each));
    if (known !== undefined) return known.id;
    const id = `${this.name}-${this.shown.length + 1}`;
    this.shown.push({ id, place: routeKey(route), key, at: this.#timeline.now(), text: message.text });
    this.#seen.line(`${this.name} shows ${key} in ${routeKey(route)}: ${JSON.stringify(message.text)}`);
    return id;
  }

  /** A message of ours that arrived, by its key: what a look into the chat's history finds. */
  find(key: string): string | undefined {
    return this.shown.find((each) => each.key === key)?.id;
  }

  #isRepeat(shown: Shown): boolean {
    switch (this.name) {
      case 'whatsapp':
        return true;
      case 'discord':
        return this.#timeline.now() - shown.at < nonceMs;
      case 'telegram':
        return false;
    }
  }

  /** Telegram hands in one after another; the others do not wait. */
  #hand(): void {
    const connected = this.#connected;
    if (connected === undefined || !connected.life.alive()) return;
    const generation = connected.life.number;
    const next = this.name === 'telegram' ? this.#waiting.slice(0, 1) : this.#waiting;
    for (const each of next) {
      if (each.handing === generation) continue;
      each.handing = generation;
      connected.events.message(each.message).then(
        () => {
          if (!connected.life.alive()) return;
          this.#waiting.splice(this.#waiting.indexOf(each), 1);
          if (!each.record.accepted) this.#seen.line(`${this.name}: ${each.message.id} is taken`);
          each.record.accepted = true;
          this.#hand();
        },
        () => {
          this.#timeline.after(againMs, () => {
            each.handing = 0;
            this.#hand();
          });
        },
      );
    }
  }
}
