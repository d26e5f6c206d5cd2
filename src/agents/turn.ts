// One turn from its first item to its result: prompt, events, transcript, deadlines. Called by room.ts inside the slots.
// 1 write what came in  2 gather the profile  3 run the runtime, taking in injections  4 outcome from events and abort cause
import type { Entry, Injection, TurnEvent, TurnPrompt } from '../core/agent.ts';
import { assertNever } from '../core/result.ts';
import type { Outcome } from '../core/run.ts';
import { addUsage, type Session } from '../core/session.ts';
import type { ToolOutput } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import { renderBatch } from './mail-text.ts';
import type { MailItem } from './mailbox.ts';
import { cutOff, notBegunText, openCalls, resumeText } from './resume.ts';
import type { AbortCause, ActiveTurn, CutCall, Profile, TurnHooks, TurnResult, TurnSigns } from './turn-types.ts';

/** Model calls one turn may make. */
const maxSteps = 50;
/** What a turn is told that lost its slots and wants to go on. */
const lostSlots = { code: 'slots_lost', message: 'this turn was ended' } as const;

export interface TurnDeps {
  readonly clock: Clock;
  readonly transcripts: Pick<Transcripts, 'append' | 'read'>;
  readonly profile: (session: Session, turn: string) => Promise<Profile>;
  readonly hooks: TurnHooks;
  readonly signs: TurnSigns;
  readonly log: Pick<Log, 'error'>;
}

export interface TurnInput {
  readonly session: Session;
  readonly turn: MutableTurn;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** False once the slots were taken away: whatever still arrives is ignored. */
  readonly held: () => boolean;
  readonly takeInjections: () => readonly MailItem[];
}

export type MutableTurn = { -readonly [K in keyof ActiveTurn]: ActiveTurn[K] };

/** What a turn brought so far; also the result of one whose slots were taken from it. */
export interface Progress {
  outcome: Outcome | undefined;
  yielded: boolean;
  readonly entries: Entry[];
  /** What it goes on with. */
  readonly cut: Entry[];
  readonly notices: string[];
  writes: Promise<void>;
}

export function newProgress(): Progress {
  return { outcome: undefined, yielded: false, entries: [], cut: [], notices: [], writes: Promise.resolve() };
}

/** Plays the turn to its end and collects what it brings; never rejects. */
export async function runTurn(deps: TurnDeps, input: TurnInput): Promise<void> {
  const { turn, session, progress } = input;
  try {
    const profile = await deps.profile(session, turn.id);
    const history = await deps.transcripts.read(session.id);
    if (!input.held()) return;
    const cut = cutOff(history, await deps.hooks.started(turn));
    progress.cut.push(...cut);
    const first = [...(cut.length === 0 ? [] : resumeEntries(deps, turn, cut)), inputEntry(deps, turn, turn.items)];
    for (const entry of first) write(deps, session, progress, entry);
    const resumed = cut.length === 0 ? {} : { resumed: true };
    const prompt = { ...buildPrompt(deps, input, profile, [...history, ...first]), ...resumed };
    for await (const event of profile.runtime.turn(session, prompt, profile.tools, input.signal)) {
      if (!input.held()) return;
      turn.heard = true;
      turn.lastEventAt = deps.clock.now();
      deps.hooks.alive(turn);
      await take(deps, input, event);
    }
    await progress.writes;
  } catch (error) {
    failTurn(deps, input, error);
  }
}

/** A fault of ours: the log gets all of it, the chat a sentence without paths or internals. */
export function failTurn(
  deps: Pick<TurnDeps, 'log'>,
  input: Pick<TurnInput, 'turn' | 'progress'>,
  error: unknown,
): void {
  const { turn, progress } = input;
  deps.log.error({ err: error, session: turn.session, turn: turn.id, code: 'turn_failed' }, 'a turn failed');
  const message = 'this turn failed inside Switchyard. The log says why; please send the message again';
  progress.outcome = { kind: 'error', code: 'turn_failed', message };
}

function buildPrompt(deps: TurnDeps, input: TurnInput, profile: Profile, history: readonly Entry[]): TurnPrompt {
  const { turn } = input;
  return {
    id: turn.id,
    history,
    system: profile.system,
    model: profile.model,
    thinking: profile.thinking,
    contextTokens: profile.contextTokens,
    maxSteps,
    takeInjections: () => {
      const taken = input.takeInjections();
      turn.items = [...turn.items, ...taken];
      return taken.map(injection);
    },
    beforeCall: () => (input.held() ? deps.hooks.refuseCall(turn) : Promise.resolve(lostSlots)),
  };
}

async function take(deps: TurnDeps, input: TurnInput, event: TurnEvent): Promise<void> {
  const { turn, session, progress } = input;
  switch (event.type) {
    case 'text':
      turn.partial += event.delta;
      return;
    case 'entry':
      if (event.entry.type === 'assistant') turn.partial = '';
      write(deps, session, progress, event.entry);
      return;
    case 'tool':
      // It begins once the agent is asked for its next event: by then all it follows from is on the disk, itself included.
      if (event.phase === 'start') await progress.writes;
      deps.signs.tool(turn, event);
      return;
    case 'usage':
      turn.usage = addUsage(turn.usage, event.usage);
      await deps.hooks.spend(turn, session, event.usage);
      return;
    case 'notice':
      progress.notices.push(event.text);
      return;
    case 'settled':
      progress.outcome = event.outcome;
      progress.yielded = event.yielded ?? false;
      return;
    default:
      assertNever(event);
  }
}

function write(deps: TurnDeps, session: Session, progress: Progress, entry: Entry): void {
  progress.entries.push(entry);
  const written = deps.transcripts.append(session.id, [entry]);
  progress.writes = Promise.all([progress.writes, written]).then(() => undefined);
  // The turn awaits the writes at its end; until then a failure must not count as unhandled.
  progress.writes.catch(() => undefined);
}

/** The result as things stand; also for a turn whose slots were taken by force. */
export function finish(
  deps: Pick<TurnDeps, 'clock'>,
  input: Pick<TurnInput, 'session' | 'turn' | 'progress'>,
): TurnResult {
  const { turn, session, progress } = input;
  const answers = answersOf(progress.entries, turn.partial);
  return {
    id: turn.id,
    session,
    tree: turn.tree,
    items: turn.items,
    outcome: outcomeOf(turn.cause, progress.outcome, answers),
    yielded: progress.yielded,
    cause: turn.cause,
    answers,
    entries: progress.entries,
    cut: progress.cut,
    notices: progress.notices,
    usage: turn.usage,
    startedAt: turn.startedAt,
    endedAt: deps.clock.now(),
  };
}

/** An abort decides the outcome, whatever the runtime said after it. */
export function outcomeOf(
  cause: AbortCause | undefined,
  said: Outcome | undefined,
  answers: readonly string[],
): Outcome {
  const partial = answers.at(-1);
  switch (cause) {
    case undefined:
      return said ?? { kind: 'error', code: 'no_outcome', message: 'the agent ended without saying how' };
    case 'user':
    case 'interrupt':
      return { kind: 'stopped', by: 'user' };
    case 'cascade':
    case 'budget':
    case 'shutdown':
      return { kind: 'stopped', by: cause };
    case 'timeout':
    case 'stalled':
      return { kind: 'timeout', ...(partial === undefined ? {} : { partial }) };
    case 'start_timeout':
      return {
        kind: 'error',
        code: 'start_timeout',
        message:
          'the agent gave no sign of life in time (agents.defaults.subagents.startTimeoutSeconds); check the model server',
      };
    case 'handoff':
      return { kind: 'error', code: 'announce_timeout', message: 'the agent did not take over the result in time' };
    default:
      return assertNever(cause);
  }
}

/**
 * The texts a person gets: every text that ended a step without tool calls answers something (an injected message may
 * follow it), and the last text counts even beside a call, as when an agent says what it started and then yields.
 */
export function answersOf(entries: readonly Entry[], partial: string): readonly string[] {
  const said = entries.flatMap((entry) => {
    if (entry.type !== 'assistant') return [];
    const text = entry.parts
      .map((part) => (part.type === 'text' ? part.text : ''))
      .join('')
      .trim();
    return text === '' ? [] : [{ text, calls: entry.parts.some((part) => part.type === 'call') }];
  });
  const answers = said.filter((step, index) => !step.calls || index === said.length - 1).map((step) => step.text);
  return partial.trim() === '' ? answers : [...answers, partial.trim()];
}

/** Says that the turn before this one was cut off by a restart; what is known of its last calls is their result. */
function resumeEntries(deps: TurnDeps, turn: ActiveTurn, cut: readonly Entry[]): readonly Entry[] {
  const at = deps.clock.now();
  const unknown: CutCall[] = [];
  const known: Entry[] = [];
  for (const { turn: before, call, begun } of openCalls(cut)) {
    const answer = begun ? deps.hooks.recall(before, call) : { text: notBegunText, failed: true };
    if (answer === undefined) unknown.push(call);
    else known.push({ ...{ type: 'tool', at, turn: before, callId: call.id, name: call.name }, ...resultOf(answer) });
  }
  return [...known, { type: 'note', at, turn: turn.id, text: resumeText(unknown) }];
}

function resultOf({ text, failed = false }: ToolOutput): { readonly output: string; readonly failed: boolean } {
  return { output: text, failed };
}

function inputEntry(deps: TurnDeps, turn: ActiveTurn, items: readonly MailItem[]): Entry {
  const at = deps.clock.now();
  const first = items[0];
  const people = items.every((item) => item.kind === 'message' || item.kind === 'task');
  const attachments = items.flatMap((item) => item.attachments ?? []);
  const text = renderBatch(items);
  if (!people) return { type: 'note', at, turn: turn.id, text };
  return {
    type: 'user',
    at,
    turn: turn.id,
    text,
    ...(first?.from === undefined ? {} : { from: first.from }),
    ...(attachments.length === 0 ? {} : { attachments }),
  };
}

function injection(item: MailItem): Injection {
  return {
    id: item.id,
    kind: item.kind === 'message' ? 'user' : 'note',
    text: renderBatch([item]),
    from: item.from,
    attachments: item.attachments,
  };
}
