// What the checks look at while the engine runs. Used by services.ts of this folder.
import { enabledAccounts } from '../../../channels/index.ts';
import type { StatusView } from '../../core/services.ts';
import { accountKey } from '../../delivery/account.ts';
import type { AcpFacts, DoctorFacts, SettingFacts, StoreFacts } from '../../doctor/facts.ts';
import { roomFor, secretFiles } from '../../doctor/files.ts';
import { statePaths } from '../../infra/state-paths.ts';
import { meantToWork, probeAll } from '../acp/health.ts';
import type { Engine } from '../engine.ts';
import { leftovers, upkeepOf } from '../maintenance.ts';
import type { ServicesParts } from '../services.ts';
import { unusedConfig } from '../unused-config.ts';
import { settingFacts } from './settings.ts';

/** Starts each coding agent that is meant to work, once; none while they are switched off. */
export async function lookAtHarnesses({ engine, agents }: ServicesParts): Promise<AcpFacts['harnesses']> {
  const settings = engine.parts.config().acp;
  if (!settings.enabled) return undefined;
  const found = await probeAll(engine, meantToWork(settings, agents()));
  return found.map(({ id, fault }) => ({ id, ...(fault === undefined ? {} : { fault }) }));
}

export function engineSettings(
  { engine, agents }: ServicesParts,
  harnesses: AcpFacts['harnesses'],
): Promise<SettingFacts> {
  const { config, checkModel } = engine.parts;
  return settingFacts({ config: config(), agents: agents(), checkModel, harnesses });
}

export interface Looked {
  readonly view: StatusView;
  readonly harnesses: AcpFacts['harnesses'];
}

export async function engineFacts(parts: ServicesParts, { view, harnesses }: Looked): Promise<DoctorFacts> {
  const { engine, configFile, envFile } = parts;
  const { home, clock } = engine.parts;
  const { config } = view;
  const channelsOff = configFile.channelsOff === true && configFile.error !== undefined;
  const others = [configFile.path, ...(envFile === undefined ? [] : [envFile.path])];
  return {
    now: clock.now(),
    running: true,
    config: {
      ...{ path: config.path, exists: config.exists, loadedAt: config.loadedAt, changedAt: config.fileChangedAt },
      ...(configFile.error === undefined ? {} : { error: configFile.error, inUse: unusedConfig(channelsOff) }),
      envWarning: envFile?.warning,
    },
    settings: channelsOff ? undefined : await engineSettings(parts, harnesses),
    channels: {
      accounts: channelsOff ? [] : accounts(engine),
      health: view.channels,
      links: channelsOff ? [] : links(engine),
    },
    owner: ownerOf(engine),
    habits: engine.layer.habits.all(),
    store: await storeFacts(engine, home),
    secrets: secretFiles(home, others),
  };
}

function accounts({ parts }: Engine): readonly string[] {
  return enabledAccounts(parts.config()).map(({ channel, name }) => accountKey({ channel, account: name }));
}

/** Whether a phone is linked; not known of an account that goes on by itself, for example while it cannot be reached. */
function links({ parts }: Engine): DoctorFacts['channels']['links'] {
  return [...parts.adapters()].flatMap(([id, { link }]) => {
    if (link === undefined) return [];
    const { kind } = link.view().state;
    const waits = kind === 'qr' || kind === 'code' || kind === 'expired';
    return [{ id, linked: waits ? false : kind === 'linked' || undefined }];
  });
}

/** Whoever may answer for this: named in the config, let in first, linked, or at the terminal. */
function ownerOf({ parts, pairing }: Engine): string | undefined {
  const [listed] = parts.config().commands.ownerAllowFrom;
  const linked = [...parts.adapters().values()].flatMap((adapter) => {
    const id = adapter.accountOwner?.();
    return id === undefined ? [] : [`${adapter.id}:${id}`];
  });
  const console = [...parts.adapters().values()].some(({ id }) => id === 'console');
  return listed ?? pairing.owner() ?? linked[0] ?? (console ? 'whoever sits at the terminal' : undefined);
}

async function storeFacts(engine: Engine, home: string): Promise<StoreFacts> {
  return {
    path: statePaths(home).database,
    state: { kind: 'open' },
    ...roomFor(home),
    outbox: engine.delivery.outbox.stats(),
    leftovers: await leftovers(upkeepOf(engine)),
  };
}
