// What happens to texts that arrive while a harness works: into the running prompt where it can take them, else the prompt is
// cancelled and they are sent instead. Never two prompts at once, never a text lost. A state machine without timers and
// promises; turn.ts asks it and acts.

/** What became of a text, for whoever sent it. */
export type SteerOutcome =
  /** The running prompt took it in. */
  | 'steered'
  /** The harness is getting ready; it goes in with the first prompt. */
  | 'queued'
  /** The running prompt was cancelled and this sent instead. */
  | 'resent'
  /** Nothing was running any more: it is a prompt of its own. */
  | 'sent'
  /** The turn is over or failed: it has to be sent again. */
  | 'no-turn';

/** The words of a reply for each outcome. */
export const steerWords: Readonly<Record<SteerOutcome, string>> = {
  steered: 'steered',
  queued: 'queued until ready',
  resent: 'current turn cancelled, sent instead',
  sent: 'sent',
  'no-turn': 'no turn is running',
};

export type Steering<T> =
  /** `lead`: what is sent next must say that the prompt before it was interrupted. */
  | { readonly phase: 'preparing'; readonly waiting: readonly T[]; readonly lead: boolean }
  | { readonly phase: 'running' }
  /** `asked` is with the harness; `over`: the prompt ended meanwhile. */
  | { readonly phase: 'steering'; readonly asked: readonly T[]; readonly waiting: readonly T[]; readonly over: boolean }
  /** The prompt has to end before `waiting` can be sent. */
  | { readonly phase: 'ending'; readonly waiting: readonly T[]; readonly lead: boolean }
  /** Nobody wants it any more. */
  | { readonly phase: 'stopping' }
  | { readonly phase: 'ended' };

export type SteerResult = 'injected' | 'promptRequired' | 'startedNewTurn' | 'failed';

export type SteerEvent<T> =
  | { readonly type: 'text'; readonly item: T }
  | { readonly type: 'ready' }
  /** The harness cannot be started. */
  | { readonly type: 'unready' }
  | { readonly type: 'steered'; readonly result: SteerResult }
  /** `late`: texts that came at the very end of it. */
  | { readonly type: 'prompt-ended'; readonly late: readonly T[] }
  | { readonly type: 'died' }
  /** The prompt did not end within the time it was given. */
  | { readonly type: 'overdue' }
  | { readonly type: 'abort' };

export type SteerAction<T> =
  /** Start the harness again and load its session, then say `ready`. */
  | { readonly do: 'open' }
  | { readonly do: 'prompt'; readonly items: readonly T[]; readonly lead: boolean }
  | { readonly do: 'steer'; readonly items: readonly T[] }
  /** Ask the harness to end the prompt; `overdue` after the settle time. */
  | { readonly do: 'cancel' }
  /** Only wait for the end of the prompt; `overdue` after the settle time. */
  | { readonly do: 'await-end' }
  | { readonly do: 'kill' }
  | { readonly do: 'report'; readonly items: readonly T[]; readonly outcome: SteerOutcome }
  | { readonly do: 'finish'; readonly how: 'ended' | 'died' | 'stopped' | 'unready' };

export interface Step<T> {
  readonly state: Steering<T>;
  readonly actions: readonly SteerAction<T>[];
}

/** @param canSteer the harness takes texts into a running prompt */
export function step<T>(state: Steering<T>, event: SteerEvent<T>, canSteer: boolean): Step<T> {
  switch (state.phase) {
    case 'preparing':
      return whilePreparing(state, event);
    case 'running':
      return whileRunning(state, event, canSteer);
    case 'steering':
      return whileSteering(state, event);
    case 'ending':
      return whileEnding(state, event);
    case 'stopping':
      return whileStopping(state, event);
    case 'ended':
      return event.type === 'text' ? { state, actions: [report([event.item], 'no-turn')] } : stay(state);
  }
}

type In<T, P extends Steering<T>['phase']> = Extract<Steering<T>, { phase: P }>;

function whilePreparing<T>(state: In<T, 'preparing'>, event: SteerEvent<T>): Step<T> {
  switch (event.type) {
    case 'text': {
      const waiting = [...state.waiting, event.item];
      return { state: { ...state, waiting }, actions: state.lead ? [] : [report([event.item], 'queued')] };
    }
    case 'ready':
      return prompt(state.waiting, state.lead);
    case 'unready':
    case 'died':
      return {
        state: { phase: 'ended' },
        actions: [report(state.waiting, 'no-turn'), { do: 'finish', how: 'unready' }],
      };
    case 'abort':
      return {
        state: { phase: 'ended' },
        actions: [report(state.waiting, 'no-turn'), { do: 'finish', how: 'stopped' }],
      };
    default:
      return stay(state);
  }
}

function whileRunning<T>(state: In<T, 'running'>, event: SteerEvent<T>, canSteer: boolean): Step<T> {
  switch (event.type) {
    case 'text':
      return canSteer ? ask([event.item]) : cancelFor([event.item]);
    case 'prompt-ended':
      if (event.late.length > 0) return prompt(event.late, false);
      return { state: { phase: 'ended' }, actions: [{ do: 'finish', how: 'ended' }] };
    case 'died':
      return { state: { phase: 'ended' }, actions: [{ do: 'finish', how: 'died' }] };
    case 'abort':
      return { state: { phase: 'stopping' }, actions: [{ do: 'cancel' }] };
    default:
      return stay(state);
  }
}

function whileSteering<T>(state: In<T, 'steering'>, event: SteerEvent<T>): Step<T> {
  const all = [...state.asked, ...state.waiting];
  switch (event.type) {
    case 'text':
      return stay({ ...state, waiting: [...state.waiting, event.item] });
    case 'steered':
      return afterAnswer(state, event.result);
    case 'prompt-ended':
      return stay({ ...state, waiting: [...state.waiting, ...event.late], over: true });
    case 'died':
      return { state: { phase: 'preparing', waiting: all, lead: true }, actions: [{ do: 'open' }] };
    case 'abort':
      return state.over
        ? { state: { phase: 'ended' }, actions: [report(all, 'no-turn'), { do: 'finish', how: 'stopped' }] }
        : { state: { phase: 'stopping' }, actions: [report(all, 'no-turn'), { do: 'cancel' }] };
    default:
      return stay(state);
  }
}

function afterAnswer<T>(state: In<T, 'steering'>, result: SteerResult): Step<T> {
  const { asked, waiting, over } = state;
  if (result === 'injected' || result === 'startedNewTurn') {
    const told = report(asked, 'steered');
    if (waiting.length > 0) return before(told, over ? prompt(waiting, false) : ask(waiting));
    return over
      ? { state: { phase: 'ended' }, actions: [told, { do: 'finish', how: 'ended' }] }
      : { state: { phase: 'running' }, actions: [told] };
  }
  const all = [...asked, ...waiting];
  if (over) return prompt(all, false);
  if (result === 'failed') return cancelFor(all);
  return { state: { phase: 'ending', waiting: all, lead: false }, actions: [{ do: 'await-end' }] };
}

function whileEnding<T>(state: In<T, 'ending'>, event: SteerEvent<T>): Step<T> {
  switch (event.type) {
    case 'text':
      return stay({ ...state, waiting: [...state.waiting, event.item] });
    case 'prompt-ended':
      return prompt([...state.waiting, ...event.late], state.lead);
    case 'overdue':
      return state.lead ? { state, actions: [{ do: 'kill' }] } : cancelFor(state.waiting);
    case 'died':
      return { state: { phase: 'preparing', waiting: state.waiting, lead: true }, actions: [{ do: 'open' }] };
    case 'abort':
      return { state: { phase: 'stopping' }, actions: [report(state.waiting, 'no-turn'), { do: 'cancel' }] };
    default:
      return stay(state);
  }
}

function whileStopping<T>(state: In<T, 'stopping'>, event: SteerEvent<T>): Step<T> {
  switch (event.type) {
    case 'text':
      return { state, actions: [report([event.item], 'no-turn')] };
    case 'overdue':
      return { state, actions: [{ do: 'kill' }] };
    case 'prompt-ended':
      return { state: { phase: 'ended' }, actions: [report(event.late, 'no-turn'), { do: 'finish', how: 'stopped' }] };
    case 'died':
      return { state: { phase: 'ended' }, actions: [{ do: 'finish', how: 'stopped' }] };
    default:
      return stay(state);
  }
}

function stay<T>(state: Steering<T>): Step<T> {
  return { state, actions: [] };
}

function ask<T>(items: readonly T[]): Step<T> {
  return { state: { phase: 'steering', asked: items, waiting: [], over: false }, actions: [{ do: 'steer', items }] };
}

function cancelFor<T>(items: readonly T[]): Step<T> {
  return { state: { phase: 'ending', waiting: items, lead: true }, actions: [{ do: 'cancel' }] };
}

function prompt<T>(items: readonly T[], lead: boolean): Step<T> {
  const told = report(items, lead ? 'resent' : 'sent');
  return { state: { phase: 'running' }, actions: [told, { do: 'prompt', items, lead }] };
}

function report<T>(items: readonly T[], outcome: SteerOutcome): SteerAction<T> {
  return { do: 'report', items, outcome };
}

function before<T>(action: SteerAction<T>, { state, actions }: Step<T>): Step<T> {
  return { state, actions: [action, ...actions] };
}
