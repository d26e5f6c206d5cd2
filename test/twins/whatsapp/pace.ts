// How fast linked devices write: too many messages in one chat within a second are noted. Asked by outgoing.ts.
import type { Chat } from './chats.ts';
import type { World } from './world.ts';

export class Pace {
  /** Messages in one chat within a second that still pass; Infinity switches it off. */
  perSecond: number;
  readonly #world: World;

  constructor(world: World, perSecond: number) {
    this.#world = world;
    this.perSecond = perSecond;
  }

  count(chat: Chat): void {
    const now = this.#world.clock.now();
    chat.written.push(now);
    const recent = chat.written.filter((at) => now - at < 1000).length;
    if (recent > this.perSecond)
      this.#world.violations.note('too fast', `${recent} messages within a second in ${chat.name}`);
  }
}
