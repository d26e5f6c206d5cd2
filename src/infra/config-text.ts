// From the text of the config file to a checked config: JSON5, `${ENV}`, tokens of the environment, schema.
// Pure; called by config-file.ts.
import JSON5 from 'json5';
import { type Checked, checkConfig } from './config-faults.ts';
import { type Env, readAtStart } from './env.ts';
import { formatKeyPath, isContainer, isPlainObject, type KeyPath } from './key-path.ts';

/**
 * @param text content of the file; undefined when there is none
 * @returns the config with defaults, or every fault in one sentence each
 */
export function readConfigText(
  text: string | undefined,
  env: Pick<Env, 'channels' | 'variables' | 'webToken'>,
): Checked {
  const parsed = parseJson5(text ?? '{}');
  if (!parsed.ok) return { ok: false, faults: [parsed.fault] };
  const unset: string[] = [];
  const filled = substitute(parsed.value, [], { variables: env.variables, unset });
  const checked = checkConfig(withWebToken(withEnvironment(filled, env.channels), env.webToken));
  if (unset.length === 0) return checked;
  return { ok: false, faults: [...unset, ...(checked.ok ? [] : checked.faults)] };
}

export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: string };

/** An empty file is an empty config. */
export function parseJson5(text: string): Parsed {
  if (text.length > largest) return { ok: false, fault: 'the configuration is larger than 1 MB' };
  try {
    const value: unknown = JSON5.parse(isBlank(text) ? '{}' : text);
    const fault = `the configuration is nested more than ${deepest} levels deep`;
    return isDeeper(value, deepest) ? { ok: false, fault } : { ok: true, value };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^JSON5: /, '') : String(error);
    return { ok: false, fault: `not valid JSON5: ${reason}` };
  }
}

/** Everything that looks at a config walks down into it; these bounds keep each walk short. */
const deepest = 50;
const largest = 1_000_000;

function isDeeper(value: unknown, levels: number): boolean {
  if (!isContainer(value)) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** Whether nothing but white space and comments is there. */
export function isBlank(text: string): boolean {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n\r]*/g, '').trim() === '';
}

interface Substitution {
  readonly variables: Env['variables'];
  /** Collects one sentence per variable that is not set. */
  readonly unset: string[];
}

/** `${NAME}` inside texts becomes the variable; `$${NAME}` stays as `${NAME}`. */
function substitute(value: unknown, path: KeyPath, how: Substitution): unknown {
  if (Array.isArray(value)) return value.map((item, index) => substitute(item, [...path, index], how));
  if (isPlainObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, substitute(inner, [...path, name], how)]),
    );
  if (typeof value !== 'string') return value;
  return value.replace(/(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, escaped: string, name: string) => {
    if (escaped !== '') return whole.slice(1);
    const found = how.variables[name];
    if (found === undefined)
      how.unset.push(
        `${formatKeyPath(path)} uses \${${name}}, but the environment variable ${name} is not set ${readAtStart}`,
      );
    return found ?? whole;
  });
}

/** The file wins; the environment fills what it leaves out. Anything malformed is left for the schema to name. */
function withEnvironment(raw: unknown, channels: Env['channels']): unknown {
  if (!isPlainObject(raw)) return raw;
  const configured = raw.channels ?? {};
  if (!isPlainObject(configured)) return raw;
  const merged = Object.entries(channels).flatMap(([id, values]) => {
    const own = configured[id] ?? {};
    return Object.keys(values).length === 0 || !isPlainObject(own) ? [] : [[id, { ...values, ...own }] as const];
  });
  return { ...raw, channels: { ...configured, ...Object.fromEntries(merged) } };
}

/** The same for the token of the status page. */
function withWebToken(raw: unknown, token: string | undefined): unknown {
  if (token === undefined || !isPlainObject(raw)) return raw;
  const own = raw.web ?? {};
  return isPlainObject(own) ? { ...raw, web: { token, ...own } } : raw;
}
