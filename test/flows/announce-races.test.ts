// Whatever happens in whatever order, every ended run comes to exactly one end of its delivery, and a person sees it at most
// once: runs ending at random, people talking meanwhile, agents failing to take results in, stops, kills and restarts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTerminal, type Run } from '../../src/core/run.ts';
import { call, fail, hang, type ScriptContext, type ScriptStep, say } from '../fakes/script.ts';
import { gate, isCompletion } from './endings.ts';
import { openWorld, type World } from './world.ts';

const people = ['ann', 'bob'] as const;
const ends = ['text', 'text', 'text', 'NO_REPLY', 'ANNOUNCE_SKIP', 'nothing', 'fail', 'never'] as const;
const reactions = ['tell', 'tell', 'tell', 'silent', 'empty', 'fail', 'hang'] as const;

interface Planned {
  readonly who: (typeof people)[number];
  readonly by: 'agent' | 'person';
  readonly end: (typeof ends)[number];
  /** Ends of its own children. */
  readonly below: readonly (typeof ends)[number][];
}

const planned: fc.Arbitrary<Planned> = fc.record({
  who: fc.constantFrom(...people),
  by: fc.constantFrom('agent', 'agent', 'person'),
  end: fc.constantFrom(...ends),
  below: fc.array(fc.constantFrom(...ends), { maxLength: 2 }),
});

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('finish' as const), run: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('talk' as const), who: fc.constantFrom(...people) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 5, 20, 60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), run: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), who: fc.constantFrom(...people) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class Story {
  readonly world: World;
  readonly #gates = new Map<string, ReturnType<typeof gate>>();
  readonly #reactions: (typeof reactions)[number][];
  #reacted = 0;
  #said = 0;

  constructor(world: World, chosen: (typeof reactions)[number][]) {
    this.world = world;
    this.#reactions = chosen;
    world.agent.always(/^go /, ({ text }) => [this.#start(text.slice(3)), say(`started ${text.slice(3)}`)]);
    world.agent.always(/^talk/, async function* (context) {
      const before = unread(context);
      if (before !== '') {
        yield say(`hello, ${told(before)}`);
        return;
      }
      yield say('hm');
      yield { do: 'boundary' };
      const read = unread(context);
      yield say(read === '' ? 'hello' : `hello, ${told(read)}`);
    });
    world.agent.always(
      (_, text) => isCompletion(text),
      (context) => this.#react(context),
    );
  }

  /** A run named after its place in the plan and how it ends; the task of a parent names its children. */
  async begin(plan: Planned, index: number): Promise<void> {
    const name = `r${index}`;
    const kids = plan.below.map((end, n) => `${name}k${n}=${end}`);
    const task = [`${name}=${plan.end}`, ...kids].join('&');
    for (const [each, end] of [[name, plan.end], ...plan.below.map((below, n) => [`${name}k${n}`, below])] as const) {
      const mine = gate();
      this.#gates.set(each ?? '', mine);
      const children = each === name ? kids : [];
      const here = each === name ? task : `${each}=${end}`;
      this.world.agent.always(
        (session, text) => session.kind === 'subagent' && text === here,
        (context) => this.#work(context, children, { end: end ?? '', name: each ?? '' }),
      );
    }
    const from = { from: { id: plan.who } };
    if (plan.by === 'agent') await this.world.say(`go ${task}`, from);
    else await this.world.say(`/subagents spawn main ${task}`, from);
    await this.world.until(() => this.#run(name) !== undefined, `${name} to be there`);
    // The next request is a turn of its own.
    await settle(this.world);
  }

  async act(what: Action): Promise<void> {
    const { world } = this;
    const runs = world.runs();
    switch (what.do) {
      case 'finish':
        return [...this.#gates.values()][what.run % this.#gates.size]?.open();
      case 'talk':
        this.#said += 1;
        await world.say(`talk ${this.#said}`, { from: { id: what.who } });
        return;
      case 'wait':
        return world.clock.advance(what.seconds * 1000);
      case 'kill': {
        const run = runs[what.run % runs.length];
        if (run !== undefined) await world.say(`/subagents kill ${run.id}`);
        return;
      }
      case 'stop':
        await world.say('/stop', { from: { id: what.who } });
        return;
      case 'restart':
        return world.restart('kill');
    }
  }

  /** Everything ends: what never does by itself is stopped. */
  async finish(): Promise<void> {
    for (const each of this.#gates.values()) each.open();
    const { world } = this;
    for (let step = 0; step < 150; step += 1) {
      await settle(world);
      if (world.engine.quiet() && world.engine.delivery.outbox.stats().pending === 0) return;
      if (step === 100) await this.#stopTheEndless();
      await world.clock.advance(5_000);
    }
    throw new Error(`did not end: ${JSON.stringify(world.runs().map((run) => [run.label, run.state, run.delivery]))}`);
  }

  /** By now only what never ends, and what waits for such a child, may still be there. */
  async #stopTheEndless(): Promise<void> {
    const stuck = this.world.runs().filter((run) => !isTerminal(run.state.status) && !run.task.includes('=never'));
    expect(stuck.map((run) => [run.label, run.state, run.delivery])).toEqual([]);
    for (const who of people) await this.world.say('/stop', { from: { id: who } });
  }

  #run(name: string): Run | undefined {
    return this.world.runs().find((run) => run.task.startsWith(`${name}=`));
  }

  #start(task: string): ScriptStep {
    return call('sessions_spawn', { task, label: task.split('=')[0] });
  }

  async *#work(context: ScriptContext, children: readonly string[], { end, name }: { end: string; name: string }) {
    yield say('at it');
    if (context.round === 0) for (const child of children) yield this.#start(child);
    await this.#gates.get(name)?.passed(context);
    if (end === 'fail') yield fail('broken');
    else if (end === 'never') yield hang();
    else if (end !== 'nothing') yield say(end === 'text' ? `result of ${name}` : end);
  }

  #react(context: ScriptContext): readonly ScriptStep[] {
    const reaction = this.#reactions[this.#reacted % this.#reactions.length] ?? 'tell';
    this.#reacted += 1;
    switch (reaction) {
      case 'tell':
        return [say(told(unread(context) || context.text))];
      case 'silent':
        return [say('NO_REPLY')];
      case 'empty':
        return [];
      case 'fail':
        return [fail('overloaded')];
      case 'hang':
        return [hang()];
    }
  }
}

/** Notes this turn was given after what it said last. */
function unread({ history, prompt }: ScriptContext): string {
  const own = history.filter((entry) => entry.turn === prompt.id);
  const since = own.slice(own.findLastIndex((entry) => entry.type === 'assistant') + 1);
  return since.flatMap((entry) => (entry.type === 'note' ? [entry.text] : [])).join('\n');
}

const told = (read: string): string =>
  `told ${[...read.matchAll(/label "([\w-]+)"/g)].map((match) => `<${match[1]}>`).join(' ')}`;

/** Resolves when nothing moves any more without time passing. */
async function settle(world: World): Promise<void> {
  const moved = (): string => {
    const { read } = world.engine.stores.database;
    const changes = read.get('SELECT total_changes() AS n')?.n;
    return [changes, world.agent.turns.length, world.channel.attempts.length, world.agent.active.size].join();
  };
  let before = '';
  let same = 0;
  await world.until(() => {
    const now = moved();
    same = now === before ? same + 1 : 0;
    before = now;
    return same >= 3;
  }, 'things to calm down');
}

function check(world: World): void {
  const texts = world.channel.texts();
  for (const run of world.runs()) {
    const facts = JSON.stringify([run.label, run.task, run.state, run.delivery]);
    expect(isTerminal(run.state.status), facts).toBe(true);
    expect(['delivered', 'silent', 'skipped', 'undelivered', 'ambiguous'], facts).toContain(run.delivery.state);
    const shown = texts.filter(
      (text) =>
        text.includes(`<${run.label}>`) || new RegExp(`^\\S+ ${run.label.replaceAll(/[&=]/g, '.')}: `).test(text),
    );
    expect(shown.length, `${facts}\n${shown.join('\n')}`).toBeLessThanOrEqual(1);
    const inward = run.delivery.reason === 'taken in by the requester';
    if (run.delivery.state === 'delivered' && !inward) expect(shown.length, facts).toBe(1);
    if (run.delivery.state === 'silent' || run.delivery.state === 'skipped') expect(shown, facts).toEqual([]);
  }
}

test('every ended run is delivered, silent, skipped or visibly given up, and seen at most once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { minLength: 1, maxLength: 5 }),
      fc.array(action, { minLength: 3, maxLength: 14 }),
      fc.array(fc.constantFrom(...reactions), { minLength: 1, maxLength: 6 }),
      async (plans, actions, chosen) => {
        const subagents = {
          maxSpawnDepth: 2,
          archiveAfterMinutes: 0,
          announceTimeoutMs: 10_000,
        };
        const world = await openWorld({ config: { agents: { defaults: { subagents } } } });
        try {
          const story = new Story(world, chosen);
          for (const [index, plan] of plans.entries()) await story.begin(plan, index);
          for (const each of actions) {
            await settle(world);
            await story.act(each);
          }
          await story.finish();
          check(world);
          // Turns of a killed process go on in the same scripted agent.
          if (!actions.some((each) => each.do === 'restart')) expect(world.agent.most.inOneSession).toBe(1);
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns: 8, endOnFailure: true },
  );
}, 60_000);
