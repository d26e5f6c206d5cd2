// What counts as a press: of a button, of a line of a menu by its number, and a thumb on a question. Each is decided and stored
// in one transaction, and then goes the way of every message. Used by receive.ts.
import type { Standing } from '../core/channel.ts';
import { pickedNumber, thumbOf } from '../core/menu.ts';
import type { InboundMessage, Press, PressAnswer, Reaction } from '../core/message.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Sql } from '../infra/database.ts';
import { isCommand, personOf } from './access.ts';
import { decideAge } from './age.ts';
import { type FinishDeps, finishIn } from './finish.ts';
import type { Accepted } from './inbox.ts';
import { decideNumber, menuWords } from './menu-answer.ts';
import { closeLists, type MenuLine, menuKey, menuOn, openMenus } from './menus.ts';
import { type Pressed, type PressFacts, pressedMessage, takePress } from './press.ts';

export interface PressesDeps extends FinishDeps {
  readonly clock: Clock;
  readonly config: () => Config;
  /** This chat under every id it had, the present one first. */
  readonly places: (route: Route) => readonly Route[];
  /** Other ids of a chat under which a message with this id is the same message. */
  readonly sameChats: (route: Route) => readonly Route[];
  /** Who somebody is where they speak, by the rules of now. */
  readonly standing: (message: InboundMessage) => Standing;
  /** Goes on with a message that was stored for a press. */
  readonly take: (ticket: number, message: InboundMessage) => void;
  /** A question is decided: the message of that key may show how. */
  readonly menuDecided: (key: string, choice: string) => void;
}

/** A message as it was stored. `answered`: it was an answer to a menu, and nothing more is to be done about it. */
export interface Intake extends Accepted {
  readonly answered: boolean;
}

/** What is due once a transaction is committed. */
interface After {
  readonly accepted?: Pressed['accepted'];
  readonly decided?: { readonly key: string | undefined; readonly choice: string } | undefined;
  readonly said?: boolean;
}

export class Presses {
  readonly #deps: PressesDeps;

  constructor(deps: PressesDeps) {
    this.#deps = deps;
  }

  /** Stores a message; resolves once it is on disk. The number of a line of a menu becomes what that stands for. */
  async accept(message: InboundMessage): Promise<Intake> {
    const { inbox, database, menus, sameChats } = this.#deps;
    const chats = sameChats(message.route);
    if (!menus(message.route)) return { ...(await inbox.accept(message, chats)), answered: false };
    const { stored, after } = await database.write((sql) => {
      const accepted = inbox.acceptIn(sql, message, chats);
      const answer = accepted.duplicate ? undefined : this.#answer(sql, accepted.ticket, message);
      return { stored: { ...accepted, answered: answer !== undefined }, after: answer };
    });
    if (after !== undefined) this.#after(after);
    return stored;
  }

  /** A button was pressed. Never rejects. */
  async pressed(press: Press): Promise<PressAnswer> {
    const { database, log } = this.#deps;
    try {
      const facts = this.#facts(press);
      const { answer, accepted } = await database.write((sql) => takePress(sql, this.#deps, press, facts));
      this.#after({ accepted });
      return answer;
    } catch (error) {
      log.error({ err: error, code: 'press_failed' }, 'a press could not be handled');
      return { text: 'this could not be handled; please press it again', decided: false };
    }
  }

  async reacted(reaction: Reaction): Promise<void> {
    const { id, route, sender, chat, space, messageId, emoji, at } = reaction;
    const thumb = thumbOf(emoji);
    if (thumb === undefined || !this.#deps.menus(route)) return;
    const press = { id, route, sender, chat, ...(space === undefined ? {} : { space }), messageId, at };
    const after = await this.#deps.database.write((sql): After | undefined => {
      const line = menuOn(sql, this.#places(route), messageId)?.lines.find((each) => each.thumb === thumb);
      return line === undefined || !this.#mayPress(press) ? undefined : this.#react(sql, { ...press, choice: line.id });
    });
    if (after !== undefined) this.#after(after);
  }

  #react(sql: Sql, press: Press): After {
    const { enqueue } = this.#deps;
    const pressed = takePress(sql, this.#deps, press, this.#facts(press));
    const { refused } = pressed;
    if (refused === undefined) return this.#due(sql, pressed, press.choice);
    // People put thumbs on anything: who may not decide, or did, meant nothing by it.
    const { person } = this.#facts(press);
    const own = refused.kind === 'decided' && refused.choice.usedBy === person;
    if (own || refused.kind === 'not_theirs') return {};
    const text = menuWords(refused);
    const { route } = press;
    enqueue(sql, {
      key: `reaction:${press.id}`,
      route,
      message: { text },
      priority: 'reply',
      session: routeKey(route),
    });
    return { said: true };
  }

  /** What a message to be answered here and now leads to; undefined: it is no answer to a menu. */
  #answer(sql: Sql, ticket: number, message: InboundMessage): After | undefined {
    const { replyTo, route } = message;
    const bare = message.attachments.length === 0 && (message.files?.length ?? 0) === 0;
    const number = bare ? pickedNumber(message.text) : undefined;
    const places = this.#places(route);
    if (number === undefined) {
      if (!isCommand(message)) closeLists(sql, places, personOf(message));
      return undefined;
    }
    const { id, sender, chat, space, sentAt: at, backlog = false } = message;
    const press = { id, route, sender, chat, ...(space === undefined ? {} : { space }), at };
    if (!this.#mayPress(press)) return undefined;
    const { person, owner, now } = this.#facts(press);
    const found = decideNumber(number, {
      quoted: replyTo === undefined ? undefined : menuOn(sql, places, replyTo),
      open: replyTo === undefined ? openMenus(sql, { places, person, owner, at: Math.min(at, now), backlog }) : [],
    });
    switch (found.kind) {
      case 'message':
        return undefined;
      case 'say':
        return this.#say(sql, { ticket, message }, found);
      case 'press':
        return this.#pick(sql, { ticket, message }, { ...press, ...found });
    }
  }

  #pick(
    sql: Sql,
    taken: { readonly ticket: number; readonly message: InboundMessage },
    { line, messageId, ...press }: Omit<Press, 'choice'> & { readonly line: MenuLine },
  ): After {
    const whole: Press = { ...press, choice: line.id, ...(messageId === undefined ? {} : { messageId }) };
    const pressed = takePress(sql, this.#deps, whole, this.#facts(whole));
    const { refused } = pressed;
    if (refused !== undefined) return this.#say(sql, taken, { code: refused.kind, text: menuWords(refused) });
    this.#deps.inbox.done(sql, [taken.ticket], 'a line of a menu');
    return this.#due(sql, pressed, line.id);
  }

  #say(
    sql: Sql,
    taken: { readonly ticket: number; readonly message: InboundMessage },
    { code, text }: { readonly code: string; readonly text: string },
  ): After {
    finishIn(this.#deps, sql, taken, { reply: { text }, dropped: code });
    return { said: true };
  }

  #due(sql: Sql, { answer, accepted }: Pressed, choice: string): After {
    if (accepted === undefined || !answer.decided) return { accepted };
    const group = this.#deps.choices.find(sql, choice)?.group;
    return { accepted, decided: { key: group === undefined ? undefined : menuKey(sql, group), choice } };
  }

  #after({ accepted, decided, said = false }: After): void {
    const { take, sent, menuDecided } = this.#deps;
    if (accepted !== undefined) take(accepted.ticket, accepted.message);
    if (decided?.key !== undefined) menuDecided(decided.key, decided.choice);
    if (said) sent();
  }

  /** Quoting is no authorisation, and what is too old to be acted on decides nothing. */
  #mayPress(press: Omit<Press, 'choice'>): boolean {
    const { standing, clock, config } = this.#deps;
    const age = decideAge(press.at, clock.now(), config().messages.inbound.maxAgeMinutes);
    return age.kind === 'fresh' && standing(pressedMessage({ ...press, choice: '' }, '')) !== 'stranger';
  }

  #facts(press: Omit<Press, 'choice'>): PressFacts {
    const { standing, clock } = this.#deps;
    const message = pressedMessage({ ...press, choice: '' }, '');
    const owner = standing(message) === 'owner';
    return { person: personOf(message), owner, places: this.#places(press.route), now: clock.now() };
  }

  #places(route: Route): readonly string[] {
    return this.#deps.places(route).map((each) => routeKey(parentRoute(each)));
  }
}
