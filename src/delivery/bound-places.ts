// What happens to bindings whose place is gone (deleted, locked, forbidden): they end, and the chat that held the thread is
// told once. Asked about at the first connection of an account, because nobody tells what went while the process was down;
// heard from the channel after that. Made by src/wiring/delivery.ts.
import pLimit from 'p-limit';
import type { Bindings } from '../bindings/bindings.ts';
import { placesGoneText } from '../bindings/texts.ts';
import type { Binding } from '../core/binding.ts';
import { parentRoute, type Route, routeKey, sameRoute } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import { type Adapters, accountKey, adapterFor } from './account.ts';

export interface BoundPlacesOptions {
  readonly bindings: Pick<Bindings, 'all' | 'dropAt'>;
  readonly adapters: Adapters;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Stores a sentence for a conversation; the same key is sent once. */
  readonly tell: (key: string, route: Route, text: string) => Promise<void>;
}

/** Questions under way at once, and the pause after each: 40 a second at most, below what any platform allows. */
const atOnce = 4;
const pauseMs = 100;
/** A platform that does not answer is no reason to end anything. */
const answerWithinMs = 10_000;
/** A connection that comes and goes is not asked about everything each time. */
const againMs = 10 * 60_000;

type Standing = 'there' | 'gone' | 'unknown';

export class BoundPlaces {
  readonly #options: BoundPlacesOptions;
  /** When an account's places were last asked about, by account key. */
  readonly #asked = new Map<string, number>();
  readonly #over = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: BoundPlacesOptions) {
    this.#options = options;
  }

  /** An account is connected: what is bound there is asked about, now and then. @param account see `accountKey` */
  connected(account: string): void {
    const now = this.#options.clock.now();
    if (now - (this.#asked.get(account) ?? -Infinity) < againMs) return;
    this.#asked.set(account, now);
    this.#run(() => this.#check(account));
  }

  /** The channel says that a place is gone; without a thread, the chat and every thread in it. Never rejects. */
  gone(route: Route, reason: string): Promise<void> {
    return this.#run(async () => {
      const all = await this.#options.bindings.all();
      const inside = route.thread === undefined ? parentRoute : (each: Route): Route => each;
      await this.#end(
        all.filter((binding) => sameRoute(inside(binding.route), route)),
        { reason, parentGone: route.thread === undefined },
      );
    });
  }

  /** A message for this place was refused for good: what is bound there ends, unless the place is there after all. */
  async refused(route: Route): Promise<void> {
    if ((await this.#standing(route)) !== 'there') await this.#options.bindings.dropAt(route);
  }

  /** For the end of the process: asks nothing more. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.idle();
  }

  /** Resolves when what was found gone by now has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #check(account: string): Promise<void> {
    const all = await this.#options.bindings.all();
    const here = all.filter(({ route }) => accountKey(route) === account);
    if (here[0] === undefined || adapterFor(this.#options.adapters, here[0].route)?.reaches === undefined) return;
    const limit = pLimit(atOnce);
    const asked = await Promise.all(
      here.map((binding) => limit(async () => ({ binding, standing: await this.#paced(binding.route) }))),
    );
    const gone = asked.filter(({ standing }) => standing === 'gone').map(({ binding }) => binding);
    await this.#end(gone, { reason: 'it is gone', parentGone: false });
    this.#options.log.info({ account, bound: here.length, gone: gone.length }, 'bound places looked after');
  }

  async #paced(route: Route): Promise<Standing> {
    const { signal } = this.#over;
    if (signal.aborted) return 'unknown';
    const standing = await this.#standing(route);
    await this.#options.clock.sleep(pauseMs, signal);
    return standing;
  }

  /** Told before it is removed: a crash in between repeats both, and the same words are sent once. */
  async #end(
    gone: readonly Binding[],
    { reason, parentGone }: { readonly reason: string; readonly parentGone: boolean },
  ): Promise<void> {
    const { bindings, log, tell } = this.#options;
    const chats = Map.groupBy(gone, ({ route }) => routeKey(parentRoute(route)));
    for (const [chat, ended] of chats) {
      const threads = ended.filter(({ route }) => route.thread !== undefined);
      const parent = threads[0] === undefined ? undefined : parentRoute(threads[0].route);
      const closed = parentGone || threads.length < ended.length;
      if (parent !== undefined && !closed && (await this.#standing(parent)) !== 'gone') {
        const text = placesGoneText(
          threads.map(({ label }) => label),
          reason,
        );
        await tell(`gone:${chat}:${threads.map(nameOf).toSorted().join(',')}`, parent, text);
      }
      for (const { route, label, session } of ended) {
        await bindings.dropAt(route);
        log.info({ place: routeKey(route), label, session, code: 'place_gone' }, 'a bound place is gone');
      }
    }
  }

  async #standing(route: Route): Promise<Standing> {
    const reaches = adapterFor(this.#options.adapters, route)?.reaches;
    if (reaches === undefined) return 'unknown';
    const answered = new AbortController();
    const tooLong = this.#options.clock
      .sleep(answerWithinMs, AbortSignal.any([answered.signal, this.#over.signal]))
      .then((): Standing => 'unknown');
    try {
      return await Promise.race([reaches(route), tooLong]);
    } catch {
      return 'unknown';
    } finally {
      answered.abort();
    }
  }

  #run(work: () => Promise<void>): Promise<void> {
    const run = work()
      .catch((err: unknown) =>
        this.#options.log.error({ err, code: 'places_failed' }, 'what is bound to places that are gone was not ended'),
      )
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
    return run;
  }
}

function nameOf({ route, boundAt }: Binding): string {
  return `${route.thread}@${boundAt}`;
}
