// What the bot answers to an interaction, as its person sees it; it follows what happens later. Made by using.ts.
import { until } from '../../fakes/wait.ts';
import { inputsOf } from './components.ts';
import { callbacks, type Interaction } from './interactions.ts';
import { text } from './request.ts';
import { type Fits, matches, type SeenMessage, seen } from './view.ts';
import { flags, type Message, type World } from './world.ts';

export interface SeenModal {
  readonly title: string;
  readonly fields: readonly { readonly id: string; readonly label: string; readonly value: string }[];
}

export class InteractionAnswer {
  readonly #world: World;
  readonly #interaction: Interaction;

  constructor(world: World, interaction: Interaction) {
    this.#world = world;
    this.#interaction = interaction;
  }

  get id(): string {
    return this.#interaction.id;
  }

  /** "This interaction failed": nothing came in time. */
  get failed(): boolean {
    return this.#interaction.ack === undefined;
  }

  /** Milliseconds of the clock until the first answer. */
  get ackMs(): number | undefined {
    const { ack, at } = this.#interaction;
    return ack === undefined ? undefined : ack.at - at;
  }

  /** How the bot said that it thinks; undefined where it answered at once or not at all. */
  get deferred(): 'private' | 'public' | 'update' | undefined {
    const { ack } = this.#interaction;
    if (ack?.type === callbacks.deferUpdate) return 'update';
    if (ack?.type !== callbacks.defer) return undefined;
    return ack.private ? 'private' : 'public';
  }

  /** The text of the answer; of a press that updated its message the text of that. */
  get reply(): string | undefined {
    return this.message?.text;
  }

  get message(): SeenMessage | undefined {
    const { original } = this.#interaction;
    return original === undefined || !isThere(original) ? undefined : seen(this.#world, original);
  }

  /** The answer and all that followed it. */
  get messages(): readonly SeenMessage[] {
    const { original, followups } = this.#interaction;
    const all = original === undefined ? followups : [original, ...followups];
    return all.filter(isThere).map((message) => seen(this.#world, message));
  }

  /** The texts of `messages`. */
  get replies(): readonly string[] {
    return this.messages.map((message) => message.text);
  }

  /** Only the person sees it. */
  get private(): boolean {
    return this.#interaction.ack?.private === true;
  }

  /** The form that was opened. */
  get modal(): SeenModal | undefined {
    const { modal } = this.#interaction;
    if (modal === undefined) return undefined;
    const fields = inputsOf(modal).map((input) => ({
      ...{ id: text(input, 'custom_id') ?? '', label: text(input, 'label') ?? '', value: text(input, 'value') ?? '' },
    }));
    return { title: text(modal, 'title') ?? '', fields };
  }

  /** A message of the answer that fits; waits for it in real time, at most 5 s. */
  async next(fits: Fits): Promise<SeenMessage> {
    const find = (): SeenMessage | undefined => this.messages.find((message) => matches(fits, message));
    await until(() => find() !== undefined, 'an answer').catch(() => {
      throw new Error(`waited for ${String(fits)}; the answer is ${JSON.stringify(this.replies)}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`lost ${String(fits)}`);
    return found;
  }
}

const isThere = ({ deleted, flags: bits }: Message): boolean => !deleted && (bits & flags.loading) === 0;
