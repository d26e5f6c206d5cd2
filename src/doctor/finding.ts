// How every check states what it found. Used by the checks of this folder.
import type { CheckId, Finding, FindingStatus, Repair } from '../core/doctor.ts';
import type { Leftover } from '../core/maintenance.ts';

const titles: Readonly<Record<CheckId, string>> = {
  'spawn-tool': 'spawn tool',
  agents: 'agents',
  acp: 'coding agents',
  allowlists: 'allowlists',
  models: 'models',
  config: 'config',
  owner: 'owner',
  limits: 'limits',
  channels: 'channels',
  store: 'store',
  secrets: 'secret files',
};

export interface Stated {
  readonly fact: string;
  readonly fix?: string | undefined;
  readonly repair?: Repair | undefined;
}

export function finding(id: CheckId, status: FindingStatus, { fact, fix, repair }: Stated): Finding {
  return {
    ...{ id, title: titles[id], status, fact },
    ...(fix === undefined || fix === '' ? {} : { fix }),
    ...(repair === undefined ? {} : { repair }),
  };
}

/** What was found, or, when that is nothing bad, one sentence that says so. */
export function orPass(found: readonly Finding[], id: CheckId, fine: Stated): readonly Finding[] {
  return found.some(({ status }) => status !== 'pass') ? found : [finding(id, 'pass', fine), ...found];
}

/** What repairing does, as the end of a sentence. */
export function repairWords({ repair }: Pick<Leftover, 'repair'>): string {
  return repair.replace(/\.$/, '');
}
