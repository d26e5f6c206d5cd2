// What the doctor finds and how it says it: findings, reports, and their words for chats and terminals. Pure.
import { titled } from './format.ts';
import type { Leftover } from './maintenance.ts';
import type { Result } from './result.ts';

/** The checks, in the order in which equally bad findings are shown. */
export const checkIds = [
  'spawn-tool',
  'agents',
  'acp',
  'allowlists',
  'models',
  'config',
  'owner',
  'limits',
  'channels',
  'store',
  'secrets',
] as const;
export type CheckId = (typeof checkIds)[number];

/** `fail`: something does not work; `warn`: it works, and probably not as meant. */
export type FindingStatus = 'fail' | 'warn' | 'pass';

/** What `--fix` may do by itself. Nothing here loses work, changes a setting or says anything to anybody. */
export type Repair =
  /** Only its owner may read it from then on: 0600 for files, 0700 for folders. */
  | { readonly kind: 'private'; readonly path: string; readonly folder: boolean }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'leftover'; readonly leftover: Leftover };

export interface Finding {
  readonly id: CheckId;
  /** Name of the check, for people. */
  readonly title: string;
  readonly status: FindingStatus;
  /** What is so, one or more sentences. */
  readonly fact: string;
  /** What to do about it; on a `pass`: what could be better. */
  readonly fix?: string;
  /** Absent: a person has to do it. */
  readonly repair?: Repair;
}

export interface DoctorReport {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** What was put right, one sentence each; what could not be says why. */
  readonly repaired: readonly string[];
  /** False: no process runs, so that only files and the store were looked at. */
  readonly running: boolean;
}

/** Before agents are let loose: what has to be so, and what only a person can judge. */
export interface PrelaunchReport {
  readonly agentId: string;
  readonly items: readonly {
    readonly title: string;
    readonly status: 'pass' | 'fail';
    readonly fact: string;
    readonly fix?: string;
  }[];
  readonly reminders: readonly string[];
}

export interface SpawnTestReport {
  readonly agentId: string;
  readonly model: string;
  readonly steps: readonly {
    readonly name: 'answer' | 'instruction' | 'file';
    /** What was asked for. */
    readonly task: string;
    readonly passed: boolean;
    /** What came back, or why nothing did. */
    readonly fact: string;
  }[];
  readonly verdict: { readonly kind: 'operational' | 'access' | 'setup' | 'model'; readonly text: string };
}

/** One agent in the picture of who may start whom. */
export interface TopologyNode {
  readonly id: string;
  readonly isDefault: boolean;
  readonly model: string;
  /** Harness behind it; absent: our own loop. */
  readonly harness?: string;
  /** As it is configured: `(unset)`, `[]`, `["*"]` or ids; and the key where it stands, or would. */
  readonly allowAgents: { readonly list: string; readonly key: string };
  /** Ids it may start now; empty: none. */
  readonly mayStart: readonly string[];
  /** Why it starts nothing, whatever its list says. */
  readonly blocked?: string;
  /** Limits on its tools, as `profile messaging`, `deny exec`. */
  readonly toolLimits: readonly string[];
}

export interface Topology {
  readonly agents: readonly TopologyNode[];
  /** Coding agents that may be started with `runtime: "acp"`. */
  readonly harnesses: readonly string[];
  readonly maxSpawnDepth: number;
  readonly maxChildren: number;
  /** Limits on the tools of every sub-agent. */
  readonly subagentLimits: readonly string[];
}

/** What the engine offers of the doctor to chats and the command line. Takes seconds: coding agents are started for it. */
export interface DoctorServices {
  /** @param fix repairs what is safe, then looks again */
  check(fix: boolean): Promise<DoctorReport>;
  /** Starts one run. Refused: `agent_unknown`. @param agentId undefined: the default agent */
  prelaunch(agentId: string | undefined): Promise<Result<PrelaunchReport>>;
  topology(): Promise<Topology>;
  /** Starts three runs, one after another. As `prelaunch`. */
  spawnTest(agentId: string | undefined): Promise<Result<SpawnTestReport>>;
}

const rank: Readonly<Record<FindingStatus, number>> = { fail: 0, warn: 1, pass: 2 };

export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => rank[a.status] - rank[b.status] || place(a) - place(b));
}

const place = ({ id }: Finding): number => checkIds.indexOf(id);

/** What is left to be done about; a `pass` is none. */
export function remaining(report: Pick<DoctorReport, 'findings'>): readonly Finding[] {
  return report.findings.filter(({ status }) => status !== 'pass');
}

export function doctorText(report: DoctorReport): string {
  const { findings, repaired } = report;
  const lines = worstFirst(findings).flatMap(findingLines);
  const mended = repaired.length === 0 ? [] : [titled('Repaired:', repaired), ''];
  const down = report.running ? [] : ['ℹ️ Switchyard is not running: files and the store were looked at.'];
  return [...mended, titled('Doctor:', [...down, ...lines]), verdict(report)].join('\n');
}

function findingLines({ status, title, fact, fix }: Finding): readonly string[] {
  const mark = status === 'pass' ? (fix === undefined ? '✅' : 'ℹ️') : `⚠️ ${status}:`;
  const tip = fix === undefined ? [] : [`  tip: ${fix}`];
  return [`${mark} ${title}: ${fact}`, ...(status === 'pass' ? tip : fixLines(fix))];
}

function fixLines(fix: string | undefined): readonly string[] {
  return fix === undefined ? [] : [`  fix: ${fix}`];
}

function verdict(report: DoctorReport): string {
  const open = remaining(report);
  if (open.length === 0) return 'doctor: ok';
  const failed = open.filter(({ status }) => status === 'fail').length;
  const warned = open.length - failed;
  const counts = [...(failed === 0 ? [] : [`${failed} failed`]), ...(warned === 0 ? [] : [plural(warned, 'warning')])];
  return `doctor: ${counts.join(', ')}`;
}

const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

export function prelaunchPassed({ items }: PrelaunchReport): boolean {
  return items.every(({ status }) => status === 'pass');
}

export function prelaunchText(report: PrelaunchReport): string {
  const items = report.items.flatMap(({ title, status, fact, fix }) => [
    `${status === 'pass' ? '✅ pass' : '⚠️ fail'}: ${title}: ${fact}`,
    ...fixLines(fix),
  ]);
  const reminders = report.reminders.map((text) => `ℹ️ ${text}`);
  const failed = report.items.filter(({ status }) => status === 'fail').length;
  const last = failed === 0 ? 'prelaunch: ready' : `prelaunch: not ready, ${failed} failed`;
  return [titled(`Before ${report.agentId} starts others:`, items), titled('Remember:', reminders), last].join('\n');
}

export function spawnTestText({ agentId, model, steps, verdict: said }: SpawnTestReport): string {
  const lines = steps.map(({ passed, task, fact }) => `${passed ? '✅' : '⚠️'} ${task} → ${fact}`);
  const mark = said.kind === 'operational' ? '✅' : '⚠️';
  return [titled(`Spawn test of ${agentId} (${model}):`, lines), `${mark} ${said.text}`].join('\n');
}

export function topologyText({ agents, harnesses, maxSpawnDepth, maxChildren, subagentLimits }: Topology): string {
  const limits = subagentLimits.length === 0 ? 'none of their own' : subagentLimits.join(', ');
  return [
    titled('Agents:', agents.flatMap(nodeLines)),
    `Coding agents: ${harnesses.length === 0 ? '(none)' : harnesses.join(', ')}`,
    `Depth: ${maxSpawnDepth}${maxSpawnDepth === 1 ? ' (sub-agents start nobody)' : ''}; children at once: ${maxChildren}`,
    `Tool limits of sub-agents: ${limits}`,
  ].join('\n');
}

/** One fact a line: on a phone a table would break. */
function nodeLines(node: TopologyNode): readonly string[] {
  const { id, isDefault, model, harness, allowAgents, mayStart, blocked, toolLimits } = node;
  const starts = blocked ?? (mayStart.length === 0 ? 'nobody' : mayStart.join(', '));
  return [
    `${id}${isDefault ? ' (default)' : ''}`,
    `  model: ${model}${harness === undefined ? '' : ` (coding agent ${harness})`}`,
    `  allowAgents: ${allowAgents.list} (${allowAgents.key})`,
    `  tools: ${toolLimits.length === 0 ? 'all' : toolLimits.join(', ')}`,
    `  └─ may start: ${starts}`,
  ];
}
