// One permission question of a harness from its arrival to the answer: the mode decides, or a person does, once. What is
// allowed "for the session" we remember ourselves; the harness only ever hears of this one call.
// Used by session.ts; the durable broker that asks people stands behind `Approvals`.
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import type { PermissionQuestion } from './connection.ts';
import { decide, grantKey, optionFor, type PermissionMode, requestHash } from './permissions.ts';
import { previewOf, shortTitle } from './preview.ts';
import type { ToolCall } from './updates.ts';

export interface ApprovalRequest {
  /** uuid of this question. */
  readonly id: string;
  readonly session: SessionKey;
  readonly harness: string;
  /** The turn that waits for it. */
  readonly turn: string | undefined;
  /** A few words. */
  readonly title: string;
  /** `execute`, `edit`, `fetch` and others. */
  readonly kind: string;
  /** What the person is shown, at most 600 characters, without secrets. */
  readonly preview: string;
  /** Of the exact request: an answer holds for nothing else. */
  readonly hash: string;
  /** False where "for this session" would mean nothing. */
  readonly sessionOffered: boolean;
  readonly cwd: string;
  /** Unix ms. */
  readonly askedAt: number;
}

/** `nobody`: there was nobody who could be asked; `too-many`: as many questions of the session wait as anybody reads. */
export type ApprovalAnswer = 'once' | 'session' | 'deny' | 'expired' | 'nobody' | 'too-many';

export interface Approvals {
  /**
   * Asks the people who may answer, wherever they are. `expired`: nobody answered in time.
   * When `signal` aborts, the question is over: its buttons go, and the answer does not matter any more.
   */
  ask(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalAnswer>;
}

/** Why a call was not allowed. `no-option`: it was, but the harness offers no answer that allows it once. */
export type Denial = 'person' | 'expired' | 'mode' | 'nobody' | 'too-many' | 'no-option';

export interface AskingDeps {
  readonly approvals: Approvals | undefined;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly realPath: (path: string) => string;
}

export interface Asked {
  readonly session: SessionKey;
  readonly harness: string;
  readonly turn: string | undefined;
  readonly cwd: string;
  readonly mode: () => PermissionMode;
  readonly granted: () => ReadonlySet<string>;
  readonly grant: (key: string) => Promise<void>;
  readonly denied: (call: ToolCall, why: Denial) => void;
  /** A person is being asked, or not any more. */
  readonly waiting: (change: 1 | -1) => void;
}

/** The optionId to answer with; null answers `cancelled`. */
export async function answerQuestion(
  deps: AskingDeps,
  asked: Asked,
  { call, options }: { readonly call: ToolCall; readonly options: PermissionQuestion['options'] },
  signal: AbortSignal,
): Promise<string | null> {
  const mode = asked.mode();
  const scope = { mode, cwd: asked.cwd, granted: asked.granted(), realPath: deps.realPath };
  const decision = decide(call, scope);
  if (decision.answer === 'yes') return allowed(asked, call, optionFor(options, 'allow', mode));
  if (decision.answer === 'no') return denied(asked, call, options, 'mode');
  if (deps.approvals === undefined) return denied(asked, call, options, 'nobody');
  const answer = await askPeople(deps.approvals, deps, asked, { call, signal });
  if (signal.aborted) return null;
  switch (answer) {
    case 'once':
      return allowed(asked, call, optionFor(options, 'allow', mode));
    case 'session': {
      const key = grantKey(call, asked.cwd);
      if (key !== undefined) await asked.grant(key);
      return allowed(asked, call, optionFor(options, 'allow', mode));
    }
    case 'deny':
      return denied(asked, call, options, 'person');
    case 'expired':
    case 'nobody':
    case 'too-many':
      return denied(asked, call, options, answer);
  }
}

async function askPeople(
  approvals: Approvals,
  deps: AskingDeps,
  asked: Asked,
  { call, signal }: { readonly call: ToolCall; readonly signal: AbortSignal },
): Promise<ApprovalAnswer> {
  asked.waiting(1);
  try {
    return await approvals.ask(
      {
        ...{ id: deps.ids.uuid(), session: asked.session, harness: asked.harness, turn: asked.turn },
        ...{ title: shortTitle(call), kind: call.kind, preview: previewOf(call, asked.harness) },
        ...{ hash: requestHash(call, asked.cwd), sessionOffered: grantKey(call, asked.cwd) !== undefined },
        ...{ cwd: asked.cwd, askedAt: deps.clock.now() },
      },
      signal,
    );
  } catch {
    // A broker that fails has not allowed anything.
    return 'expired';
  } finally {
    asked.waiting(-1);
  }
}

function allowed(asked: Asked, call: ToolCall, optionId: string | null): string | null {
  if (optionId === null) asked.denied(call, 'no-option');
  return optionId;
}

function denied(asked: Asked, call: ToolCall, options: PermissionQuestion['options'], why: Denial): string | null {
  asked.denied(call, why);
  return optionFor(options, 'deny', asked.mode());
}

/** For the chat, beside the answer: what was not done and what would allow it. */
export function denialText(title: string, why: Denial): string {
  switch (why) {
    case 'person':
      return `Denied: ${title}.`;
    case 'expired':
      return `Nobody answered in time (acp.permissionTimeoutSeconds), so this was denied: ${title}. The session goes on.`;
    case 'mode':
      return `Denied by the permissions deny-all: ${title}. /acp permissions approve-reads asks you instead.`;
    case 'nobody':
      return `Nobody could be asked, so this was denied: ${title}. acp.permissionMode "approve-all" would allow it.`;
    case 'too-many':
      return `It asked too much at a time, so this was denied without asking: ${title}. Answer what waits, then let it try again.`;
    case 'no-option':
      return `The agent offers no way to allow this once, so it was not done: ${title}. /acp permissions approve-all would allow it.`;
  }
}

/** What would have allowed it, for the error of a turn that a denial ended. */
export function denialNext(why: Denial): string {
  switch (why) {
    case 'person':
      return 'send the message again and allow it';
    case 'expired':
      return 'send the message again and answer in time, or raise acp.permissionTimeoutSeconds';
    case 'mode':
      return '/acp permissions approve-reads asks you before each step';
    case 'too-many':
      return 'answer the questions that wait (/status lists them), then send the message again';
    case 'nobody':
    case 'no-option':
      return '/acp permissions approve-all, or switchyard config set acp.permissionMode approve-all';
  }
}
