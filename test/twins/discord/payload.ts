// The body of a message, whoever sends it: the bot, a webhook or an interaction. Limits first, then the fields the world
// keeps (https://discord.com/developers/docs/resources/message#create-message). Called by messages.ts, webhooks.ts and
// interactions.ts.
import { checkComponents } from './components.ts';
import { invalid, refuse, required, tooLong } from './refusal.ts';
import { list, type Request, text } from './request.ts';
import { flags, type Message, type StoredFile, type Wire, type World } from './world.ts';

/** What a body says of a message; a field that is absent is not in the body. */
export interface Payload {
  readonly content?: string;
  readonly embeds?: readonly Wire[];
  readonly components?: readonly Wire[];
  readonly files: readonly StoredFile[];
  readonly flags: number;
  readonly pings: readonly string[];
  readonly nonce?: string | number;
  readonly enforceNonce: boolean;
  readonly replyTo?: string;
}

const megabyte = 1024 * 1024;

/**
 * Reads the body of a message and holds it to the limits.
 * @throws Refusal 50035, 40005
 */
export function readPayload(world: World, { body, files }: Pick<Request, 'body' | 'files'>): Payload {
  const content = text(body, 'content');
  if (content !== undefined && content.length > 2000) throw tooLong('content', 2000);
  const embeds = 'embeds' in body ? list(body, 'embeds') : undefined;
  checkEmbeds(embeds ?? []);
  const components = 'components' in body ? list(body, 'components') : undefined;
  checkComponents(components ?? []);
  const bits = typeof body.flags === 'number' ? body.flags : 0;
  if ((bits & flags.componentsV2) !== 0 && content !== undefined)
    throw invalid('content', 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2', 'The content field cannot be used');
  const nonce = typeof body.nonce === 'string' || typeof body.nonce === 'number' ? body.nonce : undefined;
  if (String(nonce ?? '').length > 25) throw tooLong('nonce', 25);
  const reference = body.message_reference as Wire | undefined;
  const replyTo = text(reference ?? {}, 'message_id');
  return {
    ...(content === undefined ? {} : { content: content.trim() }),
    ...(embeds === undefined ? {} : { embeds }),
    ...(components === undefined ? {} : { components }),
    ...{ files: store(world, { body, files }), flags: bits, pings: pinged(body) },
    ...(nonce === undefined ? {} : { nonce }),
    enforceNonce: body.enforce_nonce === true,
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

/** @throws Refusal 50006 */
export function mustSaySomething({
  content,
  embeds = [],
  files,
  components = [],
}: Pick<Payload, 'content' | 'embeds' | 'files' | 'components'>): void {
  if ((content ?? '') === '' && embeds.length === 0 && files.length === 0 && components.length === 0)
    throw refuse(50006);
}

/** Puts what the body names into a message that is there. */
export function apply(message: Message, payload: Payload): void {
  if (payload.content !== undefined) message.content = payload.content;
  if (payload.embeds !== undefined) message.embeds = payload.embeds;
  if (payload.components !== undefined) message.components = payload.components;
  if (payload.files.length > 0) message.files = [...message.files, ...payload.files];
  message.flags |= payload.flags & flags.suppressEmbeds;
}

function checkEmbeds(embeds: readonly Wire[]): void {
  if (embeds.length > 10) throw tooLong('embeds', 10);
  let sum = 0;
  for (const [index, embed] of embeds.entries()) {
    const fields = list(embed, 'fields');
    const footer = embed.footer as Wire | undefined;
    const texts = [text(embed, 'title'), text(embed, 'description'), text(footer ?? {}, 'text')];
    for (const field of fields) texts.push(text(field, 'name'), text(field, 'value'));
    sum += texts.reduce((length, one) => length + (one?.length ?? 0), 0);
    if ((texts[0]?.length ?? 0) > 256) throw tooLong(`embeds.${index}.title`, 256);
    if ((texts[1]?.length ?? 0) > 4096) throw tooLong(`embeds.${index}.description`, 4096);
    if (fields.length > 25) throw tooLong(`embeds.${index}.fields`, 25);
  }
  if (sum > 6000) throw invalid('embeds', 'MAX_EMBED_SIZE_EXCEEDED', 'Embed size exceeds maximum size of 6000');
}

function store(world: World, { body, files }: Pick<Request, 'body' | 'files'>): readonly StoredFile[] {
  if (files.size > 10) throw tooLong('files', 10);
  const names = new Map(list(body, 'attachments').map((one) => [String(one.id), text(one, 'filename')]));
  return [...files].map(([index, { name, data, type }]) => {
    if (data.byteLength > 10 * megabyte)
      throw invalid(`files.${index}`, 'BASE_TYPE_MAX_SIZE', 'Request entity too large');
    if (name === '') throw required(`files.${index}.filename`);
    return { id: world.ids.next(), name: names.get(index) ?? name, data, type };
  });
}

/** Whom the content notifies, after `allowed_mentions`; without it everybody it names. */
function pinged(body: Wire): readonly string[] {
  const content = text(body, 'content') ?? '';
  const users = [...content.matchAll(/<@!?(\d+)>/g)].flatMap(([, id]) => id ?? []);
  const everyone = /@(everyone|here)\b/.test(content);
  const allowed = body.allowed_mentions as Wire | undefined;
  const parse = allowed === undefined ? ['users', 'everyone'] : ((allowed.parse ?? []) as readonly string[]);
  const named = (allowed?.users ?? []) as readonly string[];
  return [
    ...users.filter((id) => parse.includes('users') || named.includes(id)),
    ...(everyone && parse.includes('everyone') ? ['everyone'] : []),
  ];
}
