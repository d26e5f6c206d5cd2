// Where the program of a harness is: what the config says, then the PATH, then node_modules/.bin, then npx where that is
// allowed. Used by open.ts and doctor.ts; the file system comes in as a question.
import { delimiter, isAbsolute, join } from 'node:path';
import { type AcpFault, acpFault } from './errors.ts';
import type { Harness } from './harnesses.ts';

export interface Lookup {
  /** PATH as the child will have it. */
  readonly path: string;
  /** Folders with the programs of installed packages. */
  readonly bins: readonly string[];
  /** An executable file is there. */
  readonly isProgram: (path: string) => boolean;
  readonly allowNpx: boolean;
}

export type ProgramSource = 'config' | 'PATH' | 'node_modules' | 'npx';

export interface Program {
  readonly argv: readonly string[];
  readonly source: ProgramSource;
}

export function resolveProgram(
  harness: Harness,
  lookup: Lookup,
): { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly fault: AcpFault } {
  if (harness.configured !== undefined) {
    const { argv, key } = harness.configured;
    const found = start(argv, [...folders(lookup), ...lookup.bins], lookup);
    if (found === undefined) return { ok: false, fault: acpFault.commandMissing(argv[0] ?? '', key) };
    return { ok: true, program: { argv: found, source: 'config' } };
  }
  const absent = harness.needs.find((name) => start([name], folders(lookup), lookup) === undefined);
  const onPath = start(harness.argv, folders(lookup), lookup);
  const bundled = onPath ?? start(harness.argv, lookup.bins, lookup);
  if (absent === undefined && bundled !== undefined)
    return { ok: true, program: { argv: bundled, source: onPath === undefined ? 'node_modules' : 'PATH' } };
  const npx = lookup.allowNpx ? start(['npx', '-y', ...(harness.npx ?? [])], folders(lookup), lookup) : undefined;
  if (absent === undefined && harness.npx !== undefined && npx !== undefined)
    return { ok: true, program: { argv: npx, source: 'npx' } };
  const name = bundled === undefined ? harness.argv[0] : absent;
  const steps = [...harness.install, ...(harness.login === undefined ? [] : [harness.login])];
  return { ok: false, fault: acpFault.programMissing(name ?? harness.id, steps) };
}

const folders = (lookup: Lookup): readonly string[] => lookup.path.split(delimiter).filter((each) => each !== '');

/** The argv with the full path of its program, or undefined where that is in none of the folders. */
function start(argv: readonly string[], among: readonly string[], lookup: Lookup): readonly string[] | undefined {
  const [program = '', ...args] = argv;
  if (program === '') return undefined;
  const paths = isAbsolute(program) ? [program] : among.map((folder) => join(folder, program));
  const found = paths.find(lookup.isProgram);
  return found === undefined ? undefined : [found, ...args];
}
