// The parameters and flags of a verb as options of a Discord command, and back by name. Pure; used by slash.ts and reading.ts.
// docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-structure
import { type APIApplicationCommandBasicOption, ApplicationCommandOptionType } from 'discord.js';
import type { Flag, Param, ValueKind, Verb } from '../../src/core/command.ts';
import { clip } from '../../src/core/format.ts';
import { assertNever } from '../../src/core/result.ts';

export const longestDescription = 100;
const longestText = 6_000;
const mostChoices = 25;

/** Discord wants what is required first. */
export function optionsOf({ params, flags }: Pick<Verb, 'params' | 'flags'>): APIApplicationCommandBasicOption[] {
  const required = params.filter((param) => param.required);
  const optional = params.filter((param) => !param.required);
  return [...required, ...optional, ...flags].map(optionOf);
}

/** `agentId` is `agent-id` there: names are in lower case. */
export function optionName(name: string): string {
  return name.replaceAll(/\p{Lu}/gu, (letter) => `-${letter.toLowerCase()}`);
}

/** What an option of this name stands for. */
export function takenBy({ params, flags }: Pick<Verb, 'params' | 'flags'>, option: string): Param | Flag | undefined {
  return [...params, ...flags].find(({ name }) => optionName(name) === option);
}

function optionOf(taker: Param | Flag): APIApplicationCommandBasicOption {
  const base = {
    name: optionName(taker.name),
    description: clip(taker.summary, longestDescription),
    required: 'required' in taker && taker.required,
  };
  if (taker.value === undefined) return { ...base, type: ApplicationCommandOptionType.Boolean };
  return valueOption(base, taker.value);
}

function valueOption(
  base: Pick<APIApplicationCommandBasicOption, 'name' | 'description' | 'required'>,
  kind: ValueKind,
): APIApplicationCommandBasicOption {
  const type = ApplicationCommandOptionType.String as const;
  switch (kind.kind) {
    case 'choice': {
      if (kind.of.length > mostChoices) return { ...base, type, autocomplete: true };
      return { ...base, type, choices: kind.of.map((value) => ({ name: value, value })) };
    }
    case 'target':
    case 'agent':
    case 'harness':
    case 'acp':
    case 'model':
    case 'approval':
    case 'duration':
      return { ...base, type, autocomplete: true };
    case 'number':
      return { ...base, type: ApplicationCommandOptionType.Integer, min_value: kind.min, max_value: kind.max };
    case 'text':
      return { ...base, type, max_length: longestText };
    case 'word':
      return { ...base, type };
    default:
      return assertNever(kind);
  }
}
