// Which session answers in which conversation. Durable, changed by one caller at a time; at most one binding per
// conversation and per session. Farewells are returned for the caller to send. Used by focus.ts, inbound and the wiring.
import pLimit, { type LimitFunction } from 'p-limit';
import { z } from 'zod';
import { type Binding, bindingSchema } from '../core/binding.ts';
import type { Caller } from '../core/command.ts';
import { ok, type Refusal, type Result } from '../core/result.ts';
import { parentRoute, type Route, routeKey, sameRoute } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import { type BindingSettings, dueAt } from './expiry.ts';
import { bindingRefusal } from './refusals.ts';
import { type FarewellReason, farewellText } from './texts.ts';

/** A last word in a place, to be sent once: `key` is the same whenever the same binding ends. */
export interface Farewell {
  readonly key: string;
  readonly route: Route;
  readonly text: string;
}

/** Who asks: a person, or `agent:<id>` for an automatic binding. */
export type Binder = Pick<Caller, 'id' | 'class'>;

export interface BindRequest {
  readonly route: Route;
  readonly session: SessionKey;
  readonly agentId: string;
  readonly label: string;
  readonly by: Binder;
}

export interface Bound {
  readonly binding: Binding;
  /** For the session's former place, and for the session that had this one. */
  readonly farewells: readonly Farewell[];
}

export interface BindingsOptions {
  readonly stores: StoreFactory;
  readonly clock: Clock;
  /** The settings in force for a place. */
  readonly settings: (route: Route) => BindingSettings;
  /** Whether a session can still answer; asked by the sweep. */
  readonly alive: (session: SessionKey) => Promise<boolean>;
}

/** Every message touches its binding; the stored time may lag by this much, so that not each one costs a commit. */
const touchLagMs = 15_000;

const placeSchema = z.object({ route: bindingSchema.shape.route });

export class Bindings {
  readonly #places: KeyedStore<Binding>;
  /** Finds a session's place; `#places` is the truth, an entry here counts only if it agrees. */
  readonly #bySession: KeyedStore<{ route: Route }>;
  readonly #clock: Clock;
  readonly #settings: BindingsOptions['settings'];
  readonly #alive: BindingsOptions['alive'];
  /** Changes touch several keys, so they go one after another. */
  readonly #alone: LimitFunction = pLimit(1);
  /** Times of messages not stored yet, by route key. */
  readonly #touched = new Map<string, number>();

  constructor({ stores, clock, settings, alive }: BindingsOptions) {
    this.#places = stores('bindings', bindingSchema);
    this.#bySession = stores('binding-of', placeSchema);
    this.#clock = clock;
    this.#settings = settings;
    this.#alive = alive;
  }

  async at(route: Route): Promise<Binding | undefined> {
    const stored = await this.#places.get(routeKey(route));
    return stored === undefined ? undefined : this.#current(stored);
  }

  async of(session: SessionKey): Promise<Binding | undefined> {
    const found = await this.#bySession.get(session);
    const binding = found === undefined ? undefined : await this.at(found.route);
    return binding?.session === session ? binding : undefined;
  }

  async all(): Promise<readonly Binding[]> {
    const found: Binding[] = [];
    for await (const [, binding] of this.#places.entries()) found.push(this.#current(binding));
    return found;
  }

  /**
   * Binds a conversation to a session. A session bound elsewhere moves; a conversation bound to another session changes
   * hands. Refused: `bindings_off`, `bound_by_another` (either side, unless the owner asks).
   */
  bind(request: BindRequest): Promise<Result<Bound>> {
    return this.#alone(async () => {
      const { route, session, agentId, label, by } = request;
      const [here, elsewhere] = [await this.at(route), await this.of(session)];
      const refused = this.#refusal(route, by, [here, elsewhere]);
      if (refused !== undefined) return { ok: false, refusal: refused };
      const now = this.#clock.now();
      const { idleMs, maxAgeMs } = this.#settings(route);
      // Bound there already, by a process that was cut off before it could say so: it is the same binding.
      const boundAt = here?.session === session ? here.boundAt : now;
      const times = { boundAt, lastMessageAt: now, idleMs, maxAgeMs };
      const binding: Binding = { route, session, agentId, label, boundBy: by.id, ...times };
      const farewells = await this.#place(binding, here, elsewhere);
      return ok({ binding, farewells });
    });
  }

  /** Why this session could not be bound in a thread still to be opened at `parent`; so that none is opened in vain. */
  async refusal({
    parent,
    session,
    by,
  }: {
    parent: Route;
    session: SessionKey;
    by: Binder;
  }): Promise<Refusal | undefined> {
    return this.#refusal(parent, by, [await this.of(session)]);
  }

  /** Ends the binding of a place. Refused: `not_bound`, `not_binder`. */
  unbind(route: Route, by: Binder): Promise<Result<{ readonly binding: Binding; readonly farewell: Farewell }>> {
    return this.#alone(async () => {
      const binding = await this.at(route);
      if (binding === undefined) return bindingRefusal.notBound();
      if (!mayChange(binding, by)) return bindingRefusal.notBinder(binding);
      return ok({ binding, farewell: await this.#remove(binding, { kind: 'manual' }) });
    });
  }

  /** Notes a message in a place, either way: idle counts from here. */
  touch(route: Route, now: number): Promise<void> {
    return this.#alone(async () => {
      const key = routeKey(route);
      const stored = await this.#places.get(key);
      if (stored === undefined) return;
      const lag = stored.idleMs === 0 ? touchLagMs : Math.min(touchLagMs, stored.idleMs / 10);
      if (now - stored.lastMessageAt < lag) this.#touched.set(key, Math.max(now, this.#touched.get(key) ?? 0));
      else await this.#places.set(key, { ...stored, lastMessageAt: now });
    });
  }

  /** Resolves when all changes asked for are stored. */
  readonly idle = (): Promise<void> => this.#alone(async () => undefined);

  /**
   * Changes when a binding ends; answers with the stored one, so that a confirmation is true.
   * @param change milliseconds, 0 = off. Refused: `not_bound`, `not_binder`, `store_failed`.
   */
  setExpiry(
    route: Route,
    by: Binder,
    change: { readonly idleMs?: number; readonly maxAgeMs?: number },
  ): Promise<Result<Binding>> {
    return this.#alone(async () => {
      const binding = await this.at(route);
      if (binding === undefined) return bindingRefusal.notBound();
      if (!mayChange(binding, by)) return bindingRefusal.notBinder(binding);
      try {
        const stored = await this.#places.update(routeKey(route), (stored) =>
          stored === undefined ? undefined : { ...this.#current(stored), ...change },
        );
        return stored === undefined ? bindingRefusal.notBound() : ok(stored);
      } catch {
        return bindingRefusal.storeFailed();
      }
    });
  }

  /** Ends what is due and what can no longer answer, and mends what a crash left half changed. At start and each 60 s. */
  sweep(now: number): Promise<readonly Farewell[]> {
    return this.#alone(async () => {
      const farewells: Farewell[] = [];
      for (const binding of await this.all()) {
        const reason = await this.#whyOver(binding, now);
        if (reason !== undefined) farewells.push(await this.#remove(binding, reason));
      }
      return farewells;
    });
  }

  /** Does what a bound session must not be done to, while none is bound. False: this one is bound, and it was not done. */
  ifUnbound(session: SessionKey, work: () => Promise<void>): Promise<boolean> {
    return this.#alone(async () => {
      if ((await this.of(session)) !== undefined) return false;
      await work();
      return true;
    });
  }

  /** Ends a session's binding whoever made it, because the session ended or its place is gone. */
  dropFor(session: SessionKey, reason: FarewellReason = { kind: 'ended' }): Promise<Farewell | undefined> {
    return this.#alone(async () => {
      const binding = await this.of(session);
      return binding === undefined ? undefined : await this.#remove(binding, reason);
    });
  }

  /** Ends the binding of a place that is gone (deleted, locked, forbidden). Its farewell has nowhere to go. */
  dropAt(route: Route): Promise<Binding | undefined> {
    return this.#alone(async () => {
      const binding = await this.at(route);
      if (binding !== undefined) await this.#remove(binding, { kind: 'ended' });
      return binding;
    });
  }

  /** The platform gave a chat another id: what is bound in it, and in its threads, is bound there from now on. */
  moveChat(from: Route, to: Route): Promise<void> {
    return this.#alone(async () => {
      for (const binding of await this.all()) {
        if (!sameRoute(parentRoute(binding.route), parentRoute(from))) continue;
        const { thread } = binding.route;
        const route = { ...parentRoute(to), ...(thread === undefined ? {} : { thread }) };
        await this.#place({ ...binding, route }, await this.at(route), binding);
      }
    });
  }

  /** A person has another id now: what they bound is still theirs. @param from `<channel>:<id>`, as `to` */
  rename(from: string, to: string): Promise<void> {
    return this.#alone(async () => {
      for (const binding of await this.all())
        if (binding.boundBy === from) await this.#places.set(routeKey(binding.route), { ...binding, boundBy: to });
    });
  }

  /** One session goes on as another: what is bound to it is bound to that, unless that has a place of its own. */
  handOver(from: SessionKey, to: SessionKey): Promise<void> {
    return this.#alone(async () => {
      const binding = await this.of(from);
      if (binding === undefined) return;
      if ((await this.of(to)) === undefined) await this.#place({ ...binding, session: to }, binding);
      else await this.#remove(binding, { kind: 'ended' });
    });
  }

  #refusal(route: Route, by: Binder, touched: readonly (Binding | undefined)[]): Refusal | undefined {
    if (!this.#settings(route).enabled) return bindingRefusal.off(route.channel).refusal;
    const foreign = touched.find((binding) => binding !== undefined && !mayChange(binding, by));
    return foreign === undefined ? undefined : bindingRefusal.boundByAnother(foreign).refusal;
  }

  async #whyOver(binding: Binding, now: number): Promise<FarewellReason | undefined> {
    const due = dueAt(binding, now);
    if (due?.cause === 'idle') return { kind: 'idle', idleMs: binding.idleMs };
    if (due?.cause === 'max-age') return { kind: 'max-age', maxAgeMs: binding.maxAgeMs };
    if (!(await this.#alive(binding.session))) return { kind: 'ended' };
    const known = await this.of(binding.session);
    if (known === undefined) await this.#bySession.set(binding.session, { route: binding.route });
    return known === undefined || sameRoute(known.route, binding.route) ? undefined : { kind: 'moved' };
  }

  /** Submitted together, the writes share one commit; in whatever order a crash cuts them, the sweep mends it. */
  async #place(binding: Binding, here?: Binding, elsewhere?: Binding): Promise<readonly Farewell[]> {
    const farewells: Farewell[] = [];
    const writes: Promise<unknown>[] = [
      this.#places.set(routeKey(binding.route), binding),
      this.#bySession.set(binding.session, { route: binding.route }),
    ];
    this.#touched.delete(routeKey(binding.route));
    if (here !== undefined && here.session !== binding.session) {
      writes.push(this.#bySession.delete(here.session));
      farewells.push(farewellOf(here, { kind: 'replaced', by: binding.label }));
    }
    if (elsewhere !== undefined && !sameRoute(elsewhere.route, binding.route)) {
      writes.push(this.#places.delete(routeKey(elsewhere.route)));
      farewells.push(farewellOf(elsewhere, { kind: 'moved' }));
    }
    await Promise.all(writes);
    return farewells;
  }

  async #remove(binding: Binding, reason: FarewellReason): Promise<Farewell> {
    const key = routeKey(binding.route);
    const known = await this.#bySession.get(binding.session);
    const mine = known !== undefined && sameRoute(known.route, binding.route);
    await Promise.all([this.#places.delete(key), ...(mine ? [this.#bySession.delete(binding.session)] : [])]);
    this.#touched.delete(key);
    return farewellOf(binding, reason);
  }

  #current(stored: Binding): Binding {
    const seen = this.#touched.get(routeKey(stored.route)) ?? 0;
    return seen > stored.lastMessageAt ? { ...stored, lastMessageAt: seen } : stored;
  }
}

function mayChange(binding: Binding, by: Binder): boolean {
  return by.class === 'owner' || by.id === binding.boundBy;
}

function farewellOf(binding: Binding, reason: FarewellReason): Farewell {
  const { route, label } = binding;
  return { key: `farewell:${routeKey(route)}:${binding.boundAt}`, route, text: farewellText(label, reason) };
}
