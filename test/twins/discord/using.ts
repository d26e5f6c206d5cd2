// A person using the bot's interface: commands with the box's help, buttons, menus, forms. Called by people.ts.
import { InteractionAnswer } from './answers.ts';
import type { ApplicationCommands } from './commands.ts';
import { buttonsOf, inputsOf, selectsOf } from './components.ts';
import type { Asked, Interaction, Interactions } from './interactions.ts';
import { list, number, text } from './request.ts';
import { type Line, typed } from './typed.ts';
import { type Channel, flags, type Message, types, type User, type Wire, type World } from './world.ts';

export interface Tools {
  readonly world: World;
  readonly commands: ApplicationCommands;
  readonly interactions: Interactions;
}

export interface Choice {
  readonly name: string;
  readonly value: string | number;
}

/** Where a part is looked for. */
export interface Where {
  readonly channel?: Channel | undefined;
  readonly message?: string | undefined;
}

export class Using {
  readonly #tools: Tools;
  readonly #user: User;
  /** The form that is open on the screen. */
  #form: Interaction | undefined;

  constructor(tools: Tools, user: User) {
    this.#tools = tools;
    this.#user = user;
  }

  async command(channel: Channel, line: Line): Promise<InteractionAnswer> {
    const { title, data } = typed(this.#commandsIn(channel), line);
    return this.#answered({ kind: 'command', title, channel, data });
  }

  /** @returns what is offered; undefined when nothing came in time */
  async suggestions(channel: Channel, line: Line): Promise<readonly Choice[] | undefined> {
    const { title, data } = typed(this.#commandsIn(channel), line);
    const asked = { kind: 'autocomplete' as const, title: `${title} ${line.focused ?? ''}`, channel, data };
    const interaction = this.#ask(asked);
    await interaction.settled;
    return interaction.choices as readonly Choice[] | undefined;
  }

  async press(label: string | { readonly id: string }, where: Where): Promise<InteractionAnswer> {
    const fits = (button: Wire): boolean =>
      typeof label === 'string' ? button.label === label : button.custom_id === label.id;
    const { message, part } = this.#find(buttonsOf, fits, where) ?? this.#forged(label, where);
    if (part.disabled === true) throw new Error(`twin: ${JSON.stringify(label)} is greyed out`);
    const title = text(part, 'label') ?? JSON.stringify(label);
    const data = { component_type: 2, custom_id: part.custom_id, id: 1 };
    return this.#answered({ kind: 'component', title, channel: message.channel, source: message, data });
  }

  async select(values: readonly string[], where: Where): Promise<InteractionAnswer> {
    const offers = (menu: Wire): boolean =>
      values.every((value) => list(menu, 'options').some((option) => option.value === value));
    const found = this.#find(selectsOf, offers, where);
    if (found === undefined) throw new Error(`twin: ${this.#user.name} sees no menu with ${values.join(', ')}`);
    const { message, part } = found;
    const [least, most] = [number(part, 'min_values') ?? 1, number(part, 'max_values') ?? 1];
    if (values.length < least || values.length > most) throw new Error(`twin: the menu takes ${least} to ${most}`);
    const data = { component_type: 3, custom_id: part.custom_id, values, id: 1 };
    const title = values.join(', ');
    return this.#answered({ kind: 'component', title, channel: message.channel, source: message, data });
  }

  /** Fills in the form that was opened last. @param fields by custom id or label */
  async submit(fields: Readonly<Record<string, string>>): Promise<InteractionAnswer> {
    const form = this.#form;
    if (form?.modal === undefined) throw new Error(`twin: ${this.#user.name} has no form open`);
    this.#form = undefined;
    const { modal, channel, source } = form;
    const rows = list(modal, 'components');
    const inputs = inputsOf(modal);
    const known = inputs.flatMap((input, index) => [input.custom_id, labelOf(input, rows[index])]);
    const stranger = Object.keys(fields).find((name) => !known.includes(name));
    if (stranger !== undefined) throw new Error(`twin: the form has no field ${stranger}`);
    const components = inputs.map((input, index) => {
      const row = rows[index] ?? {};
      const value = fields[text(input, 'custom_id') ?? ''] ?? fields[labelOf(input, row)] ?? text(input, 'value') ?? '';
      mustFit(input, value);
      const filled = { type: input.type, id: index + 1, custom_id: input.custom_id, value };
      const { type } = row;
      return row.component === undefined ? { type, components: [filled] } : { type, component: filled };
    });
    const data = { custom_id: modal.custom_id, components };
    const title = text(modal, 'title') ?? '';
    return this.#answered({ kind: 'modal', title, channel, data, ...(source === undefined ? {} : { source }) });
  }

  #commandsIn(channel: Channel): readonly Wire[] {
    if (channel.thread?.archived === true) throw new Error('twin: no commands in an archived thread');
    const { commands } = this.#tools;
    const context = channel.guild === undefined ? 1 : 0;
    const fits = ({ contexts }: Wire): boolean => !Array.isArray(contexts) || contexts.includes(context);
    return [...(channel.guild === undefined ? [] : commands.in(channel.guild.id)), ...commands.in('global')].filter(
      fits,
    );
  }

  #ask(asked: Omit<Asked, 'person'>): Interaction {
    return this.#tools.interactions.ask({ ...asked, person: this.#user });
  }

  async #answered(asked: Omit<Asked, 'person'>): Promise<InteractionAnswer> {
    const interaction = this.#ask(asked);
    await interaction.settled;
    if (interaction.modal !== undefined) this.#form = interaction;
    return new InteractionAnswer(this.#tools.world, interaction);
  }

  /** The newest message this person sees with a part that fits. */
  #find(
    partsOf: (rows: readonly Wire[]) => readonly Wire[],
    fits: (part: Wire) => boolean,
    where: Where,
  ): { readonly message: Message; readonly part: Wire } | undefined {
    const found = this.#visible(where).flatMap((message) => {
      const part = partsOf(message.components).find(fits);
      return part === undefined ? [] : [{ message, part }];
    });
    return found.at(-1);
  }

  /** A press with an id that no button has, as a changed client can send it. */
  #forged(label: string | { readonly id: string }, where: Where): { readonly message: Message; readonly part: Wire } {
    const message = this.#visible(where).at(-1);
    if (typeof label === 'string' || message === undefined)
      throw new Error(`twin: ${this.#user.name} sees no button ${JSON.stringify(label)}`);
    return { message, part: { custom_id: label.id } };
  }

  /** Messages of the bot's that this person can act on, oldest first. */
  #visible({ channel, message: id }: Where): readonly Message[] {
    const { world } = this.#tools;
    const mine = (one: Channel): boolean =>
      one.guild === undefined ? one.recipient?.id === this.#user.id : one.guild.members.has(this.#user.id);
    const channels = channel === undefined ? [...world.channels.values()].filter(mine) : [channel];
    return channels
      .flatMap(({ messages }) => [...messages.values()])
      .filter(({ deleted, onlyFor, author }) => !deleted && author.bot && (onlyFor ?? this.#user.id) === this.#user.id)
      .filter((message) => (message.flags & flags.loading) === 0 && message.type !== types.threadStarter)
      .filter((message) => id === undefined || message.id === id)
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  }
}

const labelOf = (input: Wire, row: Wire | undefined): string => text(input, 'label') ?? text(row ?? {}, 'label') ?? '';

function mustFit(input: Wire, value: string): void {
  const [least, most] = [number(input, 'min_length') ?? 0, number(input, 'max_length') ?? 4000];
  if (value === '' && input.required !== false) throw new Error(`twin: ${String(input.custom_id)} has to be filled in`);
  if (value !== '' && (value.length < least || value.length > most))
    throw new Error(`twin: ${String(input.custom_id)} takes ${least} to ${most} characters`);
}
