// What the doctor can see while no process runs: the config file, good or not, the store, and the files around them.
// Loaded by doctor.ts when it is needed.
import { join } from 'node:path';
import { enabledAccounts } from '../../channels/index.ts';
import { createModels } from '../agents/models.ts';
import { accountKey } from '../delivery/account.ts';
import type { ConfigFacts, DoctorFacts, SettingFacts, StoreFacts } from '../doctor/facts.ts';
import { roomFor, secretFiles } from '../doctor/files.ts';
import { ConfigFile } from '../infra/config-file.ts';
import { statePaths } from '../infra/state-paths.ts';
import { unusable } from '../wiring/acp/facts.ts';
import { meantToWork } from '../wiring/acp/health.ts';
import { machineLookup } from '../wiring/acp/host.ts';
import { settingFacts } from '../wiring/doctor/settings.ts';
import { liveAgents } from '../wiring/live-agents.ts';
import { modelCheck } from '../wiring/models.ts';
import type { Cli } from './cli.ts';
import type { OfflineStore } from './engine-port.ts';

/** Checking defaults nobody asked for would mislead. */
const notLooked = 'Agents, models, limits and channels are looked at once it is mended.';

type Place = Pick<Cli, 'env' | 'workingDirectory' | 'clock' | 'openStore'>;

/** Never throws: what cannot be looked at is a fact like others. */
export async function offlineFacts(place: Place): Promise<DoctorFacts> {
  const { env, workingDirectory, clock } = place;
  const configFile = new ConfigFile({ env, clock, workingDirectory });
  await configFile.load();
  const good = configFile.error === undefined;
  const { store, links, owner } = await stored(place, configFile);
  return {
    now: clock.now(),
    running: false,
    config: configFacts(place, configFile),
    settings: good ? await settings(place, configFile) : undefined,
    channels: { accounts: good ? accounts(configFile) : [], links },
    owner,
    habits: undefined,
    store,
    secrets: secretFiles(env.home, [configFile.path, join(workingDirectory, '.env')]),
  };
}

function configFacts({ env }: Place, file: ConfigFile): ConfigFacts {
  return {
    ...{ path: file.path, exists: file.fromFile || file.error !== undefined, loadedAt: file.loadedAt },
    ...(file.error === undefined ? {} : { error: file.error, inUse: notLooked }),
    envWarning: env.warning,
  };
}

async function settings({ env, workingDirectory, clock }: Place, file: ConfigFile): Promise<SettingFacts> {
  const config = file.current;
  const { agents } = await liveAgents({ configFile: file, env, clock, workingDirectory });
  const checkModel = modelCheck(createModels({ config: () => config, env, clock }));
  const open = {
    settings: () => config.acp,
    lookup: () => ({ ...machineLookup({ env, workingDirectory }), allowNpx: config.acp.allowNpx }),
  };
  // Only whether they could be started: starting them is the running process's business.
  const harnesses = config.acp.enabled
    ? meantToWork(config.acp, agents()).map((id) => {
        const fault = unusable(open, id);
        return { id, ...(fault === undefined ? {} : { fault }) };
      })
    : undefined;
  return settingFacts({ config, agents: agents(), checkModel, harnesses });
}

function accounts(file: ConfigFile): readonly string[] {
  return enabledAccounts(file.current).map(({ channel, name }) => accountKey({ channel, account: name }));
}

/** Accounts of WhatsApp that are switched on. */
function phones(file: ConfigFile): readonly string[] {
  if (file.error !== undefined) return [];
  return enabledAccounts(file.current).flatMap(({ channel, name }) => (channel === 'whatsapp' ? [name] : []));
}

interface Stored extends Pick<DoctorFacts, 'store' | 'owner'> {
  readonly links: DoctorFacts['channels']['links'];
}

async function stored(place: Place, file: ConfigFile): Promise<Stored> {
  const { home } = place.env;
  const base = { path: statePaths(home).database, ...roomFor(home), leftovers: [] };
  const alone = file.error === undefined && accounts(file).length === 0;
  const owner = file.current.commands.ownerAllowFrom[0] ?? (alone ? 'whoever sits at the terminal' : undefined);
  try {
    const store = await place.openStore();
    const links = phones(file).map((name) => ({ id: `whatsapp:${name}`, linked: false }));
    if (store === undefined) return { links, owner, store: { ...base, state: { kind: 'none' } } };
    try {
      return { ...(await peopleIn(store, file, owner)), store: await storeFacts(store, base) };
    } finally {
      await store.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { links: [], owner, store: { ...base, state: { kind: 'broken', message } } };
  }
}

/** @param known the owner as far as that is known without the store */
async function peopleIn(
  store: OfflineStore,
  file: ConfigFile,
  known: string | undefined,
): Promise<Omit<Stored, 'store'>> {
  const listed = file.current.commands.ownerAllowFrom.length > 0;
  const { people } = await store.pairing(!listed);
  const links = await Promise.all(
    phones(file).map(async (name) => ({ id: `whatsapp:${name}`, linked: await store.linked(name) })),
  );
  const paired = people.find((person) => person.owner)?.id;
  const phone = links.some(({ linked }) => linked) ? 'the account linked on WhatsApp' : undefined;
  return { links, owner: listed ? known : (paired ?? phone ?? known) };
}

async function storeFacts(
  store: OfflineStore,
  base: Pick<StoreFacts, 'path' | 'writable' | 'free'>,
): Promise<StoreFacts> {
  const { fault, newer, outbox } = await store.health();
  if (fault !== undefined) return { ...base, state: { kind: 'broken', message: fault }, outbox, leftovers: [] };
  // What it holds may mean something else than it did.
  if (newer) return { ...base, state: { kind: 'newer' }, outbox, leftovers: [] };
  return { ...base, state: { kind: 'open' }, outbox, leftovers: await store.maintenance() };
}
