// What `switchyard config get` and `switchyard config set` do. Called by config-verbs.ts.
import JSON5 from 'json5';
import { ok, type Result, refusalText } from '../core/result.ts';
import type { ConfigFile } from '../infra/config-file.ts';
import { formatKeyPath } from '../infra/key-path.ts';
import { hideSecrets } from '../infra/secret-keys.ts';

export interface CliResult {
  readonly text: string;
  readonly exitCode: number;
}

/**
 * The value in use, defaults included.
 * @param show prints tokens and keys instead of `[set]`
 */
export function configGet(file: ConfigFile, keyPath: string, show: boolean): CliResult {
  const found = file.find(keyPath);
  if (!found.ok) return { text: found.error, exitCode: 1 };
  const value = show ? found.value : hideSecrets(found.value, found.path);
  const text = value === undefined ? '(not set)' : typeof value === 'string' ? value : JSON5.stringify(value, null, 2);
  return { text: withError(text, file), exitCode: 0 };
}

/**
 * Writes one value into the config file.
 * @param notify tells a running process to reload and answers what it said; absent when none runs. Refused: it goes on with
 *   the settings it had, so that the change, though it is in the file, has not come to hold
 */
export async function configSet(
  file: ConfigFile,
  change: { readonly keyPath: string; readonly valueText: string; readonly notify?: () => Promise<Result<string>> },
): Promise<CliResult> {
  const written = await file.set(change.keyPath, change.valueText);
  if (!written.ok) return { text: `${written.error}\nNothing was changed in ${file.path}.`, exitCode: 1 };
  const shown = JSON5.stringify(hideSecrets(written.value, written.path));
  const saved = `${formatKeyPath(written.path)} = ${shown}\nSaved in ${file.path}.`;
  const told = (await change.notify?.()) ?? ok('Switchyard is not running; it reads this when it starts.');
  return { text: `${saved}\n${told.ok ? told.value : refusalText(told.refusal)}`, exitCode: told.ok ? 0 : 1 };
}

/** A value that is not what the file says must not pass for it. */
function withError(text: string, file: ConfigFile): string {
  return file.error === undefined ? text : `${text}\nNot from ${file.path}, which has faults:\n${file.error}`;
}
