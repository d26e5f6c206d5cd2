// Tells Discord which commands there are: all of them in one call, and only when the set has changed since the last time.
// Called by interactions.ts at each login. A failure is a warning, since every command also works as text.
import { Routes } from 'discord.js';
import type { Command } from '../../src/core/command.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import type { DiscordApi } from './api.ts';
import { causeOf, faultOf } from './faults.ts';
import { hashOf, type SlashCommand, slashCommands } from './slash.ts';

/** What was registered last. */
export interface Registered {
  /** Id of the application. */
  readonly application: string;
  /** Id of the one guild they are for; absent: everywhere. */
  readonly guild?: string | undefined;
  readonly hash: string;
}

/** Kept per account, over restarts. */
export interface CommandMemory {
  get(): Promise<Registered | undefined>;
  set(registered: Registered): Promise<void>;
}

export interface RegistrationOptions {
  readonly api: DiscordApi;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  readonly commands: readonly Command[];
  readonly memory: CommandMemory;
  /** Where commands change at once, for those who work on them; undefined: everywhere, within an hour. */
  readonly guild: string | undefined;
}

const mostTries = 6;
const firstPauseMs = 1_000;

/** Never rejects. @param application its id, known once logged in */
export async function registerCommands(options: RegistrationOptions, application: string): Promise<void> {
  const { log, commands, memory, guild } = options;
  try {
    const wanted = slashCommands(commands);
    const last = await memory.get();
    const now: Registered = { application, hash: hashOf(wanted), ...(guild === undefined ? {} : { guild }) };
    const moved = last !== undefined && (last.application !== application || last.guild !== guild);
    if (last !== undefined && !moved && last.hash === now.hash) return;
    await put(options, now, wanted);
    await memory.set(now);
    log.info({ commands: wanted.length, guild, code: 'discord_commands' }, 'the commands were registered');
    // Registered in a guild and everywhere, each would be offered there twice.
    if (moved && last.application === application) await put(options, last, []);
  } catch (error) {
    const fields = { cause: causeOf(error), code: 'discord_commands' };
    log.warn(fields, 'the commands could not be registered; they work as text');
  }
}

/** Tried again where Discord stumbles: the next login may be weeks away. The same set twice does no harm. */
async function put(
  { api, clock }: RegistrationOptions,
  at: Omit<Registered, 'hash'>,
  body: readonly SlashCommand[],
): Promise<unknown> {
  const { application, guild } = at;
  const path =
    guild === undefined ? Routes.applicationCommands(application) : Routes.applicationGuildCommands(application, guild);
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.call((rest, signal) => rest.put(path, { body, signal }));
    } catch (error) {
      const fault = faultOf(error);
      const again = fault.kind === 'rate' || fault.kind === 'unsent' || fault.kind === 'unknown';
      if (!again || tries >= mostTries) throw error;
      await clock.sleep(fault.kind === 'rate' ? fault.afterMs : firstPauseMs * 2 ** (tries - 1));
    }
  }
}
