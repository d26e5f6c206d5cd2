// Takes credentials out of what is about to be written down. Used by log.ts; any room above infra may use it too.

export const redacted = '[redacted]';

/** Plural `tokens` are counts and stay readable. */
const secretKey =
  /(?:token|api[-_]?key|authorization|passw(?:or)?d|secrets?|creds|credentials|cookie|(?:private|encryption|access|signing)[-_]?key)$/i;

const secretTexts: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=\b(?:bearer|basic)\s+)[\w.~+/=-]{20,}/gi,
  // API keys of model providers, GitHub, Slack, Google, AWS.
  /\bsk-[\w-]{16,}/g,
  /\bgh[pousr]_\w{20,}/g,
  /\bgithub_pat_\w{20,}/g,
  /\bxox[abeprs]-[\w-]{10,}/g,
  /\bAIza[\w-]{30,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  // Telegram bot token, also as part of an API URL (/bot123:AA…/getMe).
  /(?<!\d)\d{6,12}:[\w-]{30,}/g,
  // Discord bot token; JSON Web Token.
  /\b[\w-]{23,28}\.[\w-]{6}\.[\w-]{27,}/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /(?<=\b\w*(?:token|api[-_]?key|password|passwd|secret)\s?[=:]\s?["']?)(?=\S{0,200}\d)[^\s"'&,;\]}]{8,}/gi,
  /(?<=:\/\/[^\s/:@]{1,200}:)[^\s/@]+(?=@)/g,
];

/** Replaces everything in `text` that looks like a credential. */
export function redactText(text: string): string {
  return secretTexts.reduce((clean, pattern) => clean.replace(pattern, redacted), text);
}

/** Nesting below which a log field says nothing more. */
const deepest = 8;

/** A copy of log fields without secrets: by key name anywhere inside, and by look in every string. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return copyObject(fields, [fields]);
}

function copyObject(source: object, above: readonly object[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(source)) {
    copy[key] = secretKey.test(key) && isSecretValue(value) ? redacted : copyValue(value, above);
  }
  return copy;
}

function isSecretValue(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && typeof value !== 'boolean';
}

function copyValue(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length >= deepest) return '[deeper]';
  const path = [...above, value];
  if (value instanceof Error)
    return { type: value.name, ...copyError(value), ...copyObject(value, path), ...causeOf(value, path) };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => copyValue(item, path));
  if (value instanceof Map) return copyObject(Object.fromEntries(value), path);
  if (value instanceof Set) return [...value].map((item) => copyValue(item, path));
  return copyObject(value, path);
}

function copyError(error: Error): { message: string; stack: string } {
  return { message: redactText(error.message), stack: redactText(error.stack ?? '') };
}

function causeOf(error: Error, path: readonly object[]): { cause?: unknown } {
  return error.cause === undefined ? {} : { cause: copyValue(error.cause, path) };
}
