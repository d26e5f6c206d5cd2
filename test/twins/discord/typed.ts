// A command line typed into Discord's own box: which registered command it is and what goes to the bot, after the checks the
// box makes. Pure; called by using.ts.
import { optionTypes } from './command-rules.ts';
import { list, number, text } from './request.ts';
import type { Wire } from './world.ts';

export type Value = string | number | boolean | { readonly id: string };

export interface Typed {
  /** As the person sees it: `/subagents kill`. */
  readonly title: string;
  readonly data: Wire;
}

export interface Line {
  /** `/subagents kill` */
  readonly words: string;
  readonly values: Readonly<Record<string, Value>>;
  /** The option the cursor is in, while it is typed. */
  readonly focused?: string;
}

/**
 * @param commands those that can be used where it is typed
 * @throws Error for what the box would not send
 */
export function typed(commands: readonly Wire[], { words, values, focused }: Line): Typed {
  const [name = '', ...path] = words.replace(/^\//, '').split(' ');
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`twin: there is no command /${name} here`);
  const { options, wrap } = descend(command, path, words);
  const given = givenIn(options, { values, focused, words });
  const data = { id: command.id, name, type: 1, options: wrap(given) };
  return { title: words, data: command.guild_id === undefined ? data : { ...data, guild_id: command.guild_id } };
}

function descend(
  command: Wire,
  path: readonly string[],
  words: string,
): { readonly options: readonly Wire[]; readonly wrap: (inner: readonly Wire[]) => readonly Wire[] } {
  let options = list(command, 'options');
  const down: Wire[] = [];
  for (const word of path) {
    const next = options.find((one) => one.name === word && isNested(one));
    if (next === undefined) throw new Error(`twin: ${words} has no ${word}`);
    down.push(next);
    options = list(next, 'options');
  }
  if (options.some(isNested)) throw new Error(`twin: ${words} cannot be used without a subcommand`);
  const wrap = (inner: readonly Wire[]): readonly Wire[] =>
    down.reduceRight<readonly Wire[]>((rest, { name, type }) => [{ name, type, options: rest }], inner);
  return { options, wrap };
}

const isNested = ({ type }: Wire): boolean => type === optionTypes.subcommand || type === optionTypes.group;

function givenIn(
  options: readonly Wire[],
  { values, focused, words }: Pick<Line, 'values' | 'words'> & { readonly focused: string | undefined },
): readonly Wire[] {
  for (const name of Object.keys(values))
    if (!options.some((one) => one.name === name)) throw new Error(`twin: ${words} has no option ${name}`);
  return options.flatMap((option): readonly Wire[] => {
    const name = text(option, 'name') ?? '';
    const value = values[name];
    if (value === undefined) {
      if (option.required === true && focused === undefined) throw new Error(`twin: ${words} needs ${name}`);
      return [];
    }
    if (name === focused) return [{ name, type: option.type, value, focused: true }];
    return [{ name, type: option.type, value: checked(option, value, `${words} ${name}`) }];
  });
}

/** What the box lets through: the type, the range, one of the choices. */
function checked(option: Wire, value: Value, where: string): string | number | boolean {
  const plain = typeof value === 'object' ? value.id : value;
  const type = number(option, 'type') ?? 0;
  const wanted = wantedType(type);
  if (typeof plain !== wanted) throw new Error(`twin: ${where} takes a ${wanted}, not ${JSON.stringify(plain)}`);
  const choices = list(option, 'choices');
  if (choices.length > 0 && !choices.some((choice) => choice.value === plain))
    throw new Error(`twin: ${where} has no choice ${JSON.stringify(plain)}`);
  if (typeof plain === 'number' && (type === optionTypes.integer ? !Number.isInteger(plain) : false))
    throw new Error(`twin: ${where} takes whole numbers`);
  const measure = typeof plain === 'number' ? plain : typeof plain === 'string' ? plain.length : 0;
  const suffix = typeof plain === 'number' ? 'value' : 'length';
  const [least, most] = [number(option, `min_${suffix}`) ?? -Infinity, number(option, `max_${suffix}`) ?? Infinity];
  if (measure < least || measure > most) throw new Error(`twin: ${where} takes ${least} to ${most}`);
  return plain;
}

function wantedType(type: number): 'number' | 'boolean' | 'string' {
  if (type === optionTypes.integer || type === optionTypes.number) return 'number';
  return type === optionTypes.boolean ? 'boolean' : 'string';
}
