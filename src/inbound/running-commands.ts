// Commands under way: they run beside every lane, and what follows in their conversation waits until they have acted.
// Used by receive.ts.
import type { CommandPlace, Reply } from '../core/command.ts';
import { clip, oneLine } from '../core/format.ts';
import type { InboundMessage } from '../core/message.ts';
import { routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import { personOf } from './access.ts';
import { type FinishDeps, failed, finish, type Taken } from './finish.ts';
import type { Routed } from './router.ts';
import { itemId } from './tickets.ts';

export interface CommandDeps extends FinishDeps {
  readonly clock: Clock;
  /** Undefined: the command is meant for another bot. */
  readonly runCommand: (text: string, place: CommandPlace) => Promise<Reply | undefined>;
}

interface Started {
  readonly routed: Routed;
  readonly owner: boolean;
  /** See `CommandPlace`. */
  readonly heard: () => boolean;
}

/** How long a message waits for the command before it in its conversation; a command waits for hardly anything. */
const orderMs = { message: 2_000, command: 100 } as const;

export class RunningCommands {
  readonly #deps: CommandDeps;
  readonly #running = new Set<Promise<void>>();
  /** The latest command of a conversation, until it has acted. */
  readonly #acting = new Map<string, Promise<void>>();

  constructor(deps: CommandDeps) {
    this.#deps = deps;
  }

  /** Waits until the command before has acted, but not for long: an agent it waits for must not hold up the person. */
  async before(place: string, next: 'message' | 'command'): Promise<void> {
    const acting = this.#acting.get(place);
    if (acting === undefined) return;
    const over = new AbortController();
    await Promise.race([acting, this.#deps.clock.sleep(orderMs[next], over.signal)]);
    over.abort();
    // Waited for once: what comes behind must not wait as long again, each in turn.
    if (next === 'message' && this.#acting.get(place) === acting) this.#acting.delete(place);
  }

  /** Starts a command; its reply and the end of its message follow by themselves. */
  start(taken: Taken, { routed, owner, heard }: Started): void {
    const { message, ticket } = taken;
    const key = routeKey(message.route);
    const { promise: acting, resolve: acted } = Promise.withResolvers<void>();
    const place: CommandPlace = {
      caller: { id: personOf(message), name: message.sender.name, class: owner ? 'owner' : 'allowed' },
      route: message.route,
      chat: message.chat,
      chatSession: routed.chatSession,
      session: routed.kind === 'session' ? routed.session : routed.chatSession,
      bound: routed.kind === 'session' && routed.why === 'bound',
      ...(routed.kind === 'dead' ? { gone: routed.label } : {}),
      ...(message.native === true ? {} : { messageId: message.id }),
      commandId: itemId(ticket),
      ...{ acted, heard },
    };
    this.#acting.set(key, acting);
    void acting.then(() => this.#acting.get(key) === acting && this.#acting.delete(key));
    const work = this.#deps
      .runCommand(message.text, place)
      .then((reply) =>
        finish(
          this.#deps,
          taken,
          reply === undefined ? { dropped: 'other_bot' } : { reply: withoutFiles(reply, message) },
        ),
      )
      .catch((error: unknown) => failed(this.#deps, taken, error))
      .finally(() => {
        this.#running.delete(work);
        acted();
      });
    this.#running.add(work);
  }

  /** Resolves when the commands running now have answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Commands that have not answered. */
  get size(): number {
    return this.#running.size;
  }

  /** Conversations in which a command has not acted yet. */
  get acting(): number {
    return this.#acting.size;
  }
}

/** A command takes text alone; a file that came with it must not vanish without a word. */
function withoutFiles(reply: Reply, { files = [] }: InboundMessage): Reply {
  if (files.length === 0) return reply;
  const names = files.map(({ name }) => clip(oneLine(name), 60)).join(', ');
  return { ...reply, text: `${reply.text}\n⚠️ not used: ${names}. Commands take no files; send it without a command.` };
}
