// Reading the config file again because somebody asks for it. Used by app.ts.
import { ok, type Result, refuse } from '../core/result.ts';
import type { Clock } from '../infra/clock.ts';
import type { ConfigFile } from '../infra/config-file.ts';
import type { Channels } from './channels.ts';
import { unusedConfig } from './unused-config.ts';

export interface ReloadParts {
  readonly configFile: Pick<ConfigFile, 'reload' | 'path' | 'channelsOff'>;
  readonly channels: Pick<Channels, 'settled'>;
  readonly clock: Clock;
}

/** Much less than the command line waits for an answer: the settings hold whether the channels are open or not. */
const longestMs = 10_000;

/** Answers once the channels are as the file says, so that whoever asked may use them; before that where they take long. */
export async function reload({ configFile, channels, clock }: ReloadParts): Promise<Result<string>> {
  const loaded = await configFile.reload();
  if (!loaded.ok) return refuse('config_invalid', `${loaded.error}\n${unusedConfig(configFile.channelsOff)}`, '');
  const open = new AbortController();
  await Promise.race([channels.settled(), clock.sleep(longestMs, open.signal)]);
  open.abort();
  return ok(
    loaded.changed
      ? `Loaded ${configFile.path}; the changes hold from now on.`
      : `${configFile.path} is in use as it is now.`,
  );
}
