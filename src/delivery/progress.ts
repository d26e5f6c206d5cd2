// What a person sees while a turn works: typing, and after a minute of silence one short note. Best effort: nothing here is
// owed or repeated, so it goes to the adapter directly and not through the outbox.
// Made by src/wiring/delivery.ts for every turn.
import type { TurnEvent } from '../core/agent.ts';
import type { ChannelAdapter } from '../core/channel.ts';
import { elapsed } from '../core/format.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import { type Adapters, adapterFor } from './account.ts';

export interface ProgressOptions {
  readonly clock: Clock;
  readonly adapters: Adapters;
  readonly log: Pick<Log, 'debug'>;
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
  note: 'none' | 'sending' | { readonly messageId: string | undefined };
  timer: Timer | undefined;
  ended: boolean;
}

const silenceMs = 60_000;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #turns = new Map<string, Working>();
  /** Turns at work per place: typing ends with the last one. */
  readonly #typing = new Map<string, number>();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** A turn waits for its slot or starts: typing begins. Calling it again for the same turn changes nothing. */
  begin(turn: string, route: Route): void {
    if (this.#turns.has(turn)) return;
    const now = this.#options.clock.now();
    const times = { since: now, shownAt: now };
    const working: Working = { turn, route, ...times, tools: new Map(), note: 'none', timer: undefined, ended: false };
    this.#turns.set(turn, working);
    const key = routeKey(route);
    const others = this.#typing.get(key) ?? 0;
    this.#typing.set(key, others + 1);
    if (others === 0) this.#signal(route, 'typing');
    this.#arm(working, silenceMs);
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

  /** The turn is over, whatever came of it. */
  end(turn: string): void {
    const working = this.#turns.get(turn);
    if (working === undefined) return;
    this.#turns.delete(turn);
    working.ended = true;
    working.timer?.cancel();
    const key = routeKey(working.route);
    const left = (this.#typing.get(key) ?? 1) - 1;
    if (left > 0) this.#typing.set(key, left);
    else {
      this.#typing.delete(key);
      this.#signal(working.route, 'idle');
    }
    if (typeof working.note === 'object') void this.#edit(working);
  }

  #arm(working: Working, ms: number): void {
    working.timer = this.#options.clock.after(ms, () => void this.#tick(working));
  }

  async #tick(working: Working): Promise<void> {
    const silentFor = this.#options.clock.now() - working.shownAt;
    if (silentFor < silenceMs) {
      this.#arm(working, silenceMs - silentFor);
      return;
    }
    const adapter = adapterFor(this.#options.adapters, working.route);
    if (working.note === 'none') await this.#send(working, adapter);
    else await this.#edit(working);
    // A note that cannot be changed is the only one of its turn.
    if (!working.ended && adapter?.can.edits === true) this.#arm(working, silenceMs);
  }

  async #send(working: Working, adapter: ChannelAdapter | undefined): Promise<void> {
    if (adapter?.health().state !== 'connected') return;
    working.note = 'sending';
    const { turn, route } = working;
    const receipt = await adapter.deliver(route, { text: this.#text(working) }, `progress:${turn}:0`);
    const sent = receipt.status === 'sent';
    working.note = { messageId: sent ? receipt.messageIds[0] : undefined };
    if (!sent) this.#options.log.debug({ turn, status: receipt.status }, 'progress note not sent');
    if (working.ended) await this.#edit(working);
  }

  async #edit(working: Working): Promise<void> {
    const adapter = adapterFor(this.#options.adapters, working.route);
    const messageId = typeof working.note === 'object' ? working.note.messageId : undefined;
    if (messageId === undefined || adapter?.edit === undefined || !adapter.can.edits) return;
    await adapter.edit(working.route, messageId, { text: this.#text(working) });
  }

  #text(working: Working): string {
    const now = this.#options.clock.now();
    const took = elapsed(now - working.since);
    if (working.ended) return `ℹ️ worked for ${took}`;
    const tool = [...working.tools.values()].at(-1);
    const doing = tool === undefined ? 'thinking' : `${tool.name}, ${elapsed(now - tool.since)}`;
    return `⏳ still going (${took}): ${doing}`;
  }

  #signal(route: Route, sign: 'typing' | 'idle'): void {
    const adapter = adapterFor(this.#options.adapters, route);
    if (adapter?.can.typing === true) adapter.signal?.(route, sign);
  }
}
