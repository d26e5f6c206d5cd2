// Native commands, presses, forms and suggestions. Discord waits three seconds for a first sign, so that goes out before
// anything else happens; what is done takes the same way as text. Constructed by adapter.ts, one per account.
import {
  type APIInteraction,
  DiscordAPIError,
  InteractionResponseType as First,
  type APIInteractionResponse as FirstSign,
  MessageFlags,
  Routes,
} from 'discord.js';
import type { ChannelEvents, SuggestAsk } from '../../src/core/channel.ts';
import { clip } from '../../src/core/format.ts';
import type { OutboundMessage, Press, Receipt } from '../../src/core/message.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Route } from '../../src/core/route.ts';
import { formOf, type Picked } from './components.ts';
import { causeOf, faultOf } from './faults.ts';
import { type AnsweringOptions, answerTo, type Native, NativeAnswers } from './native-answers.ts';
import { type Given, readInteraction } from './reading.ts';
import { type CommandMemory, type RegistrationOptions, registerCommands } from './registration.ts';

export interface InteractionsOptions extends AnsweringOptions {
  readonly commands: RegistrationOptions['commands'];
  readonly memory: CommandMemory;
  /** Registers the commands in this guild alone. */
  readonly devGuild: string | undefined;
  /** Undefined before the start. */
  readonly events: () => ChannelEvents | undefined;
}

/** docs.discord.com/developers/interactions/receiving-and-responding: 3 s, less the way there. */
const firstSignMs = 2_500;
const againMs = 200;
const patienceMs = 500;
/** Somebody has given the first sign already: we, in a call whose answer was lost. */
const acknowledgedBefore = 40060;
const mostSuggestions = 25;
const longestSuggestion = 100;
const notStored = '⚠️ this could not be stored and was not done; please send it again.';

export class Interactions {
  readonly #options: InteractionsOptions;
  readonly #answers: NativeAnswers;
  #registering: Promise<void> = Promise.resolve();

  constructor(options: InteractionsOptions) {
    this.#options = options;
    this.#answers = new NativeAnswers(options);
  }

  /** Takes what the gateway tells. Resolves when it was handed on and needs nothing more of us; never rejects. */
  async take(interaction: APIInteraction): Promise<void> {
    const events = this.#options.events();
    if (events === undefined) return;
    try {
      await this.#take(interaction, events);
    } catch (error) {
      const { log } = this.#options;
      log.error({ cause: causeOf(error), code: 'discord_interaction' }, 'what somebody did could not be handled');
    }
  }

  /** Whether what answers this counts as a message of its own; known once it could not be shown with what it answers. */
  goesPlain(answers: string): boolean {
    return this.#answers.goesPlain(answers);
  }

  /** Sends a message that answers something native (`message.answers`). Never rejects. */
  answer(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    return this.#answers.answer(route, message, key);
  }

  /** Undefined: the message is one like any other. */
  edit(messageId: string, message: OutboundMessage): Promise<Receipt> | undefined {
    return this.#answers.edit(messageId, message);
  }

  /** To be called at each login. Never rejects. @param application its id */
  register(application: string): Promise<void> {
    const { devGuild: guild, ...options } = this.#options;
    this.#registering = this.#registering.then(() => registerCommands({ ...options, guild }, application));
    return this.#registering;
  }

  async #take(interaction: APIInteraction, events: ChannelEvents): Promise<void> {
    const read = readInteraction(interaction, this.#options);
    switch (read.kind) {
      case 'command':
        return this.#command(interaction, read.given, events);
      case 'press':
        return this.#press(interaction, read.press, events);
      case 'asks':
        return this.#ask(interaction, read.picked);
      case 'suggest':
        return this.#suggest(interaction, read.ask, events);
      case 'ignored':
        return;
      default:
        assertNever(read);
    }
  }

  async #command(interaction: APIInteraction, given: Given, events: ChannelEvents): Promise<void> {
    const native = nativeFrom(interaction, 'command', isPrivate(given, events));
    const type = First.DeferredChannelMessageWithSource as const;
    const data = native.hidden ? { flags: MessageFlags.Ephemeral as const } : {};
    const acked = this.#answers.open(native, () => this.#firstSign(interaction, { type, data }));
    if (acked === undefined) return;
    await this.#given(acked);
    try {
      await events.message({ ...given.message, answerTo: answerTo(native) });
    } catch (error) {
      const { log } = this.#options;
      log.error({ err: error, code: 'discord_intake' }, 'a command could not be stored');
      await this.#answers.say(interaction.id, notStored);
    }
  }

  async #press(interaction: APIInteraction, press: Press, events: ChannelEvents): Promise<void> {
    const native = nativeFrom(interaction, 'press', true);
    const type = First.DeferredMessageUpdate as const;
    const acked = this.#answers.open(native, () => this.#firstSign(interaction, { type }));
    if (acked === undefined) return;
    await this.#given(acked);
    const { text, decided } = await events.pressed({ ...press, answerTo: answerTo(native) });
    if (text !== undefined) await this.#answers.say(interaction.id, text);
    if (decided) await this.#answers.withoutButtons(interaction.id);
  }

  async #ask(interaction: APIInteraction, picked: Picked): Promise<void> {
    await this.#firstSign(interaction, { type: First.Modal, data: formOf(picked) });
  }

  async #suggest(interaction: APIInteraction, ask: Omit<SuggestAsk, 'limit'> | undefined, events: ChannelEvents) {
    const offered = ask === undefined ? [] : await events.suggest({ ...ask, limit: mostSuggestions });
    const choices = offered
      .filter(({ label, value }) => label !== '' && value !== '' && value.length <= longestSuggestion)
      .slice(0, mostSuggestions)
      .map(({ label, value }) => ({ name: clip(label, longestSuggestion), value }));
    await this.#firstSign(interaction, { type: First.ApplicationCommandAutocompleteResult, data: { choices } });
  }

  /** Our own work waits for the sign, or many at once would hold up each other's; but nobody waits long. */
  async #given(acked: Promise<boolean>): Promise<void> {
    const over = new AbortController();
    await Promise.race([acked, this.#options.clock.sleep(patienceMs, over.signal)]);
    over.abort();
  }

  /** True when Discord took it; tried again while that makes sense. Never rejects. */
  async #firstSign({ id, token }: APIInteraction, body: FirstSign): Promise<boolean> {
    const { api, clock, log } = this.#options;
    const until = clock.now() + firstSignMs;
    for (;;) {
      try {
        const path = Routes.interactionCallback(id, token);
        const first = { withinMs: until - clock.now(), counts: 'own' } as const;
        await api.call((rest, signal) => rest.post(path, { body, auth: false, signal }), first);
        return true;
      } catch (error) {
        if (error instanceof DiscordAPIError && error.code === acknowledgedBefore) return true;
        const { kind } = faultOf(error);
        const again = (kind === 'unknown' || kind === 'unsent') && clock.now() + againMs < until;
        if (!again) {
          log.warn({ cause: causeOf(error), code: 'discord_late' }, 'Discord did not take the first sign of an answer');
          return false;
        }
        await clock.sleep(againMs);
      }
    }
  }
}

function nativeFrom(interaction: APIInteraction, kind: Native['kind'], hidden: boolean): Native {
  const { id, application_id: application, token } = interaction;
  return { id, kind, application, token, hidden };
}

/** Views and refusals concern only whoever asked. This cannot be changed any more once the first sign is given. */
function isPrivate({ message, command, verb }: Given, events: ChannelEvents): boolean {
  if (command === undefined || verb === undefined || verb.view === true) return true;
  const standing = events.standing(message);
  return standing === 'stranger' || (command.access === 'owner' && standing !== 'owner');
}
