import {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  type ChatInputCommandInteraction,
  type Client,
  type Interaction,
  ApplicationCommandOptionType as Kind,
  MessageFlags,
  ModalBuilder,
  Routes,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { checkSet } from './discord/command-rules.ts';
import { type Probe, probes, verdict } from './discord/probe.ts';
import { Refusal } from './discord/refusal.ts';
import type { Wire } from './discord/world.ts';

const start = probes();

const target = { type: Kind.String, name: 'target', description: 'Which one', required: true, autocomplete: true };
const kill = { type: Kind.Subcommand, name: 'kill', description: 'Stop one', options: [target] };
const set = [
  { name: 'status', description: 'How it goes', options: [] },
  { name: 'subagents', description: 'Runs', options: [kill, { ...kill, name: 'list', options: [] }] },
  {
    ...{ name: 'queue', description: 'How messages wait' },
    options: [
      { type: Kind.String, name: 'mode', description: 'Which', choices: [{ name: 'steer', value: 'steer' }] },
      { type: Kind.Integer, name: 'cap', description: 'How many', min_value: 1, max_value: 9 },
    ],
  },
];

/** A bot with the commands, whose interactions go to `handle`. */
async function answering(
  handle: (interaction: Interaction) => Promise<unknown>,
  options: Parameters<typeof start>[0] = {},
): Promise<Probe & { readonly bot: Client<true>; readonly faults: string[] }> {
  const probe = await start(options);
  const bot = await probe.client();
  const faults: string[] = [];
  await bot.application.commands.set(set as never);
  bot.on('interactionCreate', async (interaction) => {
    faults.push(await verdict(handle(interaction)));
  });
  return { ...probe, bot, faults };
}

const slash =
  (run: (interaction: ChatInputCommandInteraction) => Promise<unknown>) => async (interaction: Interaction) =>
    interaction.isChatInputCommand() ? run(interaction) : undefined;

describe('a command', () => {
  it('is answered at once, to all or to one alone', async () => {
    const { twin, ann, general } = await answering(
      slash(async (interaction) => {
        const flags = interaction.commandName === 'status' ? MessageFlags.Ephemeral : undefined;
        const sub = interaction.options.getSubcommand(false) ?? '';
        const content = `${interaction.commandName} ${sub} ${interaction.options.getString('target') ?? ''}`.trim();
        await interaction.reply({ content, ...(flags === undefined ? {} : { flags }) });
      }),
    );
    const alone = await ann.slash('/status', {}, { in: general });
    expect([alone.private, alone.reply, alone.deferred]).toEqual([true, 'status', undefined]);
    expect(twin.ephemeral(ann).map(({ text }) => text)).toEqual(['status']);
    const open = await ann.slash('/subagents kill', { target: '#1' }, { in: general });
    expect([open.private, open.reply]).toEqual([false, 'subagents kill #1']);
    expect(twin.shown(general)).toEqual(['subagents kill #1']);
    expect((await ann.slash('/status')).reply).toBe('status');
    expect(twin.violations).toEqual([]);
  });

  it('is thought about, then answered and followed up as live values', async () => {
    let answer: ((text: string) => Promise<unknown>) | undefined;
    const { twin, ann, general } = await answering(
      slash(async (interaction) => {
        await interaction.deferReply({ flags: MessageFlags.Ephemeral });
        answer = (text) => (interaction.replied ? interaction.followUp(text) : interaction.editReply(text));
      }),
    );
    const asked = await ann.slash('/status', {}, { in: general });
    expect([asked.failed, asked.deferred, asked.reply]).toEqual([false, 'private', undefined]);
    await until(() => answer !== undefined, 'the answer to the defer');
    await answer?.('one');
    await answer?.('two');
    expect(asked.replies).toEqual(['one', 'two']);
    expect(asked.message?.edits).toBe(0);
    expect(twin.ephemeral(ann).map(({ text }) => text)).toEqual(['one']);
    expect(twin.shown(general)).toEqual(['two']);
    expect(await asked.next('two')).toMatchObject({ text: 'two' });
  });

  it('that is deferred is answered by the first thing said after it', async () => {
    const { twin, ann, general } = await answering(
      slash(async (interaction) => {
        await interaction.deferReply({ flags: MessageFlags.Ephemeral });
        await interaction.followUp('first');
      }),
    );
    const asked = await ann.slash('/status', {}, { in: general });
    await asked.next('first');
    expect([asked.reply, twin.shown(general)]).toEqual(['first', []]);
  });

  it('that nobody answers in time has failed, and a late answer is an offence', async () => {
    const clock = virtualClock();
    const waiting: ChatInputCommandInteraction[] = [];
    const { twin, ann, general } = await answering(
      slash(async (one) => waiting.push(one)),
      { clock },
    );
    const asked = ann.slash('/status', {}, { in: general });
    await until(() => waiting.length === 1, 'the interaction');
    await clock.advance(3000);
    expect((await asked).failed).toBe(true);
    expect(await verdict(waiting[0]?.reply('late') ?? Promise.resolve())).toMatch(/^404 10062/);
    expect(twin.violations.map(({ kind, detail }) => `${kind} ${detail}`)).toEqual([
      'late ack /status: nothing within 3000 ms',
    ]);
  });

  it('that comes again over a resumed session too late is no offence', async () => {
    const clock = virtualClock();
    const { twin, ann, general, bot, faults } = await answering(
      slash((one) => one.reply('hi')),
      { clock },
    );
    const drops: string[] = [];
    bot.on('shardReconnecting', () => void drops.push('drop'));
    await twin.gateway.outage();
    const asked = ann.slash('/status', {}, { in: general });
    await clock.advance(3000);
    await twin.gateway.up();
    expect((await asked).failed).toBe(true);
    await until(() => faults.length === 1, 'the replay', 12_000);
    expect(faults[0]).toMatch(/^404 10062/);
    expect(twin.violations).toEqual([]);
  });

  it('takes one first answer', async () => {
    const { twin, ann, general, rest } = await answering(
      slash(async (one) => {
        await one.reply('one');
        const body = { type: 4, data: { content: 'two' } };
        await rest.post(Routes.interactionCallback(one.id, one.token), { body, auth: false });
      }),
    );
    await ann.slash('/status', {}, { in: general });
    await until(() => twin.violations.length === 1, 'the violation');
    expect(twin.violations[0]).toMatchObject({ kind: 'double ack', detail: '/status' });
    expect(twin.shown(general)).toEqual(['one']);
  });

  it('takes only answers that fit it', async () => {
    const { ann, general, faults } = await answering(
      slash(async (one) => {
        const rest = one.client.rest;
        const answer = (body: object) =>
          verdict(rest.post(Routes.interactionCallback(one.id, one.token), { body, auth: false }));
        faults.push(await answer({ type: 6 }), await answer({ type: 8, data: { choices: [] } }));
        await one.reply('hi');
      }),
    );
    expect((await ann.slash('/status', {}, { in: general })).reply).toBe('hi');
    expect(faults.slice(0, 2)).toEqual([expect.stringMatching(/^400 50035/), expect.stringMatching(/^400 50035/)]);
  });

  it('is no offence where a fault kept the answer from it', async () => {
    const { twin, ann, general } = await answering(
      slash(async (one) => {
        await one.reply('one').catch(() => {});
        await one.reply('two');
      }),
    );
    twin.fault('POST /interactions/:id/:token/callback', { status: 502, applied: true });
    expect((await ann.slash('/status', {}, { in: general })).reply).toBe('one');
    await until(() => twin.calls.at(-1)?.answered === 400, 'the second answer');
    expect(twin.violations).toEqual([]);
  });

  it('has a token that ends', async () => {
    const clock = virtualClock();
    const waiting: ChatInputCommandInteraction[] = [];
    const { twin, ann, general } = await answering(
      slash(async (one) => {
        await one.deferReply();
        waiting.push(one);
      }),
      { clock },
    );
    const asked = await ann.slash('/status', {}, { in: general });
    await until(() => waiting.length === 1, 'the interaction');
    await clock.advance(899_999);
    await waiting[0]?.editReply('just in time');
    expect(asked.reply).toBe('just in time');
    await clock.advance(1);
    expect(await verdict(waiting[0]?.followUp('too late') ?? Promise.resolve())).toMatch(/^401 50027/);
    expect(twin.violations.map(({ kind }) => kind)).toEqual(['expired token']);
  });

  it('is not sent where the box would not send it', async () => {
    const { ann, twin, general, guild } = await answering(async () => {});
    const says = (words: string, values = {}) => ann.slash(words, values, { in: general });
    await expect(says('/nothing')).rejects.toThrow('no command');
    await expect(says('/subagents')).rejects.toThrow('without a subcommand');
    await expect(says('/subagents kill')).rejects.toThrow('needs target');
    await expect(says('/queue', { mode: 'other' })).rejects.toThrow('no choice');
    await expect(says('/queue', { cap: 10 })).rejects.toThrow('takes 1 to 9');
    await expect(says('/queue', { cap: '3' })).rejects.toThrow('takes a number');
    await expect(says('/status', { other: 1 })).rejects.toThrow('no option');
    const thread = general.thread('old', { by: ann });
    thread.archives();
    await expect(ann.slash('/status', {}, { in: guild.thread(thread.id) })).rejects.toThrow('archived');
    await expect(twin.person('Bob').slash('/status', {}, { in: general })).rejects.toThrow('not in');
  });

  it('reaches the bot fifty times at once, and each is answered', async () => {
    const { twin, ann, general } = await answering(
      slash(async (one) => {
        await one.deferReply();
        await one.editReply(`answer to ${one.id}`);
      }),
    );
    const asked = await Promise.all(Array.from({ length: 50 }, () => ann.slash('/status', {}, { in: general })));
    for (const one of asked) await one.next(`answer to ${one.id}`);
    expect(twin.shown(general)).toHaveLength(50);
    expect(twin.violations).toEqual([]);
  });
});

describe('suggestions', () => {
  it('come for what is typed so far', async () => {
    const { ann, general } = await answering(async (interaction) => {
      if (!interaction.isAutocomplete()) return;
      const { name, value } = interaction.options.getFocused(true);
      await interaction.respond([{ name: `${interaction.options.getSubcommand()} ${name} ${value}`, value: '#1' }]);
    });
    const offered = await ann.types('/subagents kill', 'target', 'wo', { in: general });
    expect(offered).toEqual([{ name: 'kill target wo', value: '#1' }]);
  });

  it('are limited, and nothing when they come too late', async () => {
    const clock = virtualClock();
    const choices = Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: `${index}` }));
    const { ann, general, faults, twin } = await answering(
      async (one) => (one.isAutocomplete() ? one.respond(choices) : undefined),
      { clock },
    );
    const offered = ann.types('/subagents kill', 'target', '', { in: general });
    await until(() => faults.length === 1, 'the answer');
    await clock.advance(3000);
    expect(await offered).toBeUndefined();
    expect(faults[0]).toMatch(/^400 50035/);
    expect(twin.violations.map(({ kind }) => kind)).toEqual(['late ack']);
  });
});

describe('buttons, menus and forms', () => {
  const button = (label: string, id: string) =>
    new ButtonBuilder().setLabel(label).setCustomId(id).setStyle(ButtonStyle.Primary);
  const row = <T extends ButtonBuilder | StringSelectMenuBuilder>(...parts: T[]) =>
    new ActionRowBuilder<T>().addComponents(...parts).toJSON();

  it('a press changes its message, and is found by its label', async () => {
    const { twin, ann, general, rest } = await answering(async (interaction) => {
      if (!interaction.isButton()) return;
      await interaction.deferUpdate();
      await interaction.editReply({
        content: `${interaction.customId} by ${interaction.user.username}`,
        components: [],
      });
    });
    const components = [row(button('Kill #1', 'k1'), button('Log', 'l1'))];
    await rest.post(Routes.channelMessages(general.id), { body: { content: 'Which?', components } });
    expect(twin.messages(general)[0]?.buttons).toEqual(['Kill #1', 'Log']);
    const pressed = await ann.presses('Kill #1', { in: general });
    await pressed.next('k1 by ann');
    expect([pressed.deferred, twin.shown(general)]).toEqual(['update', ['k1 by ann']]);
    await expect(ann.presses('Log')).rejects.toThrow('sees no button');
  });

  it('a forged press reaches the bot, a menu gives its values', async () => {
    const { twin, ann, general, rest } = await answering(async (interaction) => {
      if (interaction.isButton())
        await interaction.reply({ content: interaction.customId, flags: MessageFlags.Ephemeral });
      if (interaction.isStringSelectMenu())
        await interaction.update({ content: interaction.values.join(), components: [] });
    });
    const options = ['a', 'b'].map((value) => ({ label: value.toUpperCase(), value }));
    const components = [row(new StringSelectMenuBuilder().setCustomId('menu').addOptions(options))];
    await rest.post(Routes.channelMessages(general.id), { body: { content: 'Which?', components } });
    expect((await ann.presses({ id: 'forged' }, { in: general })).reply).toBe('forged');
    expect(twin.messages(general)[0]?.choices).toEqual(['a', 'b']);
    await expect(ann.selects(['a', 'b'])).rejects.toThrow('takes 1 to 1');
    expect((await ann.selects('b')).reply).toBe('b');
  });

  it('a form is opened, filled in and answered', async () => {
    const input = new TextInputBuilder().setCustomId('text').setLabel('What to say').setStyle(TextInputStyle.Short);
    const { ann, general, twin } = await answering(async (interaction) => {
      const rows = new ActionRowBuilder<TextInputBuilder>().addComponents(input.setRequired(true));
      if (interaction.isChatInputCommand())
        await interaction.showModal(new ModalBuilder().setCustomId('m1').setTitle('Steer').addComponents(rows));
      if (interaction.isModalSubmit())
        await interaction.reply(`${interaction.customId} ${interaction.fields.getTextInputValue('text')}`);
    });
    const asked = await ann.slash('/status', {}, { in: general });
    expect(asked.modal).toEqual({ title: 'Steer', fields: [{ id: 'text', label: 'What to say', value: '' }] });
    await expect(ann.submits({ other: 'x' })).rejects.toThrow('no field');
    await ann.slash('/status', {}, { in: general });
    await expect(ann.submits({})).rejects.toThrow('filled in');
    await ann.slash('/status', {}, { in: general });
    expect((await ann.submits({ 'What to say': 'faster' })).reply).toBe('m1 faster');
    await expect(ann.submits({ text: 'again' })).rejects.toThrow('no form open');
    expect(twin.violations).toEqual([]);
  });
});

describe('registering', () => {
  it('keeps ids over bulk calls, per guild and globally', async () => {
    const { twin, rest, guild, bot } = await answering(async () => {});
    const route = Routes.applicationGuildCommands(bot.user.id, guild.id);
    const before = twin.commands('global').map(({ id }) => id);
    await bot.application.commands.set(set.slice(0, 1) as never);
    expect(twin.commands('global').map(({ id }) => id)).toEqual(before.slice(0, 1));
    await rest.put(route, { body: set });
    const [first] = twin.commands(guild);
    await rest.patch(`${route}/${String(first?.id)}`, { body: { description: 'Changed' } });
    expect(twin.commands(guild)[0]).toMatchObject({ name: 'status', description: 'Changed', id: first?.id });
    await rest.delete(`${route}/${String(first?.id)}`);
    expect(twin.commands(guild)).toHaveLength(2);
    await rest.delete(Routes.applicationCommand(bot.user.id, String(before[0])));
    expect(twin.commands('global')).toEqual([]);
  });

  it('takes two hundred new ones a day', async () => {
    const clock = virtualClock();
    const { rest, twin } = await start({ clock });
    const batch = (prefix: string, count: number) => {
      const body = Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, description: 'd' }));
      return verdict(rest.put(Routes.applicationCommands(twin.bot.id), { body }));
    };
    expect([await batch('a', 100), await batch('b', 100), await batch('b', 100)]).toEqual(['ok', 'ok', 'ok']);
    expect(await batch('c', 1)).not.toBe('ok');
    await clock.advance(86_400_000);
    expect(await batch('c', 1)).toBe('ok');
  });

  const named = (more: Wire): Wire => ({ name: 'a', description: 'd', ...more });
  const option = (more: Wire = {}): Wire => ({ type: Kind.String, name: 'x', description: 'd', ...more });
  const many = (count: number, make: (index: number) => Wire): readonly Wire[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const long = 'x'.repeat(101);

  it.each<[string, readonly Wire[]]>([
    ['a name in capitals', [named({ name: 'Status' })]],
    ['a name with a space', [named({ name: 'a b' })]],
    ['a long name', [named({ name: 'x'.repeat(33) })]],
    ['no description', [named({ description: '' })]],
    ['a long description', [named({ description: long })]],
    ['one name twice', [named({}), named({})]],
    ['too many commands', many(101, (index) => named({ name: `a${index}` }))],
    ['too many options', [named({ options: many(26, (index) => option({ name: `o${index}` })) })]],
    ['one option twice', [named({ options: [option(), option()] })]],
    ['a required option after others', [named({ options: [option(), option({ name: 'y', required: true })] })]],
    [
      'choices with autocomplete',
      [named({ options: [option({ autocomplete: true, choices: [{ name: 'a', value: 'a' }] })] })],
    ],
    [
      'too many choices',
      [named({ options: [option({ choices: many(26, (index) => ({ name: `${index}`, value: `${index}` })) })] })],
    ],
    ['a long choice', [named({ options: [option({ choices: [{ name: long, value: 'a' }] })] })]],
    ['choices of a boolean', [named({ options: [option({ type: Kind.Boolean, autocomplete: true })] })]],
    ['options beside subcommands', [named({ options: [kill, option()] })]],
    ['a subcommand in a subcommand', [named({ options: [{ ...kill, options: [kill] }] })]],
    ['an unknown type', [named({ options: [option({ type: 12 })] })]],
    [
      'too many characters',
      [
        named({
          options: many(25, (i) => ({
            ...kill,
            name: `s${i}`,
            options: many(4, (n) => option({ name: `o${n}`, description: 'x'.repeat(90) })),
          })),
        }),
      ],
    ],
  ])('refuses %s', (_name, commands) => {
    expect(() => checkSet(commands)).toThrow(Refusal);
  });

  it('takes what is within all limits', () => {
    const group = { type: Kind.SubcommandGroup, name: 'group', description: 'd', options: [kill] };
    expect(() => checkSet([...set, named({ name: 'max-age', options: [group, kill] })])).not.toThrow();
    expect(() =>
      checkSet(many(100, (index) => named({ name: `a${index}`, description: 'x'.repeat(100) }))),
    ).not.toThrow();
  });
});
