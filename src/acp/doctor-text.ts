// The words of the ACP doctor: switches, counts, each harness, and a verdict with what to do. Pure; called by /acp doctor
// through the wiring.
import { unknown } from '../core/format.ts';
import type { Config } from '../infra/config.ts';
import type { Health } from './doctor.ts';
import { type AcpFault, acpErrorText, acpFault } from './errors.ts';
import type { StatsView } from './stats.ts';

export interface DoctorFacts {
  readonly settings: Config['acp'];
  readonly stats: StatsView;
  readonly sessions: { readonly processes: number; readonly working: number; readonly waiting: number };
  readonly harnesses: readonly Health[];
}

export function doctorLines({ settings, stats, sessions, harnesses }: DoctorFacts): readonly string[] {
  const codes = [...stats.errorCodes].map(([code, count]) => `${code}=${count}`);
  return [
    `acpEnabled: ${yesNo(settings.enabled)}`,
    `defaultAgent: ${settings.defaultAgent ?? unknown}`,
    `allowedAgents: ${allowed(settings)}`,
    `permissionMode: ${settings.permissionMode}`,
    `activeSessions: ${sessions.processes}`,
    `activeTurns: ${stats.activeTurns}`,
    `queueDepth: ${sessions.waiting}`,
    `turnLatencyMs: avg=${stats.averageMs}, max=${stats.longestMs}`,
    `turnCounts: completed=${stats.completed}, failed=${stats.failed}`,
    `errorCodes: ${codes.length === 0 ? '(none)' : codes.join(',')}`,
    ...harnesses.flatMap(harnessLines),
    ...verdict(settings, harnesses),
  ];
}

function allowed({ allowedAgents, defaultAgent }: Config['acp']): string {
  const list = allowedAgents ?? (defaultAgent === undefined ? [] : [defaultAgent]);
  return list.length === 0 ? '(none)' : list.join(', ');
}

function harnessLines(health: Health): readonly string[] {
  const { id, program, abilities, steps, asks, fault } = health;
  if (program === undefined) return [`${id}: program not found`];
  const took = steps.map(({ name, ms }) => `${name} ${ms} ms`).join(', ');
  const name = abilities === undefined ? 'version n/a' : `${abilities.name || id} ${abilities.version || unknown}`;
  const head = `${id}: ${program.argv.join(' ')} (${program.source}), ${name}${took === '' ? '' : `, ${took}`}`;
  if (abilities === undefined) return [head];
  const began = steps.some(({ name }) => name === 'session');
  const login = fault?.code === 'ACP_BACKEND_UNAVAILABLE' ? 'needed' : began ? 'ok' : unknown;
  const can = `load: ${yesNo(abilities.load || abilities.resume)} · steer: ${yesNo(abilities.steer)} · asks: ${asks}`;
  return [head, `  login: ${login} · ${can}`];
}

/** A missing program leads: nothing else matters before it is there. */
function verdict(settings: Config['acp'], harnesses: readonly Health[]): readonly string[] {
  const faults = harnesses.flatMap(({ fault }) => fault ?? []);
  const [missing, others] = [faults.filter(isMissing), faults.filter((fault) => !isMissing(fault))];
  const all = [...missing, ...(settings.enabled ? [] : [acpFault.disabled()]), ...others];
  if (all.length === 0) return ['healthy: yes'];
  return ['healthy: no', ...all.flatMap((fault) => acpErrorText(fault).split('\n'))];
}

const isMissing = ({ code }: AcpFault): boolean => code === 'ACP_BACKEND_MISSING';
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
