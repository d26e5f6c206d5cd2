// Checks of what lies outside the settings: connections, the store, and files that hold secrets. Pure. Called by checks.ts.
import type { Finding } from '../core/doctor.ts';
import { isSetAside } from '../core/maintenance.ts';
import type { ChannelFacts, DoctorFacts, SecretFile, StoreFacts } from './facts.ts';
import { finding, orPass, repairWords } from './finding.ts';

type Health = NonNullable<ChannelFacts['health']>[number];

/** Check 9: each account is connected, allowed to read, alone with its token, and linked. */
export function channels({ channels: facts }: Pick<DoctorFacts, 'channels'>): readonly Finding[] {
  const { accounts, health, links } = facts;
  const unlinked = links.filter(({ linked }) => linked === false).map(({ id }) => id);
  const found = health?.flatMap((one) => connection(one, unlinked.includes(one.id))) ?? unlinked.map(notLinked);
  return orPass(found, 'channels', fine(accounts, health));
}

function fine(accounts: ChannelFacts['accounts'], health: ChannelFacts['health']): { fact: string; fix?: string } {
  if (accounts.length === 0)
    return { fact: 'none is set up; the chat in the terminal is there (`switchyard setup` adds others).' };
  if (health === undefined)
    return { fact: `${accounts.join(', ')} set up; not running, so connections were not looked at.` };
  return { fact: `${health.map(({ id }) => id).join(', ')}: connected.` };
}

function notLinked(id: string): Finding {
  return finding('channels', 'fail', { fact: `${id} is switched on and linked to no phone.`, fix: linkFix(id) });
}

/** @param id e.g. `whatsapp:work` */
function linkFix(id: string): string {
  const account = id.slice(id.indexOf(':') + 1);
  return `Link it: switchyard pair whatsapp${account === 'default' ? '' : ` --account ${account}`}.`;
}

const connectionFix: Readonly<Partial<Record<Health['state'], string>>> = {
  conflict: 'Stop the other program that uses this account, or give this one a token of its own.',
  failed: 'Do what it says; a changed setting connects it again by itself.',
};

/** @param unlinked it waits for a phone, which nothing but a person brings */
function connection({ id, state, detail }: Health, unlinked: boolean): readonly Finding[] {
  const stated = { fact: `${id}: ${state}. ${detail}`, fix: connectionFix[state] };
  switch (state) {
    case 'connected':
      return [];
    case 'conflict':
    case 'failed':
      return [finding('channels', 'fail', stated)];
    default:
      if (unlinked) return [finding('channels', 'fail', { ...stated, fix: linkFix(id) })];
      return [
        finding('channels', 'warn', { ...stated, fix: 'It tries again by itself; `switchyard logs` has the reason.' }),
      ];
  }
}

/** Above this many waiting messages delivery is in trouble, not just busy. */
const largeBacklog = 25;
/** Below this a store that grows by a few MB a day will soon stand still. */
const littleSpace = 100 * 1024 * 1024;

/** Check 10: what is accepted can be stored, what is owed goes out, and nothing dead is left. */
export function store({ store: facts }: Pick<DoctorFacts, 'store'>): readonly Finding[] {
  const { path, outbox } = facts;
  const found = [...usable(facts), ...(outbox === undefined ? [] : backlog(outbox)), ...facts.leftovers.map(leftover)];
  const fact =
    facts.state.kind === 'none' ? `none yet; it is made at the first start (${path}).` : `${path}: ${counts(outbox)}.`;
  return orPass(found, 'store', { fact });
}

function usable({ path, state, writable, free }: StoreFacts): readonly Finding[] {
  const broken =
    state.kind === 'broken'
      ? [
          finding('store', 'fail', {
            fact: `${path} cannot be read: ${state.message}.`,
            fix: 'Let this account read it. If it is damaged: stop the process, put the file aside (with its -wal and -shm), and start again; or bring back a copy of it.',
          }),
        ]
      : [];
  const newer =
    state.kind === 'newer'
      ? [
          finding('store', 'fail', {
            fact: `${path} was written by a newer version of Switchyard, which this one cannot start with.`,
            fix: 'Use that version, or a later one. Nothing is wrong with the file.',
          }),
        ]
      : [];
  const closed =
    writable === false
      ? [
          finding('store', 'fail', {
            fact: `the state folder cannot be written to (${path}): nothing can be accepted.`,
            fix: 'Let it belong to the account that runs this, or set SWITCHYARD_HOME to another folder.',
          }),
        ]
      : [];
  const full =
    free !== undefined && free < littleSpace
      ? [
          finding('store', 'fail', {
            fact: `${Math.floor(free / 1024 / 1024)} MB are left on the disk of the state folder (${path}).`,
            fix: 'Make room: without it nothing is accepted.',
          }),
        ]
      : [];
  return [...broken, ...newer, ...closed, ...full];
}

function backlog({ pending, undelivered }: NonNullable<StoreFacts['outbox']>): readonly Finding[] {
  return [
    ...(pending > largeBacklog
      ? [
          finding('store', 'warn', {
            fact: `${pending} messages wait to be sent.`,
            fix: 'Look at the channels above: what cannot be sent waits until they are back.',
          }),
        ]
      : []),
    ...(undelivered > 0
      ? [
          finding('store', 'warn', {
            fact: `${undelivered} ${undelivered === 1 ? 'message was' : 'messages were'} not delivered, or may not have been.`,
            fix: '`switchyard tasks list` names the runs; `tasks retry <id>` sends a result again, `tasks dismiss <id>` gives it up.',
          }),
        ]
      : []),
  ];
}

function leftover(left: StoreFacts['leftovers'][number]): Finding {
  // What is kept of a record is somebody's to look at first.
  if (left.kind === 'unreadable') {
    const by = isSetAside(left) ? 'tasks maintenance --apply: ' : 'Start Switchyard: ';
    return finding('store', 'warn', { fact: left.what, fix: `${by}${repairWords(left)}.` });
  }
  return finding('store', 'warn', {
    fact: left.what,
    fix: `doctor --fix ${repairWords(left)}.`,
    repair: { kind: 'leftover', leftover: left },
  });
}

function counts(outbox: StoreFacts['outbox']): string {
  return outbox === undefined
    ? 'readable'
    : `writable, ${outbox.pending} to be sent, ${outbox.undelivered} undelivered`;
}

/** Check 11: nobody else on this machine reads tokens, links and conversations. */
export function secrets({ secrets: files }: Pick<DoctorFacts, 'secrets'>): readonly Finding[] {
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0);
  const fact = files.length === 0 ? 'none yet.' : `${files.length} files and folders, for their owner alone.`;
  return orPass(open.map(openFile), 'secrets', { fact });
}

function openFile({ path, folder, mode }: SecretFile): Finding {
  const wanted = folder ? '700' : '600';
  return finding('secrets', 'warn', {
    fact: `others on this machine may reach ${path} (mode ${(mode & 0o777).toString(8)}).`,
    fix: `chmod ${wanted} ${path} (doctor --fix does).`,
    repair: { kind: 'private', path, folder },
  });
}
