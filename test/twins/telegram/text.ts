// What becomes of a text on Telegram: the rules for texts of bots, and what is found in texts of people. Pure; called by
// messages.ts and people.ts.
import type { MessageEntity, User } from 'grammy/types';
import { type Parsed, parseHtml } from './html.ts';
import type { Params } from './params.ts';
import { badRequest } from './refusal.ts';

export interface BotText extends Parsed {
  /** As the bot sent it. */
  readonly source: string;
}

/** Limits in UTF-16 units after entity parsing (https://core.telegram.org/bots/api#sendmessage, #senddocument). */
const longest = { text: 4096, caption: 1024 } as const;
const entityBytes = 9500;

/** The text or caption of a call. @throws Refusal when Telegram would not take it */
export function botText(params: Params, field: 'text' | 'caption'): BotText {
  const source = params.text(field) ?? '';
  if (field === 'text' && source === '') throw badRequest('message text is empty');
  if (/\p{Surrogate}/u.test(source)) throw badRequest('strings must be encoded in UTF-8');
  const parsed = trim(read(params, field, source));
  if (field === 'text' && parsed.text === '') throw badRequest('text must be non-empty');
  if (parsed.text.length > longest[field])
    throw badRequest(field === 'text' ? 'message is too long' : 'message caption is too long');
  if (parsed.entities.reduce((sum, entity) => sum + serialized(entity), 0) > entityBytes)
    throw badRequest('ENTITIES_TOO_LONG');
  return { source, ...parsed };
}

function read(params: Params, field: 'text' | 'caption', source: string): Parsed {
  const mode = params.text('parse_mode') ?? '';
  if (mode.toLowerCase() === 'html') return parseHtml(source);
  if (mode !== '') throw badRequest(`unsupported parse_mode ${mode}: this twin reads HTML alone`);
  const entities = params.object<MessageEntity[]>(field === 'text' ? 'entities' : 'caption_entities') ?? [];
  return { text: source, entities };
}

/** Telegram cuts blank space at the end, and at the start up to the first entity. */
function trim({ text, entities }: Parsed): Parsed {
  const kept = text.trimEnd();
  const lead = /^[\n ]*/.exec(kept)?.[0].length ?? 0;
  const cut = Math.min(lead, entities[0]?.offset ?? lead);
  const clipped = entities.flatMap((entity) => {
    const length = Math.min(entity.offset + entity.length, kept.length) - entity.offset;
    return length > 0 ? [{ ...entity, offset: entity.offset - cut, length }] : [];
  });
  return { text: kept.slice(cut), entities: clipped };
}

/** Size in the TL scheme: constructor, offset, length, then strings padded to four bytes. */
function serialized(entity: MessageEntity): number {
  const string = 'url' in entity ? entity.url : 'language' in entity ? (entity.language ?? '') : undefined;
  return 12 + (string === undefined ? 0 : Math.ceil((Buffer.byteLength(string) + 1) / 4) * 4);
}

const patterns: readonly (readonly ['bot_command' | 'mention' | 'url', RegExp])[] = [
  ['bot_command', /(?<![\w/<>])\/\w{1,64}(?:@\w{3,32})?(?![\w/<>])/g],
  ['mention', /(?<![\w/])@\w{4,32}(?!\w)/g],
  ['url', /https?:\/\/[^\s<>]+/g],
];

/** Entities the server finds by itself in what a person wrote. */
export function detect(text: string): MessageEntity[] {
  const found: MessageEntity[] = [];
  for (const [type, pattern] of patterns)
    for (const match of text.matchAll(pattern)) found.push({ type, offset: match.index, length: match[0].length });
  return found.sort((a, b) => a.offset - b.offset);
}

/** Whether privacy mode lets a text through to the bot (https://core.telegram.org/bots/features#privacy-mode). */
export function speaksTo(bot: User, text: string, entities: readonly MessageEntity[]): boolean {
  const name = `@${bot.username}`.toLowerCase();
  return entities.some((entity) => {
    const part = text.slice(entity.offset, entity.offset + entity.length).toLowerCase();
    if (entity.type === 'mention') return part === name;
    if (entity.type === 'text_mention') return entity.user.id === bot.id;
    return entity.type === 'bot_command' && (!part.includes('@') || part.endsWith(name));
  });
}
