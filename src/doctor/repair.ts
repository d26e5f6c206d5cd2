// Puts right what the findings say is safe to put right, one after another, and says what came of each.
// Called by src/wiring/doctor for `--fix`.
import type { Finding, Repair } from '../core/doctor.ts';
import type { Leftover } from '../core/maintenance.ts';
import { assertNever } from '../core/result.ts';
import { makeFolder, makePrivate } from './files.ts';

export interface Mender {
  /** Answers whether it was still there to be put right. Undefined: only a running process may change the store. */
  readonly leftover: ((leftover: Leftover) => Promise<boolean>) | undefined;
}

/** @returns one sentence for each repair, also for one that did not work */
export async function repairAll(findings: readonly Finding[], mender: Mender): Promise<readonly string[]> {
  const told: string[] = [];
  for (const { repair } of findings) if (repair !== undefined) told.push(await attempt(repair, mender));
  return told;
}

async function attempt(repair: Repair, mender: Mender): Promise<string> {
  try {
    return await perform(repair, mender);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `⚠️ ${name(repair)} could not be put right: ${why}`;
  }
}

async function perform(repair: Repair, mender: Mender): Promise<string> {
  switch (repair.kind) {
    case 'private':
      makePrivate(repair.path, repair.folder);
      return `✅ ${repair.path} is for its owner alone now (mode ${repair.folder ? '700' : '600'}).`;
    case 'folder':
      makeFolder(repair.path);
      return `✅ made ${repair.path}.`;
    case 'leftover': {
      const { leftover } = repair;
      if (mender.leftover === undefined)
        return `⚠️ ${leftover.id} is put right by a running process: start it, then repeat this.`;
      const done = await mender.leftover(leftover);
      return done ? `✅ ${leftover.id}: ${leftover.repair}` : `ℹ️ ${leftover.id}: nothing was left to do.`;
    }
    default:
      return assertNever(repair);
  }
}

function name(repair: Repair): string {
  return repair.kind === 'leftover' ? repair.leftover.id : repair.path;
}
