// The way of every message from a channel to a command or a turn.
// 1 store (only now may the platform's cursor move)  2 heard? (hear.ts)  3 the whole text, the whole album? (paste.ts)
// 4 which session (router.ts)  5 command now (running-commands.ts), or a turn; its files follow (incoming-files.ts)
// Steps 2-5 of one conversation run one after another, so that order is kept, also between a command and what follows it.
// A press of a button, or what counts as one, becomes a message first (presses.ts); a change of a message finds it where it
// waits (edit.ts).
import type { MailItem } from '../agents/mailbox.ts';
import type { Bindings } from '../bindings/bindings.ts';
import type { Standing } from '../core/channel.ts';
import type { InboundMessage, Press, PressAnswer, Reaction } from '../core/message.ts';
import { refusalText } from '../core/result.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Ids } from '../infra/ids.ts';
import { decideAccess } from './access.ts';
import { Chain } from './chain.ts';
import { type EditDeps, takeEdit } from './edit.ts';
import { failed, finish, type Taken } from './finish.ts';
import { type HearDeps, Hearing } from './hear.ts';
import type { StoredMessage } from './inbox.ts';
import { type FileDeps, IncomingFiles } from './incoming-files.ts';
import { type Begun, mayGoOn, Pastes, type Whole } from './paste.ts';
import { Presses, type PressesDeps } from './presses.ts';
import { type Asking, type Routed, type RouterDeps, routeMessage } from './router.ts';
import { type CommandDeps, RunningCommands } from './running-commands.ts';
import { turnItem } from './turn-item.ts';

export interface ReceiverDeps
  extends RouterDeps,
    HearDeps,
    CommandDeps,
    FileDeps,
    EditDeps,
    Omit<PressesDeps, 'standing' | 'take'> {
  readonly ids: Ids;
  readonly bindings: Pick<Bindings, 'at' | 'touch'>;
  readonly offer: (session: Session, item: MailItem) => void;
  /** An item that is left for the next start. */
  readonly leave: (session: SessionKey, items: readonly MailItem[]) => void;
  readonly draining: () => boolean;
  /** Whether a text begins with the name of a command that there is. */
  readonly namesCommand: (text: string) => boolean;
  /** Whether a session has commands of its own, which are none of ours. */
  readonly hasOwnCommands: (session: SessionKey) => Promise<boolean>;
}

export class Receiver {
  readonly #deps: ReceiverDeps;
  readonly #chain = new Chain();
  readonly #hearing: Hearing;
  readonly #pastes: Pastes;
  readonly #commands: RunningCommands;
  readonly #files: IncomingFiles;
  readonly #presses: Presses;
  #resting = false;

  constructor(deps: ReceiverDeps) {
    this.#deps = deps;
    this.#hearing = new Hearing(deps);
    this.#commands = new RunningCommands(deps);
    this.#files = new IncomingFiles(deps);
    this.#presses = new Presses({
      ...deps,
      standing: (message) => this.standing(message),
      take: (ticket, message) => void this.take(ticket, { message }),
    });
    this.#pastes = new Pastes(deps.clock, (place) => {
      void this.#chain.run(place, () => this.#turns(this.#pastes.end(place)));
    });
  }

  /** Resolves once the message is durable. What it leads to goes on by itself. */
  async accept(message: InboundMessage): Promise<void> {
    const { ticket, duplicate, answered } = await this.#presses.accept(message);
    if (duplicate) {
      this.#deps.log.debug({ ticket, code: 'duplicate' }, 'message was stored before');
      return;
    }
    if (!answered) void this.take(ticket, { message });
  }

  /**
   * Goes on with a stored message. Resolves when it has its place.
   * @param earlier of one that an earlier process took in
   */
  take(ticket: number, { message, notes }: StoredMessage, earlier: Earlier = {}): Promise<void> {
    if (this.#resting) return Promise.resolve();
    const taken = { ticket, message, notes, ...earlier };
    return this.#inOrder(message.route, () =>
      this.#steps(taken).catch((error: unknown) => failed(this.#deps, taken, error)),
    );
  }

  /** A message was changed by its sender. Resolves once the change is stored, or does not count. */
  edited(message: InboundMessage): Promise<void> {
    return this.#inOrder(message.route, () => takeEdit(this.#deps, this.#pastes, message));
  }

  /** A button was pressed. Resolves once what that leads to is durable; never rejects. */
  pressed(press: Press): Promise<PressAnswer> {
    return this.#presses.pressed(press);
  }

  /** Somebody put a sign on a message of ours. Resolves once what that leads to is durable. */
  reacted(reaction: Reaction): Promise<void> {
    return this.#presses.reacted(reaction);
  }

  /** Who somebody is where they speak, by the rules of now. */
  standing(message: InboundMessage): Standing {
    const { config, people } = this.#deps;
    const { kind } = decideAccess(config(), message, people(message.route));
    return kind === 'ignored' ? 'stranger' : kind;
  }

  /** Resolves when every accepted message has become a command or a turn, and every command has answered. */
  async idle(): Promise<void> {
    while (this.busy()) {
      await this.#chain.idle();
      await this.#commands.answered();
      await this.#files.arrived();
    }
  }

  /** A message waits for its place or its files, or a command for its answer. */
  busy(): boolean {
    return this.#chain.busy() || this.#commands.size > 0 || this.#files.size > 0;
  }

  /** The rest of a long text or an album may still come. */
  holding(): boolean {
    return this.#pastes.size() > 0;
  }

  /** For the end of the process: what is held, or waits for its files, stays stored. */
  close(): void {
    this.#pastes.close();
    this.#files.close();
  }

  /** From now on messages are stored, and the next start goes on with them: a command must not be cut short by the end. */
  rest(): void {
    this.#resting = true;
  }

  /** What is remembered while work goes on. */
  stats(): { readonly conversations: number; readonly commands: number; readonly files: number } {
    const conversations = this.#chain.size() + this.#commands.acting + this.#pastes.size();
    return { conversations, commands: this.#commands.size, files: this.#files.size };
  }

  #inOrder(route: Route, work: () => Promise<void>): Promise<void> {
    return this.#chain.run(routeKey(route), work);
  }

  async #steps(taken: Stored): Promise<void> {
    const { ticket, message, notes, begun } = taken;
    const place = routeKey(message.route);
    // The rest of a long text may begin with a path: only a command that there is interrupts it.
    const rest = this.#pastes.expects(message) && !this.#deps.namesCommand(message.text);
    const command = !rest && (await this.#isCommand(message));
    await this.#commands.before(place, command ? 'command' : 'message');
    const expected = (await this.#deps.bindings.at(message.route)) !== undefined || this.#pastes.expects(message);
    const heard = await this.#hearing.hear(taken, expected);
    if (heard.kind === 'unheard') return finish(this.#deps, taken, heard.end);
    const { owner } = heard;
    const whole: Whole = { tickets: [ticket], message, owner, begun, notes };
    if (!command) return this.#turns(this.#pastes.add(whole));
    // What is held came before the command, complete or not.
    await this.#turns(this.#pastes.end(place));
    // A long task is cut like any long text, and an album may carry a command.
    if (mayGoOn(message)) return this.#turns(this.#pastes.add(whole));
    await this.#command(taken, owner);
  }

  /** A bound coding agent gets what it calls a command, unless that is one of ours. */
  async #isCommand({ text, native, route }: InboundMessage): Promise<boolean> {
    if (!this.#deps.isCommand(text)) return false;
    if (native === true || this.#deps.namesCommand(text)) return true;
    const bound = await this.#deps.bindings.at(route);
    return bound === undefined || !(await this.#deps.hasOwnCommands(bound.session));
  }

  async #command(taken: Taken, owner: boolean): Promise<void> {
    const { message } = taken;
    const heard = (): boolean => this.standing(message) === (owner ? 'owner' : 'allowed');
    this.#commands.start(taken, { routed: await this.#route(message, { owner, command: true }), owner, heard });
  }

  async #route(message: InboundMessage, asking: Asking): Promise<Routed> {
    const routed = await routeMessage(this.#deps, message, asking);
    if (routed.why === 'bound') await this.#deps.bindings.touch(message.route, this.#deps.clock.now());
    return routed;
  }

  /** Hands messages to the sessions they belong to, in order; one that fails holds up no other. */
  async #turns(ready: readonly Whole[]): Promise<void> {
    for (const whole of ready) {
      const { message, notes, tickets, owner } = whole;
      const [ticket = 0] = tickets;
      try {
        if (tickets.length > 1) await this.#deps.inbox.join(tickets, { message, notes });
        if (await this.#isCommand(message)) {
          await this.#command({ ticket, message }, owner);
          continue;
        }
        const routed = await this.#whereBegun(whole, await this.#route(message, { owner, command: false }));
        if (routed.kind === 'session') this.#turn(whole, ticket, routed);
        else await this.#gone({ ticket, message }, routed);
      } catch (error) {
        await failed(this.#deps, { ticket, message }, error);
      }
    }
  }

  /** What was begun goes on where it was, whatever the place was bound to meanwhile. */
  async #whereBegun({ begun }: Whole, routed: Routed): Promise<Routed> {
    if (begun === undefined || routed.why === 'named' || routed.why === 'quoted') return routed;
    const session = await this.#deps.sessions.get(begun.session);
    return session === undefined ? routed : { ...routed, kind: 'session', session };
  }

  #turn(whole: Whole, ticket: number, { session, text }: Extract<Routed, { kind: 'session' }>): void {
    const { notes, begun } = whole;
    const message = text === undefined ? whole.message : { ...whole.message, text };
    const tree = begun?.tree ?? this.#deps.ids.uuid();
    const item = turnItem({ ticket, message, notes, at: this.#deps.clock.now(), tree });
    // While the process goes down the message stays stored; the next start answers it.
    if (this.#deps.draining()) {
      this.#deps.leave(session.key, [item]);
      return;
    }
    this.#deps.offer(session, item);
    if (item.pending === true) this.#files.start(ticket, { message, notes }, session);
  }

  /** Fails closed: the main agent must not answer what was meant for another session. */
  #gone(taken: Taken, { refusal, label }: Extract<Routed, { kind: 'dead' }>): Promise<void> {
    const { chat, mentionsBot } = taken.message;
    // People who talk among themselves where an agent is bound need not hear each time that it is not for them.
    const quiet = refusal.code === notForThem && chat === 'group' && !mentionsBot;
    if (quiet) this.#deps.log.info({ ticket: taken.ticket, label, code: refusal.code }, 'message not passed on');
    const reply = quiet ? undefined : { text: `⚠️ ${refusalText(refusal)}` };
    return finish(this.#deps, taken, { reply, dropped: refusal.code });
  }
}

/** Only some people may talk to coding agents. */
const notForThem = 'acp_not_controller';

/** What an earlier process did with a message. */
interface Earlier {
  /** When it took it in, in Unix ms. */
  readonly at?: number | undefined;
  /** Where it had begun to work on it. */
  readonly begun?: Begun | undefined;
}

type Stored = Taken & StoredMessage & Earlier;
