// Settings that make the scripted coding agent a harness of the real app. Used by the stories over the wire.
import { join } from 'node:path';
import type { TwinOptions } from '../../twins/acp-agent.ts';

const twinPath = join(import.meta.dirname, '..', '..', 'twins', 'acp-agent.ts');

/** @param folder where it keeps its history and its log */
export function twinHarness(folder: string, options: Omit<TwinOptions, 'folder'> = {}): object {
  const env = { ACP_TWIN: JSON.stringify({ folder: join(folder, 'twin'), ...options }) };
  const agents = { twin: { command: process.execPath, args: [twinPath], env } };
  return { acp: { enabled: true, defaultAgent: 'twin', cwd: folder, agents } };
}
