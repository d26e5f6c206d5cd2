// What people call themselves, for quotes of them and for messages that come without it. In memory. Made by adapter.ts; used by
// intake.ts.
import type { Identity } from './identity.ts';

const remembered = 2_000;

export class Names {
  readonly #identity: Pick<Identity, 'canonical'>;
  readonly #names = new Map<string, string>();

  constructor(identity: Pick<Identity, 'canonical'>) {
    this.#identity = identity;
  }

  set(jid: string | null | undefined, name: string | null | undefined): void {
    const person = this.#identity.canonical(jid);
    if (person === undefined || !name) return;
    this.#names.delete(person);
    this.#names.set(person, name);
    if (this.#names.size <= remembered) return;
    const [oldest] = this.#names.keys();
    if (oldest !== undefined) this.#names.delete(oldest);
  }

  get(jid: string): string | undefined {
    const person = this.#identity.canonical(jid);
    return person === undefined ? undefined : this.#names.get(person);
  }
}
