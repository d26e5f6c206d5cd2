// Numbers the steps of linking an account through all its connections, one after another: whoever follows them must take no step
// of the next connection for one already seen. Used by whatsapp.ts.
import type { AccountLink, LinkView } from '../core/link.ts';

interface Counted {
  readonly link: AccountLink;
  /** Steps of the connections before it. */
  readonly before: number;
}

export class LinkNumbers {
  readonly #counted = new Map<string, Counted>();

  /** A view of the account's present connection as it is handed out. */
  outside(account: string, link: AccountLink, view: LinkView): LinkView {
    return { ...view, seq: view.seq + this.#before(account, link) };
  }

  /** @returns what its present connection calls a step that was handed out; at most 0: a step of one before it */
  inside(account: string, link: AccountLink, seq: number): number {
    return seq - this.#before(account, link);
  }

  #before(account: string, link: AccountLink): number {
    const known = this.#counted.get(account);
    if (known?.link === link) return known.before;
    const before = known === undefined ? 0 : known.before + known.link.view().seq;
    this.#counted.set(account, { link, before });
    return before;
  }
}
