// Checks a parsed config and says every fault in one sentence each. Called by config-text.ts.
import type { z } from 'zod';
import { type Config, configSchema } from './config.ts';
import { explainUnknown } from './config-suggest.ts';
import { formatKeyPath, type KeyPath, valueAt } from './key-path.ts';
import { redactText } from './redact.ts';
import { isSecretPath } from './secret-keys.ts';

export type Checked =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

const lead = 'schema validation failed:';

/** @returns the config with all defaults, or every fault, in the order of the schema. */
export function checkConfig(raw: unknown): Checked {
  const result = configSchema.safeParse(raw);
  if (result.success) return { ok: true, config: result.data };
  const faults = [...new Set(result.error.issues.slice(0, shown + 1).flatMap((issue) => sentences(issue, raw)))];
  return { ok: false, faults: faults.length <= shown ? faults : [...faults.slice(0, shown), more] };
}

/** A file with more faults than these is not what anybody meant; they are shown in chats and in every status. */
const shown = 20;
const more = '… and more faults of this kind; mend these first';

function sentences(issue: z.core.$ZodIssue, raw: unknown): readonly string[] {
  const path: KeyPath = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  if (issue.code !== 'unrecognized_keys') {
    const place = path.length === 0 ? 'the configuration' : formatKeyPath(path);
    return [`${lead} ${place} ${fault(issue, valueAt(raw, path), isSecretPath(path))}`];
  }
  return issue.keys
    .slice(0, shown + 1)
    .flatMap((name) => explainUnknown([...path, name], valueAt(raw, [...path, name])))
    .map((unknown) => `${lead} unknown field ${unknown.path}${unknown.hint}`);
}

function fault(issue: z.core.$ZodIssue, value: unknown, secret: boolean): string {
  const but = value === undefined ? 'but is missing' : `but is ${show(value, secret)}`;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}, ${but}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}, ${but}`;
    case 'too_small':
      return issue.origin === 'string'
        ? 'must not be empty'
        : `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}, ${but}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, ${but}`;
    case 'invalid_key':
      return `is not a valid name: ${issue.issues[0]?.message ?? issue.message}`;
    case 'invalid_format':
      return `${but.slice(4)}: ${issue.format === 'url' ? 'use an http:// or https:// address' : issue.message}`;
    default:
      return value === undefined || typeof value === 'object' || typeof value === 'boolean'
        ? issue.message
        : `is ${show(value, secret)}: ${issue.message}`;
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list [...]',
  object: 'an object {...}',
  record: 'an object {...}',
};

/** A short quote of what the file says; never of a secret. */
function show(value: unknown, secret: boolean): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (secret) return `a ${typeof value}`;
  // A key in the wrong place is still a key.
  const text = redactText(JSON.stringify(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
