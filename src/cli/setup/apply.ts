// Applies edits to the texts of `switchyard.json5` and `.env`, and checks what comes out. Pure; called by setup.ts.
import { ok, type Result, refuse } from '../../core/result.ts';
import { editConfigText } from '../../infra/config-edit.ts';
import { readConfigText } from '../../infra/config-text.ts';
import { type Env, readEnv } from '../../infra/env.ts';
import { readEnvText, setEnvText } from '../../infra/env-text.ts';
import type { Texts } from './current.ts';
import type { Edits } from './plan.ts';

/** Heads and sections of a file that is new, in this order. */
const sections: readonly (readonly [string, string])[] = [
  ['channels', 'Where people reach you.'],
  ['commands', 'Who commands.'],
  ['agents', 'Who answers, and with which model.'],
  ['models', 'Model servers beside the built-in ones.'],
  ['acp', 'Coding agents that the owner starts with /acp spawn.'],
];

const head = [
  '// Switchyard configuration (JSON5). Every key and its meaning: README.md. Change it here, with',
  '// `npx switchyard config set <key> <value>`, or by running `npx switchyard setup` again; comments are kept.',
  `// \${NAME} stands for a variable of the environment or of the file .env, where tokens and keys belong.`,
];

function newConfig(edits: Edits['config']): string {
  const used = sections.filter(([name]) => edits.some(({ path }) => path[0] === name));
  const body = used.map(([name, meaning]) => `  // ${meaning}\n  ${name}: {\n  },\n`);
  return `${head.join('\n')}\n{\n${body.join('\n')}}\n`;
}

/** Files without an edit stay as they are, also when they are not there. Refused: `not_editable`. */
export async function applyEdits(before: Texts, edits: Edits): Promise<Result<Texts>> {
  let config = before.config;
  if (config === undefined && edits.config.length > 0) config = newConfig(edits.config);
  for (const { path, value, comment } of edits.config) {
    const edited = await editConfigText(config, path, value, comment);
    if (!edited.ok) return refuse('not_editable', edited.fault, '');
    config = edited.text;
  }
  let env = before.env;
  for (const { name, value } of edits.env) {
    const edited = setEnvText(env, name, value);
    if (!edited.ok) return refuse('not_editable', edited.fault, '');
    env = edited.text;
  }
  return ok({ config, env });
}

/**
 * The environment as a start from this folder will find it.
 * @param before the texts that `env` was read with
 */
export function envAfter(env: Env, { before, after }: { before: Texts; after: Texts }, workingDirectory: string): Env {
  const [stored, next] = [readEnvText(before.env), readEnvText(after.env)];
  const changed = Object.entries(next).filter(([name]) => !isShadowed(env.variables, stored, name));
  return readEnv({ ...env.variables, ...Object.fromEntries(changed) }, workingDirectory);
}

/** The environment itself sets this variable, and wins over `.env`. */
export function isShadowed(variables: Env['variables'], stored: Env['variables'], name: string): boolean {
  return variables[name] !== undefined && variables[name] !== stored[name];
}

/** The faults the config would have; empty when it can be used. */
export function faultsOf(texts: Texts, env: Pick<Env, 'variables' | 'channels' | 'webToken'>): readonly string[] {
  const checked = readConfigText(texts.config, env);
  return checked.ok ? [] : checked.faults;
}
