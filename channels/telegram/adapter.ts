// Telegram as a channel: puts the parts together and keeps their contract. Constructed by channels/index.ts, one per bot token.
import type { Update, UserFromGetMe } from 'grammy/types';
import type {
  Capabilities,
  ChannelAdapter,
  ChannelEvents,
  ChannelHealth,
  Fetched,
  GroupClosed,
  RateLimit,
  Sign,
} from '../../src/core/channel.ts';
import { type OutboundMessage, outOfDate, type Press, type Receipt, type RemoteFile } from '../../src/core/message.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import { cleanApiRoot, publicApiRoot, TelegramApi } from './api.ts';
import { Connection } from './connection.ts';
import { causeOf } from './faults.ts';
import { FileRights } from './file-rights.ts';
import { fetchFile } from './files.ts';
import { chatRoute, type Inbound, readUpdate } from './inbound.ts';
import { Silences, telegramLimits } from './limits.ts';
import { addedWords, privacyWords, removedWords } from './membership.ts';
import { CommandMenu, type MenuEntry } from './menu.ts';
import { editText, isTelegramPlace, maxText, type SendingOptions, sendText } from './sending.ts';
import { type ForumMemory, hasTopics, openTopic } from './topics.ts';
import { Typing } from './typing.ts';
import type { WebhookSettings } from './webhook.ts';

export interface TelegramOptions {
  /** Account name from the config. */
  readonly account: string;
  readonly token: string;
  /** Another Bot API server. */
  readonly apiRoot?: string | undefined;
  readonly webhook?: WebhookSettings | undefined;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  readonly forums: ForumMemory;
  /** Commands for the menu. */
  readonly commands: readonly MenuEntry[];
  /** Ids of the owner on Telegram. */
  readonly owners: () => readonly string[];
  /** Why nobody is heard in a group; undefined: it is served. */
  readonly closedGroup: (group: Route) => GroupClosed | undefined;
}

export class TelegramAdapter implements ChannelAdapter {
  readonly id = 'telegram';
  readonly account: string;
  readonly can: Capabilities = {
    threads: true,
    edits: true,
    buttons: true,
    typing: true,
    // Telegram has no key by which a repeated send could be recognised.
    idempotentSend: false,
    documents: true,
    maxText,
  };
  readonly #options: TelegramOptions;
  readonly #api: TelegramApi;
  readonly #connection: Connection;
  readonly #sending: SendingOptions;
  readonly #typing: Typing;
  readonly #menu: CommandMenu;
  /** Questions decided by a press whose answer has not been sent yet: chat and message id. */
  readonly #decided = new Set<string>();
  #events: ChannelEvents | undefined;
  #toldOfPrivacy = false;
  #stopping: Promise<void> | undefined;

  constructor(options: TelegramOptions) {
    const { account, token, clock, ids, log, webhook } = options;
    this.account = account;
    this.#options = options;
    this.#api = new TelegramApi({ token, apiRoot: cleanApiRoot(options.apiRoot ?? publicApiRoot), clock });
    this.#typing = new Typing(this.#api, clock);
    this.#menu = new CommandMenu(this.#api);
    this.#connection = new Connection({
      ...{ api: this.#api, clock, ids, log, webhook },
      take: (update) => this.#take(update),
      connected: (me) => this.#connected(me),
    });
    this.#sending = {
      api: this.#api,
      silences: new Silences(clock),
      fileRights: new FileRights(clock),
      chance: () => ids.random(),
      moved: (from, to) => void this.#moved(from, chatRoute(to, { account })),
    };
  }

  start(events: ChannelEvents): Promise<void> {
    this.#events ??= events;
    return this.#connection.start();
  }

  async deliver(route: Route, message: OutboundMessage, _key: string): Promise<Receipt> {
    if (!this.#sends()) return { status: 'retry', afterMs: 1_000, cause: 'Telegram is not connected' };
    if (!isTelegramPlace(route)) return noPlace(route);
    const receipt = await sendText(this.#sending, route, message);
    if (message.replyTo !== undefined) await this.#settle(route, message.replyTo);
    return receipt;
  }

  async edit(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt> {
    if (!this.#sends()) return { status: 'retry', afterMs: 1_000, cause: 'Telegram is not connected' };
    if (!isTelegramPlace(route)) return noPlace(route);
    return editText(this.#sending, { route, messageId }, message);
  }

  openThread(parent: Route, name: string): Promise<Route> {
    return openTopic(this.#api, parent, name);
  }

  opensThreads(parent: Route): boolean {
    return hasTopics(this.#options.forums, parent);
  }

  takesFiles({ chat }: Route): boolean {
    return this.#sending.fileRights.allows(chat);
  }

  /** core.telegram.org/bots/api#chat: a direct chat has the id of its person. */
  direct(person: string): Route | undefined {
    return /^\d{1,20}$/.test(person) ? chatRoute(person, { account: this.account }) : undefined;
  }

  fetch(file: RemoteFile, maxBytes: number): Promise<Fetched> {
    return fetchFile(this.#api, file, maxBytes);
  }

  limits(route: Route): readonly RateLimit[] {
    return telegramLimits(route);
  }

  botName(): string | undefined {
    return this.#connection.me?.username;
  }

  /** core.telegram.org/bots/features#deep-linking */
  pairLink(token: string): string | undefined {
    const name = this.botName();
    return name === undefined ? undefined : `https://t.me/${name}?start=${token}`;
  }

  signal(route: Route, sign: Sign): void {
    if (sign === 'idle') this.#typing.end(route);
    else if (sign === 'typing' && this.#sends() && isTelegramPlace(route)) this.#typing.begin(route);
  }

  health(): ChannelHealth {
    return this.#connection.health();
  }

  refresh(): void {
    const { commands, owners, log } = this.#options;
    if (!this.#sends()) return;
    this.#menu.show(commands, owners()).catch((error: unknown) => {
      if (this.#stopping !== undefined) return;
      log.info(
        { cause: causeOf(error), code: 'telegram_menu' },
        'a command menu is not set yet; commands work as text',
      );
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#typing.close();
    await this.#connection.stop();
    this.#api.close();
  }

  /**
   * While polls get no answer nothing is sent: on a dead line it could not be told whether a message left. Another poller on
   * the same token does not keep us from sending.
   */
  #sends(): boolean {
    return this.#stopping === undefined && this.#connection.answers;
  }

  #connected(me: UserFromGetMe): void {
    const { log } = this.#options;
    this.refresh();
    // Once: it is no news at every reconnect.
    if (!me.can_read_all_group_messages && !this.#toldOfPrivacy) {
      this.#toldOfPrivacy = true;
      log.info({ bot: me.username }, privacyWords);
    }
    this.#events?.connected();
  }

  /** Rejects when the update was not stored. */
  async #take(update: Update): Promise<void> {
    const { me } = this.#connection;
    const events = this.#events;
    if (me === undefined || events === undefined) throw new Error('not logged in yet');
    const { account, clock, log } = this.#options;
    const connectedAt = this.#connection.connectedAt;
    let inbound: Inbound;
    try {
      inbound = readUpdate(update, { account, me, connectedAt, now: clock.now() });
    } catch (err) {
      // Coming again would not make it readable, and it must not keep what is behind it waiting.
      log.error(
        { err, update: update.update_id, code: 'telegram_unreadable' },
        'an update could not be read; left out',
      );
      return;
    }
    await this.#handle(inbound, events);
  }

  async #handle(inbound: Inbound, events: ChannelEvents): Promise<void> {
    const { log, forums } = this.#options;
    switch (inbound.kind) {
      case 'message':
        if (this.#menu.missing && this.#options.owners().includes(inbound.message.sender.id)) this.refresh();
        if (inbound.message.chat === 'group') forums.set(inbound.message.route.chat, inbound.forum);
        return events.message(inbound.message);
      case 'edited':
        return events.edited(inbound.message);
      case 'press':
        return this.#press(inbound.press, inbound.queryId, events);
      case 'moved':
        return this.#moved(inbound.from, inbound.to);
      case 'membership':
        return this.#membership(inbound, events);
      case 'ignored':
        log.debug({ code: inbound.reason }, 'an update that is nothing to us');
        return;
      default:
        assertNever(inbound);
    }
  }

  /** Telegram's clients show a spinner until the press is answered; a late answer is refused, and no harm. */
  async #press(press: Press | undefined, queryId: string, events: ChannelEvents): Promise<void> {
    const answer = press === undefined ? outOfDate : await events.pressed(press);
    const text = answer.text === undefined ? {} : { text: answer.text.slice(0, longestToast), show_alert: true };
    if (answer.decided && press?.messageId !== undefined) this.#decided.add(`${press.route.chat}:${press.messageId}`);
    this.#api
      .call((bot, signal) => bot.answerCallbackQuery(queryId, text, signal))
      .catch((error: unknown) =>
        this.#options.log.debug({ cause: causeOf(error), code: 'telegram_press' }, 'a press could not be answered'),
      );
  }

  /**
   * The question this answers is decided: its buttons go. That is a change of a message like any other, so it is part of the
   * answer's turn in this chat, and keeps the distance from it that Telegram wants.
   */
  async #settle(route: Route, question: string): Promise<void> {
    if (!this.#decided.delete(`${route.chat}:${question}`)) return;
    await this.#options.clock.sleep(oneSecondMs);
    const none = { reply_markup: { inline_keyboard: [] } };
    await this.#api
      .call((bot, signal) => bot.editMessageReplyMarkup(route.chat, Number(question), none, signal))
      .catch((error: unknown) =>
        this.#options.log.debug({ cause: causeOf(error), code: 'telegram_press' }, 'buttons could not be taken away'),
      );
  }

  async #moved(from: Route, to: Route): Promise<void> {
    await this.#events?.moved(from, to);
  }

  #membership({ route, open, title }: Extract<Inbound, { kind: 'membership' }>, events: ChannelEvents): void {
    const { log, account, closedGroup } = this.#options;
    const fields = { chat: route.chat, title, code: 'telegram_membership' };
    if (!open) {
      log.info(fields, removedWords);
      return;
    }
    events.opened(route);
    if (route.chat.startsWith('-')) log.info(fields, addedWords(account, closedGroup(route)));
  }
}

/** The distance of two messages in one chat, and a little more. */
const oneSecondMs = 1_050;
/** core.telegram.org/bots/api#answercallbackquery */
const longestToast = 200;

function noPlace(route: Route): Receipt {
  return { status: 'refused', cause: `no such place: ${route.chat}`, reason: 'there is no such chat on Telegram' };
}
