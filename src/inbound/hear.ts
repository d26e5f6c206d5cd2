// Whether a message is heard, and what its sender gets where it is not. Called by receive.ts once the message is stored.
// 1 a pairing link  2 who speaks  3 bots among themselves  4 too old  5 nothing an agent can read
import type { Reply } from '../core/command.ts';
import type { InboundMessage } from '../core/message.ts';
import { assertNever } from '../core/result.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Log } from '../infra/log.ts';
import { type AccessDecision, decideAccess, type KnownPeople, personOf } from './access.ts';
import { decideAge, oldMessageText } from './age.ts';
import { BotGuard } from './bots.ts';
import type { End, Taken } from './finish.ts';
import type { Pairing } from './pairing.ts';
import { pairingQuestion } from './pairing-words.ts';
import { isPress } from './press.ts';

export interface HearDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: () => Config;
  /** Who is known here, and the id the chat had before. */
  readonly people: (route: Route) => KnownPeople;
  readonly pairing: Pick<Pairing, 'claim' | 'ask'>;
  /** The owner wrote in their direct chat. */
  readonly ownerSeen: (message: InboundMessage) => Promise<void>;
  /** Where the owner is asked about somebody who wrote at this place; undefined where no chat of theirs is known. */
  readonly ownerRoute: (asked: Route) => Promise<Route | undefined>;
}

export type Heard =
  | { readonly kind: 'heard'; readonly owner: boolean }
  | { readonly kind: 'unheard'; readonly end: End };

type Dropped = End & { readonly dropped: string };

const notAllowed: Reply = { text: '⚠️ you are not allowed to use this here.' };
const asYourself: Reply = { text: '⚠️ a command needs a person: write it as yourself, not in the name of the group.' };

export class Hearing {
  readonly #deps: HearDeps;
  readonly #bots = new BotGuard();
  /** Conversations told something that is not repeated until a message comes that can be acted on. */
  readonly #told = { old: new Set<string>(), unsupported: new Set<string>() };

  constructor(deps: HearDeps) {
    this.#deps = deps;
  }

  /** @param expected it may go on with what was said before: text needs no mention */
  async hear(taken: Taken, expected: boolean): Promise<Heard> {
    const { message } = taken;
    const claimed = await this.#claimed(message);
    if (claimed !== undefined) return unheard({ reply: claimed });
    const access = decideAccess(this.#deps.config(), message, { ...this.#deps.people(message.route), expected });
    if (access.kind === 'ignored' || access.kind === 'stranger') {
      this.#log(taken, access.reason);
      return unheard(await this.#refusal(taken, access));
    }
    const paused = this.#paused(taken);
    if (paused !== undefined) return unheard(paused);
    const end = this.#tooOld(taken) ?? this.#unreadable(message);
    if (end !== undefined) {
      this.#log(taken, end.dropped);
      return unheard(end);
    }
    const owner = access.kind === 'owner';
    if (owner && message.chat === 'direct') await this.#deps.ownerSeen(message);
    return { kind: 'heard', owner };
  }

  /** Whoever comes with a link made at the command line is let in before anybody asks who they are. */
  async #claimed(message: InboundMessage): Promise<Reply | undefined> {
    if (message.chat !== 'direct') return undefined;
    const claimed = await this.#deps.pairing.claim(message);
    if (claimed?.owner === true) await this.#deps.ownerSeen(message);
    return claimed === undefined ? undefined : { text: claimed.reply };
  }

  async #refusal(taken: Taken, access: Extract<AccessDecision, { kind: 'ignored' | 'stranger' }>): Promise<End> {
    const { reason } = access;
    if (access.kind === 'ignored') {
      // Whoever gave a native command looks at a reply under way; a press is told by the platform that it was taken.
      const waits = taken.message.native === true && !isPress(taken.message);
      return { dropped: reason, ...(waits ? { reply: notAllowed } : {}) };
    }
    switch (access.answer) {
      case 'none':
        return { dropped: reason };
      case 'not_allowed':
        return { dropped: reason, reply: notAllowed };
      case 'as_yourself':
        return { dropped: reason, reply: asYourself };
      case 'pairing':
        return this.#pairing(taken, reason);
      default:
        return assertNever(access.answer);
    }
  }

  /** The newcomer gets a code; the owner is asked where they wrote last. */
  async #pairing(taken: Taken, reason: string): Promise<End> {
    const { pairing, ownerRoute, log } = this.#deps;
    const asked = await pairing.ask(taken.message);
    if (asked.kind === 'quiet') return { dropped: asked.reason };
    const route = await ownerRoute(taken.message.route);
    if (route === undefined)
      log.info({ person: personOf(taken.message), code: 'pairing_unasked' }, 'the owner has no chat to be asked in');
    const question = route === undefined ? undefined : { route, reply: pairingQuestion(asked.request) };
    return { dropped: reason, reply: { text: asked.reply }, question };
  }

  #paused(taken: Taken): End | undefined {
    const { sender, route } = taken.message;
    if (sender.bot !== true) return undefined;
    const decision = this.#bots.decide(routeKey(parentRoute(route)), this.#deps.clock.now());
    if (decision.kind === 'heard') return undefined;
    if (decision.begins) this.#log(taken, decision.reason);
    return { dropped: decision.reason };
  }

  /** What was taken in in time is answered, however long it had to wait here. */
  #tooOld({ message: { route, sentAt }, at }: Taken): Dropped | undefined {
    const { clock, config } = this.#deps;
    const age = decideAge(sentAt, at ?? clock.now(), config().messages.inbound.maxAgeMinutes);
    const first = once(this.#told.old, routeKey(route), age.kind === 'old');
    if (age.kind === 'fresh') return undefined;
    return { dropped: age.reason, ...(first ? { reply: { text: oldMessageText(age.ageMs) } } : {}) };
  }

  #unreadable({ route, text, files, attachments, unsupported }: InboundMessage): Dropped | undefined {
    const nothing = text === '' && (files?.length ?? 0) === 0 && attachments.length === 0;
    const first = once(this.#told.unsupported, routeKey(route), nothing && unsupported !== undefined);
    if (!nothing || unsupported === undefined) return undefined;
    const sentence = `ℹ️ I cannot read ${unsupported}. Text, pictures and files work.`;
    return { dropped: 'unsupported', ...(first ? { reply: { text: sentence } } : {}) };
  }

  #log({ ticket, message }: Taken, code: string): void {
    const chat = routeKey(message.route);
    this.#deps.log.info({ ticket, chat, sender: personOf(message), code }, 'message not heard');
  }
}

function unheard(end: End): Heard {
  return { kind: 'unheard', end };
}

/** Whether this is the first of its kind in a place since something else came. */
function once(told: Set<string>, place: string, now: boolean): boolean {
  const first = now && !told.has(place);
  if (now) told.add(place);
  else told.delete(place);
  return first;
}
