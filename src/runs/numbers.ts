// The numbers people use for runs: `#2` means the last list shown in this conversation, or, where messages of runs carry
// their numbers, the run that has it for good. Used by spawn.ts and run-services.ts.
import { z } from 'zod';
import { type Route, routeKey } from '../core/route.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';

/** `first` is the number of the first id, were numbers to grow for ever. */
const schema = z.object({ first: z.number().int().positive(), ids: z.array(z.string()) });
type List = z.infer<typeof schema>;

/** A conversation that never asks for a list forgets the numbers of its oldest runs; the others keep theirs. */
const remembered = 500;
/** Numbers that can be typed in front of a message (core/tag.ts); after the last one they begin anew. */
const highest = 999;

export class Numbers {
  readonly #lists: KeyedStore<List>;
  readonly #first: (route: Route) => Route;

  /** @param first the route a chat had before the platform moved it: its numbers stay under that */
  constructor(stores: StoreFactory, first: (route: Route) => Route = (route) => route) {
    this.#lists = stores('numbers', schema);
    this.#first = first;
  }

  /** A list is being shown: from now on numbers mean its order, starting at 1. */
  async show(place: Route, runIds: readonly string[]): Promise<void> {
    await this.#lists.set(this.#key(place), { first: 1, ids: [...runIds] });
  }

  /** The run's number here; a run that has none gets the next one, and no other number shifts. */
  async of(place: Route, runId: string): Promise<number> {
    const list = await this.#lists.update(this.#key(place), (known = { first: 1, ids: [] }) => {
      if (known.ids.includes(runId)) return known;
      const ids = [...known.ids, runId];
      const forgotten = Math.max(0, ids.length - remembered);
      return { first: known.first + forgotten, ids: ids.slice(forgotten) };
    });
    return list === undefined ? 1 : numberAt(list, list.ids.indexOf(runId));
  }

  /** Numbers and the runs they mean, in the order in which they were given. */
  async list(place: Route): Promise<readonly { readonly number: number; readonly runId: string }[]> {
    const list = await this.#lists.get(this.#key(place));
    return list === undefined ? [] : list.ids.map((runId, index) => ({ number: numberAt(list, index), runId }));
  }

  #key(place: Route): string {
    return routeKey(this.#first(place));
  }
}

function numberAt({ first }: List, index: number): number {
  return ((first - 1 + index) % highest) + 1;
}
