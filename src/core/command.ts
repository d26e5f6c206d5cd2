// The definition of a chat command. One definition drives text parsing, /help, completion and native registration.
import type { Thumb } from './menu.ts';
import type { ChoiceAsks } from './message.ts';
import type { Route } from './route.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';

export type Access = 'anyone' | 'owner';

/** What a positional parameter or a flag's value is; drives parsing, sentences and completion. */
export type ValueKind =
  | { readonly kind: 'word' }
  /** The rest of the text, verbatim with line breaks. Only as the last parameter. */
  | { readonly kind: 'text' }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  /** A run: `#1`, `1`, run-id prefix, session key or id, label. `all`: that word is understood too. */
  | { readonly kind: 'target'; readonly all?: boolean }
  | { readonly kind: 'agent' }
  /** A coding agent: id of a harness, or of an agent backed by one. */
  | { readonly kind: 'harness' }
  /** A session in a coding agent: label, session key or id, a run as in `target`. */
  | { readonly kind: 'acp' }
  | { readonly kind: 'model' }
  /** The code of an open question. */
  | { readonly kind: 'approval' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'choice'; readonly of: readonly string[] };

export interface Param {
  readonly name: string;
  readonly value: ValueKind;
  readonly required: boolean;
  /** Typed as `name:value`, anywhere among the words. */
  readonly keyed?: boolean;
  readonly summary: string;
}

/** `--name value` or `--name=value`, before or after free text; `value` absent: a bare switch. */
export interface Flag {
  readonly name: string;
  readonly value?: ValueKind;
  readonly summary: string;
}

export interface Verb {
  /** Sub-word as typed; the empty name is the bare command. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** Full syntax as shown after `Usage:`, e.g. `/subagents log <target> [limit] [tools]`. */
  readonly syntax: string;
  readonly example: string;
  readonly params: readonly Param[];
  readonly flags: readonly Flag[];
  /** Starts work: refused while draining. */
  readonly starts?: boolean;
  /** Acts on the current session: refused where the conversation is bound to a session that is gone. */
  readonly acts?: boolean;
  /** Only looks: a native reply may be private. */
  readonly view?: boolean;
  run(call: Call): Promise<Reply>;
}

export interface Command {
  /** As typed, without the slash. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly access: Access;
  readonly verbs: readonly Verb[];
}

export interface Caller {
  /** `<channel>:<id>`. */
  readonly id: string;
  readonly name: string;
  readonly class: 'owner' | 'allowed';
}

/** Where and by whom a command was given. */
export interface CommandPlace {
  readonly caller: Caller;
  readonly route: Route;
  readonly chat: 'direct' | 'group';
  /** The chat's own session, bound or not. Its record exists. */
  readonly chatSession: Session;
  /** The bound session if the conversation is bound, else `chatSession`. */
  readonly session: Session;
  readonly bound: boolean;
  /** Label of the bound session where that is gone; `session` is then the chat's own, which must not act in its place. */
  readonly gone?: string;
  /** Id of the message it was typed as (see `InboundMessage`); absent for native commands and buttons. */
  readonly messageId?: string | undefined;
  /** Looks again at what was shown before: the numbers of that list keep their meaning. */
  readonly refresh?: boolean | undefined;
  /** Idempotency key of this command: the id of its intake row. */
  readonly commandId: string;
  /** Whether whoever gave it would still be heard, as who they were then; absent: always. */
  readonly heard?: (() => boolean) | undefined;
  /** Called by what waits for an agent once it has acted: the messages that follow here need not wait for the reply. */
  readonly acted?: (() => void) | undefined;
}

export interface Call extends CommandPlace {
  /** Positional values by parameter name; numbers and durations still as typed text, already validated. */
  readonly args: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
  readonly services: Services;
}

/** A button under a reply. Pressing it types the command, by whoever may press it; see src/inbound/choices.ts. */
export interface ReplyChoice {
  readonly label: string;
  /** What pressing it types, e.g. `/subagents kill 4f1c2a90`. Names things by id: numbers may mean something else by then. */
  readonly command: string;
  /** Of all choices of the reply that are marked so, one may be pressed, once. */
  readonly once?: boolean;
  /** It is the yes or the no to a question: 👍 or 👎 on the message means it, where there are no buttons. */
  readonly thumb?: Thumb;
  /** Whoever presses it is asked for a text first, which is typed behind the command. Left out where that cannot be asked. */
  readonly asks?: ChoiceAsks;
}

export interface Reply {
  /** Says everything by itself: not every channel has buttons. */
  readonly text: string;
  readonly choices?: readonly ReplyChoice[];
  /** It only shows something: where the platform can, only whoever asked sees it. */
  readonly view?: boolean;
  /** It began something: what that leads to must not be shown before it. */
  readonly first?: boolean;
  /** Something in it is under way: where messages can be changed, it is kept up to date while that lasts. */
  readonly live?: boolean;
}
