// Session records: opening, remembering where a session last spoke, resetting and archiving. Used by every room above.
import { z } from 'zod';
import type { Route } from '../core/route.ts';
import { addUsage, noUsage, type Session, type SessionKey, sessionSchema, type Usage } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import type { Transcripts } from './transcript.ts';

const keySchema = z.string();

type Fixed = 'key' | 'id' | 'turns' | 'usage' | 'createdAt' | 'updatedAt';

/** A session in which somebody else than the owner speaks, now and from then on. */
export function distrusted(session: Session): Session {
  return session.ownerOnly ? { ...session, ownerOnly: false } : session;
}

/** Nothing that was cut off in it is left to be done. */
export function unmarked(session: Session): Session {
  const { abortedLastRun, ...rest } = session;
  return abortedLastRun === undefined ? session : rest;
}

/** `id` is given where it was promised before the session existed. */
export type SessionSeed = Omit<Session, Fixed> & { readonly id?: string };

export interface SessionsDeps {
  readonly stores: StoreFactory;
  readonly transcripts: Pick<Transcripts, 'archive'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

export class Sessions {
  readonly #records: KeyedStore<Session>;
  /** Session id -> key, so that a person may name a session by either. */
  readonly #keys: KeyedStore<string>;
  readonly #deps: SessionsDeps;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.#records = deps.stores('sessions', sessionSchema);
    this.#keys = deps.stores('session-ids', keySchema);
  }

  /** A person may type anything, also nothing. */
  async get(key: SessionKey): Promise<Session | undefined> {
    return key === '' ? undefined : this.#records.get(key);
  }

  /** Every session there is. */
  async all(): Promise<readonly Session[]> {
    const found: Session[] = [];
    for await (const [, session] of this.#records.entries()) found.push(session);
    return found;
  }

  async byId(id: string): Promise<Session | undefined> {
    const key = id === '' ? undefined : await this.#keys.get(id);
    const session = key === undefined ? undefined : await this.get(key);
    return session?.id === id ? session : undefined;
  }

  /** The session with this key, created from `seed` when there is none. Depth and role are fixed from then on. */
  async open(key: SessionKey, seed: SessionSeed): Promise<Session> {
    const known = await this.get(key);
    if (known !== undefined) return known;
    const now = this.#deps.clock.now();
    let created: Session | undefined;
    const session = await this.#records.update(key, (value) => {
      if (value !== undefined) return value;
      created = {
        ...seed,
        key,
        id: seed.id ?? this.#deps.ids.uuid(),
        turns: 0,
        usage: noUsage,
        createdAt: now,
        updatedAt: now,
      };
      return created;
    });
    if (session === undefined) throw new Error(`session ${key} was not stored`);
    if (created !== undefined) await this.#keys.set(session.id, key);
    return session;
  }

  /** Changes a known session; undefined when it is gone. Returning the same object writes nothing. */
  update(key: SessionKey, change: (session: Session) => Session): Promise<Session | undefined> {
    return this.#records.update(key, (session) => (session === undefined ? undefined : change(session)));
  }

  /** Remembers the place a person last wrote from; announcements fill gaps in an address from it. */
  rememberRoute(session: Session, route: Route, person?: string): Promise<Session | undefined> {
    const same =
      session.lastChannel === route.channel &&
      session.lastTo === route.chat &&
      session.lastAccountId === route.account &&
      session.lastThread === route.thread &&
      session.lastPerson === person;
    if (same) return Promise.resolve(session);
    return this.update(session.key, ({ lastThread: _thread, lastPerson: _person, ...rest }) => ({
      ...rest,
      lastChannel: route.channel,
      lastTo: route.chat,
      lastAccountId: route.account,
      ...(route.thread === undefined ? {} : { lastThread: route.thread }),
      ...(person === undefined ? {} : { lastPerson: person }),
    }));
  }

  /** Adds a turn's usage. `cut`: a restart ended it, and the next start has to take it up again. */
  recordTurn(key: SessionKey, usage: Usage, cut = false): Promise<Session | undefined> {
    const now = this.#deps.clock.now();
    return this.update(key, ({ abortedLastRun: _, ...session }) => ({
      ...session,
      ...(cut ? { abortedLastRun: true } : {}),
      turns: session.turns + 1,
      usage: addUsage(session.usage, usage),
      updatedAt: now,
    }));
  }

  /**
   * Empties the context: a new id and transcript; the old transcript stays as `*.reset.<timestamp>`. Call it while no turn of
   * the session runs.
   */
  async reset(key: SessionKey): Promise<Session | undefined> {
    const now = this.#deps.clock.now();
    const before = await this.get(key);
    if (before === undefined) return undefined;
    const id = this.#deps.ids.uuid();
    await this.#keys.set(id, key);
    const after = await this.update(key, (session) => ({
      ...session,
      id,
      turns: 0,
      usage: noUsage,
      createdAt: now,
      updatedAt: now,
    }));
    await this.#putAway(before.id, 'reset');
    return after;
  }

  /** Removes the record; the transcript stays as `*.deleted.<timestamp>`. Call it while no turn of the session runs. */
  async archive(key: SessionKey): Promise<void> {
    const session = await this.get(key);
    if (session === undefined) return;
    // First, so that at no moment there is a session that has forgotten what it said.
    await this.#records.delete(key);
    await this.#putAway(session.id, 'deleted');
  }

  /** Finishes what a crash cut off, in `open`, `reset` or `archive`. For a start, before anything else. */
  async finishArchiving(): Promise<void> {
    const current = new Map((await this.all()).map(({ key, id }) => [key, id]));
    const known = new Map<string, SessionKey>();
    for await (const [id, key] of this.#keys.entries()) known.set(id, key);
    for (const [key, id] of current) if (!known.has(id)) await this.#keys.set(id, key);
    for (const [id, key] of known)
      if (current.get(key) !== id) await this.#putAway(id, current.has(key) ? 'reset' : 'deleted');
  }

  /** The id is forgotten last: it stands for what is still to be done. */
  async #putAway(id: string, how: 'deleted' | 'reset'): Promise<void> {
    await this.#deps.transcripts.archive(id, how, this.#deps.clock.now());
    await this.#keys.delete(id);
  }
}
