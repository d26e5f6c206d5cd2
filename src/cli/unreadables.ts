// Damaged records that are come across while no process runs, each once. They stay where they are: the next start sets them
// aside and tells whoever waits. Used by offline-store.ts and offline-care.ts.
import type { Leftover } from '../core/maintenance.ts';
import { nameOf, type Unreadable } from '../infra/set-aside.ts';
import { unreadableLeftover } from '../runs/maintenance.ts';

export class Unreadables {
  readonly #causes = new Map<string, string>();

  add({ table, row, cause }: Unreadable): void {
    this.#causes.set(nameOf(table, row), cause);
  }

  leftovers(): readonly Leftover[] {
    return [...this.#causes].map(([name, cause]) => unreadableLeftover(name, cause));
  }
}
