// «typing …» for as long as somebody works on an answer. Best effort: Discord shows it for 10 s, so it is repeated.
// Used by adapter.ts.
import { Routes } from 'discord.js';
import type { Route } from '../../src/core/route.ts';
import type { Clock, Timer } from '../../src/infra/clock.ts';
import type { DiscordApi } from './api.ts';
import { faultOf } from './faults.ts';
import { channelOf } from './places.ts';

const againMs = 8_000;

export class Typing {
  readonly #api: DiscordApi;
  readonly #clock: Clock;
  readonly #channels = new Map<string, Timer>();

  constructor(api: DiscordApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  begin(route: Route): void {
    const channel = channelOf(route);
    if (!this.#channels.has(channel)) this.#repeat(channel);
  }

  end(route: Route): void {
    const channel = channelOf(route);
    this.#channels.get(channel)?.cancel();
    this.#channels.delete(channel);
  }

  close(): void {
    for (const timer of this.#channels.values()) timer.cancel();
    this.#channels.clear();
  }

  #repeat(channel: string): void {
    const timer = this.#clock.after(againMs, () => this.#repeat(channel));
    this.#channels.set(channel, timer);
    this.#api
      .call((rest, signal) => rest.post(Routes.channelTyping(channel), { signal }), {
        withinMs: againMs,
        counts: 'spare',
      })
      .catch((error: unknown) => {
        if (this.#channels.get(channel) !== timer) return;
        const fault = faultOf(error);
        // Refusals count against the account, and a place that is closed to us stays so for as long as this turn works.
        if (fault.kind === 'rate') this.#wait(channel, Math.max(fault.afterMs, againMs));
        else if (fault.kind !== 'unsent' && fault.kind !== 'unknown') timer.cancel();
      });
  }

  #wait(channel: string, ms: number): void {
    this.#channels.get(channel)?.cancel();
    this.#channels.set(
      channel,
      this.#clock.after(ms, () => this.#repeat(channel)),
    );
  }
}
