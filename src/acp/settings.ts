// What people set on a harness session: mode, model, options, folder, permissions, time limit. Each answers the effective
// value and is kept, so that it holds after the process was started anew. Throws an `AcpError`. Called by the /acp commands
// through the wiring.
import { isAbsolute } from 'node:path';
import { findMode, findModel, findOption, isOneOf, modesOf, noControls } from './controls.ts';
import { AcpError, acpFault } from './errors.ts';
import type { Harness } from './harnesses.ts';
import { locate, mustStillAsk, type OpenDeps, optionStillAsks } from './open.ts';
import { type PermissionMode, permissionModes } from './permissions.ts';
import { mustBeFolder } from './process.ts';
import type { AcpRecord } from './record.ts';
import type { HarnessSession } from './session.ts';

export async function setMode(session: HarnessSession, wanted: string): Promise<string> {
  const permissionMode = session.permissionMode();
  const value = await session.set((live, controls) => {
    mustStillAsk(live.harness, controls, { wanted, permissionMode });
    return findMode(live.harness.id, controls, wanted);
  });
  await session.save({ mode: String(value) });
  return String(value);
}

export async function setModel(session: HarnessSession, wanted: string): Promise<string> {
  const value = await session.set((live, controls) => findModel(live.harness.id, controls, wanted));
  await session.save({ model: String(value) });
  return String(value);
}

export async function setOption(session: HarnessSession, key: string, wanted: string): Promise<string | boolean> {
  const permissionMode = session.permissionMode();
  const value = await session.set((live, controls) => {
    const found = findOption(live.harness.id, controls, key, wanted);
    if (found.ok) optionStillAsks(live.harness, controls, { setting: found.setting, permissionMode });
    return found;
  });
  await session.save({ options: { ...session.record.options, [key]: value } });
  return value;
}

/** Holds for questions at once, and for the harness's own rules from its next start. */
export async function setPermissions(
  deps: Pick<OpenDeps, 'settings' | 'lookup'>,
  session: HarnessSession,
  wanted: string,
): Promise<PermissionMode> {
  const mode = permissionModes.find((each) => each === wanted);
  if (mode === undefined) throw new AcpError(acpFault.badValue('permission mode', wanted, permissionModes));
  const { harness } = locate(deps, session.record.harness);
  if (mode !== 'approve-all' && harness.asking.how === 'never')
    throw new AcpError(acpFault.cannotAsk(harness.id, `${harness.id} has no way to ask`));
  const kept = mode === 'approve-all' ? {} : stillAsking(session, harness);
  await session.save({ permissionMode: mode, ...kept });
  await session.restart();
  return mode;
}

/** What was set on it, without what makes it act unasked: with that it could not be started again. */
function stillAsking({ record, controls }: HarnessSession, harness: Harness): Pick<AcpRecord, 'mode' | 'options'> {
  const choices = modesOf(controls ?? noControls)?.choices ?? [];
  const unasked = (value: string | boolean | undefined): boolean =>
    typeof value === 'string' && isOneOf(choices, value, harness.unasked);
  const asks = harness.asking.how === 'mode' ? harness.asking.option?.id : undefined;
  const modeOptions = controls?.options.filter(({ category }) => category === 'mode').map(({ id }) => id) ?? [];
  const options = Object.entries(record.options).filter(
    ([id, value]) => id !== asks && !(modeOptions.includes(id) && unasked(value)),
  );
  return { mode: unasked(record.mode) ? undefined : record.mode, options: Object.fromEntries(options) };
}

/** The harness continues its session there where it can; else a new one begins, which the next turn says. */
export async function setFolder(session: HarnessSession, cwd: string): Promise<string> {
  if (!isAbsolute(cwd)) throw new AcpError(acpFault.badFolder(cwd, 'is no absolute path'));
  mustBeFolder(cwd);
  // The same command in another folder is another command.
  await session.save({ cwd, granted: [] });
  await session.restart();
  return cwd;
}

/** @param wanted seconds; 0: no limit */
export async function setTimeLimit(session: HarnessSession, wanted: string): Promise<number> {
  const seconds = Number(wanted.trim() === '' ? Number.NaN : wanted);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new AcpError(acpFault.badValue('number of seconds', wanted, ['0 (no limit)', '600']));
  await session.save({ timeoutSeconds: seconds });
  return seconds;
}

/**
 * The agent's own defaults, the configured permissions and the configured model hold again from its next start.
 * @param model configured, if any
 */
export async function resetSettings(session: HarnessSession, model: string | undefined): Promise<void> {
  await session.save({ progress: 'brief' });
  await session.clearSettings(model);
}
