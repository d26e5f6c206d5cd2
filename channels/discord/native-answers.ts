// The answers to native commands and presses: shown with what they answer as long as Discord keeps its token, which is
// 15 minutes; after that they go the way of every message. The token is stored with what was asked and with the answer, so
// that the next process shows it in the same place, and once. Used by interactions.ts.
import { type APIMessage, MessageFlags, Routes } from 'discord.js';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import type { DiscordApi } from './api.ts';
import { causeOf, faultOf, receiptOf } from './faults.ts';
import { attempt, bodyOf, filesOf } from './sending.ts';
import { timeOf } from './snowflake.ts';

export interface AnsweringOptions {
  readonly api: DiscordApi;
  readonly account: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The way of every message. Never rejects. */
  readonly send: (route: Route, message: OutboundMessage, key: string) => Promise<Receipt>;
}

/** Something somebody did that Discord lets us answer. */
export interface Native {
  /** Of the command or press. */
  readonly id: string;
  readonly kind: 'command' | 'press';
  /** Id of the application. */
  readonly application: string;
  readonly token: string;
  /** Only whoever did it sees the answer. */
  readonly hidden: boolean;
}

interface Open {
  readonly native: Native;
  /** Unix ms. */
  readonly at: number;
  /** Whether Discord took note in time that there will be an answer. Never rejects. */
  readonly acked: Promise<boolean>;
}

/** docs.discord.com/developers/interactions/receiving-and-responding: 15 minutes, less what a call may take. */
const tokenMs = 15 * 60_000 - 20_000;
/** A message that only one person sees cannot be changed in any other way, so it is known for longer. */
const hiddenMs = 60 * 60_000;

export class NativeAnswers {
  readonly #options: AnsweringOptions;
  /** By the id of the command or press, oldest first; those of this process. */
  readonly #open = new Map<string, Open>();
  /** Ids of commands whose answer goes the way of every message, until it is there. */
  readonly #plain = new Set<string>();
  /** By the id of a message that only one person sees. */
  readonly #hidden = new Map<string, Open>();

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  /**
   * @param acknowledge tells Discord that there will be an answer
   * @returns what that comes to; undefined when it is known: Discord repeats things
   */
  open(native: Native, acknowledge: () => Promise<boolean>): Promise<boolean> | undefined {
    if (this.#open.has(native.id)) return undefined;
    const now = this.#options.clock.now();
    forget(this.#open, now - tokenMs);
    forget(this.#hidden, now - hiddenMs);
    const acked = acknowledge();
    this.#open.set(native.id, { native, at: now, acked });
    return acked;
  }

  /** Sends an answer. Never rejects; the receipt is that of the place where it is shown. */
  async answer(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    const open = this.#of(message.answers ?? '');
    const shown = open === undefined ? undefined : await this.#show(open, { route, message, key });
    if (shown !== undefined && shown.status !== 'refused') return shown;
    if (message.private === true) return this.#privately({ message, key });
    const id = open?.native.kind === 'command' && key.endsWith(':0') ? open.native.id : undefined;
    if (id !== undefined && !this.#plain.has(id)) {
      this.#plain.add(id);
      return { status: 'retry', afterMs: 0, cause: 'it is a message like any other now, within the limits of those' };
    }
    const receipt = await this.#options.send(route, message, key);
    if (id !== undefined && receipt.status !== 'retry') this.#plain.delete(id);
    return receipt;
  }

  /** Whether what answers this counts as a message of its own. */
  goesPlain(answers: string): boolean {
    const native = nativeOf(answers);
    return native !== undefined && this.#plain.has(native.id);
  }

  /** Changes a message that only one person sees. Undefined: it is none of those. */
  edit(messageId: string, message: OutboundMessage): Promise<Receipt> | undefined {
    const open = this.#hidden.get(messageId);
    if (open === undefined) return undefined;
    if (!this.#fresh(open))
      return Promise.resolve({ status: 'refused', cause: 'expired', reason: 'it is too old to be changed' });
    return this.#change(open, messageId, message);
  }

  /** A short word for whoever did it. Best effort. */
  async say(id: string, text: string): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined || !(await open.acked)) return;
    this.#note(
      open.native.kind === 'command' ? await this.#change(open, original, { text }) : await this.#add(open, { text }),
    );
  }

  /** Takes the buttons off the message with the button that was pressed. Best effort. */
  async withoutButtons(id: string): Promise<void> {
    const open = this.#open.get(id);
    if (open === undefined || !(await open.acked)) return;
    this.#note(
      await this.#call((signal, rest) =>
        rest.patch(pathOf(open, original), { body: { components: [] }, auth: false, signal }),
      ),
    );
  }

  /** Undefined: it is to be sent like any message. */
  async #show(open: Open, { route, message, key }: Answer): Promise<Receipt | undefined> {
    const { kind, hidden } = open.native;
    if (!this.#fresh(open) || !(await open.acked)) return undefined;
    if (kind === 'press') return message.private === true ? this.#add(open, message) : undefined;
    if (key.endsWith(':0')) return this.#change(open, original, message);
    if (hidden) return this.#add(open, message);
    // A repeated message is recognised in a channel and nowhere else; but an answer is allowed where messages are not.
    const sent = await this.#options.send(route, message, key);
    return sent.status === 'refused' ? this.#add(open, message) : sent;
  }

  /** To the person's direct chat, and nowhere else. */
  async #privately({ message, key }: Omit<Answer, 'route'>): Promise<Receipt> {
    const { api, account, send } = this.#options;
    const { asker } = message;
    if (asker === undefined) return unseen('nobody is named who may see it');
    try {
      const { id } = await api.call<{ readonly id: string }>((rest, signal) =>
        rest.post(Routes.userChannels(), { body: { recipient_id: asker }, signal }),
      );
      const sent = await send({ channel: 'discord', account, chat: id }, message, key);
      return sent.status === 'refused' ? unseen(sent.cause) : sent;
    } catch (error) {
      const receipt = receiptOf(faultOf(error), causeOf(error), false);
      if (receipt.status === 'refused') return unseen(receipt.cause);
      // To open a chat that is open does nothing, so there is nothing to be in doubt about.
      return receipt.status === 'ambiguous' ? { status: 'retry', afterMs: 0, cause: receipt.cause } : receipt;
    }
  }

  /** Repeating it does no harm, so an unknown outcome is none. */
  async #change(open: Open, messageId: string, message: OutboundMessage): Promise<Receipt> {
    const receipt = await this.#call((signal, rest) =>
      attempt(message, (form) =>
        rest.patch(pathOf(open, messageId), { body: bodyOf(form), ...filesOf(form), auth: false, signal }),
      ),
    );
    if (receipt.status === 'ambiguous') return { status: 'retry', afterMs: 0, cause: receipt.cause };
    this.#shown(open, receipt);
    return receipt;
  }

  /** A further message that only whoever did it sees. */
  async #add(open: Open, message: OutboundMessage): Promise<Receipt> {
    const receipt = await this.#call((signal, rest) =>
      attempt(message, (form) => {
        const { flags = 0, ...body } = bodyOf(form);
        const hidden = open.native.hidden ? MessageFlags.Ephemeral : 0;
        return rest.post(pathOf(open), {
          body: { ...body, flags: flags | hidden },
          ...filesOf(form),
          auth: false,
          signal,
        });
      }),
    );
    this.#shown(open, receipt);
    return receipt;
  }

  async #call(
    work: (signal: AbortSignal, rest: Parameters<Parameters<DiscordApi['call']>[0]>[0]) => Promise<unknown>,
  ): Promise<Receipt> {
    try {
      const message = await this.#options.api.call<APIMessage>((rest, signal) => work(signal, rest), { counts: 'own' });
      return { status: 'sent', messageIds: [message.id] };
    } catch (error) {
      const receipt = receiptOf(faultOf(error), causeOf(error), true);
      // Each token has a limit of its own; the chat may still be written to.
      return receipt.status === 'retry' && receipt.silence === 'chat' ? { ...receipt, silence: undefined } : receipt;
    }
  }

  /** One that an earlier process took was acknowledged by it; where it was not, Discord says so. */
  #of(answers: string): Open | undefined {
    const native = nativeOf(answers);
    if (native === undefined) return undefined;
    return this.#open.get(native.id) ?? { native, at: timeOf(native.id), acked: Promise.resolve(true) };
  }

  #shown(open: Open, receipt: Receipt): void {
    if (!open.native.hidden || receipt.status !== 'sent') return;
    for (const id of receipt.messageIds) this.#hidden.set(id, open);
  }

  #fresh({ at }: Open): boolean {
    return this.#options.clock.now() - at < tokenMs;
  }

  #note(receipt: Receipt): void {
    if (receipt.status === 'sent') return;
    const fields = { cause: receipt.cause, code: 'discord_answer' };
    this.#options.log.debug(fields, 'a short answer could not be shown');
  }
}

/** How it is stored with what was asked and with the answer. */
export function answerTo({ id, kind, application, hidden, token }: Native): string {
  return [kind, hidden ? 'hidden' : 'open', application, id, token].join(' ');
}

export function nativeOf(stored: string): Native | undefined {
  const [, kind, seen, application = '', id = '', token = ''] =
    /^(command|press) (hidden|open) (\d+) (\d+) (.+)$/.exec(stored) ?? [];
  if (kind !== 'command' && kind !== 'press') return undefined;
  return { id, kind, application, token, hidden: seen === 'hidden' };
}

interface Answer {
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly key: string;
}

/** The first answer; of a press, the message with the button. */
const original = '@original';

function pathOf({ native: { application, token } }: Open, messageId?: string): `/${string}` {
  return messageId === undefined
    ? Routes.webhook(application, token)
    : Routes.webhookMessage(application, token, messageId);
}

function forget(known: Map<string, Open>, before: number): void {
  for (const [id, { at }] of known) {
    if (at >= before) return;
    known.delete(id);
  }
}

function unseen(cause: unknown): Receipt {
  return {
    status: 'refused',
    cause,
    only: 'this',
    reason: 'only whoever asked may see it, and takes no direct messages',
  };
}
