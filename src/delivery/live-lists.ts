// Lists that keep themselves up to date while something in them is under way. 1 a command answers with one  2 the answer is
// delivered: from here it changes  3 its command looks again, every 5 s and soon after something changed  4 the last change
// says that it is the last. Nothing of it is durable: after a restart the list stays as it was last shown.
// Made by src/wiring/live-lists.ts.
import type { CommandPlace, Reply, ReplyChoice } from '../core/command.ts';
import { clip } from '../core/format.ts';
import { buttonsOf, menuText } from '../core/menu.ts';
import type { OutboundMessage } from '../core/message.ts';
import { type Route, routeKey } from '../core/route.ts';
import { cutText, splitText } from '../core/split.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { Updates } from './updates.ts';

type Choices = NonNullable<OutboundMessage['choices']>;

export interface LiveListsOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly updates: Pick<Updates, 'adopt' | 'update' | 'finish'>;
  /** Longest message in a place whose messages can be changed; undefined where they cannot. */
  readonly editable: (route: Route) => number | undefined;
  /** The message that was stored under this key. */
  readonly stored: (key: string) => OutboundMessage | undefined;
  /** What the command answers there now. */
  readonly again: (command: string, place: CommandPlace) => Promise<Reply | undefined>;
  /** The buttons of an answer that can be shown there. */
  readonly shown: (route: Route, reply: Reply) => readonly ReplyChoice[];
  /** Stores what new buttons mean, in their order; `below`: one that stands there already. */
  readonly offer: (
    choices: readonly ReplyChoice[],
    place: CommandPlace,
    below: Choices[number] | undefined,
  ) => Promise<Choices>;
}

/** An answer that shows something under way. */
export interface Answered {
  /** As typed. */
  readonly command: string;
  readonly place: CommandPlace;
  readonly reply: Reply;
}

/** What was delivered, and as which messages. */
export interface Delivered {
  readonly key: string;
  readonly route: Route;
  readonly messageIds: readonly string[];
}

interface List extends Answered {
  readonly route: Route;
  /** Where one list at a time changes. */
  readonly seat: string;
  /** Last shown. */
  look: Look;
  /** One for each message it stands in. */
  readonly keys: readonly string[];
  /** What each message carries beside text and buttons. */
  readonly base: Omit<OutboundMessage, 'text' | 'choices'>;
  readonly maxText: number;
  readonly since: number;
  /** Buttons by what they type. */
  readonly buttons: Map<string, Choices[number]>;
  timer: Timer | undefined;
  /** Looking right now; `changed`: and something changed meanwhile. */
  looking: boolean;
  changed: boolean;
}

/** Also the shortest time between two changes of one list. */
const everyMs = 5_000;
/** Changes come in bursts. */
const soonMs = 500;
/** WhatsApp takes changes for a little longer than this: the last one has to arrive, too. */
const longestMs = 14 * 60_000;
/** A list of more messages is no list any more. */
const mostMessages = 5;

export class LiveLists {
  readonly #options: LiveListsOptions;
  /** Answers that are on their way, by key of the message. */
  readonly #expected = new Map<string, Answered & { readonly at: number }>();
  /** By place, and by person where only that one sees it: a newer list ends the one before. */
  readonly #lists = new Map<string, List>();

  constructor(options: LiveListsOptions) {
    this.#options = options;
  }

  /** Lists that change. */
  get size(): number {
    return this.#lists.size;
  }

  /** A command was answered with something under way. @param key of the message that is going to carry the answer */
  answered(key: string, answer: Answered): void {
    const now = this.#options.clock.now();
    for (const [old, { at }] of this.#expected) if (now - at > longestMs) this.#expected.delete(old);
    if (this.#options.editable(answer.place.route) !== undefined) this.#expected.set(key, { ...answer, at: now });
  }

  /** A message has arrived; if it is a list, it changes from now on. */
  delivered({ key, route, messageIds }: Delivered): void {
    const answer = this.#expected.get(key);
    if (answer === undefined) return;
    this.#expected.delete(key);
    const [message, maxText] = [this.#options.stored(key), this.#options.editable(route)];
    if (message === undefined || maxText === undefined || message.document !== undefined) return;
    if (messageIds.length === 0 || messageIds.length > mostMessages) return;
    this.#begin(answer, { key, route, messageIds }, { message, maxText });
  }

  /** Some run changed: every list looks again soon. */
  changed(): void {
    for (const list of this.#lists.values()) {
      if (!list.looking && !list.changed) this.#arm(list, soonMs);
      list.changed = true;
    }
  }

  /** For the end of the process. */
  close(): void {
    this.#expected.clear();
    for (const list of this.#lists.values()) this.#end(list);
  }

  #begin(
    { command, place, reply }: Answered,
    { key, route, messageIds }: Delivered,
    { message, maxText }: { readonly message: OutboundMessage; readonly maxText: number },
  ): void {
    const { updates, clock } = this.#options;
    const { text, choices = [], replyTo: _once, ...base } = message;
    const seat = seatOf(route, message);
    const before = this.#lists.get(seat);
    if (before !== undefined) this.#end(before, parts(before, { ...before.look, foot: staleWords(before) }));
    const labels = new Map(choices.map((choice) => [choice.label, choice]));
    const buttons = (reply.choices ?? []).flatMap((choice): [string, Choices[number]][] => {
      const known = labels.get(choice.label);
      return known === undefined ? [] : [[choice.command, known]];
    });
    const keys = messageIds.map((_, index) => `live:${key}:${index}`);
    const list: List = {
      ...{ command, place, reply, route, seat, keys, base, maxText, since: clock.now(), buttons: new Map(buttons) },
      look: { text, choices },
      ...{ timer: undefined, looking: false, changed: false },
    };
    this.#lists.set(seat, list);
    const shown = parts(list, { text, choices });
    for (const [index, messageId] of messageIds.entries())
      updates.adopt(keys[index] ?? '', route, { messageId, message: shown[index] ?? { text: '' }, everyMs });
    this.#arm(list, everyMs);
  }

  #arm(list: List, ms: number): void {
    list.timer?.cancel();
    list.timer = this.#options.clock.after(ms, () => {
      void this.#look(list).catch((err: unknown) => {
        this.#options.log.warn({ err, place: routeKey(list.route), code: 'live_list' }, 'a list stays as it is');
        this.#end(list);
      });
    });
  }

  async #look(list: List): Promise<void> {
    const { clock, again, updates } = this.#options;
    Object.assign(list, { looking: true, changed: false });
    // Rights may be taken back while somebody looks.
    const heard = list.place.heard?.() !== false;
    const reply = heard ? await again(list.command, { ...list.place, acted: undefined, refresh: true }) : undefined;
    const message = reply === undefined ? undefined : await this.#message(list, reply);
    list.looking = false;
    // A newer list came, or the process ends.
    if (this.#lists.get(list.seat) !== list) return;
    const over = reply?.live !== true || clock.now() - list.since >= longestMs;
    if (reply === undefined || message === undefined) return this.#end(list);
    list.look = message;
    const shown = parts(list, over ? { ...message, foot: lastWords(list, reply) } : message);
    if (over) return this.#end(list, shown);
    for (const [index, key] of list.keys.entries()) updates.update(key, list.route, shown[index] ?? { text: '' });
    this.#arm(list, list.changed ? soonMs : everyMs);
  }

  async #message(list: List, reply: Reply): Promise<Look> {
    const wanted = this.#options.shown(list.route, reply);
    const fresh = wanted.filter(({ command }) => !list.buttons.has(command));
    const offered =
      fresh.length === 0 ? [] : await this.#options.offer(fresh, list.place, list.buttons.values().next().value);
    for (const [index, choice] of offered.entries()) list.buttons.set(fresh[index]?.command ?? '', choice);
    return { text: reply.text, choices: wanted.flatMap(({ command }) => list.buttons.get(command) ?? []) };
  }

  /** @param last what its messages show in the end; without, they stay as they are */
  #end(list: List, last: readonly OutboundMessage[] = []): void {
    list.timer?.cancel();
    if (this.#lists.get(list.seat) === list) this.#lists.delete(list.seat);
    for (const [index, key] of list.keys.entries()) this.#options.updates.finish(key, last[index]);
  }
}

interface Look {
  readonly text: string;
  readonly choices: Choices;
  /** Below everything, whatever has to be cut for it. */
  readonly foot?: string;
}

/** A text for as many messages as the list has, its buttons under the last one. */
function parts({ keys, base, maxText }: List, { text, choices, foot }: Look): readonly OutboundMessage[] {
  const [menu, buttons] = [menuText(choices), buttonsOf(choices) ?? []];
  const texts = splitText(text, maxText);
  const below = `${texts.length > keys.length ? '\n…' : ''}${menu}${foot === undefined ? '' : `\n${foot}`}`;
  return keys.map((_, index) => {
    const part = texts[index] ?? '…';
    if (index < keys.length - 1) return { ...base, text: part };
    const last = cutText(part, maxText - below.length) + below;
    return { ...base, text: last, ...(buttons.length > 0 ? { choices: buttons } : {}) };
  });
}

function lastWords(list: List, reply: Reply): string {
  return reply.live === true ? staleWords(list) : 'ℹ️ all ended';
}

function staleWords({ command }: Pick<List, 'command'>): string {
  return `ℹ️ no longer kept up to date; ${clip(command, 40)} shows it anew`;
}

function seatOf(route: Route, { private: hidden, asker }: OutboundMessage): string {
  return hidden === true && asker !== undefined ? `${routeKey(route)} ${asker}` : routeKey(route);
}
