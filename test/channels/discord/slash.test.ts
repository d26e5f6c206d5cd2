import { ApplicationCommandOptionType as Type } from 'discord.js';
import { describe, expect, test } from 'vitest';
import { optionName, takenBy } from '../../../channels/discord/options.ts';
import { hashOf, type SlashCommand, slashCommands, verbOf } from '../../../channels/discord/slash.ts';
import { commandTable } from '../../../commands/index.ts';

const set = slashCommands(commandTable());
type Option = NonNullable<SlashCommand['options']>[number];

/** Every level of a command with its options. */
function levels(command: SlashCommand): readonly (readonly Option[])[] {
  const options = command.options ?? [];
  return [options, ...options.flatMap((option) => (option.type === Type.Subcommand ? [option.options ?? []] : []))];
}

const named = (name: string): SlashCommand => {
  const found = set.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('the command table as Discord takes it', () => {
  // docs.discord.com/developers/interactions/application-commands#application-command-object
  test('names, descriptions, counts and order follow its rules', () => {
    expect(set.length).toBeLessThanOrEqual(100);
    for (const command of set) {
      const options = levels(command).flat();
      for (const { name, description } of [command, ...options]) {
        expect(name).toMatch(/^[-_'\p{L}\p{N}]{1,32}$/u);
        expect(name).toBe(name.toLowerCase());
        expect(description.length).toBeGreaterThan(0);
        expect(description.length).toBeLessThanOrEqual(100);
      }
      for (const level of levels(command)) {
        expect(level.length).toBeLessThanOrEqual(25);
        expect(new Set(level.map(({ name }) => name)).size).toBe(level.length);
        const required = level.map((option) => option.required === true);
        expect(required).toEqual(required.toSorted((a, b) => Number(b) - Number(a)));
      }
      for (const option of options) {
        const choices = 'choices' in option ? (option.choices ?? []) : [];
        expect(choices.length > 0 && 'autocomplete' in option && option.autocomplete === true).toBe(false);
        expect(choices.length).toBeLessThanOrEqual(25);
      }
      expect(JSON.stringify(command).length).toBeLessThan(8_000);
    }
  });

  test('every verb can be picked, and every option leads back to its parameter or flag', () => {
    for (const command of commandTable()) {
      const { options = [] } = named(command.name);
      const subs = options.filter((option) => option.type === Type.Subcommand).map(({ name }) => name);
      const reached = subs.length === 0 ? [verbOf(command, undefined)] : subs.map((sub) => verbOf(command, sub));
      expect(reached).toEqual(command.verbs);
      for (const verb of command.verbs)
        for (const taker of [...verb.params, ...verb.flags]) expect(takenBy(verb, optionName(taker.name))).toBe(taker);
    }
  });

  test('a command with one form has no sub-command; a bare form beside others has a name', () => {
    expect(named('status').options).toEqual([]);
    expect(named('session').options?.map(({ name }) => name)).toEqual(['show', 'idle', 'max-age', 'unbind']);
    expect(named('subagents').options?.map(({ name }) => name)).toEqual([
      ...['list', 'kill', 'log', 'info', 'send', 'steer', 'spawn'],
    ]);
  });

  test('what only we know is suggested, what is fixed is chosen, numbers have their range', () => {
    const log = named('subagents').options?.find(({ name }) => name === 'log');
    expect(log).toMatchObject({
      options: [
        { name: 'target', type: Type.String, required: true, autocomplete: true },
        { name: 'limit', type: Type.Integer, required: false, min_value: 1, max_value: 200 },
        { name: 'tools', type: Type.String, choices: [{ name: 'tools', value: 'tools' }] },
      ],
    });
    expect(named('queue').options).toMatchObject([
      { name: 'mode', choices: expect.arrayContaining([{ name: 'collect', value: 'collect' }]) },
      { name: 'debounce', autocomplete: true },
      { name: 'cap', type: Type.Integer },
      { name: 'drop' },
    ]);
    const spawn = named('subagents').options?.find(({ name }) => name === 'spawn');
    expect(spawn).toMatchObject({
      options: [{ name: 'agent-id' }, { name: 'task' }, { name: 'model', autocomplete: true }, { name: 'thinking' }],
    });
  });

  test('commands are offered in guilds and in direct chats', () => {
    expect(new Set(set.map(({ contexts }) => JSON.stringify(contexts)))).toEqual(new Set(['[0,1]']));
  });

  test('the hash changes with the smallest change, and not with the order', () => {
    const [first, ...rest] = set;
    if (first === undefined) throw new Error('no commands');
    expect(hashOf([...rest, first])).toBe(hashOf(set));
    expect(hashOf([{ ...first, description: `${first.description}!` }, ...rest])).not.toBe(hashOf(set));
  });
});
