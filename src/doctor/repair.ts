// Puts right what the findings say is safe to put right, and says what came of each. Called by src/wiring/doctor and the
// command line for `--fix`.
import type { Finding, Repair } from '../core/doctor.ts';
import type { Leftover } from '../core/maintenance.ts';
import { type Result, refusalText } from '../core/result.ts';
import { makeFolder, makePrivate } from './files.ts';
import { repairWords } from './finding.ts';

export interface Mender {
  /** Answers with the ids of those that were put right: the others had changed meanwhile. */
  readonly leftovers: (found: readonly Leftover[]) => Promise<Result<ReadonlySet<string>>>;
}

type FileRepair = Exclude<Repair, { readonly kind: 'leftover' }>;

/** @returns one sentence for each repair, also for one that did not work */
export async function repairAll(findings: readonly Finding[], mender: Mender): Promise<readonly string[]> {
  const repairs = findings.flatMap(({ repair }) => repair ?? []);
  const left = repairs.flatMap((repair) => (repair.kind === 'leftover' ? [repair.leftover] : []));
  const files = repairs.flatMap((repair) => (repair.kind === 'leftover' ? [] : [attempt(repair)]));
  return [...files, ...(left.length === 0 ? [] : await mendLeftovers(left, mender))];
}

function attempt(repair: FileRepair): string {
  try {
    return perform(repair);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `⚠️ ${repair.path} could not be put right: ${why}`;
  }
}

function perform(repair: FileRepair): string {
  switch (repair.kind) {
    case 'private':
      makePrivate(repair.path, repair.folder);
      return `✅ ${repair.path} is for its owner alone now (mode ${repair.folder ? '700' : '600'}).`;
    case 'folder':
      makeFolder(repair.path);
      return `✅ made ${repair.path}.`;
  }
}

async function mendLeftovers(left: readonly Leftover[], { leftovers }: Mender): Promise<readonly string[]> {
  const mended = await leftovers(left);
  if (!mended.ok) return [`⚠️ ${refusalText(mended.refusal)}`];
  return left.map((one) =>
    mended.value.has(one.id)
      ? `✅ ${one.what} Put right: ${repairWords(one)}.`
      : `ℹ️ ${one.what} Nothing was left to do.`,
  );
}
