// The agents of a simulation: a runtime that does what the plan says for the tokens it reads, and notes what it is given.
// Used by world.ts.
import { z } from 'zod';
import { notBegunText } from '../../src/agents/resume.ts';
import type { AgentRuntime, Entry, TurnEvent, TurnPrompt } from '../../src/core/agent.ts';
import { blockBegin, blockEnd } from '../../src/core/block.ts';
import type { Session } from '../../src/core/session.ts';
import type { Tool } from '../../src/core/tool.ts';
import type { Clock } from '../../src/infra/clock.ts';
import {
  boundary,
  call,
  calls,
  fail,
  hang,
  type ScriptContext,
  type ScriptGenerator,
  say,
  spend,
  wait,
} from '../fakes/script.ts';
import { scriptedRuntime } from '../fakes/scripted-runtime.ts';
import { type Life, never } from './life.ts';
import type { Act, Plan, Step } from './plan.ts';
import type { CallSeen, Sighting, TurnSeen } from './record.ts';

/** Tokens of one model call. */
const callTokens = { input: 7, output: 3 } as const;
export const tokensPerCall = callTokens.input + callTokens.output;

export interface AgentsParts {
  readonly plan: Plan;
  readonly life: Life;
  readonly clock: Clock;
  readonly seen: Sighting;
  readonly slots: Slots;
}

/** Turns under way in one life, by lane. */
export class Slots {
  readonly #held = new Map<TurnSeen, 'main' | 'subagent'>();
  readonly #seen: Sighting;

  constructor(seen: Sighting) {
    this.#seen = seen;
  }

  enter(turn: TurnSeen): void {
    const others = [...this.#held.keys()].filter((other) => other.session === turn.session && !isForced(other, turn));
    if (others.length > 0)
      this.#seen.broken.push({
        rule: 'session width 1',
        detail: `${turn.name} beside ${others[0]?.name} in ${turn.session}`,
      });
    this.#held.set(turn, turn.kind === 'chat' ? 'main' : 'subagent');
    for (const lane of ['main', 'subagent'] as const) {
      const here = [...this.#held].filter(([other, name]) => name === lane && !isForced(other, turn)).length;
      this.#seen.widest[lane] = Math.max(this.#seen.widest[lane], here);
    }
  }

  leave(turn: TurnSeen): void {
    this.#held.delete(turn);
  }
}

/** Its slots were taken from it, as it did not end for 10 s. */
function isForced(old: TurnSeen, now: TurnSeen): boolean {
  return old.aborted !== undefined && now.startedAt - old.aborted.at >= 10_000;
}

export function agents(parts: AgentsParts): AgentRuntime {
  const acts = actsByToken(parts.plan.steps);
  const runtime = scriptedRuntime({ clock: parts.clock, usage: null });
  /** How much of its input each turn has dealt with, by turn id. */
  const read = new Map<string, number>();
  const turns = new Map<string, TurnSeen>();
  runtime.always(
    () => true,
    (context) => {
      const turn = turns.get(context.prompt.id);
      if (turn === undefined) throw new Error('a turn plays that did not begin');
      return play({ acts, turn, context, read });
    },
  );
  return {
    kind: 'native',
    steer: async () => 'unsupported',
    turn: (session, prompt, tools, signal) => watched(parts, { runtime, turns }, { session, prompt, tools, signal }),
  };
}

interface Asked {
  readonly session: Session;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
}

interface Inner {
  readonly runtime: AgentRuntime;
  readonly turns: Map<string, TurnSeen>;
}

async function* watched(parts: AgentsParts, inner: Inner, asked: Asked): AsyncGenerator<TurnEvent> {
  const { life, seen, slots } = parts;
  const { session, prompt, tools, signal } = asked;
  if (!life.alive()) await never();
  const turn = opened(parts, asked);
  inner.turns.set(prompt.id, turn);
  seen.turns.push(turn);
  signal.addEventListener('abort', () => {
    turn.aborted = { by: String(signal.reason), at: parts.clock.now() };
  });
  slots.enter(turn);
  const own = prompt.history.filter((entry) => entry.turn === prompt.id);
  takeIn(turn, own.flatMap(textsOf));
  seen.line(`L${life.number} ${turn.name} begins in ${session.key} with ${[...turn.tokens, ...turn.runs].join(' ')}`);
  const takeInjections = (): ReturnType<TurnPrompt['takeInjections']> => {
    const taken = prompt.takeInjections();
    takeIn(
      turn,
      taken.map((each) => each.text),
    );
    if (taken.length > 0) seen.line(`L${life.number} ${turn.name} takes in ${taken.map((each) => each.id).join(' ')}`);
    return taken;
  };
  for await (const real of inner.runtime.turn(session, { ...prompt, takeInjections }, tools, signal)) {
    const event = turn.stubborn && real.type === 'settled' ? defied(turn) : real;
    if (event !== real) yield spoken(turn, prompt, parts.clock.now());
    if (life.point(`a turn: ${event.type}`)) await never();
    const spent: CallSeen | undefined =
      event.type === 'usage'
        ? { life: life.number, session: session.key, tokens: tokensPerCall, stored: false }
        : undefined;
    if (spent !== undefined) seen.calls.push(spent);
    if (event.type === 'settled') {
      turn.outcome = event.outcome.kind;
      turn.endedAt = parts.clock.now();
      slots.leave(turn);
      seen.line(`L${life.number} ${turn.name} ends: ${event.outcome.kind}${event.yielded === true ? ', yielded' : ''}`);
    }
    yield event;
    if (!life.alive()) await never();
    if (event.type === 'tool' && event.phase === 'start') turn.begun.push(event.callId);
    if (spent !== undefined) spent.stored = true;
  }
}

/** An agent that heard of its abort and answers all the same. */
function defied(turn: TurnSeen): Extract<TurnEvent, { type: 'settled' }> {
  return { type: 'settled', outcome: { kind: 'success', text: `${turn.name} answers` } };
}

function spoken({ name }: TurnSeen, { id, model }: TurnPrompt, at: number): TurnEvent {
  return {
    type: 'entry',
    entry: { type: 'assistant', at, turn: id, parts: [{ type: 'text', text: `${name} answers` }], model },
  };
}

function opened({ plan, life, clock, seen }: AgentsParts, { session, prompt }: Asked): TurnSeen {
  return {
    name: `A${seen.turns.length + 1}`,
    ...{ id: prompt.id, life: life.number, session: session.key, sessionId: session.id, kind: session.kind },
    ...{ startedAt: clock.now(), knows: new Set(prompt.history.flatMap(spokenIn)), begun: [] },
    denied: new Set(prompt.history.flatMap(deniedIn)),
    ...{
      tokens: [],
      runs: [],
      pairs: plan.power,
      quiet: false,
      stubborn: false,
      aborted: undefined,
      endedAt: undefined,
      outcome: undefined,
    },
  };
}

function spokenIn(entry: Entry): readonly string[] {
  if (entry.type !== 'assistant') return [];
  return entry.parts.flatMap((part) => {
    if (part.type === 'call') return [`${entry.turn}/${part.id}`];
    return part.type === 'text' && !workingPattern.test(part.text) ? [entry.turn] : [];
  });
}

function deniedIn(entry: Entry): readonly string[] {
  return entry.type === 'tool' && entry.output === notBegunText ? [`${entry.turn}/${entry.callId}`] : [];
}

function textsOf(entry: Entry): readonly string[] {
  return entry.type === 'user' || entry.type === 'note' ? [entry.text] : [];
}

/** Tokens of persons and tasks. Answers say them behind `re:`, where they are none. */
const tokenPattern = /(?<![\w:.])[mpq]\d+(?:\.\d+)*(?![\w.])/g;
/** Said on the way to an answer. */
const workingPattern = /^A\d+ works on /;
const blockPattern = / · run ([0-9a-f]{8}) · sessionKey /g;

function tokensIn(text: string): readonly string[] {
  return saidIn(text).match(tokenPattern) ?? [];
}

function runsIn(text: string): readonly string[] {
  return [...text.matchAll(blockPattern)].map((match) => match[1] ?? '');
}

/** Without what the runtime says of children: their labels are tokens too. */
function saidIn(text: string): string {
  return text
    .split(blockBegin)
    .map((part, index) => (index === 0 ? part : part.slice(part.indexOf(blockEnd))))
    .join('');
}

function takeIn(turn: TurnSeen, texts: readonly string[]): void {
  for (const text of texts) {
    turn.tokens.push(...tokensIn(text));
    turn.runs.push(...runsIn(text));
  }
}

interface Play {
  readonly acts: ReadonlyMap<string, readonly Act[]>;
  readonly turn: TurnSeen;
  readonly context: ScriptContext;
  readonly read: Map<string, number>;
}

/** Goes through what came in since it last answered, does what the plan says for each token, and answers once. */
async function* play({ acts, turn, context, read }: Play): ScriptGenerator {
  const { prompt, history } = context;
  yield spend(callTokens.input, callTokens.output);
  const said: string[] = [];
  let last: Act | undefined;
  /** The history grows while this plays. */
  const fresh = (): readonly string[] => {
    const own = history.filter((entry) => entry.turn === prompt.id).flatMap(textsOf);
    const news = own.slice(read.get(prompt.id) ?? 0);
    read.set(prompt.id, own.length);
    return news;
  };
  let news = fresh();
  do {
    for (; news.length > 0; news = fresh()) {
      for (const text of news) {
        said.push(...tokensIn(text).map((token) => `re:${token}`), ...runsIn(text).map((run) => `got:${run}`));
        for (const token of tokensIn(text))
          for (const [index, act] of (acts.get(token) ?? []).entries()) {
            last = act;
            // At once: what it has not read by then, it never reads.
            if (act.do === 'fail') yield fail('it broke');
            if (act.do === 'yield') continue;
            yield* doAct(act, { token: `${token}.${index}`, turn, said });
          }
      }
      yield boundary();
    }
    if (last?.do === 'quiet' || last?.do === 'nothing') turn.quiet = true;
    if (last?.do === 'quiet') yield say(turn.kind === 'subagent' ? 'ANNOUNCE_SKIP' : 'NO_REPLY');
    else if (last?.do !== 'nothing') yield say(answer(turn, said, last?.do === 'long'));
    if (last?.do !== 'yield') return;
    yield call('sessions_yield', {});
    // There was nothing to wait for: what has come in with that is answered by itself.
    said.length = 0;
    news = fresh();
  } while (news.length > 0);
}

function answer(turn: TurnSeen, said: readonly string[], long: boolean): string {
  const filler = long ? ` ${'word '.repeat(200)}end:${turn.name}` : '';
  return `${turn.name} ${said.join(' ')}${filler}`;
}

interface Doing {
  /** Of a child this act starts. */
  readonly token: string;
  readonly turn: TurnSeen;
  readonly said: readonly string[];
}

async function* doAct(act: Act, { token, turn, said }: Doing): ScriptGenerator {
  switch (act.do) {
    case 'wait':
      yield wait(act.ms);
      return;
    case 'tool':
      yield turn.pairs ? calls('look', 'look') : call('look', {});
      return;
    case 'say':
      yield say(`${turn.name} works on ${said.length}`);
      yield call('look', {});
      return;
    case 'spawn':
      yield call('sessions_spawn', { task: token, label: `L${token}` });
      return;
    case 'kill':
    case 'steer': {
      const target = await newestChild(yield call('subagents', { action: 'list' }));
      if (target === undefined) return;
      yield call('subagents', {
        action: act.do,
        target,
        ...(act.do === 'steer' ? { message: `hurry ${turn.name}` } : {}),
      });
      return;
    }
    case 'hang':
      turn.stubborn = act.until === 'aborted, then answers';
      yield hang({ deaf: act.until === 'never' });
      return;
    default:
      return;
  }
}

const listed = z.object({ runs: z.array(z.object({ run: z.string() })) });

async function newestChild(output: { readonly text: string } | undefined): Promise<string | undefined> {
  const runs = listed.safeParse(output === undefined ? {} : JSON.parse(output.text));
  return runs.success ? runs.data.runs[0]?.run : undefined;
}

/** What each token stands for, those of children included: `m1.0` is the child started by the first act of `m1`. */
function actsByToken(steps: readonly Step[]): ReadonlyMap<string, readonly Act[]> {
  const found = new Map<string, readonly Act[]>();
  const add = (token: string, acts: readonly Act[]): void => {
    found.set(token, acts);
    for (const [index, act] of acts.entries()) if (act.do === 'spawn') add(`${token}.${index}`, act.acts);
  };
  for (const step of steps) if ('acts' in step) add(step.token, step.acts);
  return found;
}

const noParameters = z.object({});

/** A tool that changes nothing and takes a moment. */
export function lookTool(clock: Clock): Tool {
  return {
    name: 'look',
    group: 'read',
    description: 'Looks.',
    parameters: { kind: 'zod', schema: noParameters },
    example: {},
    run: async () => {
      await clock.sleep(20);
      return { text: 'nothing new' };
    },
  };
}
