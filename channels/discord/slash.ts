// The command table as application commands: a sub-command per verb, so that every verb can be picked. Pure; used by
// registration.ts, which sends them, and reading.ts, which finds the verb again.
import { createHash } from 'node:crypto';
import {
  type APIApplicationCommandSubcommandOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js';
import type { Command, Verb } from '../../src/core/command.ts';
import { clip } from '../../src/core/format.ts';
import { longestDescription, optionsOf } from './options.ts';

export type SlashCommand = RESTPostAPIChatInputApplicationCommandsJSONBody;

/** Name of a bare form among sub-commands: Discord lets nobody give a command that has some without one. */
const bareName = 'show';

export function slashCommands(table: readonly Command[]): SlashCommand[] {
  return table.map((command) => {
    const [only, ...others] = command.verbs;
    const alone = only !== undefined && others.length === 0;
    return {
      type: ApplicationCommandType.ChatInput,
      name: command.name,
      description: clip(command.summary, longestDescription),
      contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
      integration_types: [ApplicationIntegrationType.GuildInstall],
      options: alone ? optionsOf(only) : command.verbs.map(subCommand),
    };
  });
}

/** Changes when anything of the set does; the order of the table does not matter to Discord. */
export function hashOf(commands: readonly SlashCommand[]): string {
  const sorted = commands.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
}

/** @param sub name of the sub-command; undefined for a command without any */
export function verbOf(command: Command, sub: string | undefined): Verb | undefined {
  if (command.verbs.length === 1) return command.verbs[0];
  return command.verbs.find((verb) => subName(verb) === sub);
}

function subCommand(verb: Verb): APIApplicationCommandSubcommandOption {
  return {
    type: ApplicationCommandOptionType.Subcommand,
    name: subName(verb),
    description: clip(verb.summary, longestDescription),
    options: optionsOf(verb),
  };
}

function subName({ name }: Verb): string {
  return name === '' ? bareName : name;
}
