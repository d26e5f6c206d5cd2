// Where the control socket of a state folder lies. Used by control.ts (the running process) and control-client.ts (the verbs).
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ok, type Result, refuse } from '../core/result.ts';

/** sockaddr_un holds 108 bytes on Linux, 104 on macOS, the closing zero included (unix(7), unix(4)). */
const longestPath = 103;

const pointer = (stateDir: string): string => join(stateDir, 'control.path');

/** The socket's path: beside the other state, or, where that is too long for a socket, in a folder named after it. */
export function controlPath(stateDir: string, temporary: string = tmpdir()): string {
  const beside = join(resolve(stateDir), 'control.sock');
  if (Buffer.byteLength(beside) <= longestPath) return beside;
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16);
  return join(temporary, `switchyard-${name}`, 'control.sock');
}

/** The path a running process recorded, else the usual one. */
export function recordedControlPath(stateDir: string): string {
  try {
    return readFileSync(pointer(stateDir), 'utf8').trim();
  } catch {
    return controlPath(stateDir);
  }
}

/** Makes the folders. Refuses a folder that is not ours alone. */
export function prepareControlPath(stateDir: string, temporary: string = tmpdir()): Result<string> {
  const path = controlPath(stateDir, temporary);
  const folder = dirname(path);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if (folder === resolve(stateDir)) return ok(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Anybody may create folders in the temporary directory: a prepared one would give its maker our socket.
  const facts = lstatSync(folder);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.() || (facts.mode & 0o077) !== 0) {
    return refuse(
      'control_path',
      `${folder} belongs to somebody else.`,
      'Remove it, or set SWITCHYARD_HOME to a shorter path.',
    );
  }
  return ok(path);
}

/** Leaves the note that leads to a socket elsewhere. */
export function recordControlPath(stateDir: string, path: string): void {
  if (path === join(resolve(stateDir), 'control.sock')) forgetControlPath(stateDir);
  else writeFileSync(pointer(stateDir), `${path}\n`, { mode: 0o600 });
}

export function forgetControlPath(stateDir: string): void {
  rmSync(pointer(stateDir), { force: true });
}
