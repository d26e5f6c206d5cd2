// Gateway sessions: what each one heard, numbered, so that it can hear it again after a drop. Kept by gateway.ts.
import type { Frame, Line } from './frames.ts';
import { guildAt, has, wants } from './intents.ts';
import { may } from './permissions.ts';
import { readable, wireMessage } from './wire.ts';
import type { Occasion, Wire, World } from './world.ts';

interface Kept {
  readonly frame: Frame;
  readonly sent: (() => void) | undefined;
}

export class Session {
  readonly id: string;
  readonly intents: number;
  /** Unix time in milliseconds. */
  readonly since: number;
  resumes = 0;
  /** No connection: since when. */
  detachedAt: number | undefined;
  /** It cannot be resumed any more. */
  ended = false;
  readonly #world: World;
  readonly #kept: Kept[] = [];
  #line: Line | undefined;
  #last = 0;

  constructor(world: World, { id, intents }: { readonly id: string; readonly intents: number }) {
    this.#world = world;
    this.id = id;
    this.intents = intents;
    this.since = world.clock.now();
  }

  get connected(): boolean {
    return this.#line !== undefined;
  }

  /** The number of the newest event. */
  get last(): number {
    return this.#last;
  }

  attach(line: Line): void {
    this.#line = line;
    this.detachedAt = undefined;
  }

  detach(line: Line): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.detachedAt = this.#world.clock.now();
  }

  /** An event it wants goes out now, or later when it resumes. */
  hear(occasion: Occasion): void {
    if (!this.#hears(occasion)) return;
    this.dispatch(occasion.name, this.#dataOf(occasion), occasion.sent);
  }

  dispatch(name: string, data: Wire, sent?: () => void): void {
    this.#last += 1;
    const kept = { frame: { op: 0, t: name, s: this.#last, d: data }, sent };
    this.#kept.push(kept);
    this.#say(kept);
  }

  /** Sends again what came after `seq`. */
  replay(seq: number): void {
    this.resumes += 1;
    for (const kept of this.#kept.slice(seq)) this.#say(kept);
  }

  #say({ frame, sent }: Kept): void {
    if (this.#line?.send(frame) === true) sent?.();
  }

  #hears({ name, where }: Occasion): boolean {
    if (!wants(this.intents, { name, ...(where === undefined ? {} : { where }) })) return false;
    const guild = guildAt(where);
    // A bot knows the channels of a guild, also those it may not look into.
    if (guild === undefined || where === undefined || /^(GUILD|CHANNEL|INTERACTION)_/.test(name)) return true;
    return guild.present && !guild.unavailable && 'kind' in where && may(where, 'ViewChannel');
  }

  #dataOf({ data, message }: Occasion): Wire {
    if (message === undefined) return data;
    const content = readable(this.#world, message, has(this.intents, 'messageContent'));
    return content ? data : wireMessage(this.#world, message, { content });
  }
}
