// Coding agents whose program is on this machine. Called by setup.ts.
import { accessSync, constants, statSync } from 'node:fs';
import { findHarness, harnessIds } from '../../acp/harnesses.ts';
import { resolveProgram } from '../../acp/resolve.ts';
import type { Config } from '../../infra/config.ts';
import type { Env } from '../../infra/env.ts';

/** Ids, in the order of the table of harnesses. What npx would have to fetch is not on this machine. */
export function foundHarnesses({ acp }: Pick<Config, 'acp'>, variables: Env['variables']): readonly string[] {
  const lookup = { path: variables.PATH ?? '', bins: [], isProgram, allowNpx: false };
  return harnessIds(acp.agents).filter((id) => {
    const harness = findHarness(id, acp.agents);
    return harness !== undefined && resolveProgram(harness, lookup).ok;
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
