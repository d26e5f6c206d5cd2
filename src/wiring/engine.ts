// The engine: its layers, what happens at start and drain, and when it is idle. Built by app.ts, and by tests with fakes.

import type { Broker } from '../approvals/broker.ts';
import { ExpiryWatch } from '../bindings/expiry-watch.ts';
import type { ChannelAdapter, ChannelEvents } from '../core/channel.ts';
import type { InboundMessage } from '../core/message.ts';
import type { Run } from '../core/run.ts';
import type { BindingServices, RunServices, SessionServices } from '../core/services.ts';
import type { SessionKey } from '../core/session.ts';
import type { Ended } from '../delivery/deliver-row.ts';
import { sweepSpoken } from '../delivery/sent-messages.ts';
import { Pairing } from '../inbound/pairing.ts';
import type { Receiver } from '../inbound/receive.ts';
import { sweepExpired } from '../infra/keyv-sqlite.ts';
import { Meters } from '../infra/meters.ts';
import { Sweeper, sweepEveryMs } from '../runs/sweep.ts';
import { AcpLayer } from './acp/layer.ts';
import { questionEnded, wireApprovals } from './approvals.ts';
import { bindingsOf } from './bindings.ts';
import { channelEvents } from './channel-events.ts';
import { type DeliveryLayer, wireDelivery } from './delivery.ts';
import { nextGeneration } from './generation.ts';
import { lookThrough } from './look-through.ts';
import type { EngineParts } from './parts.ts';
import { type Meet, meeting } from './persons.ts';
import { wireReceiver } from './receiver.ts';
import { takeUp } from './recovery.ts';
import { type RunsLayer, wireRuns } from './runs.ts';
import { followUps, tellSetAside } from './set-aside.ts';
import { openStores, type Stores } from './stores.ts';
import { runServicesOf, sessionServicesOf } from './views.ts';

/** What is on disk, opened. */
interface Opened {
  readonly stores: Stores;
  readonly pairing: Pairing;
  readonly generation: number;
}

/** What is due for sending gets this long when the process ends; the rest stays stored. */
const flushMs = 5_000;
/** Pause between two looks at whether everything is quiet. */
const idlePollMs = 20;

export class Engine {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly acp: AcpLayer;
  readonly layer: RunsLayer;
  readonly pairing: Pairing;
  /** Asks people whether agents may do something. */
  readonly approvals: Broker;
  readonly receiver: Receiver;
  readonly runs: RunServices;
  readonly sessions: SessionServices;
  readonly bindings: BindingServices;
  readonly generation: number;
  readonly startedAt: number;
  /** What has come in, gone out and ended since the start. */
  readonly meters = new Meters();
  readonly #sweeper: Sweeper;
  readonly #meet: Meet;
  readonly #expiry: ExpiryWatch;
  /** What the last process left was looked through. */
  #looked = false;
  #started = false;
  #draining = false;
  #drained: Promise<void> | undefined;

  private constructor(parts: EngineParts, { stores, pairing, generation }: Opened) {
    this.parts = parts;
    this.stores = stores;
    this.pairing = pairing;
    this.generation = generation;
    this.startedAt = parts.clock.now();
    const archive = (): void => this.#sweeper.archiveSoon();
    const runEnded = ({ state }: Run): void => this.meters.count('runs_ended', { status: state.status });
    const process = { generation, draining: () => this.#draining, archive, runEnded };
    const ended = (message: Ended): void => {
      this.meters.count('messages_sent', { channel: message.route.channel, state: message.state });
      questionEnded(this.approvals, message);
    };
    const scopeOf = (key: SessionKey) => this.acp.sessions.known(key)?.record.started?.scope;
    this.delivery = wireDelivery(parts, stores, { archive, ended, scopeOf });
    this.acp = new AcpLayer({
      ...{ parts, stores, delivery: this.delivery, layer: () => this.layer },
      approvals: { ask: (request, signal) => this.approvals.ask(request, signal) },
    });
    this.layer = wireRuns({ parts, stores, delivery: this.delivery, acp: this.acp, process });
    const { draining } = process;
    const below = { parts, stores, delivery: this.delivery, acp: this.acp, layer: this.layer, draining };
    this.approvals = wireApprovals(below);
    this.receiver = wireReceiver({ ...below, pairing });
    this.#meet = meeting(this);
    this.runs = runServicesOf(this);
    this.sessions = sessionServicesOf(this);
    this.bindings = bindingsOf(this, () => this.#watchExpiry());
    this.#expiry = new ExpiryWatch({
      ...{ bindings: this.delivery.bindings, clock: parts.clock, log: parts.log, everyMs: sweepEveryMs },
      tell: ({ key, route, text }) => this.delivery.notify(key, route, text),
    });
    this.#sweeper = this.#makeSweeper();
    stores.aside.follow(followUps(this, () => this.#looked));
  }

  static async open(parts: EngineParts): Promise<Engine> {
    const stores = await openStores(parts);
    const { clock, ids, config } = parts;
    const pairing = await Pairing.open({ stores: stores.keyed, clock, ids, config });
    const generation = await nextGeneration(stores.keyed, { database: stores.database, clock });
    return new Engine(parts, { stores, pairing, generation });
  }

  /**
   * Takes up what the last process left. Channels may hand messages in once this has resolved.
   * @param orphans programs of the last process that the caller has ended
   */
  async start(orphans = 0): Promise<void> {
    const { stores, layer } = this;
    lookThrough(stores);
    await stores.aside.settled();
    await stores.sessions.finishArchiving();
    const harnesses = await this.acp.start();
    await this.#sweeper.start();
    const questions = await this.approvals.start();
    this.#looked = true;
    await takeUp(this, { orphans: orphans + harnesses, questions });
    this.#started = true;
    this.#sweeper.archiveSoon();
    for (const run of stores.registry.active()) layer.clock.watch(run);
    this.delivery.outbox.resume();
  }

  receive(message: InboundMessage): Promise<void> {
    return this.receiver.accept(message);
  }

  /** What an adapter tells. */
  events(adapter: Pick<ChannelAdapter, 'id' | 'account'>): ChannelEvents {
    const told = channelEvents(this, adapter, this.#meet);
    const message = (heard: InboundMessage): Promise<void> => {
      this.meters.count('messages_received', { channel: adapter.id });
      return told.message(heard);
    };
    return { ...told, message };
  }

  draining(): boolean {
    return this.#draining;
  }

  /** Nothing runs, nothing is owed, nothing waits to be sent now. */
  quiet(): boolean {
    const { turns, announcer, unprocessed } = this.layer;
    const working =
      this.receiver.busy() || this.receiver.holding() || turns.busy() || unprocessed.busy() || announcer.busy();
    const busy = working || this.stores.registry.active().length > 0;
    return !busy && this.stores.registry.owed().every((run) => run.delivery.state === 'sending');
  }

  /** Resolves when everything is quiet and what could be sent has been sent. */
  async idle(): Promise<void> {
    for (;;) {
      await this.receiver.idle();
      await this.layer.turns.idle();
      await this.delivery.outbox.idle();
      if (this.quiet()) {
        await this.delivery.outbox.idle();
        if (this.quiet()) return;
      }
      await this.parts.clock.sleep(idlePollMs);
    }
  }

  /** New limits hold from now on; turns that run are not touched. */
  reconfigured(): void {
    const { defaults } = this.parts.config().agents;
    this.layer.scheduler.setWidth('main', defaults.maxConcurrent);
    this.layer.scheduler.setWidth('subagent', defaults.subagents.maxConcurrent);
  }

  /** Running turns get the grace, waiting work stays stored, what is written goes out, the stores close. */
  drain(last: () => Promise<void> = async () => undefined): Promise<void> {
    this.#drained ??= this.#drain(last);
    return this.#drained;
  }

  async #drain(last: () => Promise<void>): Promise<void> {
    this.#draining = true;
    const { layer, parts, delivery, stores } = this;
    this.receiver.close();
    // A command may wait for an agent, whose turn ends with the lanes.
    const drained = layer.scheduler.drain(parts.config().gateway.drainSeconds * 1000);
    const [report] = await Promise.all([drained, this.receiver.idle()]);
    // Channels still hand in what comes, until the outbox is empty.
    this.receiver.rest();
    await this.receiver.idle();
    await layer.turns.close();
    await this.acp.sessions.close();
    parts.log.info({ ...report }, 'drained');
    await layer.unprocessed.close();
    layer.announcer.close();
    layer.clock.close();
    await layer.announcer.idle();
    await layer.stopper.idle();
    const late = new AbortController();
    const timer = parts.clock.after(flushMs, () => late.abort());
    await delivery.outbox.flush(late.signal);
    timer.cancel();
    delivery.lists.close();
    this.#expiry.close();
    await delivery.places.close();
    await this.#sweeper.close();
    try {
      await last();
    } finally {
      await delivery.bindings.idle();
      await stores.database.close();
    }
  }

  /** A binding may end earlier than it would have. */
  #watchExpiry(): void {
    const { log } = this.parts;
    this.#expiry.watch().catch((err: unknown) => log.error({ err }, 'the next end of a binding is not known'));
  }

  #makeSweeper(): Sweeper {
    const { stores, parts, delivery, layer } = this;
    return new Sweeper({
      ...{
        database: stores.database,
        registry: stores.registry,
        sessions: stores.sessions,
        clock: parts.clock,
        log: parts.log,
      },
      between: async (session, work) =>
        !layer.scheduler.busy(session) && (await layer.scheduler.between(session, work)),
      ifUnbound: (session, work) => delivery.bindings.ifUnbound(session, work),
      busy: (session) => layer.turns.active(session) !== undefined || layer.turns.waiting(session).length > 0,
      ended: layer.ended,
      stopBelow: (session) => layer.stopper.stopBelow(session),
      others: [
        (now) => this.#expiry.sweep(now),
        () => this.acp.prune(),
        (now) => stores.inbox.sweep(now),
        (now) => stores.choices.sweep(now),
        (now) => sweepSpoken(stores.database, now),
        (now) => this.approvals.sweep(now),
        (now) => this.pairing.sweep(now),
        (now) => stores.budgets.sweep(now),
        (now) => delivery.outbox.sweep(now),
        async () => (this.#started ? tellSetAside(this) : undefined),
        (now) => sweepExpired(stores.database, now),
      ],
    });
  }
}
