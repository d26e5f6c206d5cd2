// The way of every message from a channel to a command or a turn.
// 1 store (only now may the platform's cursor move)  2 who speaks  3 too old?  4 the whole text?  5 which session
// 6 command now, or a turn
// Steps 2-6 of one conversation run one after another, so that order is kept, also between a command and what follows it.
import type { MailItem } from '../agents/mailbox.ts';
import type { Bindings } from '../bindings/bindings.ts';
import type { CommandPlace, Reply } from '../core/command.ts';
import { sessionGone } from '../core/errors.ts';
import type { InboundMessage } from '../core/message.ts';
import { refusalText } from '../core/result.ts';
import { routeKey } from '../core/route.ts';
import type { Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { OutgoingEntry } from '../runs/turn-end.ts';
import { decideAccess, personOf } from './access.ts';
import { decideAge, oldMessageText } from './age.ts';
import { Chain } from './chain.ts';
import type { Inbox } from './inbox.ts';
import { Pastes, type Whole } from './paste.ts';
import { type Routed, type RouterDeps, routeMessage } from './router.ts';
import { itemId, replyKey } from './tickets.ts';

export interface ReceiverDeps extends RouterDeps {
  readonly inbox: Inbox;
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly config: () => Config;
  readonly bindings: Pick<Bindings, 'at' | 'touch'>;
  readonly paired: () => ReadonlySet<string>;
  readonly isCommand: (text: string) => boolean;
  readonly runCommand: (text: string, place: CommandPlace) => Promise<Reply | undefined>;
  readonly offer: (session: Session, item: MailItem) => void;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
  readonly draining: () => boolean;
  /** The owner wrote in their direct chat. */
  readonly ownerSeen: (message: InboundMessage) => Promise<void>;
}

type Place = Extract<Routed, { kind: 'session' }>;

/** How long a message waits for the command before it in its conversation; a command waits for hardly anything. */
const orderMs = { message: 2_000, command: 100 } as const;

const notAllowed: Reply = { text: '⚠️ you are not allowed to use this here.' };
const notHandled: Reply = { text: '⚠️ this message could not be handled; the log says why. Please send it again.' };

export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #chain = new Chain();
  readonly #commands = new Set<Promise<void>>();
  /** The latest command of a conversation, until it has acted. */
  readonly #acting = new Map<string, Promise<void>>();
  /** Conversations told that an old message was left alone, until a fresh one comes. */
  readonly #toldOld = new Set<string>();

  readonly #pastes: Pastes;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    this.#pastes = new Pastes(deps.clock, (place) => {
      void this.#chain.run(place, () => this.#turns(this.#pastes.end(place)));
    });
  }

  /** Resolves once the message is durable. What it leads to goes on by itself. */
  async accept(message: InboundMessage): Promise<void> {
    const { ticket, duplicate } = await this.#deps.inbox.accept(message);
    if (duplicate) {
      this.#deps.log.debug({ ticket, code: 'duplicate' }, 'message was stored before');
      return;
    }
    void this.take(ticket, message);
  }

  /** Goes on with a stored message; `resumed`: the last process left it open. Resolves when it has its place. */
  take(ticket: number, message: InboundMessage, resumed = false): Promise<void> {
    return this.#chain.run(routeKey(message.route), () => this.#process({ ticket, message, resumed }));
  }

  /** Resolves when every accepted message has become a command or a turn, and every command has answered. */
  async idle(): Promise<void> {
    while (this.busy()) {
      await this.#chain.idle();
      await Promise.all(this.#commands);
    }
  }

  /** A message waits for its place, or a command for its answer. */
  busy(): boolean {
    return this.#chain.busy() || this.#commands.size > 0;
  }

  /** The rest of a long text may still come. */
  holding(): boolean {
    return this.#pastes.size() > 0;
  }

  /** For the end of the process: what is held stays stored. */
  close(): void {
    this.#pastes.close();
  }

  /** What is remembered while work goes on. */
  stats(): { readonly conversations: number; readonly commands: number } {
    return {
      conversations: this.#chain.size() + this.#acting.size + this.#pastes.size(),
      commands: this.#commands.size,
    };
  }

  async #process(stored: Stored): Promise<void> {
    const { ticket, message } = stored;
    try {
      await this.#steps(stored);
    } catch (error) {
      await this.#failed(ticket, message, error);
    }
  }

  /** Tells the sender; when not even that can be stored, the message stays open for the next start. */
  async #failed(ticket: number, message: InboundMessage, error: unknown): Promise<void> {
    const { log } = this.#deps;
    log.error({ err: error, ticket, code: 'intake_failed' }, 'message could not be handled');
    try {
      await this.#finish(ticket, message, { reply: notHandled, dropped: 'intake_failed' });
    } catch (again) {
      log.error({ err: again, ticket, code: 'intake_failed' }, 'message stays open');
    }
  }

  async #steps({ ticket, message, resumed }: Stored): Promise<void> {
    const { config, clock, log, inbox } = this.#deps;
    const place = routeKey(message.route);
    const command = this.#deps.isCommand(message.text);
    await this.#after(this.#acting.get(place), command ? orderMs.command : orderMs.message);
    const binding = await this.#deps.bindings.at(message.route);
    const expected = binding !== undefined || this.#pastes.expects(message);
    const access = decideAccess(config(), message, { paired: this.#deps.paired(), expected });
    if (access.kind === 'ignored' || access.kind === 'stranger') {
      log.info({ ticket, sender: personOf(message), code: access.reason }, 'message not heard');
      const answered = access.kind === 'stranger' && access.answer === 'not_allowed';
      if (!answered) return inbox.drop(ticket, access.reason);
      return this.#finish(ticket, message, { reply: notAllowed, dropped: access.reason });
    }
    const age = decideAge(message.sentAt, clock.now(), config().messages.inbound.maxAgeMinutes);
    if (age.kind === 'old') return this.#tooOld(ticket, message, age.ageMs);
    this.#toldOld.delete(place);
    const owner = access.kind === 'owner';
    if (owner && message.chat === 'direct') await this.#deps.ownerSeen(message);
    if (!command) return this.#turns(this.#pastes.add({ tickets: [ticket], message, owner, resumed }));
    await this.#turns(this.#pastes.end(place));
    const routed = await this.#route(message, owner);
    this.#command(ticket, message, { routed, owner });
  }

  async #route(message: InboundMessage, owner: boolean): Promise<Routed> {
    const routed = await routeMessage(this.#deps, message, owner);
    if (routed.kind === 'dead' || routed.bound) await this.#deps.bindings.touch(message.route, this.#deps.clock.now());
    return routed;
  }

  /** Hands messages to the sessions they belong to, in order; one that fails holds up no other. */
  async #turns(ready: readonly Whole[]): Promise<void> {
    for (const whole of ready) {
      const { message, tickets } = whole;
      const [ticket = 0] = tickets;
      try {
        if (tickets.length > 1) await this.#deps.inbox.join(tickets, message);
        const routed = await this.#route(message, whole.owner);
        if (routed.kind === 'dead') await this.#dead(ticket, message, routed.label);
        else this.#turn(whole, ticket, routed);
      } catch (error) {
        await this.#failed(ticket, message, error);
      }
    }
  }

  /** Waits until the command before has acted, but not for long: an agent it waits for must not hold up the person. */
  async #after(acting: Promise<void> | undefined, ms: number): Promise<void> {
    if (acting === undefined) return;
    const over = new AbortController();
    await Promise.race([acting, this.#deps.clock.sleep(ms, over.signal)]);
    over.abort();
  }

  /** Commands never wait for a lane. What follows in the conversation waits until they have acted, see `#after`. */
  #command(
    ticket: number,
    message: InboundMessage,
    { routed, owner }: { readonly routed: Routed; readonly owner: boolean },
  ): void {
    const key = routeKey(message.route);
    const { promise: acting, resolve: acted } = Promise.withResolvers<void>();
    const place: CommandPlace = {
      caller: { id: personOf(message), name: message.sender.name, class: owner ? 'owner' : 'allowed' },
      route: message.route,
      chat: message.chat,
      chatSession: routed.chatSession,
      session: routed.kind === 'session' ? routed.session : routed.chatSession,
      bound: routed.kind === 'session' && routed.bound,
      ...(routed.kind === 'dead' ? { gone: routed.label } : {}),
      commandId: itemId(ticket),
      acted,
    };
    this.#acting.set(key, acting);
    void acting.then(() => this.#acting.get(key) === acting && this.#acting.delete(key));
    const work = this.#deps
      .runCommand(message.text, place)
      .then((reply) => this.#finish(ticket, message, { reply }))
      .catch((error: unknown) => this.#failed(ticket, message, error))
      .finally(() => {
        this.#commands.delete(work);
        acted();
      });
    this.#commands.add(work);
  }

  #turn({ message, resumed }: Whole, ticket: number, { session }: Place): void {
    // While the process goes down the message stays stored; the next start answers it.
    if (this.#deps.draining()) return;
    this.#deps.offer(session, {
      id: itemId(ticket),
      kind: 'message',
      text: message.text,
      at: this.#deps.clock.now(),
      from: message.sender.name,
      route: message.route,
      tree: this.#deps.ids.uuid(),
      attachments: message.attachments,
      steerable: true,
      resumed,
    });
  }

  /** Fails closed: the main agent must not answer what was meant for another session. */
  #dead(ticket: number, message: InboundMessage, label: string): Promise<void> {
    const reply = { text: `⚠️ ${refusalText(sessionGone(label))}` };
    return this.#finish(ticket, message, { reply, dropped: 'session_gone' });
  }

  async #tooOld(ticket: number, message: InboundMessage, ageMs: number): Promise<void> {
    const place = routeKey(message.route);
    const told = this.#toldOld.has(place);
    this.#toldOld.add(place);
    const reply = told ? undefined : { text: oldMessageText(ageMs) };
    await this.#finish(ticket, message, { reply, dropped: 'too_old' });
  }

  /** The reply and the end of the message in one transaction. */
  async #finish(ticket: number, message: InboundMessage, end: End): Promise<void> {
    const { database, inbox } = this.#deps;
    const { reply, dropped } = end;
    await database.write((sql) => {
      if (dropped !== undefined) inbox.dropIn(sql, [ticket], dropped);
      else inbox.done(sql, [ticket], reply === undefined ? 'no reply needed' : 'answered');
      if (reply === undefined) return;
      const [key, session] = [replyKey(itemId(ticket)), routeKey(message.route)];
      this.#deps.enqueue(sql, { key, route: message.route, message: reply, priority: 'reply', session });
    });
    this.#deps.sent();
  }
}

interface Stored {
  readonly ticket: number;
  readonly message: InboundMessage;
  readonly resumed: boolean;
}

interface End {
  readonly reply: Reply | undefined;
  /** Why nothing was done about the message. */
  readonly dropped?: string;
}
