// Letting people in without touching the config: by a code the owner approves, or by a link made at the command line. Durable,
// changed by one caller at a time; views are in memory. Used by hear.ts and the wiring. The rules are in pairing-state.ts.
import pLimit, { type LimitFunction } from 'p-limit';
import { commandStart } from '../core/command-text.ts';
import type { InboundMessage } from '../core/message.ts';
import type { Approved, Approver, PairedPerson, PairingRequest, PairingView, Revoked } from '../core/pairing.ts';
import { ok, type Result } from '../core/result.ts';
import type { ChannelId } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Ids } from '../infra/ids.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import { personOf } from './access.ts';
import * as rules from './pairing-state.ts';
import { admittedText, askedText, safeName } from './pairing-words.ts';

export interface PairingParts {
  readonly stores: StoreFactory;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'code'>;
  readonly config: () => Pick<Config, 'channels' | 'commands'>;
}

export type PairingAnswer =
  /** `reply`: for the newcomer. `request`: what the owner is asked. */
  | { readonly kind: 'ask'; readonly reply: string; readonly request: PairingRequest }
  /** No answer; the reason is recorded with the message. */
  | { readonly kind: 'quiet'; readonly reason: rules.QuietReason };

export interface Claimed {
  /** For the newcomer. */
  readonly reply: string;
  /** They are the owner from now on. */
  readonly owner: boolean;
}

/** People read codes aloud; links are never typed. */
const lengths = { code: 8, token: 16 } as const;
const storeKey = 'state';

export class Pairing {
  readonly #parts: PairingParts;
  readonly #store: KeyedStore<rules.PairingState>;
  readonly #alone: LimitFunction = pLimit(1);
  #state: rules.PairingState;
  #paired: ReadonlySet<string>;
  readonly #watchers: (() => void)[] = [];

  private constructor(parts: PairingParts, store: KeyedStore<rules.PairingState>, state: rules.PairingState) {
    this.#parts = parts;
    this.#store = store;
    this.#state = state;
    this.#paired = idsOf(state);
  }

  static async open(parts: PairingParts): Promise<Pairing> {
    const store = pairingStore(parts.stores);
    return new Pairing(parts, store, (await store.get(storeKey)) ?? rules.nobodyPaired);
  }

  /** `<channel>:<id>` of everybody paired. */
  paired(): ReadonlySet<string> {
    return this.#paired;
  }

  /** `<channel>:<id>` of the first person approved at the command line; undefined where the config names an owner. */
  owner(): string | undefined {
    return this.#ownerOpen() ? this.#state.owner : undefined;
  }

  /** Calls `changed` after there is another owner by pairing, or none any more. */
  watchOwner(changed: () => void): void {
    this.#watchers.push(changed);
  }

  pending(now: number): readonly PairingRequest[] {
    return rules.pendingIn(this.#state, now);
  }

  people(): readonly PairedPerson[] {
    return this.#state.people;
  }

  view(): PairingView {
    return viewOf(this.#state, this.#parts.clock.now(), this.owner());
  }

  /** Somebody unknown wrote in a direct chat where pairing is on. The same message gets the same answer again. */
  ask(message: InboundMessage): Promise<PairingAnswer> {
    if (!isPerson(message)) return Promise.resolve({ kind: 'quiet', reason: 'no_person' });
    if (message.backlog === true) return Promise.resolve({ kind: 'quiet', reason: 'backlog' });
    return this.#change<PairingAnswer>((state) => {
      const event = {
        message: message.id,
        now: this.#parts.clock.now(),
        code: () => this.#parts.ids.code(lengths.code),
      };
      const step = rules.ask(state, newcomer(message), event);
      const { answer } = step;
      return { ...step, answer: answer.kind === 'ask' ? { ...answer, reply: askedText(answer.request) } : answer };
    });
  }

  /**
   * `/start <token>` in a direct chat, with a token of `link`: pairs at once and counts as approved at the command line.
   * Undefined: no such token (used, expired, forged, of another account), no token at all, or nobody who could be paired.
   */
  async claim(message: InboundMessage): Promise<Claimed | undefined> {
    const token = tokenOf(message);
    if (token === undefined || !this.#mayClaim(message)) return undefined;
    const claimed = await this.#change((state) =>
      rules.claim(state, newcomer(message), { token, now: this.#parts.clock.now(), ownerOpen: this.#ownerOpen() }),
    );
    if (claimed === undefined) return undefined;
    return { reply: admittedText(claimed.becameOwner), owner: claimed.becameOwner };
  }

  /** A new token for `claim`, for one person of this account, valid for `pairingMs`. Only `[A-Za-z0-9_-]`. */
  link(channel: ChannelId, account: string): Promise<string> {
    const token = this.#parts.ids.code(lengths.token);
    return this.#change((state) => rules.addLink(state, { token, channel, account, at: this.#parts.clock.now() }));
  }

  /** Refused: `unknown`, `expired`. Repeated, it answers the same. Telling the person is the caller's business. */
  approve(which: { readonly channel?: ChannelId; readonly code: string }, by: Approver): Promise<Result<Approved>> {
    return this.#change((state) =>
      rules.approve(state, { ...which, by, now: this.#parts.clock.now(), ownerOpen: this.#ownerOpen() }),
    );
  }

  /** Refused: `unknown`, `expired`. Repeated, it answers the same. */
  deny(which: { readonly channel?: ChannelId; readonly code: string }): Promise<Result<PairingRequest>> {
    return this.#change((state) => rules.deny(state, { ...which, now: this.#parts.clock.now() }));
  }

  /** Access ends at once. @param id `<channel>:<id>`. Refused: `unknown`. */
  async revoke(id: string): Promise<Result<Revoked>> {
    const revoked = await this.#change((state) => rules.revoke(state, id));
    if (!revoked.ok) return revoked;
    const { person } = revoked.value;
    return ok({ ...revoked.value, still: this.#listedBy(person), asksAgain: this.#asksAgain(person) });
  }

  /** The config key that names a person, or everybody. `id` is `<channel>:<id>`. */
  #listedBy({ id, route: { channel, account } }: PairedPerson): string | undefined {
    const { channels, commands } = this.#parts.config();
    if (commands.ownerAllowFrom.includes(id)) return 'commands.ownerAllowFrom';
    const allowed = channel === 'console' ? [] : (channels[channel].accounts[account]?.allowFrom ?? []);
    if (!allowed.some((each) => each === '*' || `${channel}:${each}` === id)) return undefined;
    return account === 'default'
      ? `channels.${channel}.allowFrom`
      : `channels.${channel}.accounts.${account}.allowFrom`;
  }

  #asksAgain({ id, route: { channel, account } }: PairedPerson): Revoked['asksAgain'] {
    const settings = channel === 'console' ? undefined : this.#parts.config().channels[channel].accounts[account];
    if (settings?.dmPolicy !== 'pairing') return 'never';
    return rules.answeredRequest(this.#state, id, this.#parts.clock.now()) === undefined ? 'now' : 'later';
  }

  /** A person has another id now. @param from `<channel>:<id>`, as `to` */
  async rename(from: string, to: string): Promise<void> {
    await this.#change((state) => rules.rename(state, from, to));
  }

  async sweep(now: number): Promise<void> {
    await this.#change((state) => rules.sweep(state, now));
  }

  #ownerOpen(): boolean {
    return this.#parts.config().commands.ownerAllowFrom.length === 0;
  }

  /** Nobody is let into direct chats that are switched off. */
  #mayClaim(message: InboundMessage): boolean {
    const { channel, account } = message.route;
    if (!isPerson(message) || channel === 'console') return false;
    const settings = this.#parts.config().channels[channel].accounts[account];
    return settings !== undefined && settings.dmPolicy !== 'disabled';
  }

  /** One change at a time, seen only once it is on disk. */
  #change<T>(decide: (state: rules.PairingState) => rules.Step<T>): Promise<T> {
    return this.#alone(async () => {
      const { state, answer } = decide(this.#state);
      if (state !== this.#state) {
        await this.#store.set(storeKey, state);
        const before = this.#state.owner;
        this.#state = state;
        this.#paired = idsOf(state);
        if (state.owner !== before) for (const changed of this.#watchers) changed();
      }
      return answer;
    });
  }
}

/** What is stored, for a look at it while no process runs. `ownerOpen`: the config names no owner. */
export async function storedPairing(stores: StoreFactory, now: number, ownerOpen: boolean): Promise<PairingView> {
  const state = (await pairingStore(stores).get(storeKey)) ?? rules.nobodyPaired;
  return viewOf(state, now, ownerOpen ? state.owner : undefined);
}

function pairingStore(stores: StoreFactory): KeyedStore<rules.PairingState> {
  return stores('pairing', rules.pairingStateSchema);
}

function viewOf(state: rules.PairingState, now: number, owner: string | undefined): PairingView {
  const people = state.people.map((person) => ({ ...person, owner: person.id === owner }));
  return { pending: rules.pendingIn(state, now), people };
}

function idsOf(state: rules.PairingState): ReadonlySet<string> {
  return new Set(state.people.map((person) => person.id));
}

/** Groups are never opened by pairing, and a bot or somebody who writes in another name is no person to let in. */
function isPerson({ chat, sender }: InboundMessage): boolean {
  return chat === 'direct' && sender.bot !== true && sender.anonymous !== true;
}

function newcomer(message: InboundMessage): rules.Newcomer {
  return { id: personOf(message), name: safeName(message.sender.name), route: message.route };
}

/** Telegram sends what follows `?start=` in a link as `/start <token>`: core.telegram.org/bots/features#deep-linking. */
function tokenOf({ text }: InboundMessage): string | undefined {
  if (!commandStart.test(text)) return undefined;
  return /^start(?:@\w+)?\s+([A-Za-z0-9_-]{1,64})\s*$/i.exec(text.replace(commandStart, ''))?.[1];
}
