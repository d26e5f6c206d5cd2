// Checks of the config file, of who owns this, and of coding agents. Pure. Called by checks.ts and topology.ts.
import type { Finding } from '../core/doctor.ts';
import { timestamp } from '../core/format.ts';
import { readAtStart } from '../infra/env.ts';
import type { AcpFacts, ConfigFacts, DoctorFacts } from './facts.ts';
import { finding, orPass } from './finding.ts';

/** Check 6: the file is good, and what is in use. */
export function config({
  config: file,
  now,
  running,
}: Pick<DoctorFacts, 'config' | 'now' | 'running'>): readonly Finding[] {
  const env =
    file.envWarning === undefined
      ? []
      : [
          finding('config', 'warn', {
            fact: `${file.envWarning}.`.replace(/\.\.$/, '.'),
            fix: 'Let it be a file this account may read.',
          }),
        ];
  return orPass([...fault(file), ...(running ? stale(file, now) : []), ...env], 'config', { fact: inUse(file, now) });
}

function fault({ path, error, inUse: instead }: ConfigFacts): readonly Finding[] {
  if (error === undefined) return [];
  const [first = '', ...more] = error.split('\n');
  const consequence = instead === undefined ? '' : ` ${instead}`;
  return [
    finding('config', 'fail', { fact: `${path} is not in use: ${ended(first)}${consequence}`, fix: faultFix(first) }),
    ...more.map((one) => finding('config', 'fail', { fact: ended(one), fix: faultFix(one) })),
  ];
}

function faultFix(one: string): string {
  return one.includes(readAtStart)
    ? 'Set it, for example in .env, which is read at start: a running process needs a restart.'
    : 'Correct the file; a running process takes it over by itself.';
}

const ended = (sentence: string): string => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);

/** Faults aside: it was changed, and nobody has read it. */
function stale(file: ConfigFacts, now: number): readonly Finding[] {
  const sentence = staleWords(file, now);
  if (sentence === undefined || file.error !== undefined) return [];
  return [
    finding('config', 'warn', {
      fact: sentence,
      fix: 'Send the process SIGHUP, or save the file again; `switchyard logs` says what it read.',
    }),
  ];
}

/** The sentence about a file that is newer than what is in use; undefined: it is in use. */
export function staleWords({ changedAt, loadedAt }: ConfigFacts, now: number): string | undefined {
  if (changedAt === undefined || changedAt <= loadedAt) return undefined;
  return `the file changed ${timestamp(changedAt, now)}, what is in use was loaded ${timestamp(loadedAt, now)}; a new chat does not reload it.`;
}

function inUse({ path, exists, loadedAt }: ConfigFacts, now: number): string {
  if (!exists) return `there is no ${path}; everything is at its default.`;
  return `${path}, loaded ${timestamp(loadedAt, now)}, is in use.`;
}

/** Check 7: coding agents act with the rights of whoever runs this, so somebody has to be in charge of them. */
export function owner({ settings, owner: person }: Pick<DoctorFacts, 'settings' | 'owner'>): readonly Finding[] {
  if (person !== undefined) return [finding('owner', 'pass', { fact: `${person}.` })];
  const fix =
    'Set commands.ownerAllowFrom: ["<channel>:<id>"] (/whoami tells the id), or let yourself in with `switchyard pair`.';
  if (settings?.acp.enabled === true)
    return [
      finding('owner', 'fail', { fact: 'coding agents are on, and there is no owner to ask or to start them.', fix }),
    ];
  return [finding('owner', 'pass', { fact: 'there is none yet besides this terminal.', fix })];
}

/** Check 3: the coding agents that may be used work. The same looks as `/acp doctor`. */
export function acp({ enabled, harnesses, defaultAgent, allowedAgents }: AcpFacts): readonly Finding[] {
  if (!enabled) return [finding('acp', 'pass', { fact: 'off (acp.enabled).' })];
  const found = (harnesses ?? []).flatMap(({ id, fault: broken }) =>
    broken === undefined
      ? []
      : [
          finding('acp', 'fail', {
            fact: `${id}: ACP error (${broken.code}): ${broken.message}`,
            fix: broken.next.join(' · '),
          }),
        ],
  );
  const nobody =
    defaultAgent === undefined && (allowedAgents ?? []).length === 0
      ? [
          finding('acp', 'warn', {
            fact: 'coding agents are on, and none may be started.',
            fix: 'Set acp.defaultAgent, or list them in acp.allowedAgents.',
          }),
        ]
      : [];
  const names = (harnesses ?? []).map(({ id }) => id).join(', ');
  return orPass([...found, ...nobody], 'acp', {
    fact: harnesses === undefined ? 'on; not looked at.' : `${names === '' ? 'on' : `${names}: ready`}.`,
  });
}
