// Where incoming files come from and where they go: the adapter of the place, the workspace of the session's agent.
// Used by receiver.ts.
import { constants } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Result, refuse } from '../core/result.ts';
import { adapterFor } from '../delivery/account.ts';
import { numberedName } from '../inbound/file-names.ts';
import type { FileDeps } from '../inbound/incoming-files.ts';
import { flushToDisk } from '../infra/flush.ts';
import { openInside, resolveInside } from '../tools/workspace.ts';
import type { EngineParts } from './parts.ts';

/** Files of one name and day. */
const mostOfOneName = 1_000;

export function fileAccess(parts: Pick<EngineParts, 'adapters' | 'agents'>): Pick<FileDeps, 'fetch' | 'save'> {
  return {
    async fetch(route, file, maxBytes) {
      const fetched = adapterFor(parts.adapters, route)?.fetch?.(file, maxBytes);
      return fetched ?? { kind: 'failed', reason: 'this chat gives no files', cause: 'the adapter cannot fetch' };
    },
    save(session, file) {
      const agents = parts.agents();
      // An external agent has no entry of its own and works where the default agent does.
      const { workspace } = agents.get(session.agentId) ?? agents.default();
      return saveFile(workspace, file);
    },
  };
}

/** A new file, readable by its owner alone, never outside the workspace and never over another one. */
async function saveFile(
  workspace: string,
  { folder, name, data }: Parameters<FileDeps['save']>[1],
): Promise<Result<string>> {
  for (let n = 1; n <= mostOfOneName; n += 1) {
    const place = await resolveInside(workspace, `${folder}/${numberedName(name, n)}`);
    if (!place.ok) return place;
    const { path } = place.value;
    if (await exists(path)) continue;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const opened = await openInside(place.value, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
    if (!opened.ok) {
      // Another file of this name came in at the same moment.
      if (await exists(path)) continue;
      return opened;
    }
    const handle = opened.value;
    try {
      await handle.chmod(0o600);
      await handle.writeFile(data);
      // The message that names it is stored for good.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await flushToDisk.folder(dirname(path));
    return { ok: true, value: path };
  }
  return refuse('too_many_files', `There are ${mostOfOneName} files called ${name} in ${folder}.`, 'Remove some.');
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
