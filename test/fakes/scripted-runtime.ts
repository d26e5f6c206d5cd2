// A scripted AgentRuntime for engine, property and bench tests: fast, deterministic, no AI SDK. It keeps the native
// loop's contract: entries, usage, boundaries, one `settled` at the end, never throws.
import type { AgentRuntime, AssistantPart, Entry, Injection, TurnEvent, TurnPrompt } from '../../src/core/agent.ts';
import type { Outcome } from '../../src/core/run.ts';
import type { Session, SessionKey, Usage } from '../../src/core/session.ts';
import type { Tool, ToolOutput } from '../../src/core/tool.ts';
import { type Clock, systemClock } from '../../src/infra/clock.ts';
import {
  type Script,
  type ScriptAnswer,
  type ScriptContext,
  type ScriptGenerator,
  type ScriptStep,
  say,
} from './script.ts';

export type Matcher = SessionKey | RegExp | ((session: Session, text: string) => boolean);

export interface TurnRecord {
  readonly session: SessionKey;
  readonly prompt: TurnPrompt;
  readonly text: string;
  readonly tools: readonly string[];
  outcome?: Outcome;
}

export interface ScriptedRuntime extends AgentRuntime {
  /** Queues a script for the next matching turn; a RegExp is tested on the newest message. Used once, in order. */
  once(matcher: Matcher, script: Script): ScriptedRuntime;
  /** Answers every matching turn that no `once` takes; the newest wins. */
  always(matcher: Matcher, script: Script): ScriptedRuntime;
  /** Every turn seen, oldest first. */
  readonly turns: readonly TurnRecord[];
  /** Turns under way now, per session; a value above 1 breaks the session lane. */
  readonly active: ReadonlyMap<SessionKey, number>;
  readonly most: { readonly inOneSession: number; readonly together: number };
}

export interface ScriptedRuntimeOptions {
  readonly clock?: Clock;
  readonly kind?: AgentRuntime['kind'];
  /** For turns nothing matches; default: answers `ok`. */
  readonly script?: Script;
  /** Reported once per round; null reports nothing. */
  readonly usage?: Usage | null;
}

const defaultUsage: Usage = { input: 10, output: 5, costUsd: 0, context: 10, reported: true };

export function scriptedRuntime(options: ScriptedRuntimeOptions = {}): ScriptedRuntime {
  const rules: { matcher: Matcher; script: Script; once: boolean }[] = [];
  const turns: TurnRecord[] = [];
  const active = new Map<SessionKey, number>();
  const counts = new Map<SessionKey, number>();
  const most = { inOneSession: 0, together: 0 };

  function pick(session: Session, text: string): Script {
    const fits = (rule: (typeof rules)[number]): boolean => matches(rule.matcher, session, text);
    const queued = rules.findIndex((rule) => rule.once && fits(rule));
    if (queued >= 0) return rules.splice(queued, 1)[0]?.script ?? 'ok';
    return rules.findLast((rule) => !rule.once && fits(rule))?.script ?? options.script ?? 'ok';
  }

  function enter(key: SessionKey): void {
    active.set(key, (active.get(key) ?? 0) + 1);
    most.inOneSession = Math.max(most.inOneSession, active.get(key) ?? 0);
    most.together = Math.max(
      most.together,
      [...active.values()].reduce((sum, n) => sum + n, 0),
    );
  }

  function leave(key: SessionKey): void {
    const left = (active.get(key) ?? 1) - 1;
    if (left === 0) active.delete(key);
    else active.set(key, left);
  }

  const runtime: ScriptedRuntime = {
    kind: options.kind ?? 'native',
    turns,
    active,
    most,
    once(matcher, script) {
      rules.push({ matcher, script, once: true });
      return runtime;
    },
    always(matcher, script) {
      rules.push({ matcher, script, once: false });
      return runtime;
    },
    steer: async () => 'unsupported',
    async *turn(session, prompt, tools, signal) {
      const text = newestText(prompt.history);
      const record: TurnRecord = { session: session.key, prompt, text, tools: tools.map((tool) => tool.name) };
      turns.push(record);
      const index = counts.get(session.key) ?? 0;
      counts.set(session.key, index + 1);
      enter(session.key);
      try {
        const usage = options.usage === undefined ? defaultUsage : options.usage;
        const act = { session, prompt, tools, signal, clock: options.clock ?? systemClock, turn: index, usage };
        for await (const event of playTurn(act, pick(session, text))) {
          if (event.type === 'settled') record.outcome = event.outcome;
          yield event;
        }
      } finally {
        leave(session.key);
      }
    },
  };
  return runtime;
}

function matches(matcher: Matcher, session: Session, text: string): boolean {
  if (typeof matcher === 'string') return matcher === session.key;
  return matcher instanceof RegExp ? matcher.test(text) : matcher(session, text);
}

interface Act {
  readonly session: Session;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly turn: number;
  readonly usage: Usage | null;
}

interface Play extends Act {
  readonly history: Entry[];
  readonly injected: Injection[];
  round: number;
  calls: number;
  lastText: string;
  end?: { readonly outcome: Outcome; readonly yielded?: boolean };
}

async function* playTurn(act: Act, script: Script): AsyncGenerator<TurnEvent> {
  const play: Play = { ...act, history: [...act.prompt.history], injected: [], round: 0, calls: 0, lastText: '' };
  try {
    for (;;) {
      yield* playRound(play, script);
      if (play.end !== undefined) break;
      const before = play.injected.length;
      yield* takeIn(play);
      if (play.injected.length === before) break;
      play.round += 1;
    }
  } catch (error) {
    play.end = { outcome: { kind: 'error', code: 'script_error', message: String(error) } };
  }
  yield { type: 'settled', ...(play.end ?? { outcome: { kind: 'success', text: play.lastText } }) };
}

async function* playRound(play: Play, script: Script): AsyncGenerator<TurnEvent> {
  const refusal = await play.prompt.beforeCall();
  if (refusal !== undefined) {
    play.end = { outcome: { kind: 'error', ...refusal } };
    return;
  }
  const steps = generate(script, contextOf(play));
  let next = await steps.next(undefined);
  while (next.done !== true) {
    if (play.signal.aborted) play.end = stopped(play.signal);
    else if (play.end === undefined) {
      const answer = yield* playStep(play, next.value);
      if (play.signal.aborted) play.end = stopped(play.signal);
      if (play.end === undefined) {
        next = await steps.next(answer);
        continue;
      }
    }
    await steps.return(undefined);
    break;
  }
  if (play.usage !== null) yield { type: 'usage', usage: play.usage, model: play.prompt.model };
}

async function* generate(script: Script, context: ScriptContext): ScriptGenerator {
  const made = typeof script === 'function' ? script(context) : script;
  if (typeof made === 'object' && Symbol.asyncIterator in made) {
    yield* made;
    return;
  }
  const steps = await made;
  if (typeof steps === 'string') yield say(steps);
  else yield* steps;
}

function contextOf(play: Play): ScriptContext {
  return { ...play, history: play.history, text: newestText(play.history) };
}

async function* playStep(play: Play, step: ScriptStep): AsyncGenerator<TurnEvent, ScriptAnswer> {
  switch (step.do) {
    case 'say':
      play.lastText = step.text;
      yield { type: 'text', delta: step.text };
      yield keep(play, assistant(play, [{ type: 'text', text: step.text }]));
      return undefined;
    case 'call':
      return yield* playCalls(play, [{ name: step.tool, input: step.input }]);
    case 'calls':
      return yield* playCalls(
        play,
        step.tools.map((name) => ({ name, input: {} })),
      );
    case 'wait':
      await play.clock.sleep(step.ms, play.signal);
      return undefined;
    case 'hang':
      await (step.deaf ? new Promise<never>(() => {}) : aborted(play.signal));
      return undefined;
    case 'fail':
      play.end = { outcome: { kind: 'error', code: step.code, message: step.message } };
      return undefined;
    case 'notice':
      yield { type: 'notice', text: step.text };
      return undefined;
    case 'usage':
      yield { type: 'usage', usage: step.usage, model: play.prompt.model };
      return undefined;
    case 'boundary':
      yield* takeIn(play);
      return undefined;
  }
}

interface Call {
  readonly name: string;
  readonly input: unknown;
}

/** One after another. @returns what the last one answered */
async function* playCalls(play: Play, calls: readonly Call[]): AsyncGenerator<TurnEvent, ScriptAnswer> {
  const step = calls.map((call, index) => ({ ...call, id: `call-${play.calls + index + 1}` }));
  play.calls += step.length;
  yield keep(
    play,
    assistant(
      play,
      step.map((call) => ({ type: 'call', ...call })),
    ),
  );
  let answer: ScriptAnswer;
  for (const call of step) if (play.end === undefined && !play.signal.aborted) answer = yield* playCall(play, call);
  return answer;
}

async function* playCall(
  play: Play,
  { id: callId, name, input }: Call & { readonly id: string },
): AsyncGenerator<TurnEvent, ToolOutput> {
  yield { type: 'tool', name, callId, phase: 'start' };
  const tool = play.tools.find((one) => one.name === name);
  const context = { session: play.session, turn: play.prompt.id, callId, signal: play.signal };
  const output: ToolOutput =
    tool === undefined ? { text: `unknown tool ${name}`, failed: true } : await tool.run(input, context);
  const failed = output.failed === true;
  yield { type: 'tool', name, callId, phase: 'end', failed };
  const at = play.clock.now();
  yield keep(play, { type: 'tool', at, turn: play.prompt.id, callId, name, output: output.text, failed });
  if (output.yields === true) play.end = { outcome: { kind: 'success', text: play.lastText }, yielded: true };
  else yield* takeIn(play);
  return output;
}

async function* takeIn(play: Play): AsyncGenerator<TurnEvent> {
  for (const injection of play.prompt.takeInjections()) {
    play.injected.push(injection);
    const from = injection.from === undefined ? {} : { from: injection.from };
    yield keep(play, {
      type: injection.kind,
      at: play.clock.now(),
      turn: play.prompt.id,
      text: injection.text,
      ...from,
    });
  }
}

function keep(play: Play, entry: Entry): TurnEvent {
  play.history.push(entry);
  return { type: 'entry', entry };
}

function assistant(play: Play, parts: readonly AssistantPart[]): Entry {
  return { type: 'assistant', at: play.clock.now(), turn: play.prompt.id, parts, model: play.prompt.model };
}

function stopped(signal: AbortSignal): { readonly outcome: Outcome } {
  const by = (['cascade', 'budget', 'shutdown'] as const).find((word) => word === signal.reason) ?? 'user';
  return { outcome: { kind: 'stopped', by } };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function newestText(history: readonly Entry[]): string {
  const entry = history.findLast((one) => one.type === 'user' || one.type === 'note');
  return entry?.type === 'user' || entry?.type === 'note' ? entry.text : '';
}
