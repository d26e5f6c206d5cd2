// The three tasks of the spawn test, how an answer is judged, and what all of them together mean. Pure.
// Called by src/wiring/doctor.
import type { SpawnTestReport } from '../core/doctor.ts';
import { clip, oneLine } from '../core/format.ts';

type Step = SpawnTestReport['steps'][number];

/** A text file of the workspace with its first line that is not blank; undefined: there is none. */
export type KnownFile = { readonly name: string; readonly line: string } | undefined;

export interface Probe {
  readonly name: Step['name'];
  readonly label: string;
  readonly task: string;
  /** Whether the text is what was asked for. */
  readonly fits: (text: string) => boolean;
}

/** Read where the workspace holds no text. */
const absent = 'README.md';

export function probes(file: KnownFile): readonly [Probe, Probe, Probe] {
  return [
    {
      name: 'answer',
      label: 'doctor answer',
      task: 'Reply with the single word WORKING.',
      fits: (text) => /\bWORKING\b/i.test(text),
    },
    {
      name: 'instruction',
      label: 'doctor count',
      task: 'Count to three, with commas between the numbers, and say nothing else.',
      fits: (text) => /(?:\b1\b|\bone\b)\s*,\s*(?:2|two)\s*,\s*(?:and\s+)?(?:3|three)\b/i.test(text),
    },
    {
      name: 'file',
      label: 'doctor file',
      task: `Read the workspace file ${file?.name ?? absent} and reply with its first line that is not blank, or with NOT FOUND if it is not there.`,
      fits: (text) => (file === undefined ? /NOT FOUND/i.test(text) : bare(text).includes(bare(file.line))),
    },
  ];
}

/** Without the marks of headings and the like, which models drop. */
function bare(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** What a run came to. */
export type Came =
  | { readonly kind: 'text'; readonly text: string }
  /** Refused, failed, or not ended in time: a sentence. */
  | { readonly kind: 'nothing'; readonly why: string };

export function judge({ name, task, fits }: Probe, came: Came): Step {
  if (came.kind === 'nothing') return { name, task, passed: false, fact: came.why };
  const said = `«${clip(oneLine(came.text), 120)}»`;
  return { name, task, passed: fits(came.text), fact: came.text.trim() === '' ? 'it said nothing' : said };
}

export function verdictOf(steps: readonly Step[]): SpawnTestReport['verdict'] {
  const failed = steps.filter(({ passed }) => !passed).map(({ name }) => name);
  if (failed.length === 0)
    return { kind: 'operational', text: 'operational: sub-agents start, answer and read files.' };
  if (failed.length === steps.length)
    return {
      kind: 'setup',
      text: 'config or model: nothing came back as asked. `switchyard doctor` names settings and keys; the reasons above name the rest.',
    };
  if (failed.length === 1 && failed[0] === 'file')
    return {
      kind: 'access',
      text: 'access: it answers, and does not read the workspace. Look at tools.deny and tools.allow, the workspace of the agent, and the rights of its folder.',
    };
  return {
    kind: 'model',
    text: 'model: sub-agents start, and do not do as they are told. Try a stronger model (agents.defaults.subagents.model).',
  };
}
