// One turn in a harness: opened, prompted, steered, cancelled, and told as the events of our turn. Made by runtime.ts.
// 1 open the harness  2 prompt  3 take in what arrives, as steer.ts decides  4 outcome from how the prompts ended
import type { Injection, TurnEvent } from '../core/agent.ts';
import type { Timer } from '../infra/clock.ts';
import { type Denial, denialText } from './asking.ts';
import { contentOf, entryOf, interrupted, type Message, messagesOf } from './content.ts';
import { acpFault, faultOf } from './errors.ts';
import type { Live } from './open.ts';
import { type Ending, lostText, opened, outcomeOf, type Settled } from './outcome.ts';
import { shortTitle } from './preview.ts';
import type { PromptEnd, PromptListener } from './prompts.ts';
import { reportOnce, type Said } from './said.ts';
import { Speech } from './speech.ts';
import { Spending } from './spending.ts';
import { type SteerAction, type SteerEvent, type Steering, type SteerOutcome, step } from './steer.ts';
import type { TurnDeps, TurnInput } from './turn-input.ts';
import { TurnView } from './turn-view.ts';
import type { ToolCall } from './updates.ts';

const settleMs = 10_000;
/** The harness does something, though there is no text. */
const alive: TurnEvent = { type: 'text', delta: '' };

export class HarnessTurn {
  readonly #deps: TurnDeps;
  readonly #input: TurnInput;
  readonly #speech: Speech;
  readonly #spending: Spending;
  #state: Steering<Said> = { phase: 'preparing', waiting: [], lead: false };
  readonly #events: SteerEvent<Said>[] = [];
  #wake: (() => void) | undefined;
  #settle: Timer | undefined;
  #live: Live | undefined;
  #leased = false;
  #begun = false;
  #timedOut = false;
  /** What the harness was asked last, for those that forget it when cancelled. */
  #asked: readonly Message[] = [];
  readonly #view: TurnView;
  readonly #ending: { -readonly [K in keyof Ending]: Ending[K] };

  constructor(deps: TurnDeps, input: TurnInput) {
    this.#deps = deps;
    this.#input = input;
    const { prompt, emit, harness } = input;
    const now = (): number => deps.clock.now();
    this.#speech = new Speech({ turn: prompt.id, model: prompt.model, now, emit });
    this.#view = new TurnView((view) => deps.progress(input.session, prompt.id, view));
    this.#spending = new Spending(harness, (usage) => emit({ type: 'usage', usage, model: prompt.model }));
    this.#ending = {
      ...{ how: 'ended', harness: harness.record.harness, last: undefined, text: '', answered: false },
      ...{ answers: [], denials: [] },
      ...{ fault: undefined, refused: undefined },
    };
  }

  /** Plays the turn to its end; never rejects. */
  async run(): Promise<Settled> {
    const { signal, harness } = this.#input;
    const abort = (): void => this.#post({ type: 'abort' });
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const limit = this.#limit(harness.record.timeoutSeconds ?? this.#deps.timeoutSeconds());
    try {
      // Getting ready has limits of its own, which say more than the engine's.
      this.#input.emit(alive);
      if (!signal.aborted) this.#open(true);
      // What came since the turn was accepted goes in with the first prompt.
      this.nudge();
      await this.#loop();
    } catch (error) {
      this.#ending.how = 'unready';
      this.#ending.fault = faultOf(error, (message) => acpFault.turnFailed(this.#ending.harness, message));
    } finally {
      signal.removeEventListener('abort', abort);
      limit?.cancel();
      this.#settle?.cancel();
      this.#speech.close();
      this.#view.end();
      if (this.#leased) this.#deps.sessions.release(harness);
    }
    return outcomeOf(this.#ending, { reason: signal.reason, timedOut: this.#timedOut, kind: this.#input.session.kind });
  }

  /** A text from outside the engine's queue. Resolves once it is known what became of it. */
  push(text: string): Promise<SteerOutcome> {
    const { promise, resolve } = Promise.withResolvers<SteerOutcome>();
    if (this.#state.phase === 'ended' || this.#state.phase === 'stopping') resolve('no-turn');
    else this.#post({ type: 'text', item: this.#said({ id: '', kind: 'user', text }, resolve) });
    return promise;
  }

  /** Messages wait for this turn: they are taken in now. */
  nudge(): void {
    // Nobody would hear them: they begin the next turn.
    if (this.#stopping()) return;
    for (const item of this.#waiting()) this.#post({ type: 'text', item });
  }

  async #loop(): Promise<void> {
    for (;;) {
      const event = this.#events.shift();
      if (event === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const { state, actions } = step(this.#state, event, this.#live?.abilities.steer ?? false);
      this.#state = state;
      for (const action of actions) {
        if (action.do === 'finish') {
          this.#ending.how = action.how;
          return;
        }
        await this.#act(action);
      }
    }
  }

  #post(event: SteerEvent<Said>): void {
    if (this.#state.phase === 'ended') {
      if (event.type === 'text') event.item.report('no-turn');
      return;
    }
    this.#events.push(event);
    this.#wake?.();
    this.#wake = undefined;
  }

  async #act(action: Exclude<SteerAction<Said>, { do: 'finish' }>): Promise<void> {
    const { harness } = this.#input;
    switch (action.do) {
      case 'open':
        return this.#open(false);
      case 'prompt':
        return await this.#prompt(action.items, action.lead);
      case 'steer': {
        const content = await this.#content(action.items);
        void harness.prompts.steer(content).then((result) => this.#post({ type: 'steered', result }));
        return;
      }
      case 'cancel':
        harness.prompts.cancel();
        return this.#awaitEnd();
      case 'await-end':
        return this.#awaitEnd();
      case 'kill':
        void harness.stop();
        return;
      case 'report':
        for (const item of action.items) item.report(action.outcome);
        return;
    }
  }

  #open(first: boolean): void {
    const { session, harness, signal } = this.#input;
    const waits = (is: boolean): void => {
      this.#view.waits(is ? 'place' : undefined);
      this.#deps.waiting(session, is);
      this.#input.emit(alive);
    };
    const opening = this.#leased ? harness.open() : this.#deps.sessions.acquire(harness, { signal, waits });
    opening.then(
      (live) => {
        // Stopped meanwhile: nobody else gives the process back.
        if (!this.#leased && this.#state.phase === 'ended') return this.#deps.sessions.release(harness);
        this.#leased = true;
        this.#live = live;
        const lost = harness.takeLost();
        const { refused, notices } = opened(live.harness.id, {
          lost,
          first,
          resumed: this.#input.prompt.resumed === true,
        });
        this.#ending.refused = refused;
        for (const notice of notices) this.#notice(notice);
        this.#post({ type: refused === undefined ? 'ready' : 'unready' });
      },
      (error: unknown) => {
        this.#ending.fault = faultOf(error, (message) => acpFault.initFailed(this.#ending.harness, message));
        this.#post({ type: 'unready' });
      },
    );
  }

  async #prompt(items: readonly Said[], lead: boolean): Promise<void> {
    const { harness, prompt } = this.#input;
    const refusal = await prompt.beforeCall();
    if (refusal !== undefined) {
      this.#ending.refused = refusal;
      this.#post({ type: 'prompt-ended', late: [] });
      return;
    }
    this.#live = await harness.free();
    if (harness.takeLost()) this.#notice(lostText(this.#live.harness.id));
    const first = this.#begun ? [] : messagesOf(prompt.history, prompt.id);
    this.#begun = true;
    const messages = [...first, ...items];
    const forgotten = this.#live?.harness.forgetsCancelled === true ? this.#asked : [];
    const content = await this.#content(messages, lead ? interrupted(forgotten) : undefined);
    this.#asked = lead ? [...this.#asked, ...messages] : messages;
    if (harness.record.prompted !== true) await harness.save({ prompted: true });
    void harness.prompts.prompt(content, this.#listener()).then((end) => this.#ended(end));
  }

  #content(messages: readonly Message[], lead?: string): ReturnType<typeof contentOf> {
    const images = this.#live?.abilities.images ?? false;
    return contentOf(messages, { images, read: this.#deps.readFile, lead });
  }

  #ended(end: PromptEnd): void {
    this.#settle?.cancel();
    this.#spending.promptEnded(end);
    const { text, answered } = this.#speech.close();
    Object.assign(this.#ending, { text, answered, last: end });
    if (text !== '') this.#ending.answers = [...this.#ending.answers, text];
    this.#view.promptEnded();
    const late = this.#stopping() ? [] : this.#waiting();
    this.#post(end.kind === 'died' ? { type: 'died' } : { type: 'prompt-ended', late });
  }

  #listener(): PromptListener {
    const { session, prompt } = this.#input;
    return {
      turn: prompt.id,
      update: (update, tool) => {
        if (update.kind === 'text') this.#speech.text(update.text);
        if (update.kind === 'notice') this.#notice(update.text);
        if (update.kind === 'usage') this.#spending.update(update);
        if (tool !== undefined) this.#speech.tool(tool.call);
        this.#view.update(update, tool?.call, this.#deps.clock.now());
        // A call has ended: the place where a native agent takes messages in.
        if (tool?.call.status === 'completed' || tool?.call.status === 'failed') this.nudge();
      },
      heard: () => this.#input.emit(alive),
      denied: (call, why) => this.#denied(call, why),
      waiting: (waits) => {
        this.#view.waits(waits ? 'people' : undefined);
        this.#deps.waiting(session, waits);
      },
    };
  }

  #denied(call: ToolCall, why: Denial): void {
    const title = shortTitle(call);
    this.#ending.denials = [...this.#ending.denials, { title, why }];
    // A person who denies knows it; everything else has to be said.
    if (why !== 'person') this.#notice(denialText(title, why));
  }

  /** What the engine holds for this turn, now written down as part of it. */
  #waiting(): readonly Said[] {
    const { prompt, session } = this.#input;
    return prompt
      .takeInjections()
      .map((each) => this.#said(each, (outcome) => this.#deps.steered(session, [each.id], outcome)));
  }

  #said(injection: Injection, report: Said['report']): Said {
    // Before the text that is under way: cutting that in two would make two answers of one.
    const { prompt, emit } = this.#input;
    emit({ type: 'entry', entry: entryOf(injection, { at: this.#deps.clock.now(), turn: prompt.id }) });
    const { text, attachments } = injection;
    return { text, attachments: attachments ?? [], report: reportOnce(report) };
  }

  #awaitEnd(): void {
    this.#settle?.cancel();
    this.#settle = this.#deps.clock.after(settleMs, () => this.#post({ type: 'overdue' }));
  }

  #limit(seconds: number): Timer | undefined {
    if (seconds === 0) return undefined;
    return this.#deps.clock.after(seconds * 1000, () => {
      this.#timedOut = true;
      this.#post({ type: 'abort' });
    });
  }

  /** It ends before anything else is sent. */
  #stopping(): boolean {
    return this.#timedOut || this.#state.phase === 'stopping' || this.#state.phase === 'ended';
  }

  #notice(text: string): void {
    this.#input.emit({ type: 'notice', text });
  }
}
