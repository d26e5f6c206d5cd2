// What people set on a harness session: mode, model, options, folder, permissions, time limit. Each answers the effective
// value and is kept, so that it holds after the process was started anew. Throws an `AcpError`. Called by the /acp commands
// through the wiring.
import { isAbsolute } from 'node:path';
import { findMode, findModel, findOption } from './controls.ts';
import { AcpError, acpFault } from './errors.ts';
import { locate, mustStillAsk, type OpenDeps } from './open.ts';
import { type PermissionMode, permissionModes } from './permissions.ts';
import { mustBeFolder } from './process.ts';
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
  const value = await session.set((live, controls) => findOption(live.harness.id, controls, key, wanted));
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
  await session.save({ permissionMode: mode });
  await session.restart();
  return mode;
}

/** The harness continues its session there where it can; else a new one begins, which the next turn says. */
export async function setFolder(session: HarnessSession, cwd: string): Promise<string> {
  if (!isAbsolute(cwd)) throw new AcpError(acpFault.badFolder(cwd, 'is no absolute path'));
  mustBeFolder(cwd);
  await session.save({ cwd });
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

/** The agent's own defaults and the configured permissions hold again from its next start. */
export async function resetSettings(session: HarnessSession): Promise<void> {
  await session.clearSettings();
}
