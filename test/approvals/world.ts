// A broker over a database in memory, with the real buttons, menus and commands in front of it, and people on three channels.
// Used by the tests of approvals.
import { commandTable } from '../../commands/index.ts';
import { runCommand } from '../../commands/run.ts';
import type { ApprovalRequest } from '../../src/acp/asking.ts';
import { type Audience, Broker, type QuestionMessage } from '../../src/approvals/broker.ts';
import { approval, type Person } from '../../src/approvals/rows.ts';
import type { CommandPlace } from '../../src/core/command.ts';
import type { InboundMessage, Press, PressAnswer } from '../../src/core/message.ts';
import { type ChannelId, parentRoute, type Route, routeKey } from '../../src/core/route.ts';
import { Choices } from '../../src/inbound/choices.ts';
import { Inbox } from '../../src/inbound/inbox.ts';
import { closeMenu, menuShown } from '../../src/inbound/menus.ts';
import { Presses } from '../../src/inbound/presses.ts';
import { configSchema } from '../../src/infra/config.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { aPlace, aSession } from '../fakes/builders.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { type RecordingLog, recordingLog } from '../fakes/recording-log.ts';
import { aWorld, fakeServices } from '../fakes/services.ts';

export interface Asked extends QuestionMessage {
  readonly messageId: string;
  readonly choices: QuestionMessage['choices'];
  /** Ids of its buttons or lines, in order. */
  readonly ids: readonly string[];
  /** What is sent or shown in its place. */
  replaced: string | undefined;
  shown: string | undefined;
  notice: string | undefined;
}

export interface ApprovalWorld {
  readonly broker: Broker;
  readonly database: Database;
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  /** Messages that asked, by key. */
  readonly questions: Map<string, Asked>;
  /** Seconds a person has. */
  limit: number;
  draining: boolean;
  /** Where the next question is asked; undefined: nowhere. */
  audience: Audience | undefined;
  /** Replies to commands, in order. */
  readonly replies: string[];
  /** Types a command. */
  type(text: string, who?: Partial<CommandPlace>): Promise<string>;
  press(id: string, who: string, at: Route): Promise<PressAnswer>;
  /** A number, alone or quoting. */
  pick(number: number, who: string, at: Route, quoting?: string): Promise<void>;
  react(emoji: string, messageId: string, who: string, at: Route): Promise<void>;
  question(id: string): Asked;
  how(id: string): string | undefined;
  close(): Promise<void>;
}

export const ownerName = 'ann';
export const owner: CommandPlace['caller'] = { id: 'telegram:ann', name: 'Ann', class: 'owner' };
export const bo: CommandPlace['caller'] = { id: 'telegram:bo', name: 'Bo', class: 'allowed' };
export const cy: CommandPlace['caller'] = { id: 'telegram:cy', name: 'Cy', class: 'allowed' };

export function place(channel: ChannelId, chat = 'g'): Route {
  return { channel, account: 'default', chat };
}

export function aRequest(fields: Partial<ApprovalRequest> & Pick<ApprovalRequest, 'id'>): ApprovalRequest {
  return {
    ...{ session: 'agent:claude:acp:1', harness: 'claude', turn: 'turn-1', title: 'npm test', kind: 'execute' },
    ...{ preview: 'npm test (execute)\nnpm test -- checkout', hash: `hash of ${fields.id}`, sessionOffered: true },
    ...{ cwd: '/srv/shop', askedAt: 0 },
    ...fields,
  };
}

export const starter = (channel: ChannelId, name = 'bo'): Person => ({ id: `${channel}:${name}`, name });

export function openApprovalWorld(database = openDatabase(':memory:'), seed = 1): ApprovalWorld {
  const [clock, ids, log] = [virtualClock(), seededIds(seed), recordingLog()];
  const [inbox, choices] = [new Inbox(database, clock), new Choices(database, clock, ids)];
  const table = commandTable();
  const questions = new Map<string, Asked>();
  const replies: string[] = [];
  let count = 0;
  const menus = (route: Route): boolean => route.channel === 'whatsapp';
  const known = (key: string): Asked => {
    const found = questions.get(key);
    if (found === undefined) throw new Error(`no question ${key}`);
    return found;
  };
  const broker = new Broker({
    ...{ database, clock, ids, log },
    limitSeconds: () => world.limit,
    draining: () => world.draining,
    audience: async () => world.audience,
    post: (sql, message) => {
      const { route, to } = message;
      const offered = choices.offer(sql, message.choices, { route, to, menu: menus(route) ? {} : undefined });
      const messageId = `m:${message.key}`;
      const shownAt = { place: routeKey(parentRoute(route)), messageIds: [messageId], key: message.key };
      menuShown(sql, { ...shownAt, choices: offered }, clock.now());
      const later = { replaced: undefined, shown: undefined, notice: undefined };
      questions.set(message.key, { ...message, messageId, ids: offered.map(({ id }) => id), ...later });
    },
    replace: (sql, key, text) => {
      const asked = questions.get(key);
      if (asked === undefined) return;
      asked.replaced = text;
      closeMenu(sql, asked.ids[0] ?? '');
    },
    show: (key, text, notice) => {
      const asked = questions.get(key);
      if (asked !== undefined) Object.assign(asked, { shown: text, notice });
    },
    sent: () => undefined,
    changed: () => undefined,
  });
  const run = async (text: string, where: CommandPlace): Promise<string> => {
    const services = { ...fakeServices(aWorld({ now: clock.now() })), approvals: broker };
    const fail = (error: unknown): never => {
      throw error;
    };
    const reply = await runCommand(text, where, { services, table, botName: undefined, onBug: fail });
    replies.push(reply?.text ?? '');
    return reply?.text ?? '';
  };
  const running = new Set<Promise<unknown>>();
  const presses = new Presses({
    ...{ database, inbox, choices, clock, log, config: () => configSchema.parse({}), menus },
    ...{ shown: () => [], sent: () => undefined, sameChats: () => [], menuDecided: () => undefined },
    enqueue: (_sql, { message }) => void replies.push(message.text),
    places: (route) => [route],
    standing: ({ sender }) => (sender.id === ownerName ? 'owner' : sender.id === 'eve' ? 'stranger' : 'allowed'),
    take: (ticket, message) => {
      const work = run(message.text, placeOf(message, `inbox:${ticket}`));
      running.add(work);
      void work.finally(() => running.delete(work));
    },
  });
  const settle = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  const said = (who: string, at: Route) => {
    count += 1;
    return { id: `in${count}`, route: at, sender: { id: who, name: who }, chat: 'group' as const };
  };
  const world: ApprovalWorld = {
    ...{ broker, database, clock, log, questions, replies },
    ...{ limit: 300, draining: false, audience: { route: place('telegram'), approver: undefined, run: undefined } },
    type(text, who = {}) {
      count += 1;
      const route = who.route ?? place('telegram');
      return run(text, aPlace({ caller: owner, route, commandId: `typed:${count}`, ...who }));
    },
    async press(choice, who, at) {
      const press: Press = { ...said(who, at), choice, at: clock.now() };
      const answer = await presses.pressed(press);
      await settle();
      return answer;
    },
    async pick(number, who, at, quoting) {
      const quote = quoting === undefined ? {} : { replyTo: quoting };
      const whole = { text: String(number), mentionsBot: false, attachments: [], sentAt: clock.now() };
      await presses.accept({ ...said(who, at), ...whole, ...quote });
      await settle();
    },
    async react(emoji, messageId, who, at) {
      await presses.reacted({ ...said(who, at), messageId, emoji, at: clock.now() });
      await settle();
    },
    question: (id) => known(`approval:${id}`),
    how: (id) => approval(database.read, id)?.end?.how,
    close: () => database.close(),
  };
  return world;
}

/** Where a command that a press typed stands. */
function placeOf({ route, sender }: InboundMessage, commandId: string): CommandPlace {
  const standing = sender.id === ownerName ? 'owner' : 'allowed';
  const caller = { id: `${route.channel}:${sender.id}`, name: sender.name, class: standing } as const;
  return aPlace({ caller, route, commandId, chatSession: aSession({ key: `chat of ${routeKey(route)}` }) });
}
