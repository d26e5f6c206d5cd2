// The waiting room of one session: what arrived while a turn is active, and what the next turn will be about.
// A state machine without timers and promises; room.ts asks it and acts.

import type { Attachment } from '../core/message.ts';
import { assertNever } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import type { QueueSettings } from '../core/session.ts';
import { batchOf, headOf, notHeldUp, samePlace } from './mail-batch.ts';
import { fold } from './mail-text.ts';

export interface MailItem {
  /** Unique; an inbox row, an announce key, a command. */
  readonly id: string;
  /**
   * `message`: from a person. `note`: send or steer by a command or an agent. `task`: first prompt of a run.
   * `completion`: a finished child. `wake`: the timeout of a yield.
   */
  readonly kind: 'message' | 'note' | 'task' | 'completion' | 'wake';
  readonly text: string;
  /** When it was accepted here, unix ms. */
  readonly at: number;
  /** Name of the sender, for people. */
  readonly from?: string | undefined;
  /** `<channel>:<id>` of the sender, where a person wrote it. */
  readonly person?: string | undefined;
  /** Where the answer belongs. */
  readonly route?: Route | undefined;
  /** Id of the message (see `InboundMessage`), in `route`; absent for what was not written as one. */
  readonly messageId?: string | undefined;
  /** Of a completion: the requester turn that started the child. */
  readonly group?: string | undefined;
  readonly tree: string;
  readonly attachments?: readonly Attachment[] | undefined;
  /** May go into a running turn. A note that expects an answer of its own may not. */
  readonly steerable: boolean;
  /** Its files are on their way: it keeps its place in the queue and holds up the messages behind it until `replace`. */
  readonly pending?: boolean | undefined;
  /** Ids of the messages this item stands for, when the queue was over its cap and they were folded into it. */
  readonly folds?: readonly string[] | undefined;
}

export interface OfferContext {
  /** A turn of this session has taken its batch and not ended. */
  readonly active: boolean;
  /** Where the active turn answers. */
  readonly activeRoute?: Route | undefined;
  readonly settings: QueueSettings;
  /** The active turn can take something in at its next boundary. */
  readonly canInject: boolean;
}

export type Placement =
  /** Nothing runs: start a turn, which takes it with `takeBatch`. */
  | { readonly to: 'turn' }
  /** The active turn takes it with `takeInjections`. */
  | { readonly to: 'active' }
  /** For a later turn, not before `notBefore` (unix ms); with `interrupt` the active turn is to be aborted now. */
  | { readonly to: 'waiting'; readonly notBefore?: number; readonly interrupt?: true }
  /** The queue is full and drops what is new. */
  | { readonly to: 'dropped' };

export interface Offer {
  readonly placement: Placement;
  /** Messages that will not be processed; people are told how many. */
  readonly dropped: readonly MailItem[];
  /** Messages that now live on, shortened, in one item whose `folds` names them. */
  readonly folded: readonly MailItem[];
}

/** A yielded session sleeps until its children are done. */
export interface Hold {
  readonly waitFor: 'all' | 'any';
  readonly runIds: readonly string[];
  /** When it is woken all the same, unix ms, after the seconds it asked for. */
  readonly due?: { readonly at: number; readonly seconds: number } | undefined;
}

export class Mailbox {
  #injections: MailItem[] = [];
  #waiting: MailItem[] = [];
  /** In mode `collect`: the end of the quiet time after the latest message. */
  #quietUntil = 0;
  #hold: (Omit<Hold, 'runIds'> & { readonly left: Set<string> }) | undefined;

  /** Takes the item in and says what that means. Everything that does not come back in `dropped` comes out exactly once. */
  offer(item: MailItem, context: OfferContext): Offer {
    const placement = this.#place(item, context);
    if (placement.to === 'active') this.#injections.push(item);
    else this.#waiting.push(item);
    // A completion is what a yielded session waits for; anything else wakes it.
    if (item.kind !== 'completion' && item.pending !== true) this.#hold = undefined;
    return item.kind === 'message'
      ? this.#keepToCap(item, placement, context.settings)
      : { placement, dropped: [], folded: [] };
  }

  /** What the active turn is to take in now, in order. */
  takeInjections(): readonly MailItem[] {
    const taken = this.#injections;
    this.#injections = [];
    return taken;
  }

  /** What the active turn has not taken in yet. */
  injections(): readonly MailItem[] {
    return this.#injections;
  }

  /** The active turn is over: what it never read is first in line for the next one. */
  turnEnded(): void {
    this.#waiting.unshift(...this.takeInjections());
  }

  /** The items of the next turn, in order; none when nothing may start at `now` (unix ms). Ends a hold. */
  takeBatch(now: number, mode: QueueSettings['mode']): readonly MailItem[] {
    const eligible = this.#eligible();
    if (this.#readyAt(eligible, mode) > now) return [];
    const batch = new Set(batchOf(eligible, mode));
    if (batch.size === 0) return [];
    this.#waiting = this.#waiting.filter((item) => !batch.has(item));
    this.#hold = undefined;
    return [...batch];
  }

  /** Unix ms from which `takeBatch` gives something (0: at once); undefined while there is nothing to give. */
  nextAt(mode: QueueSettings['mode']): number | undefined {
    const eligible = this.#eligible();
    return eligible.length === 0 ? undefined : this.#readyAt(eligible, mode);
  }

  /**
   * The active turn ends to wait for these children, none of which has ended. Completions then stay until the hold ends:
   * by `completionArrived`, by anything that is not a completion, or by `clear`.
   * `nothing`: there is nothing to wait for. `ready`: no need to wait, the next turn brings what is there already.
   */
  hold(hold: Hold): 'holding' | 'ready' | 'nothing' {
    const here = this.items().some((item) => item.kind === 'completion');
    if (here && (hold.waitFor === 'any' || hold.runIds.length === 0)) return 'ready';
    if (hold.runIds.length === 0) return 'nothing';
    this.#hold = { waitFor: hold.waitFor, due: hold.due, left: new Set(hold.runIds) };
    return 'holding';
  }

  /**
   * A child has ended, also a silent or stopped one that brings no item.
   * `released`: the session is to be woken; when `nextAt` then gives nothing, the caller offers a `wake`.
   */
  completionArrived(runId: string): 'no-hold' | 'holding' | 'released' {
    if (this.#hold === undefined) return 'no-hold';
    const awaited = this.#hold.left.delete(runId);
    const satisfied = this.#hold.left.size === 0 || (awaited && this.#hold.waitFor === 'any');
    if (!satisfied) return 'holding';
    this.#hold = undefined;
    return 'released';
  }

  /** Removes and returns what matches, in order; `/stop` removes everything, and the hold with it. */
  clear(matches?: (item: MailItem) => boolean): readonly MailItem[] {
    const all = this.items();
    if (matches === undefined) {
      this.#hold = undefined;
      this.#quietUntil = 0;
    }
    const removed = new Set(matches === undefined ? all : all.filter(matches));
    this.#injections = this.#injections.filter((item) => !removed.has(item));
    this.#waiting = this.#waiting.filter((item) => !removed.has(item));
    return [...removed];
  }

  /**
   * Changes an item no turn has taken. One that is no longer `pending` goes where it would go if it came now, and so do the
   * messages that waited behind it. False: there is no such item any more.
   */
  replace(id: string, change: (item: MailItem) => MailItem, contextOf: (item: MailItem) => OfferContext): boolean {
    const known = this.items().find((item) => item.id === id);
    if (known === undefined) return false;
    const changed = change(known);
    const swap = (item: MailItem): MailItem => (item === known ? changed : item);
    this.#injections = this.#injections.map(swap);
    this.#waiting = this.#waiting.map(swap);
    if (known.pending === true && changed.pending !== true) {
      this.#hold = undefined;
      this.#catchUp(contextOf(changed));
    }
    return true;
  }

  /** Everything not taken yet: for the active turn first, then for later ones. */
  items(): readonly MailItem[] {
    return [...this.#injections, ...this.#waiting];
  }

  /** What is still waited for; undefined without a hold. */
  held(): Hold | undefined {
    if (this.#hold === undefined) return undefined;
    const { left, ...hold } = this.#hold;
    return { ...hold, runIds: [...left] };
  }

  holding(): boolean {
    return this.#hold !== undefined;
  }

  #place(item: MailItem, context: OfferContext): Placement {
    if (this.#injectable(item, context)) return { to: 'active' };
    const { mode, debounceMs } = context.settings;
    if (item.kind === 'message' && mode === 'collect' && (context.active || item.at < this.#quietUntil)) {
      this.#quietUntil = item.at + debounceMs;
      return { to: 'waiting', notBefore: this.#quietUntil };
    }
    if (context.active)
      return item.kind === 'message' && mode === 'interrupt' ? { to: 'waiting', interrupt: true } : { to: 'waiting' };
    return item.kind === 'completion' && this.#hold !== undefined ? { to: 'waiting' } : { to: 'turn' };
  }

  /** The active turn takes in, in order, what it would have taken in had nothing held it up. */
  #catchUp(context: OfferContext): void {
    const waiting = this.#waiting;
    const free = new Set(notHeldUp(waiting));
    this.#waiting = [];
    for (const item of waiting) {
      const joins = item.kind === 'message' && free.has(item) && this.#injectable(item, context);
      (joins ? this.#injections : this.#waiting).push(item);
    }
  }

  #injectable(item: MailItem, { active, activeRoute, canInject, settings }: OfferContext): boolean {
    if (!active || !canInject) return false;
    switch (item.kind) {
      case 'message':
        // An injected message is answered where the turn answers, and must not overtake an older one.
        return (
          item.steerable &&
          item.pending !== true &&
          settings.mode === 'steer' &&
          samePlace(item.route, activeRoute) &&
          !this.#messageWaits(item.route)
        );
      case 'note':
        return item.steerable && !this.#waiting.some((each) => each.kind === 'note' && each.steerable);
      case 'completion':
        // A turn that has yielded is about to end.
        return this.#hold === undefined && samePlace(item.route, activeRoute);
      case 'task':
      case 'wake':
        return false;
      default:
        return assertNever(item.kind);
    }
  }

  #messageWaits(route: Route | undefined): boolean {
    return this.#waiting.some((item) => item.kind === 'message' && samePlace(item.route, route));
  }

  #keepToCap(item: MailItem, placement: Placement, settings: QueueSettings): Offer {
    const messages = this.items().filter((each) => each.kind === 'message' && each.folds === undefined);
    const over = messages.slice(0, Math.max(0, messages.length - settings.cap));
    if (over.length === 0) return { placement, dropped: [], folded: [] };
    switch (settings.drop) {
      case 'new':
        this.clear((each) => each === item);
        return { placement: { to: 'dropped' }, dropped: [item], folded: [] };
      case 'old':
        this.clear((each) => over.includes(each));
        return { placement, dropped: over, folded: [] };
      case 'summarize':
        for (const each of over) {
          this.#injections = foldInto(this.#injections, each);
          this.#waiting = foldInto(this.#waiting, each);
        }
        return { placement, dropped: [], folded: over };
      default:
        return assertNever(settings.drop);
    }
  }

  #eligible(): readonly MailItem[] {
    const free = notHeldUp(this.#waiting);
    return this.#hold === undefined ? free : free.filter((item) => item.kind !== 'completion');
  }

  #readyAt(eligible: readonly MailItem[], mode: QueueSettings['mode']): number {
    return mode === 'collect' && headOf(eligible)?.kind === 'message' ? this.#quietUntil : 0;
  }
}

/** The list with `message` folded into the nearest folding item of its place before it, or where it stands. */
function foldInto(list: readonly MailItem[], message: MailItem): MailItem[] {
  if (!list.includes(message)) return [...list];
  const before = list.slice(0, list.indexOf(message));
  const into = before.findLast((item) => item.folds !== undefined && samePlace(item.route, message.route));
  const folded = fold(into, message);
  if (into === undefined) return list.map((item) => (item === message ? folded : item));
  return list.filter((item) => item !== message).map((item) => (item === into ? folded : item));
}
