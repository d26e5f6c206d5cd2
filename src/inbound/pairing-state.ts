// The rules of pairing as pure steps: a state and an event in, the next state and the answer out. Called by pairing.ts, which
// stores the state as one value: what changes together is on disk together.
import { z } from 'zod';
import {
  type Approved,
  type Approver,
  type PairedPerson,
  type PairingRequest,
  pairedPersonSchema,
  pairingMs,
  pairingRequestSchema,
  type Revoked,
} from '../core/pairing.ts';
import { personId } from '../core/person.ts';
import { ok, type Result } from '../core/result.ts';
import { type ChannelId, channelIds, type Route } from '../core/route.ts';
import { pairingRefusal } from './pairing-words.ts';

const storedRequestSchema = z.object({
  ...pairingRequestSchema.shape,
  /** The message that asked: taken up again after a crash it gets the same answer. */
  message: z.string(),
  state: z.enum(['pending', 'approved', 'denied', 'revoked']),
});
type StoredRequest = z.infer<typeof storedRequestSchema>;
type Decision = Exclude<StoredRequest['state'], 'pending'>;

const linkSchema = z.object({
  token: z.string().min(1),
  channel: z.enum(channelIds),
  account: z.string().min(1),
  /** Unix time in milliseconds. */
  at: z.number(),
});

export const pairingStateSchema = z.object({
  people: z.array(pairedPersonSchema),
  /** Decided and expired ones too, for a while: who was answered is not answered again, and a late code is explained. */
  requests: z.array(storedRequestSchema),
  links: z.array(linkSchema),
  /** `<channel>:<id>` of the first person approved at the command line. */
  owner: z.string().optional(),
});
export type PairingState = Readonly<z.infer<typeof pairingStateSchema>>;

export const nobodyPaired: PairingState = { people: [], requests: [], links: [] };

/** An unchanged state is the same object. */
export interface Step<T> {
  readonly state: PairingState;
  readonly answer: T;
}

const mostPending = 3;
/** How long a code that is over is still explained. */
const explainMs = 24 * pairingMs;

export interface Newcomer {
  /** `<channel>:<id>` */
  readonly id: string;
  readonly name: string;
  readonly route: Route;
}

export type QuietReason = 'backlog' | 'asked_before' | 'too_many_pending' | 'no_person';
export type Asking =
  | { readonly kind: 'ask'; readonly request: PairingRequest }
  | { readonly kind: 'quiet'; readonly reason: QuietReason };

/** Somebody unknown wrote. `code`: makes a code; asked again while it is taken. */
export function ask(
  state: PairingState,
  newcomer: Newcomer,
  { message, now, code }: { readonly message: string; readonly now: number; readonly code: () => string },
): Step<Asking> {
  const answered = answeredRequest(state, newcomer.id, now);
  if (answered !== undefined) {
    const repeated = answered.message === message && answered.state === 'pending' && sameAccount(answered, newcomer);
    return { state, answer: repeated ? { kind: 'ask', request: shown(answered) } : quiet('asked_before') };
  }
  const waiting = pendingIn(state, now).filter((one) => sameAccount(one, newcomer));
  if (waiting.length >= mostPending) return { state, answer: quiet('too_many_pending') };
  const request: StoredRequest = { ...newcomer, code: freeCode(state, code), at: now, message, state: 'pending' };
  const requests = [...state.requests, request];
  return { state: { ...state, requests }, answer: { kind: 'ask', request: shown(request) } };
}

/** The request for which this person gets no second answer yet. */
export function answeredRequest(state: PairingState, id: string, now: number): StoredRequest | undefined {
  return state.requests.find((one) => one.id === id && isFresh(one, now));
}

export interface Approval {
  readonly code: string;
  /** Narrows the search; codes are unique anyway. */
  readonly channel?: ChannelId | undefined;
  readonly by: Approver;
  readonly now: number;
  /** No owner is named in the config. */
  readonly ownerOpen: boolean;
}

/** Lets in who has this code. Repeated, it changes nothing and answers the same. Refused: `unknown`, `expired`. */
export function approve(state: PairingState, approval: Approval): Step<Result<Approved>> {
  const request = byCode(state, approval);
  if (request === undefined) return { state, answer: pairingRefusal.unknownCode(approval.code) };
  const known = state.people.find((one) => one.id === request.id);
  if (request.state === 'approved' && known !== undefined) {
    const becameOwner = state.owner === known.id && known.by.via === 'cli';
    return { state, answer: ok({ person: known, becameOwner, route: known.route }) };
  }
  if (request.state !== 'pending') return { state, answer: pairingRefusal.decided(request.code, request.state) };
  if (!isFresh(request, approval.now)) return { state, answer: pairingRefusal.expired(request.code) };
  const requests = state.requests.map((one) => (one === request ? decided(one, 'approved') : one));
  const admitted = admit({ ...state, requests }, request, approval);
  return { state: admitted.state, answer: ok(admitted.answer) };
}

/** Sends away who has this code; they may ask again when the hour is over. Refused: `unknown`, `expired`. */
export function deny(
  state: PairingState,
  which: Pick<Approval, 'code' | 'channel' | 'now'>,
): Step<Result<PairingRequest>> {
  const request = byCode(state, which);
  if (request === undefined) return { state, answer: pairingRefusal.unknownCode(which.code) };
  // Repeated, it answers the same.
  if (request.state === 'denied') return { state, answer: ok(shown(request)) };
  if (request.state !== 'pending') return { state, answer: pairingRefusal.decided(request.code, request.state) };
  if (!isFresh(request, which.now)) return { state, answer: pairingRefusal.expired(request.code) };
  const requests = state.requests.map((one) => (one === request ? decided(one, 'denied') : one));
  return { state: { ...state, requests }, answer: ok(shown(request)) };
}

/** Takes access away, and ownership by pairing with it. Refused: `unknown`. */
export function revoke(state: PairingState, id: string): Step<Result<Omit<Revoked, 'asksAgain'>>> {
  const person = state.people.find((one) => canonical(one.id) === canonical(id));
  if (person === undefined) return { state, answer: pairingRefusal.unknownPerson(id) };
  const { owner, ...rest } = state;
  const wasOwner = owner === person.id;
  const people = state.people.filter((one) => one !== person);
  const requests = state.requests.map((one) =>
    one.id === person.id && one.state === 'approved' ? decided(one, 'revoked') : one,
  );
  const next = { ...rest, people, requests, ...(owner === undefined || wasOwner ? {} : { owner }) };
  return { state: next, answer: ok({ person, wasOwner }) };
}

/** `<channel>:<id>` in one form. */
function canonical(id: string): string {
  const channel = channelIds.find((each) => id.toLowerCase().startsWith(`${each}:`));
  return channel === undefined ? id.toLowerCase() : `${channel}:${personId(channel, id.slice(channel.length + 1))}`;
}

export function addLink(state: PairingState, link: PairingState['links'][number]): Step<string> {
  return { state: { ...state, links: [...state.links, link] }, answer: link.token };
}

/** Uses a link up: it counts as approved at the command line. Undefined: there is no such link, or not any more. */
export function claim(
  state: PairingState,
  newcomer: Newcomer,
  { token, now, ownerOpen }: { readonly token: string; readonly now: number; readonly ownerOpen: boolean },
): Step<Approved | undefined> {
  const link = state.links.find((one) => one.token === token && isFresh(one, now));
  const { channel, account } = newcomer.route;
  if (link === undefined || link.channel !== channel || link.account !== account) return { state, answer: undefined };
  const links = state.links.filter((one) => one !== link);
  const requests = state.requests.map((one) =>
    one.id === newcomer.id && one.state === 'pending' ? decided(one, 'approved') : one,
  );
  return admit({ ...state, links, requests }, newcomer, { by: { via: 'link' }, now, ownerOpen });
}

/** Requests that can still be answered. */
export function pendingIn(state: PairingState, now: number): readonly PairingRequest[] {
  return state.requests.filter((one) => one.state === 'pending' && isFresh(one, now)).map(shown);
}

/** A person has another id now: they keep what they have, and what they were answered. */
export function rename(state: PairingState, from: string, to: string): Step<undefined> {
  const touched = state.owner === from || [...state.people, ...state.requests].some((one) => one.id === from);
  if (!touched) return { state, answer: undefined };
  const owner = state.owner === from ? to : state.owner;
  const known = state.people.some((one) => one.id === to);
  const people = state.people
    .filter((one) => !(known && one.id === from))
    .map((one) => (one.id === from ? { ...one, id: to } : one));
  const requests = state.requests.map((one) => (one.id === from ? { ...one, id: to } : one));
  return { state: { ...state, people, requests, ...(owner === undefined ? {} : { owner }) }, answer: undefined };
}

/** Forgets what nobody will ask about any more. */
export function sweep(state: PairingState, now: number): Step<undefined> {
  const requests = state.requests.filter((one) => now - one.at < explainMs);
  const links = state.links.filter((one) => isFresh(one, now));
  const same = requests.length === state.requests.length && links.length === state.links.length;
  return { state: same ? state : { ...state, requests, links }, answer: undefined };
}

function admit(
  state: PairingState,
  { id, name, route }: Newcomer,
  { by, now, ownerOpen }: Pick<Approval, 'by' | 'now' | 'ownerOpen'>,
): Step<Approved> {
  const known = state.people.find((one) => one.id === id);
  const person: PairedPerson = known ?? { id, name, route, since: now, by };
  const people = known === undefined ? [...state.people, person] : state.people;
  const becameOwner = ownerOpen && state.owner === undefined && by.via !== 'chat';
  const next = { ...state, people, ...(becameOwner ? { owner: id } : {}) };
  return { state: next, answer: { person, becameOwner, route } };
}

function byCode(
  state: PairingState,
  { code, channel }: { readonly code: string; readonly channel?: ChannelId | undefined },
): StoredRequest | undefined {
  const wanted = code.trim().toUpperCase();
  return state.requests.find(
    (one) => one.code.toUpperCase() === wanted && (channel === undefined || one.route.channel === channel),
  );
}

/** A code names one request, also one that is over and still explained. */
function freeCode(state: PairingState, make: () => string): string {
  for (;;) {
    const code = make();
    if (byCode(state, { code }) === undefined) return code;
  }
}

function isFresh(one: { readonly at: number }, now: number): boolean {
  return now - one.at < pairingMs;
}

function sameAccount(a: { readonly route: Route }, b: { readonly route: Route }): boolean {
  return a.route.channel === b.route.channel && a.route.account === b.route.account;
}

function decided(request: StoredRequest, state: Decision): StoredRequest {
  return { ...request, state };
}

function shown({ message, state, ...request }: StoredRequest): PairingRequest {
  return request;
}

function quiet(reason: QuietReason): Asking {
  return { kind: 'quiet', reason };
}
