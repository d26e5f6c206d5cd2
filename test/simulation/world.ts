// Carries out a plan: the real engine over a store that survives it, platforms that outlive it, and time that moves from event to
// event. Used by run.ts.
import { routeKey } from '../../src/core/route.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { adapter } from './adapter.ts';
import { Slots } from './agents.ts';
import { openEngine } from './engine.ts';
import { Life, never } from './life.ts';
import { messageOf, type Place, placeOf } from './persons.ts';
import { type Plan, type PlatformName, platformNames, type Step } from './plan.ts';
import { Platform } from './platform.ts';
import { type Random, random } from './random.ts';
import { Sighting } from './record.ts';
import { configured, drainSeconds } from './settings.ts';
import { type Disk, fileDisk, memoryDisk } from './store.ts';
import { settled, startOfTime, Timeline } from './timeline.ts';

export interface WorldOptions {
  /** Keeps the state in files. */
  readonly onDisk?: boolean | undefined;
  /** Also writes what the engine logs into the journal. */
  readonly verbose?: boolean | undefined;
}

/** How long a process may take to end: the grace its turns get, then forced slots, then the last sends. */
const drainMs = drainSeconds * 1_000 + 10_000 + 5_000 + 2_000;
/** By then everything has come to rest: silence ends turns after minutes, and sends are given up after half an hour. */
const restMs = 4 * 60 * 60_000;
const restartMs = 1_000;
const lingerMs = 10;
/** How long a start with nothing to do is watched. */
const idleMs = 5_000;
/** Pause between two looks at whether everything rests. */
const lookMs = 2_000;

export class World {
  readonly plan: Plan;
  readonly timeline = new Timeline();
  readonly seen: Sighting;
  readonly platforms: ReadonlyMap<PlatformName, Platform>;
  readonly disk: Disk;
  readonly #options: WorldOptions;
  readonly #places: readonly Place[];
  readonly #fates: ReadonlyMap<PlatformName, Random>;
  #running: { readonly engine: Engine; readonly life: Life } | undefined;
  /** Starts, and ends, under way. */
  #changing = 0;
  #lives = 0;
  #messages = 0;
  #calm = false;

  constructor(plan: Plan, options: WorldOptions = {}) {
    this.plan = plan;
    this.#options = options;
    this.seen = new Sighting(() => this.timeline.now());
    const { timeline, seen } = this;
    this.platforms = new Map(platformNames.map((name) => [name, new Platform(name, timeline, seen)]));
    this.#fates = new Map(platformNames.map((name) => [name, random(plan.seed, 'fates', name)]));
    const power = plan.power ? random(plan.seed, 'power failures') : undefined;
    const parts = { timeline, random: random(plan.seed, 'commits'), power };
    this.disk = options.onDisk === true ? fileDisk(parts) : memoryDisk(parts);
    this.#places = plan.chats.map(placeOf);
  }

  /** Starts of the process so far. */
  get lives(): number {
    return this.#lives;
  }

  /** The engine, for a look at what it has open; undefined while it is away. */
  get engine(): Engine | undefined {
    return this.#running?.engine;
  }

  /** From the first start to the last end. What it led to is in `seen`, `disk` and `platforms`. */
  async play(): Promise<void> {
    for (const step of this.plan.steps) this.timeline.after(step.at, () => this.#step(step));
    this.#start();
    const last = this.plan.steps.at(-1)?.at ?? 0;
    await settled();
    await this.timeline.runTo(startOfTime + last);
    this.#calm = true;
    this.seen.line('all is calm');
    await this.#rest();
    await this.#end();
    if (this.seen.broken.length === 0) await this.#startOnceMore();
  }

  close(): void {
    this.disk.close();
  }

  #start(): void {
    this.#lives += 1;
    const crash = this.#calm ? undefined : this.plan.crashes[this.#lives - 1];
    const life = new Life(this.#lives, crash, (_, point) => this.#crashed(point, crash?.downMs ?? 0));
    this.seen.line(`L${life.number} starts`);
    this.#changing += 1;
    this.#open(life)
      .catch((error: unknown) => {
        if (!life.alive()) return;
        this.seen.broken.push({ rule: 'start succeeds', detail: String(error instanceof Error ? error.stack : error) });
      })
      .finally(() => {
        if (life.alive()) this.#changing -= 1;
      });
  }

  async #open(life: Life): Promise<void> {
    const { plan, timeline, seen, disk } = this;
    const { verbose = false } = this.#options;
    const adapters = new Map(
      [...this.platforms.values()].map((platform) => {
        const fates = this.#fates.get(platform.name) ?? random(plan.seed);
        const trouble = (): number => (this.#calm ? 0 : plan.trouble);
        return [`${platform.name}:default`, adapter({ platform, life, timeline, random: fates, seen, trouble })];
      }),
    );
    const slots = new Slots(seen);
    const storage = disk.open(life);
    const engine = await openEngine({
      ...{ plan, life, storage, adapters, slots, seen, verbose },
      ...configured(plan.settings),
      clock: timeline.clock(life.alive),
    });
    if (!life.alive()) return;
    await engine.start();
    if (!life.alive()) return;
    this.#running = { engine, life };
    for (const each of adapters.values()) await each.start(engine.events(each));
  }

  #crashed(point: string, downMs: number): void {
    this.seen.line(`L${this.#lives} is killed ${point}`);
    this.seen.ends.push(this.timeline.now());
    const lost = this.disk.losePower();
    if (lost > 0) this.seen.line(`${lost} entries of transcripts are lost with it`);
    this.#running = undefined;
    // A start that was killed settles never.
    this.#changing = 0;
    this.timeline.after(downMs, () => this.#start());
  }

  /** As by SIGTERM: it must end by itself. Resolves when it has, unless it is killed meanwhile or was not there. */
  async #drain(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return never();
    this.seen.line(`L${running.life.number} drains`);
    const began = this.timeline.now();
    this.seen.ends.push(began);
    this.#running = undefined;
    this.#changing += 1;
    await running.engine.drain(async () => {
      for (const platform of this.platforms.values()) platform.disconnect(running.life);
    });
    // Whatever still does something now was not waited for.
    await new Promise<void>((resolve) => this.timeline.after(lingerMs, resolve));
    if (!running.life.alive()) return never();
    running.life.end();
    this.#changing -= 1;
    this.seen.line(`L${running.life.number} has drained`);
    const took = this.timeline.now() - began;
    if (took > drainMs) this.seen.broken.push({ rule: 'drain ends', detail: `it took ${took} ms` });
  }

  #step(step: Step): void {
    const place = this.#places[step.chat];
    if (place === undefined) return;
    if (step.do === 'restart') {
      void this.#drain().then(() => this.timeline.after(restartMs, () => this.#start()));
      return;
    }
    const platform = this.platforms.get(place.chat.platform);
    if (step.do === 'repeat') {
      platform?.repeat(routeKey(place.route), 2);
      return;
    }
    this.#messages += 1;
    const newestThread = platform?.threads.findLast((thread) => thread.chat === place.route.chat);
    const id = `in${this.#messages}`;
    const message = messageOf({ step, place, id, at: this.timeline.now(), newestThread });
    this.seen.line(`${message.sender.name} writes in ${routeKey(message.route)}: ${message.text} (${id})`);
    platform?.write(message, 'token' in step ? step.token : undefined);
  }

  /** Time passes until nothing is left to do. */
  async #rest(): Promise<void> {
    const end = this.timeline.now() + restMs;
    for (;;) {
      if (this.#isAtRest()) return;
      const now = this.timeline.now();
      if (now > end) {
        this.seen.broken.push({ rule: 'comes to rest', detail: this.#whatIsLeft() });
        return;
      }
      const due = this.timeline.nextDue() ?? now;
      await this.timeline.runTo(Math.max(now + lookMs, due));
    }
  }

  #isAtRest(): boolean {
    const engine = this.engine;
    if (engine === undefined || this.#changing > 0) return false;
    if ([...this.platforms.values()].some((platform) => platform.waiting > 0)) return false;
    return engine.quiet() && engine.delivery.outbox.stats().pending === 0;
  }

  #whatIsLeft(): string {
    const engine = this.engine;
    if (engine === undefined) return 'the process is not there';
    const waiting = [...this.platforms.values()].map((platform) => `${platform.name} ${platform.waiting}`);
    const runs = engine.stores.registry.active().map((run) => `${run.label} ${run.state.status}`);
    const turns = engine.layer.turns.allActive().map((turn) => turn.session);
    const { pending } = engine.delivery.outbox.stats();
    return `not taken: ${waiting.join(', ')}; runs: ${runs.join(', ')}; turns: ${turns.join(', ')}; to send: ${pending}`;
  }

  async #end(): Promise<void> {
    const drained = this.#drain();
    let over = false;
    void drained.then(() => {
      over = true;
    });
    const end = this.timeline.now() + drainMs;
    const lives = this.#lives;
    await settled();
    while (!over && this.#lives === lives && this.timeline.now() < end && (await this.timeline.step())) await settled();
    if (this.#lives !== lives) {
      // It was killed while it ended.
      await this.#rest();
      return this.#end();
    }
    if (!over) this.seen.broken.push({ rule: 'drain ends', detail: 'the last drain does not end' });
  }

  /** A start that finds everything done has nothing to say. */
  async #startOnceMore(): Promise<void> {
    const count = (): string => `${this.seen.turns.length} turns, ${this.seen.sends} sends`;
    const before = count();
    this.#start();
    await settled();
    await this.timeline.runTo(this.timeline.now() + idleMs);
    const after = count();
    if (after !== before)
      this.seen.broken.push({ rule: 'an idle start is silent', detail: `before it ${before}, after it ${after}` });
    await this.#end();
  }
}
