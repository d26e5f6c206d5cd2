// Brings a harness to the point where it can be prompted: program found, process started, session made or continued, told to
// ask, set as wished. Used by session.ts and doctor.ts.
// 1 program  2 process  3 initialize  4 session  5 asking mode  6 mode, model and options
import { z } from 'zod';
import type { Config } from '../infra/config.ts';
import { type Abilities, readAbilities } from './abilities.ts';
import {
  type Connection,
  type ConnectionDeps,
  connect,
  endWhenAborted,
  type Hooks,
  RequestFailure,
} from './connection.ts';
import {
  type Controls,
  findMode,
  findModel,
  findOption,
  isOneOf,
  modesOf,
  readControls,
  readOptions,
  type Setting,
} from './controls.ts';
import { AcpError, type AcpFault, acpFault } from './errors.ts';
import { findHarness, type Harness, harnessIds } from './harnesses.ts';
import type { PermissionMode } from './permissions.ts';
import type { AcpRecord } from './record.ts';
import { type Lookup, type Program, resolveProgram } from './resolve.ts';

export interface OpenDeps extends ConnectionDeps {
  readonly settings: () => Config['acp'];
  readonly lookup: () => Lookup;
  /** The environment of a child: an allowlist with these names and variables added. */
  readonly childEnv: (names: readonly string[], add: Readonly<Record<string, string>>) => Record<string, string>;
  readonly version: string;
}

/** A harness whose session can be prompted. */
export interface Live {
  readonly harness: Harness;
  readonly program: Program;
  readonly connection: Connection;
  readonly abilities: Abilities;
  readonly acpSessionId: string;
  readonly controls: Controls;
  /** How it came to its session. `lost`: what was said before is not in its memory. */
  readonly began: 'new' | 'resumed' | 'loaded' | 'lost';
}

export interface OpenAsk {
  readonly record: Pick<
    AcpRecord,
    'harness' | 'cwd' | 'acpSessionId' | 'acpCreatedAt' | 'given' | 'prompted' | 'mode' | 'model' | 'options'
  >;
  readonly permissionMode: PermissionMode;
  readonly hooks: Hooks;
  /** Nobody wants it any more: its process is ended, whatever it is at. */
  readonly signal?: AbortSignal | undefined;
}

/** npx may have to fetch the program first. */
const npxInitMs = 180_000;
const sessionMs = 60_000;
const settingMs = 15_000;

/** Throws an `AcpError`; then no process is left. */
export async function openHarness(deps: OpenDeps, ask: OpenAsk): Promise<Live> {
  const { harness, program } = locate(deps, ask.record.harness);
  mustAsk(harness, ask.permissionMode);
  const { connection, abilities } = await introduce(deps, { harness, program, cwd: ask.record.cwd, ...ask });
  try {
    const begun = await beginSession(deps, ask, { harness, connection, abilities });
    const live = { harness, program, connection, abilities, ...begun };
    return { ...live, controls: await settle(live, ask) };
  } catch (error) {
    await connection.stop();
    throw error;
  }
}

/** Step 1. Throws an `AcpError` naming what to install. */
export function locate(
  deps: Pick<OpenDeps, 'settings' | 'lookup'>,
  name: string,
): { harness: Harness; program: Program } {
  const { agents } = deps.settings();
  const harness = findHarness(name, agents);
  if (harness === undefined) throw new AcpError(acpFault.harnessUnknown(name, harnessIds(agents)));
  const found = resolveProgram(harness, deps.lookup());
  if (!found.ok) throw new AcpError(found.fault);
  return { harness, program: found.program };
}

function mustAsk(harness: Harness, mode: PermissionMode): void {
  if (harness.asking.how === 'never' && mode !== 'approve-all') throw new AcpError(acpFault.neverAsks(harness.id));
}

export interface Introduction {
  readonly harness: Harness;
  readonly program: Program;
  readonly cwd: string;
  readonly permissionMode: PermissionMode;
  readonly hooks: Hooks;
  readonly signal?: AbortSignal | undefined;
}

/** Steps 2 and 3. */
export async function introduce(
  deps: OpenDeps,
  { harness, program, cwd, permissionMode, hooks, signal }: Introduction,
): Promise<{ readonly connection: Connection; readonly abilities: Abilities }> {
  const asking = harness.asking.how === 'env' && permissionMode !== 'approve-all' ? harness.asking.variables : {};
  const env = deps.childEnv(harness.envNames, { ...harness.env, ...asking });
  const connection = await connect(
    deps,
    { harness: harness.id, argv: program.argv, cwd, env, install: harness.install },
    hooks,
  );
  endWhenAborted(connection, signal);
  const configured = deps.settings().initTimeoutSeconds * 1000;
  const limit = program.source === 'npx' && configured > 0 ? Math.max(configured, npxInitMs) : configured;
  try {
    const answer = await connection.request(
      'initialize',
      {
        protocolVersion: 1,
        clientInfo: { name: 'switchyard', version: deps.version },
        // Files and terminals are the harness's own business: one of them breaks when it may use ours.
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      },
      limit,
    );
    return { connection, abilities: readAbilities(answer) };
  } catch (error) {
    await connection.stop();
    throw new AcpError(initFault(harness, error, connection), error);
  }
}

const takenBack =
  'correct the model of its agent in agents.list, or take back what was set on the session with /acp reset-options';

/** Step 4: continued where the harness can, else new. */
async function beginSession(
  deps: OpenDeps,
  ask: OpenAsk,
  { harness, connection, abilities }: Pick<Live, 'harness' | 'connection' | 'abilities'>,
): Promise<Pick<Live, 'acpSessionId' | 'controls' | 'began'>> {
  const { record } = ask;
  const place = { cwd: record.cwd, mcpServers: [] };
  const sessionId = record.prompted === false ? undefined : record.acpSessionId;
  if (sessionId !== undefined) {
    const how = abilities.resume ? 'resumed' : abilities.load ? 'loaded' : undefined;
    try {
      if (how === undefined) throw new RequestFailure('rejected', 'it cannot continue sessions');
      if (how === 'loaded' && harness.loadsNextMinute) await nextMinute(deps, ask);
      const method = how === 'resumed' ? 'session/resume' : 'session/load';
      const answer = await connection.request(method, { sessionId, ...place }, sessionMs);
      return { acpSessionId: sessionId, controls: readControls(answer), began: how };
    } catch (error) {
      if (!connection.alive()) throw new AcpError(initFault(harness, error, connection), error);
      if (record.given === true)
        throw new AcpError(acpFault.resumeFailed(harness.id, sessionId, sentence(error)), error);
    }
  }
  try {
    const answer = await connection.request('session/new', place, sessionMs);
    const acpSessionId = z.looseObject({ sessionId: z.string() }).parse(answer).sessionId;
    const began = sessionId === undefined ? 'new' : 'lost';
    return { acpSessionId, controls: readControls(answer), began };
  } catch (error) {
    throw new AcpError(initFault(harness, error, connection), error);
  }
}

/** A load within the same clock minute would destroy what is to be loaded. */
async function nextMinute({ clock }: OpenDeps, { record, signal }: OpenAsk): Promise<void> {
  const [minute, bornAt] = [60_000, record.acpCreatedAt];
  if (bornAt === undefined || Math.floor(bornAt / minute) !== Math.floor(clock.now() / minute)) return;
  await clock.sleep(minute - (clock.now() % minute) + 1000, signal);
}

/** Steps 5 and 6. No prompt may be sent where asking could not be set. */
async function settle(live: Live, { record, permissionMode }: OpenAsk): Promise<Controls> {
  const { harness } = live;
  let controls = live.controls;
  const { asking } = harness;
  if (asking.how === 'mode' && permissionMode !== 'approve-all') {
    try {
      const mode = findMode(harness.id, controls, asking.mode);
      if (!mode.ok) throw new AcpError(mode.fault);
      controls = await apply(live, controls, mode.setting);
      const { option } = asking;
      if (option !== undefined && controls.options.some(({ id }) => id === option.id)) {
        const found = findOption(harness.id, controls, option.id, option.value);
        if (!found.ok) throw new AcpError(found.fault);
        controls = await apply(live, controls, found.setting);
      }
    } catch (error) {
      throw new AcpError(acpFault.askingNotSet(harness.id, sentence(error)), error);
    }
  }
  const wishes = [
    ...(record.mode === undefined ? [] : [() => findMode(harness.id, controls, record.mode ?? '')]),
    ...(record.model === undefined ? [] : [() => findModel(harness.id, controls, record.model ?? '')]),
    ...Object.entries(record.options).map(
      ([key, value]) =>
        () =>
          findOption(harness.id, controls, key, value),
    ),
  ];
  if (record.mode !== undefined) mustStillAsk(harness, controls, { wanted: record.mode, permissionMode });
  for (const wish of wishes) {
    const found = wish();
    if (!found.ok) throw new AcpError({ ...found.fault, next: [takenBack] });
    optionStillAsks(harness, controls, { setting: found.setting, permissionMode });
    controls = await apply(live, controls, found.setting);
  }
  return controls;
}

/** A mode that acts unasked would make nothing of the permissions. Throws an `AcpError`. */
export function mustStillAsk(
  harness: Harness,
  controls: Controls,
  { wanted, permissionMode }: { readonly wanted: string; readonly permissionMode: PermissionMode },
): void {
  const found = findMode(harness.id, controls, wanted);
  if (permissionMode === 'approve-all' || !found.ok) return;
  if (isOneOf(modesOf(controls)?.choices ?? [], String(found.setting.value), harness.unasked))
    throw new AcpError(acpFault.cannotAsk(harness.id, `mode ${wanted} acts without asking`));
}

/** As `mustStillAsk`, for options: a mode may be one of them, and some agents have one more that makes them ask. */
export function optionStillAsks(
  harness: Harness,
  controls: Controls,
  { setting, permissionMode }: { readonly setting: Setting; readonly permissionMode: PermissionMode },
): void {
  const { value, params } = setting;
  if (permissionMode === 'approve-all') return;
  const option = controls.options.find(({ id }) => id === params.configId);
  if (option?.category === 'mode') mustStillAsk(harness, controls, { wanted: String(value), permissionMode });
  const asks = harness.asking.how === 'mode' ? harness.asking.option : undefined;
  if (option === undefined || asks?.id !== option.id) return;
  const asking = findOption(harness.id, controls, asks.id, asks.value);
  if (asking.ok && asking.setting.value !== value)
    throw new AcpError(acpFault.cannotAsk(harness.id, `with ${option.id} ${value} it acts without asking`));
}

/** Sets one thing; answers how the controls stand after it. Throws an `AcpError`. */
export async function apply(
  live: Pick<Live, 'harness' | 'connection' | 'acpSessionId'>,
  controls: Controls,
  setting: {
    readonly method: string;
    readonly params: Readonly<Record<string, unknown>>;
    readonly value: string | boolean;
  },
): Promise<Controls> {
  try {
    const answer = await live.connection.request(
      setting.method,
      { sessionId: live.acpSessionId, ...setting.params },
      settingMs,
    );
    if (setting.method === 'session/set_mode' && controls.modes !== undefined)
      return { ...controls, modes: { ...controls.modes, current: String(setting.value) } };
    const options = readOptions(
      z.looseObject({ configOptions: z.unknown().optional() }).safeParse(answer).data?.configOptions,
    );
    return options === undefined ? controls : { ...controls, options };
  } catch (error) {
    if (error instanceof RequestFailure && error.kind === 'rejected' && error.code !== authRequired)
      throw new AcpError(acpFault.notTaken(live.harness.id, String(setting.value), sentence(error)), error);
    throw new AcpError(initFault(live.harness, error, live.connection), error);
  }
}

/** Code of ACP for "log in first". */
const authRequired = -32_000;

export function initFault(harness: Harness, error: unknown, connection: Connection): AcpFault {
  if (error instanceof AcpError) return error.fault;
  if (error instanceof RequestFailure && error.code === authRequired)
    return acpFault.loginNeeded(harness.id, harness.login);
  const words = error instanceof RequestFailure && error.kind === 'died' ? '' : connection.process.lastWords();
  const said = sentence(error);
  return acpFault.initFailed(harness.id, words === '' ? said : `${said} Its last words:\n${words}`);
}

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?\n]$/.test(text) || text.includes('\n') ? text : `${text}.`;
}
