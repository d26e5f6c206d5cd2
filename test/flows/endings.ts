// How runs are started and their ends told apart in the flows about announcing, stopping, budgets and time.
import { blockBegin } from '../../src/core/block.ts';
import type { Route } from '../../src/core/route.ts';
import type { Run } from '../../src/core/run.ts';
import { call, type ScriptContext, type ScriptStep, say } from '../fakes/script.ts';
import { until } from '../fakes/wait.ts';
import type { World } from './world.ts';

/** One spawn call; the child is matched by its task, which is also its label. */
export const start = (task: string, more: object = {}): ScriptStep =>
  call('sessions_spawn', { task, label: task, ...more });

/** The chat's agent starts these tasks in one turn, and says so. Resolves when it has spoken. */
export async function delegate(world: World, ...tasks: readonly string[]): Promise<void> {
  const word = `delegate ${tasks.join(', ')}`;
  world.agent.once(new RegExp(`^${word}$`), [...tasks.map((task) => start(task)), say(`started ${tasks.join(', ')}`)]);
  await world.ask(word, `started ${tasks.join(', ')}`);
}

/** A turn of a chat that was given a completion; `of`: labels it must be about. */
export function completionTurn(...of: readonly string[]) {
  return (session: { readonly kind: string }, text: string): boolean =>
    session.kind === 'chat' && isCompletion(text) && of.every((label) => text.includes(`label "${label}"`));
}

export function isCompletion(text: string): boolean {
  return text.includes(blockBegin);
}

/** A gate a script waits behind, whatever the clock does. */
export function gate(): { readonly open: () => void; readonly passed: (context: ScriptContext) => Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    open: resolve,
    passed: ({ signal }) =>
      Promise.race([
        promise,
        new Promise<void>((stop) => signal.addEventListener('abort', () => stop(), { once: true })),
      ]),
  };
}

/** Waits until a run has come to this status, or its delivery to this state. */
export async function ends(world: World, label: string, as: Run['state']['status']): Promise<Run> {
  await world.until(() => find(world, label)?.state.status === as, `${label} to be ${as}: ${shown(world, label)}`);
  return world.run(label);
}

export async function delivers(world: World, label: string, as: Run['delivery']['state']): Promise<Run> {
  await world
    .until(() => find(world, label)?.delivery.state === as, '')
    .catch(() => {
      throw new Error(`${label} should be ${as}: ${shown(world, label)}`);
    });
  return world.run(label);
}

/** Turns of a session so far, by its newest text. */
export function turnsOf(world: World, session: string): readonly string[] {
  return world.agent.turns.filter((turn) => turn.session === session).map((turn) => turn.text);
}

export function ann(world: World): string {
  return `agent:main:${world.channel.id}:direct:ann`;
}

/** Every note of a session's transcript. */
export async function notes(world: World, session: string): Promise<readonly string[]> {
  const known = await world.engine.stores.sessions.get(session);
  const entries = known === undefined ? [] : await world.engine.stores.transcripts.read(known.id);
  return entries.flatMap((entry) => (entry.type === 'note' ? [entry.text] : []));
}

/** Waits for a note with these words in a session's transcript. */
export async function noted(world: World, session: string, words: string): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    found = (await notes(world, session)).find((text) => text.includes(words));
    return found !== undefined;
  }, `a note with ${words}`);
  return found ?? '';
}

/** Lets time pass in small steps until the promise settles; what waits for the disk gets real time in between. */
export async function within<T>(world: World, limitMs: number, goal: Promise<T>): Promise<T> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  goal.then(note, note);
  for (let passed = 0; passed <= limitMs; passed += 50) {
    await until(() => settled, '', 15).catch(() => undefined);
    if (settled) return goal;
    await world.clock.advance(50);
  }
  throw new Error(`not within ${limitMs} ms`);
}

/** Nothing says any more which turns were under way, as in a store that something else has changed. */
export function forgetTurns(world: World): Promise<void> {
  return world.engine.stores.database.write((sql) => void sql.run('DELETE FROM open_turns'));
}

/** The process ends, is down for a while, and starts again. */
export async function downFor(world: World, ms: number): Promise<void> {
  await world.clock.runUntil(world.engine.drain(), 120_000);
  await world.clock.advance(ms);
  await world.restart('kill');
}

export function group(world: World, thread?: string): Route {
  return { channel: world.channel.id, account: 'default', chat: 'g', ...(thread === undefined ? {} : { thread }) };
}

function find(world: World, label: string): Run | undefined {
  return world.runs().find((run) => run.label === label);
}

function shown(world: World, label: string): string {
  const run = find(world, label);
  return JSON.stringify(run === undefined ? world.runs().map((each) => each.label) : [run.state, run.delivery]);
}
