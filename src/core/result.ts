// The two helpers every union in the code ends in. Used everywhere.

/** Compile-time proof that a switch is complete; at run time it names the value that slipped through. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

/** An expected refusal is a value: a stable `code`, what happened, and what to do about it. */
export interface Refusal {
  readonly code: string;
  /** What happened and why, one or two sentences for a person or a model. */
  readonly message: string;
  /** The next step: a command, a config key, or what to ask for. */
  readonly fix: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(code: string, message: string, fix: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, message, fix } };
}

/** One line for chats and logs: the fact, then the fix. */
export function refusalText(refusal: Refusal): string {
  return refusal.fix === '' ? refusal.message : `${refusal.message} ${refusal.fix}`;
}
