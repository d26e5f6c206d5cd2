// An interaction in our own words: which command with which values, which press, and from where. Pure; used by interactions.ts.
import {
  type APIInteraction,
  type APIMessageComponentInteraction,
  type APIModalSubmitInteraction,
  type APIApplicationCommandInteractionDataOption as ApiOption,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ChannelType,
  ComponentType,
  InteractionType,
  MessageFlags,
} from 'discord.js';
import type { SuggestAsk } from '../../src/core/channel.ts';
import type { Command, Verb } from '../../src/core/command.ts';
import type { InboundMessage, Press } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { typedCommand } from '../../src/core/typed-command.ts';
import { type Picked, pickedOf } from './components.ts';
import { takenBy } from './options.ts';
import { isThreadType } from './places.ts';
import { verbOf } from './slash.ts';
import { timeOf } from './snowflake.ts';

export interface Given {
  readonly message: InboundMessage;
  /** Undefined: it was registered by another version of the program. */
  readonly command: Command | undefined;
  readonly verb: Verb | undefined;
}

export type Read =
  | { readonly kind: 'command'; readonly given: Given }
  | { readonly kind: 'suggest'; readonly ask: Omit<SuggestAsk, 'limit'> | undefined }
  /** A button that asks for a text first. */
  | { readonly kind: 'asks'; readonly picked: Picked }
  | { readonly kind: 'press'; readonly press: Press }
  | { readonly kind: 'ignored' };

export interface ReadingOptions {
  readonly account: string;
  readonly commands: readonly Command[];
}

type From = Pick<InboundMessage, 'route' | 'sender' | 'chat' | 'space'>;

export function readInteraction(interaction: APIInteraction, { account, commands }: ReadingOptions): Read {
  const from = whereFrom(interaction, account);
  if (from === undefined) return { kind: 'ignored' };
  switch (interaction.type) {
    case InteractionType.ApplicationCommand:
      if (interaction.data.type !== ApplicationCommandType.ChatInput) return { kind: 'ignored' };
      return { kind: 'command', given: readCommand(interaction, interaction.data, { from, commands }) };
    case InteractionType.ApplicationCommandAutocomplete:
      return { kind: 'suggest', ask: readAsk(interaction.data, { from, commands }) };
    case InteractionType.MessageComponent:
      return readComponent(interaction, from);
    case InteractionType.ModalSubmit:
      return {
        kind: 'press',
        press: { ...pressOf(interaction, from, pickedOf(interaction.data.custom_id)), text: writtenIn(interaction) },
      };
    default:
      return { kind: 'ignored' };
  }
}

function whereFrom(
  { channel, guild_id: guild, member, user: alone }: APIInteraction,
  account: string,
): From | undefined {
  const user = member?.user ?? alone;
  if (user === undefined || channel?.id === undefined) return undefined;
  const place = { channel: 'discord', account } as const;
  const parent = isThreadType(channel.type) && 'parent_id' in channel ? channel.parent_id : undefined;
  const route: Route =
    typeof parent === 'string' ? { ...place, chat: parent, thread: channel.id } : { ...place, chat: channel.id };
  return {
    route,
    sender: { id: user.id, name: member?.nick ?? user.global_name ?? user.username },
    chat: guild === undefined || channel.type === ChannelType.DM ? 'direct' : 'group',
    ...(guild === undefined ? {} : { space: guild }),
  };
}

interface Named {
  readonly name: string;
  readonly options?: readonly ApiOption[];
}

interface Context {
  readonly from: From;
  readonly commands: readonly Command[];
}

/** The sub-command, if any, and the options as they were filled in. */
function filledIn({ options = [] }: Named): {
  readonly sub: string | undefined;
  readonly options: readonly ApiOption[];
} {
  const [first] = options;
  if (first?.type === ApplicationCommandOptionType.Subcommand) return { sub: first.name, options: first.options ?? [] };
  return { sub: undefined, options };
}

function readCommand({ id }: APIInteraction, data: Named, { from, commands }: Context): Given {
  const { sub, options } = filledIn(data);
  const command = commands.find(({ name }) => name === data.name);
  const verb = command === undefined ? undefined : verbOf(command, sub);
  const text =
    command === undefined || verb === undefined
      ? `/${data.name}`
      : typedCommand(command, verb, valuesOf(verb, options));
  const message = { ...from, id, text, mentionsBot: true, native: true, attachments: [], sentAt: timeOf(id) };
  return { message, command, verb };
}

function valuesOf(verb: Verb, options: readonly ApiOption[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const option of options) {
    const taker = takenBy(verb, option.name);
    // A switch that is off is one that was not given.
    if (taker !== undefined && 'value' in option && option.value !== false) values[taker.name] = String(option.value);
  }
  return values;
}

function readAsk(data: Named, { from, commands }: Context): Omit<SuggestAsk, 'limit'> | undefined {
  const { sub, options } = filledIn(data);
  const command = commands.find(({ name }) => name === data.name);
  const verb = command === undefined ? undefined : verbOf(command, sub);
  const focused = options.find((option) => 'focused' in option && option.focused === true);
  const taker = verb === undefined || focused === undefined ? undefined : takenBy(verb, focused.name);
  if (command === undefined || verb === undefined || taker === undefined) return undefined;
  const typed = focused !== undefined && 'value' in focused ? String(focused.value) : '';
  return { ...from, command: command.name, verb: verb.name, param: taker.name, text: typed };
}

function readComponent(interaction: APIMessageComponentInteraction, from: From): Read {
  const { data } = interaction;
  const picked = pickedOf(data.component_type === ComponentType.StringSelect ? (data.values[0] ?? '') : data.custom_id);
  if (picked.asks !== undefined) return { kind: 'asks', picked };
  return { kind: 'press', press: pressOf(interaction, from, picked) };
}

function pressOf(
  { id, message }: APIMessageComponentInteraction | APIModalSubmitInteraction,
  from: From,
  { choice }: Picked,
): Press {
  // What only one person sees cannot be quoted in the channel.
  const quotable = message !== undefined && ((message.flags ?? 0) & MessageFlags.Ephemeral) === 0;
  return {
    ...{ ...from, id, choice, at: timeOf(id) },
    ...(quotable ? { messageId: message.id } : {}),
  };
}

/** What was written into the one field of our form, in a row or under a label. */
function writtenIn({ data }: APIModalSubmitInteraction): string {
  for (const row of data.components) {
    const fields = 'components' in row ? row.components : 'component' in row ? [row.component] : [];
    for (const field of fields) if ('value' in field && typeof field.value === 'string') return field.value;
  }
  return '';
}
