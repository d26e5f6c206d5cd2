// A scripted channel adapter: records what a person would see, answers sends as told, hands in messages. Used wherever a
// ChannelAdapter is asked for.
import type {
  Capabilities,
  ChannelAdapter,
  ChannelEvents,
  ChannelHealth,
  Fetched,
  Sign,
} from '../../src/core/channel.ts';
import type { InboundMessage, OutboundMessage, PressAnswer, Receipt } from '../../src/core/message.ts';
import { type ChannelId, type Route, routeKey, sameRoute } from '../../src/core/route.ts';
import { until } from './wait.ts';

/** One message as it stands in the chat. */
export interface Sent {
  readonly id: string;
  readonly route: Route;
  /** Changed by edits. */
  text: string;
  readonly key: string;
  message: OutboundMessage;
}

export interface Attempt {
  readonly route: Route;
  readonly text: string;
  readonly key: string;
}

/**
 * What a send comes to. `sent` and `lost-ack` reach the person; `lost` does not. Of `lost-ack`, `lost` the answer is
 * ambiguous; `hang` reaches the person or not (`applied`) and never answers.
 */
export type Fate =
  | 'sent'
  | 'lost-ack'
  | 'lost'
  | 'refused'
  /** With what people are told; `closed`: the whole chat is; `only`: nothing but this message. */
  | { readonly refused: string; readonly closed?: boolean; readonly only?: 'this' }
  | { readonly retry: number; readonly silence?: 'chat' | 'account' }
  | { readonly hang: 'applied' | 'not-applied' };

export type Judge = (attempt: Attempt) => Fate | undefined;

export interface ReceiveOptions {
  /** Where it was written; default: a direct chat with the sender. */
  readonly route?: Route;
  readonly from?: { readonly id: string; readonly name?: string };
  readonly chat?: InboundMessage['chat'];
  /** Platform id; default: a new one. */
  readonly id?: string;
  readonly mentionsBot?: boolean;
  readonly native?: boolean;
  readonly space?: string;
  readonly replyTo?: string;
  readonly attachments?: InboundMessage['attachments'];
  readonly sentAt?: number;
  /** Any further field of the message. */
  readonly more?: Partial<InboundMessage>;
}

/** Who presses a button, and where; default: the sender's direct chat. */
export type PressOptions = Pick<ReceiveOptions, 'from' | 'route' | 'chat'> & {
  readonly id?: string;
  readonly messageId?: string;
  /** What was written where the choice asks. */
  readonly text?: string;
  readonly answerTo?: string;
};

export interface FakeChannelOptions {
  readonly id?: ChannelId;
  readonly account?: string;
  readonly can?: Partial<Capabilities>;
  /** Unix time in milliseconds given to received messages; default 0 at every call. */
  readonly now?: () => number;
  /** Limits its sends count against; default none. */
  readonly limits?: ChannelAdapter['limits'];
  /** Its name in chats. */
  readonly botName?: string;
}

export interface FakeChannel extends ChannelAdapter {
  /** What people see, in order. A repeated key shows once where `can.idempotentSend`. */
  readonly sent: readonly Sent[];
  /** Every call of `deliver`, also those that came to nothing. */
  readonly attempts: readonly Attempt[];
  readonly signs: readonly { readonly route: Route; readonly sign: Sign }[];
  /** Threads opened, where `can.threads`. */
  readonly threads: readonly { readonly route: Route; readonly name: string; readonly from: string | undefined }[];
  /** Texts in a place, oldest first; of all places without a route. */
  texts(route?: Route): string[];
  /** The direct chat with a person. */
  direct(personId?: string): Route;
  /** Hands a message in; resolves with its id once the inbox took it. */
  receive(text: string, options?: ReceiveOptions): Promise<string>;
  /** The sender changes a message. */
  change(id: string, text: string, options?: ReceiveOptions): Promise<void>;
  /** Somebody presses the button with this label, on the newest message that has it. */
  press(label: string, options?: PressOptions): Promise<PressAnswer>;
  /** Somebody puts a sign on a message. */
  react(emoji: string, messageId: string, options?: PressOptions): Promise<void>;
  /** What it told the engine through. */
  readonly events: ChannelEvents;
  /** Files on the platform by `ref`; what is not here cannot be fetched. */
  readonly files: Map<string, Uint8Array>;
  /** The next message that fits and was not taken before; waits for it in real time, at most 5 s. */
  next(fits?: string | RegExp | ((sent: Sent) => boolean)): Promise<Sent>;
  /** What the coming sends come to, in order; then `sent` again. */
  script(...fates: Fate[]): void;
  /** Judges every send that no script covers; undefined means `sent`. */
  judge(judge: Judge | undefined): void;
  /** Route keys of places that are gone, or about which nothing can be found out. */
  readonly missing: Map<string, 'gone' | 'unknown'>;
  /** Places that were asked about, in order. */
  readonly asked: readonly Route[];
  /** Changes what `health` answers. */
  setHealth(state: ChannelHealth['state']): void;
}

const everything: Capabilities = {
  threads: false,
  edits: true,
  buttons: true,
  typing: true,
  idempotentSend: true,
  maxText: 4000,
};

class Journal {
  readonly sent: Sent[] = [];
  readonly attempts: Attempt[] = [];
  readonly signs: { readonly route: Route; readonly sign: Sign }[] = [];
  readonly threads: { readonly route: Route; readonly name: string; readonly from: string | undefined }[] = [];
  readonly fates: Fate[] = [];
  judge: Judge | undefined;
  readonly #taken = new Set<Sent>();
  #ids = 0;

  newId(): string {
    this.#ids += 1;
    return `m${this.#ids}`;
  }

  show(route: Route, message: OutboundMessage, key: string): readonly string[] {
    const entry: Sent = { id: this.newId(), route, text: message.text, key, message };
    this.sent.push(entry);
    return [entry.id];
  }

  openThread(parent: Route, name: string, from: string | undefined): Route {
    const route = { ...parent, thread: `t${this.threads.length + 1}` };
    this.threads.push({ route, name, from });
    return route;
  }

  edit(messageId: string, message: OutboundMessage): Receipt {
    const entry = this.sent.find((one) => one.id === messageId);
    if (entry === undefined) return { status: 'refused', cause: `no message ${messageId}` };
    entry.text = message.text;
    entry.message = message;
    return { status: 'sent', messageIds: [messageId] };
  }

  async next(fits: (sent: Sent) => boolean): Promise<Sent> {
    const find = (): Sent | undefined => this.sent.find((one) => !this.#taken.has(one) && fits(one));
    const seen = (): string => `a message; so far: ${JSON.stringify(this.sent.map((one) => one.text))}`;
    await until(() => find() !== undefined, 'a message').catch(() => {
      throw new Error(`waited for ${seen()}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`lost ${seen()}`);
    this.#taken.add(found);
    return found;
  }
}

export function fakeChannel(options: FakeChannelOptions = {}): FakeChannel {
  const { id = 'telegram', account = 'default', now = () => 0 } = options;
  const can = { ...everything, ...options.can };
  const journal = new Journal();
  let state: ChannelHealth['state'] = 'connected';
  let started: ChannelEvents | undefined;
  const events = (): ChannelEvents => {
    if (started === undefined) throw new Error('the fake channel was not started');
    return started;
  };
  const files = new Map<string, Uint8Array>();
  const missing = new Map<string, 'gone' | 'unknown'>();
  const asked: Route[] = [];
  const direct = (person = 'ann'): Route => ({ channel: id, account, chat: person });
  return {
    id,
    account,
    can,
    sent: journal.sent,
    attempts: journal.attempts,
    signs: journal.signs,
    threads: journal.threads,
    direct,
    files,
    get events() {
      return events();
    },
    start: async (handlers) => {
      started = handlers;
      state = 'connected';
      handlers.connected();
    },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    botName: () => options.botName,
    pairLink: (token) => `https://chat.test/${options.botName ?? 'bot'}?start=${token}`,
    fetch: async (file, maxBytes) => fetchFile(files.get(file.ref), maxBytes),
    deliver: (route, message, key) => deliver(journal, can, { route, message, key }),
    edit: async (_route, messageId, message) => journal.edit(messageId, message),
    signal: (route, sign) => {
      journal.signs.push({ route, sign });
    },
    ...{ missing, asked },
    ...(can.threads
      ? {
          openThread: async (parent: Route, name: string, from?: string) => journal.openThread(parent, name, from),
          reaches: async (route: Route) => {
            asked.push(route);
            return missing.get(routeKey(route)) ?? 'there';
          },
        }
      : {}),
    health: () => ({ state, detail: state }),
    stop: async () => {
      state = 'stopped';
    },
    texts: (route) =>
      journal.sent.filter((one) => route === undefined || sameRoute(one.route, route)).map((one) => one.text),
    receive: async (text, how = {}) => {
      const message = inbound(text, how, { id: journal.newId(), now: now(), direct });
      await events().message(message);
      return message.id;
    },
    change: (messageId, text, how = {}) => events().edited(inbound(text, how, { id: messageId, now: now(), direct })),
    press: async (label, how = {}) => {
      const message = journal.sent.findLast((one) => one.message.choices?.some((choice) => choice.label === label));
      const choice = message?.message.choices?.find((one) => one.label === label);
      if (message === undefined || choice === undefined) throw new Error(`no button ${label}`);
      const id = how.id ?? journal.newId();
      const { sender, chat } = inbound('', { ...how, route: how.route ?? message.route }, { id, now: now(), direct });
      return events().pressed({
        ...{ id, route: how.route ?? message.route, sender, chat, choice: choice.id, at: now() },
        messageId: how.messageId ?? message.id,
        ...(how.text === undefined ? {} : { text: how.text }),
        ...(how.answerTo === undefined ? {} : { answerTo: how.answerTo }),
      });
    },
    react: (emoji, messageId, how = {}) => {
      const id = how.id ?? journal.newId();
      const { sender, chat, route } = inbound('', how, { id, now: now(), direct });
      return events().reacted({ id, route, sender, chat, messageId, emoji, at: now() });
    },
    next: (fits = () => true) => journal.next(matcher(fits)),
    script: (...fates) => {
      journal.fates.push(...fates);
    },
    judge: (judge) => {
      journal.judge = judge;
    },
    setHealth: (next) => {
      state = next;
    },
  };
}

interface Send {
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly key: string;
}

async function deliver(journal: Journal, can: Capabilities, { route, message, key }: Send): Promise<Receipt> {
  const attempt: Attempt = { route, text: message.text, key };
  journal.attempts.push(attempt);
  if (message.text.length > can.maxText) return { status: 'refused', cause: 'text too long' };
  const fate = journal.fates.shift() ?? journal.judge?.(attempt) ?? 'sent';
  const cause = 'scripted';
  if (typeof fate === 'object' && 'retry' in fate)
    return { status: 'retry', afterMs: fate.retry, cause, silence: fate.silence };
  if (typeof fate === 'object' && 'refused' in fate)
    return { status: 'refused', cause, reason: fate.refused, closed: fate.closed, only: fate.only };
  if (fate === 'refused') return { status: 'refused', cause };
  if (fate === 'lost') return { status: 'ambiguous', cause: 'scripted' };
  if (typeof fate === 'object' && fate.hang === 'not-applied') return new Promise<never>(() => {});
  const known = can.idempotentSend ? journal.sent.find((one) => one.key === key) : undefined;
  const messageIds = known === undefined ? journal.show(route, message, key) : [known.id];
  if (typeof fate === 'object') return new Promise<never>(() => {});
  return fate === 'sent' ? { status: 'sent', messageIds } : { status: 'ambiguous', cause: 'scripted' };
}

function matcher(fits: string | RegExp | ((sent: Sent) => boolean)): (sent: Sent) => boolean {
  if (typeof fits === 'function') return fits;
  return (sent) => (typeof fits === 'string' ? sent.text.includes(fits) : fits.test(sent.text));
}

function inbound(
  text: string,
  how: ReceiveOptions,
  at: { readonly id: string; readonly now: number; direct(person: string): Route },
): InboundMessage {
  const sender = { id: how.from?.id ?? 'ann', name: how.from?.name ?? how.from?.id ?? 'Ann' };
  const chat = how.chat ?? 'direct';
  return {
    id: how.id ?? at.id,
    route: how.route ?? at.direct(sender.id),
    sender,
    chat,
    text,
    mentionsBot: how.mentionsBot ?? chat === 'direct',
    attachments: how.attachments ?? [],
    sentAt: how.sentAt ?? at.now,
    ...(how.native === undefined ? {} : { native: how.native }),
    ...(how.space === undefined ? {} : { space: how.space }),
    ...(how.replyTo === undefined ? {} : { replyTo: how.replyTo }),
    ...how.more,
  };
}

function fetchFile(data: Uint8Array | undefined, maxBytes: number): Fetched {
  if (data === undefined) return { kind: 'failed', reason: 'it is not there any more', cause: 'scripted' };
  return data.byteLength > maxBytes ? { kind: 'too-large' } : { kind: 'file', data };
}
