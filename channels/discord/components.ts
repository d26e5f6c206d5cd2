// Buttons and menus under a message, and what a press of one of them chose. Pure; used by sending.ts and interactions.ts.
// docs.discord.com/developers/components/reference: 5 buttons in a row, 25 options in a menu, labels of 80 and 100 characters.
import {
  type APIActionRowComponent,
  type APIComponentInMessageActionRow,
  type APIModalInteractionResponseCallbackData,
  ButtonStyle,
  ComponentType,
  TextInputStyle,
} from 'discord.js';
import { clip } from '../../src/core/format.ts';
import type { OutboundMessage } from '../../src/core/message.ts';

/** Prefix of our ids, so that buttons of a later format can be told apart. */
export const choicePrefix = 'sw1:';
/** The menu itself; its options carry the choices. */
export const menuId = 'sw1';

const mostButtons = 5;
const mostOptions = 25;
/** Title and label of a form. With the id of a choice it is also kept in that of its button, which takes 100 characters. */
const questionChars = 45;
/** What fits into one message there, the longest text people can write. */
const longestAnswer = 2_000;

type Choice = NonNullable<OutboundMessage['choices']>[number];
type Row = APIActionRowComponent<APIComponentInMessageActionRow>;

/** Up to five choices are buttons, more are a menu. Empty where there is nothing to choose. */
export function componentsOf({ choices = [] }: Pick<OutboundMessage, 'choices'>): Row[] {
  if (choices.length === 0) return [];
  if (choices.length <= mostButtons) {
    const buttons = choices.map((choice) => ({
      type: ComponentType.Button as const,
      style: ButtonStyle.Secondary as const,
      label: clip(choice.label, 80),
      custom_id: idOf(choice),
    }));
    return [{ type: ComponentType.ActionRow, components: buttons }];
  }
  const options = choices
    .slice(0, mostOptions)
    .map((choice) => ({ label: clip(choice.label, 100), value: idOf(choice) }));
  return [
    { type: ComponentType.ActionRow, components: [{ type: ComponentType.StringSelect, custom_id: menuId, options }] },
  ];
}

/** What is known of a choice from its id alone, so that it can be asked for at once, also after a restart. */
export interface Picked {
  /** Id of the choice; empty for what is not ours: anybody may have made it up. */
  readonly choice: string;
  /** What the person is to be asked first. */
  readonly asks?: string;
}

/** @param id of a button, of the option taken in a menu, or of a form that was sent in */
export function pickedOf(id: string): Picked {
  if (!id.startsWith(choicePrefix)) return { choice: '' };
  const [choice = '', ...asks] = id.slice(choicePrefix.length).split(':');
  return asks.length === 0 ? { choice } : { choice, asks: asks.join(':') };
}

/** A form with one field. docs.discord.com/developers/components/reference#text-input */
export function formOf({ choice, asks = '' }: Picked): APIModalInteractionResponseCallbackData {
  const label = clip(asks, questionChars);
  const field = { type: ComponentType.TextInput as const, custom_id: 'text', label, style: TextInputStyle.Paragraph };
  return {
    custom_id: choicePrefix + choice,
    title: label,
    components: [
      { type: ComponentType.ActionRow, components: [{ ...field, required: true, max_length: longestAnswer }] },
    ],
  };
}

function idOf({ id, asks }: Choice): string {
  return choicePrefix + id + (asks === undefined ? '' : `:${clip(asks.label, questionChars)}`);
}
