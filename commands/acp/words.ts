// How sessions in coding agents, and what went wrong with them, are spoken of. Used by the verbs of /acp.
import type { AcpView } from '../../src/core/acp.ts';
import type { Reply } from '../../src/core/command.ts';
import { timestamp } from '../../src/core/format.ts';
import type { Refusal } from '../../src/core/result.ts';
import { placeWord } from '../binding-words.ts';
import { reply } from '../replies.ts';
import { durationWords } from '../values.ts';

/** Codes and next steps stand on lines of their own. */
export function acpRefused({ message, fix }: Refusal): Reply {
  const lines = fix.startsWith('next: ') ? '\n' : ' ';
  return reply(`⚠️ ${message}${fix === '' ? '' : `${lines}${fix}`}`);
}

/** `claude`, or `tests (claude)`. */
export function nameOf({ label, agent }: Pick<AcpView, 'label' | 'agent'>): string {
  return label === agent ? label : `${label} (${agent})`;
}

export const notSandboxed = 'It works with your own rights on this machine, not in a sandbox.';

/** One line of a list. */
export function listLine(view: AcpView, current: boolean): string {
  const where = view.bound === undefined ? 'unbound' : placeWord(view.bound);
  return `${current ? '*' : '-'} ${nameOf(view)} ${view.state} ${where} ${view.cwd} session:${view.session}`;
}

export function statusLines(view: AcpView, now: number): readonly string[] {
  const megabytes = view.memory === undefined ? undefined : `${Math.round(view.memory / (1024 * 1024))} MB`;
  return [
    `session: ${view.session}`,
    `label: ${view.label}`,
    `agent: ${view.agent}${view.agent === view.harness ? '' : ` (${view.harness})`}`,
    `harness session: ${view.harnessSession ?? 'pending'}`,
    `mode: ${view.mode}`,
    `state: ${view.state}${view.waiting === 0 ? '' : `, ${view.waiting} waiting`}`,
    `process: ${view.can === undefined ? 'none, started by the next message' : (megabytes ?? 'running')}`,
    `bound: ${view.bound === undefined ? 'no' : placeWord(view.bound)}`,
    `cwd: ${view.cwd}`,
    `permissions: ${view.permissions}`,
    `timeout: ${view.timeoutSeconds === 0 ? 'none' : durationWords(view.timeoutSeconds * 1000)}`,
    `progress: ${view.progress}`,
    `options: ${view.options.length === 0 ? 'n/a' : view.options.map(optionWords).join('; ')}`,
    `capabilities: ${view.can === undefined ? 'n/a' : view.can.join(', ') || '(none)'}`,
    `last activity: ${timestamp(view.lastUsed, now)}`,
    `last error: ${view.lastError?.split('\n')[0] ?? '(none)'}`,
  ];
}

/** `mode=default (default, plan, bypassPermissions)` */
export function optionWords({ name, value, choices }: AcpView['options'][number]): string {
  return choices.length === 0 ? `${name}=${value}` : `${name}=${value} (${choices.slice(0, 12).join(', ')})`;
}
