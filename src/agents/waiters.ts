// Who waits for an item to be taken up and to end, and what else all rooms share. Used by room.ts and turns.ts.
import type { MailItem } from './mailbox.ts';
import type { ItemEnd } from './turn-types.ts';

/** How an item was taken up: into a running turn, as (part of) a turn of its own, or not at all. */
export type Taken = 'injected' | 'turn' | 'dropped';

export type DropWhy = Extract<ItemEnd, { kind: 'dropped' }>['why'];

export interface Waits {
  readonly taken: Promise<Taken>;
  readonly ended: Promise<ItemEnd>;
}

export class Waiters {
  readonly #waiting = new Map<
    string,
    { readonly taken: (how: Taken) => void; readonly ended: (end: ItemEnd) => void }
  >();

  wait(id: string): Waits {
    const taken = Promise.withResolvers<Taken>();
    const ended = Promise.withResolvers<ItemEnd>();
    this.#waiting.set(id, { taken: taken.resolve, ended: ended.resolve });
    return { taken: taken.promise, ended: ended.promise };
  }

  /** Items whose end somebody waits for. */
  size(): number {
    return this.#waiting.size;
  }

  taken(items: readonly MailItem[], how: Taken): void {
    for (const id of items.flatMap(idsOf)) this.#waiting.get(id)?.taken(how);
  }

  ended(items: readonly MailItem[], end: ItemEnd): void {
    for (const id of items.flatMap(idsOf)) {
      this.#waiting.get(id)?.ended(end);
      this.#waiting.delete(id);
    }
  }

  drop(items: readonly MailItem[], why: DropWhy): void {
    this.taken(items, 'dropped');
    this.ended(items, { kind: 'dropped', why });
  }
}

/** An item's id and those of the messages folded into it. */
export function idsOf(item: MailItem): readonly string[] {
  return [item.id, ...(item.folds ?? [])];
}

/** What all rooms have of the engine they are in. */
export interface RoomShared<Room> {
  readonly waiters: Waiters;
  /** Something ended in the room. */
  readonly changed: (room: Room) => void;
  /** What waits in it is left for the next start of the process. */
  readonly left: (items: readonly MailItem[]) => void;
}
