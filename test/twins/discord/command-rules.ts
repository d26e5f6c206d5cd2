// What Discord demands of an application command before it takes it
// (https://discord.com/developers/docs/interactions/application-commands). Pure; called by commands.ts.
import { invalid, notWithin, type Refusal, required, tooLong } from './refusal.ts';
import { list, number, text } from './request.ts';
import type { Wire } from './world.ts';

export const optionTypes = {
  ...{ subcommand: 1, group: 2, string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9 },
  ...{ number: 10, attachment: 11 },
} as const;

const { subcommand, group, string, integer, number: decimal } = optionTypes;
const nested: readonly number[] = [subcommand, group];
const listed: readonly number[] = [string, integer, decimal];

const nameRule = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;
const mostCharacters = 8000;

/** @param path `0` for the first of a bulk call, '' for a single one @throws Refusal 50035 */
export function checkCommand(command: Wire, path: string): void {
  const at = (field: string): string => (path === '' ? field : `${path}.${field}`);
  const type = number(command, 'type') ?? 1;
  if (type !== 1) return;
  checkNames(command, at);
  checkOptions(list(command, 'options'), at('options'), 0);
  const length = charactersIn(command);
  if (length > mostCharacters)
    throw invalid(
      path === '' ? 'options' : path,
      'APPLICATION_COMMAND_TOO_LARGE',
      `Command exceeds maximum size (${mostCharacters})`,
    );
}

/** @throws Refusal where two commands have one name or there are too many */
export function checkSet(commands: readonly Wire[]): void {
  if (commands.length > 100)
    throw invalid('', 'APPLICATION_COMMANDS_MAX', 'Maximum number of application commands reached (100)');
  for (const [index, command] of commands.entries()) checkCommand(command, `${index}`);
  const names = commands.map((command) => text(command, 'name'));
  const twice = names.findIndex((name, index) => names.indexOf(name) < index);
  if (twice !== -1)
    throw invalid(`${twice}`, 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');
}

type At = (field: string) => string;

function checkNames(named: Wire, at: At): void {
  const name = text(named, 'name') ?? '';
  if (!nameRule.test(name) || name !== name.toLowerCase())
    throw invalid(at('name'), 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
  const description = text(named, 'description') ?? '';
  if (description === '') throw required(at('description'));
  if (description.length > 100) throw notWithin(at('description'), 1, 100);
}

/** @param depth 0 below the command, 1 below a group or subcommand, 2 below a subcommand of a group */
function checkOptions(options: readonly Wire[], path: string, depth: number): void {
  if (options.length > 25) throw tooLong(path, 25);
  const names = options.map((option) => text(option, 'name'));
  if (new Set(names).size < names.length)
    throw invalid(path, 'APPLICATION_COMMAND_OPTIONS_NAME_INVALID', 'Option names must be unique');
  if (new Set(options.map((option) => nested.includes(number(option, 'type') ?? 0))).size > 1)
    throw invalid(path, 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Sub-commands and options are mixed');
  const firstOptional = options.findIndex(
    ({ type, required: must }) => !nested.includes(Number(type)) && must !== true,
  );
  for (const [index, option] of options.entries()) {
    const wrong = optionFault(option, `${path}.${index}`, depth);
    if (wrong !== undefined) throw wrong;
    if (option.required === true && firstOptional !== -1 && index > firstOptional)
      throw invalid(
        `${path}.${index}`,
        'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID',
        'Required options must be placed before non-required options',
      );
  }
}

function optionFault(option: Wire, path: string, depth: number): Refusal | undefined {
  const at: At = (field) => `${path}.${field}`;
  checkNames(option, at);
  const type = number(option, 'type') ?? 0;
  if (type < 1 || type > 11) return invalid(at('type'), 'BASE_TYPE_CHOICES', 'Value must be one of (1, ..., 11).');
  if (type === group && depth > 0) return invalid(at('type'), 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Too deep');
  if (type === subcommand && depth > 1)
    return invalid(at('type'), 'APPLICATION_COMMAND_OPTIONS_TYPE_INVALID', 'Too deep');
  if (nested.includes(type)) {
    if ('required' in option)
      return invalid(at('required'), 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', 'Unexpected');
    checkOptions(list(option, 'options'), at('options'), type === group ? 1 : 2);
    return undefined;
  }
  return choicesFault(option, { at, type });
}

function choicesFault(option: Wire, { at, type }: { readonly at: At; readonly type: number }): Refusal | undefined {
  const choices = list(option, 'choices');
  const offers = choices.length > 0 || option.autocomplete === true;
  if (offers && !listed.includes(type))
    return invalid(at('choices'), 'APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID', 'No choices here');
  if (choices.length > 0 && option.autocomplete === true)
    return invalid(
      at('autocomplete'),
      'APPLICATION_COMMAND_OPTIONS_CHOICES_AND_AUTOCOMPLETE',
      'Autocomplete cannot be enabled with choices',
    );
  return choicesWrong(choices, at('choices'));
}

/** Choices of an option and of an answer to autocomplete have the same limits. */
export function choicesWrong(choices: readonly Wire[], path: string): Refusal | undefined {
  if (choices.length > 25) return tooLong(path, 25);
  for (const [index, choice] of choices.entries()) {
    const name = text(choice, 'name') ?? '';
    const { value } = choice;
    if (name === '' || name.length > 100) return notWithin(`${path}.${index}.name`, 1, 100);
    if (typeof value === 'string' && (value === '' || value.length > 100))
      return notWithin(`${path}.${index}.value`, 1, 100);
  }
  return undefined;
}

/** Names, descriptions and choice values count, all levels together. */
function charactersIn(part: Wire): number {
  const own = (text(part, 'name')?.length ?? 0) + (text(part, 'description')?.length ?? 0);
  const values = list(part, 'choices').reduce(
    (sum, choice) => sum + (text(choice, 'name')?.length ?? 0) + String(choice.value ?? '').length,
    0,
  );
  return list(part, 'options').reduce((sum, option) => sum + charactersIn(option), own + values);
}
