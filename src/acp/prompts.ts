// The prompts of one harness session, never two at once, and all that happens during one: updates, permission questions,
// steering, cancelling. Made by session.ts.
import { z } from 'zod';
import { type AskingDeps, answerQuestion, type Denial } from './asking.ts';
import { type PermissionQuestion, RequestFailure } from './connection.ts';
import { type AcpFault, acpFault } from './errors.ts';
import { initFault, type Live } from './open.ts';
import type { PermissionMode } from './permissions.ts';
import type { AcpRecord } from './record.ts';
import type { SteerResult } from './steer.ts';
import { type HarnessUpdate, mergeTool, readToolCall, type ToolCall } from './updates.ts';

/** Hears of one prompt. Calls must be quick: their order is the order of events. */
export interface PromptListener {
  /** Id of our turn. */
  readonly turn: string;
  /** `tool`: the call as known now, where the update is about one; `fresh`: first heard of. */
  readonly update: (update: HarnessUpdate, tool?: { readonly call: ToolCall; readonly fresh: boolean }) => void;
  /** It did something, which may mean nothing to us: it is alive. */
  readonly heard: () => void;
  readonly denied: (call: ToolCall, why: Denial) => void;
  /** People are being asked (`true`), or nobody is any more. */
  readonly waiting: (waits: boolean) => void;
}

export type PromptEnd =
  | { readonly kind: 'ended'; readonly stop: string; readonly tokens: Tokens | undefined }
  | { readonly kind: 'failed'; readonly fault: AcpFault }
  | { readonly kind: 'died'; readonly fault: AcpFault };

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** The session these prompts belong to. */
export interface PromptHost {
  readonly live: () => Live | undefined;
  readonly record: () => AcpRecord;
  readonly permissionMode: () => PermissionMode;
  readonly grant: (key: string) => Promise<void>;
  readonly noteError: (fault: AcpFault | undefined) => void;
  readonly afterPrompt: () => Promise<void>;
}

const steerMs = 15_000;

export class Prompts {
  readonly #deps: AskingDeps;
  readonly #host: PromptHost;
  /** The end of the prompt in flight, or of the last one. */
  #last: Promise<unknown> = Promise.resolve();
  #prompts = 0;
  #listener: PromptListener | undefined;
  /** The prompt in flight has a reason to end as cancelled. */
  #cancelled = false;
  /** It was told to end: what it asks from now on is answered with `cancelled`. */
  #cancelling = false;
  #asking = 0;
  /** Calls of the prompt in flight: a question names one by its id and may leave out the rest. */
  readonly #tools = new Map<string, ToolCall>();

  constructor(deps: AskingDeps, host: PromptHost) {
    this.#deps = deps;
    this.#host = host;
  }

  running(): boolean {
    return this.#prompts > 0;
  }

  /** People are being asked. */
  asking(): boolean {
    return this.#asking > 0;
  }

  /** Resolves once no prompt is in flight. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Sends one prompt; waits for the end of an earlier one first. Never throws. */
  prompt(content: readonly unknown[], listener: PromptListener): Promise<PromptEnd> {
    const before = this.#last;
    const end = before.then(() => this.#prompt(content, listener));
    this.#last = end;
    return end;
  }

  async #prompt(content: readonly unknown[], listener: PromptListener): Promise<PromptEnd> {
    const live = this.#host.live();
    if (live === undefined) return this.#died('it is not running');
    this.#listener = listener;
    this.#tools.clear();
    this.#cancelled = false;
    this.#cancelling = false;
    this.#prompts += 1;
    try {
      const params = { sessionId: live.acpSessionId, prompt: content };
      const answer = readEnd(await live.connection.request('session/prompt', params, 0));
      // One that is being ended from outside may call that a cancel, a moment before its own end is known.
      const end = answer.stop === 'cancelled' && !this.#cancelled ? await live.connection.ending() : undefined;
      if (end !== undefined) return this.#died(end);
      this.#host.noteError(undefined);
      return { kind: 'ended', ...answer };
    } catch (error) {
      if (error instanceof RequestFailure && error.kind === 'died') return this.#died(error.message);
      return this.#failed(live, error);
    } finally {
      this.#prompts -= 1;
      this.#listener = undefined;
      // It no longer waits for what it asked; some ask two things at once and end at the first denial.
      live.connection.withdrawQuestions();
      await this.#host.afterPrompt();
    }
  }

  #died(how: string): PromptEnd {
    const fault = acpFault.turnFailed(this.#host.record().harness, how);
    this.#host.noteError(fault);
    return { kind: 'died', fault };
  }

  #failed(live: Live, error: unknown): PromptEnd {
    const login = initFault(live.harness, error, live.connection);
    const said = error instanceof Error ? error.message : String(error);
    const fault =
      login.code === 'ACP_BACKEND_UNAVAILABLE' ? login : acpFault.turnFailed(this.#host.record().harness, said);
    this.#host.noteError(fault);
    return { kind: 'failed', fault };
  }

  /** Into the running prompt. Only for harnesses with the ability. Never throws. */
  async steer(content: readonly unknown[]): Promise<SteerResult> {
    const live = this.#host.live();
    if (live === undefined) return 'failed';
    const params = {
      sessionId: live.acpSessionId,
      prompt: content,
      _meta: { steering: { idleBehavior: 'promptRequired' } },
    };
    try {
      const answer = await live.connection.request('_session/steering', params, steerMs);
      return z
        .looseObject({ outcome: z.enum(['injected', 'promptRequired', 'startedNewTurn', 'failed']) })
        .parse(answer).outcome;
    } catch {
      return 'failed';
    }
  }

  /** Asks the harness to end the running prompt; open questions are answered with `cancelled`. */
  cancel(): void {
    const live = this.#host.live();
    if (live === undefined) return;
    this.#cancelled = true;
    this.#cancelling = true;
    live.connection.withdrawQuestions();
    live.connection.notify('session/cancel', { sessionId: live.acpSessionId });
  }

  /** A message of the harness has arrived, whatever it says. */
  heard(): void {
    this.#listener?.heard();
  }

  /** What the harness tells of the prompt in flight; without one nobody hears it. */
  update(update: HarnessUpdate): void {
    if (update.kind !== 'tool') {
      this.#listener?.update(update);
      return;
    }
    const known = this.#tools.get(update.patch.id);
    const call = mergeTool(known, update.patch);
    this.#tools.set(call.id, call);
    this.#listener?.update(update, { call, fresh: known === undefined });
  }

  /** A permission question of the harness, see answerQuestion. */
  async ask(question: PermissionQuestion, gone: AbortSignal): Promise<string | null> {
    this.heard();
    if (this.#cancelling && this.running()) return null;
    const patch = readToolCall(question.toolCall) ?? { id: `question-${this.#deps.ids.uuid()}` };
    const call = mergeTool(this.#tools.get(patch.id), patch);
    this.#tools.set(call.id, call);
    const listener = this.#listener;
    const record = this.#host.record();
    return await answerQuestion(
      this.#deps,
      {
        ...{ session: record.key, harness: record.harness, turn: listener?.turn, cwd: record.cwd },
        mode: () => this.#host.permissionMode(),
        granted: () => new Set(this.#host.record().granted),
        grant: (key) => this.#host.grant(key),
        denied: (each, why) => {
          this.#cancelled = true;
          listener?.denied(each, why);
        },
        waiting: (change) => {
          this.#asking += change;
          listener?.waiting(this.#asking > 0);
        },
      },
      { call, options: question.options },
      gone,
    );
  }
}

const number = z.number().nonnegative();
const endSchema = z.looseObject({
  stopReason: z.string().catch('end_turn'),
  // Not part of stable ACP, though some harnesses send it.
  usage: z.looseObject({ inputTokens: number, outputTokens: number }).nullish().catch(undefined),
});

function readEnd(answer: unknown): { readonly stop: string; readonly tokens: Tokens | undefined } {
  const found = endSchema.safeParse(answer).data;
  const usage = found?.usage ?? undefined;
  const tokens = usage === undefined ? undefined : { input: usage.inputTokens, output: usage.outputTokens };
  return { stop: found?.stopReason ?? 'end_turn', tokens };
}
