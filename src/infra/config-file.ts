// The config file in use: loads, watches and edits it, and always holds the last good config.
// Made by app.ts and config-verbs.ts.
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { writeAtomically } from './atomic-write.ts';
import type { Clock } from './clock.ts';
import { type Config, configSchema } from './config.ts';
import { editConfigText } from './config-edit.ts';
import { isKey, typedPath } from './config-keys.ts';
import { explainUnknown } from './config-suggest.ts';
import { parseJson5, readConfigText } from './config-text.ts';
import type { Env } from './env.ts';
import { watchFolder } from './folder-watch.ts';
import { formatKeyPath, type KeyPath, parseKeyPath, valueAt } from './key-path.ts';

type ConfigEnv = Pick<Env, 'configPath' | 'channels' | 'variables' | 'webToken'>;

export interface ConfigFileOptions {
  readonly env: ConfigEnv;
  readonly clock: Clock;
  /** Absolute; where `switchyard.json5` is looked for. */
  readonly workingDirectory: string;
}

export type Reloaded =
  | { readonly ok: true; readonly changed: boolean }
  | { readonly ok: false; readonly error: string };
export type Found =
  | { readonly ok: true; readonly path: KeyPath; readonly value: unknown }
  | { readonly ok: false; readonly error: string };
export type ChangeListener = (config: Config, previous: Config) => void;

interface Seen {
  /** Undefined while there is no file. */
  readonly text: string | undefined;
  readonly changedAt: number | undefined;
  /** When it was looked at, Unix ms. */
  readonly at: number;
}

export class ConfigFile {
  readonly path: string;
  readonly #env: ConfigEnv;
  readonly #clock: Clock;
  readonly #changed = new Set<ChangeListener>();
  readonly #faulty = new Set<(error: string) => void>();
  #current: Config = configSchema.parse({});
  #loadedAt: number;
  /** What the config in use was read from; undefined until one was good. */
  #good: Seen | undefined;
  #error: string | undefined;
  #watch: { close(): void } | undefined;
  /** Loads and edits happen one after another. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor({ env, clock, workingDirectory }: ConfigFileOptions) {
    this.path = env.configPath ?? resolve(workingDirectory, 'switchyard.json5');
    this.#env = env;
    this.#clock = clock;
    this.#loadedAt = clock.now();
  }

  /** The last good config; all defaults while there was none. */
  get current(): Config {
    return this.#current;
  }

  /** When the config in use was read, Unix time in milliseconds. */
  get loadedAt(): number {
    return this.#loadedAt;
  }

  /** False while no file is in use: everything is at its default then. */
  get fromFile(): boolean {
    return this.#good?.text !== undefined;
  }

  /** Why the file is not what is in use; one fault per line. */
  get error(): string | undefined {
    return this.#error;
  }

  /** True while no config was ever good: guessing who may talk to the agents would be wrong. */
  get channelsOff(): boolean {
    return this.#good === undefined;
  }

  /** When the file changed, if that is not what is in use. Unix time in milliseconds. */
  async fileChangedAt(): Promise<number | undefined> {
    const changedAt = await modifiedAt(this.path).catch(() => undefined);
    return changedAt === this.#good?.changedAt ? undefined : changedAt;
  }

  /** Called after each reload that changed something, with the new and the previous config. @returns stops calling */
  onChange(listener: ChangeListener): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Called with each new error of the file. @returns stops calling */
  onFault(listener: (error: string) => void): () => void {
    this.#faulty.add(listener);
    return () => this.#faulty.delete(listener);
  }

  /** First read. Never throws; a bad file leaves the defaults and `error`. */
  load(): Promise<Reloaded> {
    return this.reload();
  }

  /** Reads the file again. A bad or vanished file leaves the config in use. */
  reload(): Promise<Reloaded> {
    return this.#inTurn(async () => this.#take(await this.#look()));
  }

  /** Reloads by itself whenever the text of the file changes. */
  watch(): void {
    this.#watch ??= watchFolder(dirname(this.path), this.#clock, () => {
      // A listener that fails must not take the process with it.
      this.reload().catch((error: unknown) => this.#refuse(`the change could not be taken over: ${reasonOf(error)}`));
    });
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Value in use at a key, defaults included; undefined for a known key that is not set. */
  find(keyPath: string): Found {
    const known = knownPath(keyPath);
    return known.ok ? { ...known, value: valueAt(this.#current, known.path) } : known;
  }

  /**
   * Writes one value into the file, comments and layout kept, if the whole file is valid then.
   * @param valueText JSON5, or a text that is no JSON5
   * @returns the value as it is in use now
   */
  set(keyPath: string, valueText: string): Promise<Found> {
    const known = knownPath(keyPath);
    if (!known.ok) return Promise.resolve(known);
    return this.#inTurn(() => this.#write(known.path, valueText));
  }

  async #write(path: KeyPath, valueText: string): Promise<Found> {
    try {
      const before = await readText(this.path);
      const parsed = parseJson5(valueText);
      // A number or a word like `true` may be meant as text where the schema wants text: ids are often digits.
      const values = valueText.trim() !== '' && parsed.ok ? [parsed.value, valueText] : [valueText];
      const tries = await Promise.all(values.map((value) => this.#edited(before, path, value)));
      const good = tries.find((edited) => edited.ok) ?? tries[0];
      if (good?.ok !== true) return { ok: false, error: good?.error ?? '' };
      await writeAtomically(this.path, good.text, 0o600);
    } catch (error) {
      return { ok: false, error: `${this.path} could not be changed: ${reasonOf(error)}` };
    }
    this.#take(await this.#look());
    return { ok: true, path, value: valueAt(this.#current, path) };
  }

  /** The file as it would read, if that is a valid config. */
  async #edited(
    before: string | undefined,
    path: KeyPath,
    value: unknown,
  ): Promise<{ readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string }> {
    const edited = await editConfigText(before, path, value);
    if (!edited.ok) return { ok: false, error: edited.fault };
    const checked = this.#check(edited.text);
    return checked.ok ? edited : { ok: false, error: checked.faults.join('\n') };
  }

  async #look(): Promise<Seen | { readonly unreadable: string }> {
    try {
      // The times first: a change in between is then noticed by fileChangedAt, and later than the look.
      const at = this.#clock.now();
      const changedAt = await modifiedAt(this.path);
      return { at, changedAt, text: await readText(this.path) };
    } catch (error) {
      return { unreadable: `${this.path} could not be read: ${reasonOf(error)}` };
    }
  }

  #take(seen: Seen | { readonly unreadable: string }): Reloaded {
    if ('unreadable' in seen) return this.#refuse(seen.unreadable);
    if (seen.text === undefined && this.#good?.text !== undefined)
      return this.#refuse(`${this.path} is missing; the configuration read before stays in use`);
    const checked = this.#check(seen.text);
    if (!checked.ok) return this.#refuse(checked.faults.join('\n'));
    const previous = this.#current;
    const changed = this.#good === undefined || !isDeepStrictEqual(previous, checked.config);
    this.#good = seen;
    this.#error = undefined;
    this.#loadedAt = seen.at;
    this.#current = checked.config;
    if (changed) for (const listener of this.#changed) listener(checked.config, previous);
    return { ok: true, changed };
  }

  /** A file that breaks the check itself is a faulty file like others: it must not end the process. */
  #check(text: string | undefined): ReturnType<typeof readConfigText> {
    try {
      return readConfigText(text, this.#env);
    } catch (error) {
      return { ok: false, faults: [`${this.path} could not be checked: ${reasonOf(error)}`] };
    }
  }

  #refuse(error: string): Reloaded {
    if (error !== this.#error) for (const listener of this.#faulty) listener(error);
    this.#error = error;
    return { ok: false, error };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

function knownPath(
  keyPath: string,
): { readonly ok: true; readonly path: KeyPath } | { readonly ok: false; readonly error: string } {
  const parsed = parseKeyPath(keyPath);
  if (parsed === undefined) return { ok: false, error: `"${keyPath}" is not a key; write e.g. agents.list[0].model` };
  const path = typedPath(parsed);
  const wrong = path.findIndex((_, index) => !isKey(path.slice(0, index + 1)));
  if (wrong === -1) return { ok: true, path };
  const rest = path.slice(wrong + 1).reduceRight<unknown>((value, segment) => ({ [segment]: value }), {});
  const [unknown] = explainUnknown(path.slice(0, wrong + 1), rest);
  return { ok: false, error: `unknown field ${formatKeyPath(path)}${unknown?.hint ?? ''}` };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
