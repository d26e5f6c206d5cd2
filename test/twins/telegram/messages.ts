// What the bot does to messages: send, edit, delete, react, type. Every rule refuses with Telegram's own words. Called by
// methods.ts.
import type { InlineKeyboardMarkup, ReactionType } from 'grammy/types';
import type { Files } from './files.ts';
import { keyboard } from './keyboard.ts';
import type { Params } from './params.ts';
import { may, reachable, repliedTo, topicFor } from './reach.ts';
import { reactions } from './reactions.ts';
import { badRequest } from './refusal.ts';
import type { Room, RoomMessage, Wire, World } from './rooms.ts';
import { type BotText, botText } from './text.ts';
import { wireMessage } from './wire.ts';

const actions =
  /^(typing|upload_(photo|video|voice|document|video_note)|record_(video|voice|video_note)|choose_sticker|find_location)$/;
const twoDays = 48 * 3600 * 1000;

export class Messages {
  readonly #world: World;
  readonly #files: Files;

  constructor(world: World, files: Files) {
    this.#world = world;
    this.#files = files;
  }

  send(params: Params): Wire {
    const room = reachable(this.#world, params);
    const text = botText(params, 'text');
    return this.#post(room, params, { ...text, more: {} });
  }

  sendDocument(params: Params): Wire {
    const room = reachable(this.#world, params);
    const text = botText(params, 'caption');
    const { name, data, wire } = this.#files.upload(params, 'document');
    const document = { ...wire, file_name: name, mime_type: 'application/octet-stream' };
    return this.#post(room, params, { ...text, file: { name, data }, more: { document } });
  }

  sendPhoto(params: Params): Wire {
    const room = reachable(this.#world, params);
    const text = botText(params, 'caption');
    const { name, data, wire } = this.#files.upload(params, 'photo');
    return this.#post(room, params, {
      ...text,
      file: { name, data },
      more: { photo: [{ ...wire, width: 90, height: 90 }] },
    });
  }

  editText(params: Params): Wire {
    const { room, message } = this.#editable(params);
    if (message.file !== undefined) throw badRequest('there is no text in the message to edit');
    const text = botText(params, 'text');
    return this.#change(room, message, text, keyboard(params));
  }

  editMarkup(params: Params): Wire {
    const { room, message } = this.#editable(params);
    return this.#change(room, message, message, keyboard(params));
  }

  delete(params: Params): true {
    const room = reachable(this.#world, params);
    const message = find(room, params, 'message to delete not found');
    const mine = message.from.user.id === this.#world.bot.id;
    const allowed = mine || room.type === 'private' || may(room, 'can_delete_messages');
    if (!allowed || this.#world.clock.now() - message.at > twoDays) throw badRequest("message can't be deleted");
    message.deleted = true;
    return true;
  }

  react(params: Params): true {
    const room = reachable(this.#world, params);
    const message = find(room, params, 'message to react not found');
    const list = params.object<ReactionType[]>('reaction') ?? [];
    if (list.length > 1) throw badRequest('REACTIONS_TOO_MANY');
    const emoji = list[0]?.type === 'emoji' ? list[0].emoji : undefined;
    if (list.length === 1 && (emoji === undefined || !reactions.has(emoji))) throw badRequest('REACTION_INVALID');
    message.reaction = emoji;
    return true;
  }

  act(params: Params): true {
    const room = reachable(this.#world, params);
    if (!actions.test(params.text('action') ?? '')) throw badRequest('wrong parameter action in request');
    // Typing in General of a forum names topic 1, which is refused everywhere else.
    const general = room.forum && params.integer('message_thread_id') === 1;
    if (!general) topicFor(room, params, undefined);
    return true;
  }

  #post(room: Room, params: Params, content: BotText & Pick<RoomMessage, 'more' | 'file'>): Wire {
    const replied = repliedTo(room, params);
    const topic = topicFor(room, params, replied);
    const markup = keyboard(params);
    const { text, source, entities, more, file } = content;
    const message: RoomMessage = {
      ...{ id: this.#world.nextMessageId(room), at: this.#world.clock.now(), from: { user: this.#world.bot } },
      ...{ text, source, entities, topic, replyTo: replied?.id, markup, edits: 0, deleted: false, file, more },
    };
    room.messages.set(message.id, message);
    return wireMessage(this.#world, room, message);
  }

  #editable(params: Params): { readonly room: Room; readonly message: RoomMessage } {
    const room = reachable(this.#world, params);
    const message = find(room, params, 'message to edit not found');
    if (message.from.user.id !== this.#world.bot.id) throw badRequest("message can't be edited");
    return { room, message };
  }

  #change(
    room: Room,
    message: RoomMessage,
    to: Pick<RoomMessage, 'text' | 'source' | 'entities'>,
    markup: InlineKeyboardMarkup | undefined,
  ): Wire {
    const seen = ({ text, entities }: Pick<RoomMessage, 'text' | 'entities'>, keys: InlineKeyboardMarkup | undefined) =>
      JSON.stringify([text, entities, keys ?? null]);
    if (seen(message, message.markup) === seen(to, markup))
      throw badRequest(
        'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
      );
    message.text = to.text;
    message.source = to.source;
    message.entities = to.entities;
    message.markup = markup;
    message.edits += 1;
    return wireMessage(this.#world, room, message);
  }
}

function find(room: Room, params: Params, otherwise: string): RoomMessage {
  const message = room.messages.get(params.integer('message_id') ?? 0);
  if (message === undefined || message.deleted) throw badRequest(otherwise);
  return message;
}
