// The way of every message from a channel to a command or a turn.
// 1 store (only now may the platform's cursor move)  2 who speaks  3 too old?  4 which session  5 command now, or a turn
// Steps 2-5 of one conversation run one after another, so that order is kept; commands do not hold up what follows them.
import type { MailItem } from '../agents/mailbox.ts';
import type { Bindings } from '../bindings/bindings.ts';
import type { CommandPlace, Reply } from '../core/command.ts';
import type { InboundMessage } from '../core/message.ts';
import { routeKey } from '../core/route.ts';
import type { Session, SessionKey } from '../core/session.ts';
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
import { type Routed, type RouterDeps, routeMessage } from './router.ts';

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
}

type Place = Extract<Routed, { kind: 'session' }>;

export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #chain = new Chain();
  readonly #commands = new Set<Promise<void>>();
  /** Conversations already told that an old message was left alone. */
  readonly #toldOld = new Set<string>();

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
  }

  /** Resolves once the message is durable. What it leads to goes on by itself. */
  async accept(message: InboundMessage): Promise<void> {
    const { ticket, duplicate } = await this.#deps.inbox.accept(message);
    if (duplicate) {
      this.#deps.log.debug({ ticket, code: 'duplicate' }, 'message was stored before');
      return;
    }
    this.take(ticket, message);
  }

  /** Goes on with a stored message; also called at start for those left open. */
  take(ticket: number, message: InboundMessage): void {
    this.#chain.run(routeKey(message.route), () => this.#process(ticket, message));
  }

  /** Resolves when every accepted message has become a command or a turn, and every command has answered. */
  async idle(): Promise<void> {
    while (this.#chain.busy() || this.#commands.size > 0) {
      await this.#chain.idle();
      await Promise.all(this.#commands);
    }
  }

  busy(): boolean {
    return this.#chain.busy() || this.#commands.size > 0;
  }

  async #process(ticket: number, message: InboundMessage): Promise<void> {
    try {
      await this.#steps(ticket, message);
    } catch (error) {
      this.#deps.log.error({ err: error, ticket, code: 'intake_failed' }, 'message could not be handled');
      await this.#finish(ticket, message, {
        text: '⚠️ this message could not be handled; the log says why. Please send it again.',
      });
    }
  }

  async #steps(ticket: number, message: InboundMessage): Promise<void> {
    const { config, clock, log, inbox } = this.#deps;
    const binding = await this.#deps.bindings.at(message.route);
    const access = decideAccess(config(), message, { paired: this.#deps.paired(), expected: binding !== undefined });
    if (access.kind === 'ignored' || access.kind === 'stranger') {
      log.info({ ticket, sender: personOf(message), code: access.reason }, 'message not heard');
      const answered = access.kind === 'stranger' && access.answer === 'not_allowed';
      if (answered) await this.#finish(ticket, message, { text: '⚠️ you are not allowed to use this here.' });
      else await inbox.drop(ticket, access.reason);
      return;
    }
    const age = decideAge(message.sentAt, clock.now(), config().messages.inbound.maxAgeMinutes);
    if (age.kind === 'old') return this.#tooOld(ticket, message, age.ageMs);
    const owner = access.kind === 'owner';
    const routed = await routeMessage(this.#deps, message, owner);
    if (binding !== undefined) await this.#deps.bindings.touch(message.route, clock.now());
    if (this.#deps.isCommand(message.text)) return this.#command(ticket, message, { routed, owner });
    if (routed.kind === 'dead') return this.#dead(ticket, message, routed.label);
    this.#turn(ticket, message, routed);
  }

  /** Commands never wait for a lane, and nothing that follows waits for them. */
  #command(
    ticket: number,
    message: InboundMessage,
    { routed, owner }: { readonly routed: Routed; readonly owner: boolean },
  ): void {
    const place: CommandPlace = {
      caller: { id: personOf(message), name: message.sender.name, class: owner ? 'owner' : 'allowed' },
      route: message.route,
      chat: message.chat,
      chatSession: routed.chatSession,
      session: routed.kind === 'session' ? routed.session : routed.chatSession,
      bound: routed.kind === 'session' && routed.bound,
      commandId: `inbox:${ticket}`,
    };
    const work = this.#deps
      .runCommand(message.text, place)
      .then((reply) => this.#finish(ticket, message, reply))
      .catch((error: unknown) => this.#deps.log.error({ err: error, ticket, code: 'command_failed' }, 'command failed'))
      .finally(() => this.#commands.delete(work));
    this.#commands.add(work);
  }

  #turn(ticket: number, message: InboundMessage, { session }: Place): void {
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
    });
  }

  /** Fails closed: the main agent must not answer what was meant for another session. */
  #dead(ticket: number, message: InboundMessage, label: string): Promise<void> {
    const text = `⚠️ session_gone: this conversation is bound to ${label}, which has been archived. Use /unfocus to talk to the agent here again, or /focus another run.`;
    return this.#finish(ticket, message, { text });
  }

  async #tooOld(ticket: number, message: InboundMessage, ageMs: number): Promise<void> {
    const place = routeKey(message.route);
    const told = this.#toldOld.has(place);
    this.#toldOld.add(place);
    if (told) await this.#deps.inbox.drop(ticket, 'too_old');
    else await this.#finish(ticket, message, { text: oldMessageText(ageMs) });
  }

  /** The reply and the end of the message in one transaction. */
  async #finish(ticket: number, message: InboundMessage, reply: Reply | undefined): Promise<void> {
    const { database, inbox } = this.#deps;
    const session: SessionKey = routeKey(message.route);
    await database.write((sql) => {
      inbox.done(sql, [ticket], reply === undefined ? 'no reply needed' : 'answered');
      if (reply === undefined) return;
      this.#deps.enqueue(sql, {
        key: `command:${ticket}`,
        route: message.route,
        message: reply,
        priority: 'reply',
        session,
      });
    });
    this.#deps.sent();
  }
}

/** Mail items made from inbox rows carry the row's ticket. */
export function itemId(ticket: number): string {
  return `inbox:${ticket}`;
}

/** The inbox rows behind item ids; ids of other items are skipped. */
export function ticketsOf(itemIds: readonly string[]): readonly number[] {
  return itemIds.flatMap((id) => {
    const ticket = /^inbox:(\d+)$/.exec(id)?.[1];
    return ticket === undefined ? [] : [Number(ticket)];
  });
}
