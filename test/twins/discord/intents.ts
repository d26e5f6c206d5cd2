// Which events a session asked for (https://discord.com/developers/docs/events/gateway#gateway-intents). Pure; used by
// sessions.ts and gateway.ts.
import type { Channel, Guild, Occasion } from './world.ts';

const positions = {
  ...{ guilds: 0, members: 1, presences: 8, messages: 9, reactions: 10, typing: 11 },
  ...{ directMessages: 12, directReactions: 13, directTyping: 14, messageContent: 15 },
} as const;
type Intent = keyof typeof positions;

const highest = 25;

export const has = (intents: number, name: Intent): boolean => (intents & (1 << positions[name])) !== 0;

/** A number that is no set of intents. */
export const isNonsense = (intents: unknown): boolean =>
  typeof intents !== 'number' || !Number.isInteger(intents) || intents < 0 || intents >= 1 << (highest + 1);

/** What the developer portal lets the bot ask for. */
export interface Privileged {
  messageContent: boolean;
  members: boolean;
  presences: boolean;
}

export const asksTooMuch = (intents: number, allowed: Privileged): boolean =>
  (['messageContent', 'members', 'presences'] as const).some((name) => has(intents, name) && !allowed[name]);

/** The session wants to hear of it. */
export function wants(intents: number, { name, where }: Pick<Occasion, 'name' | 'where'>): boolean {
  const direct = where !== undefined && 'kind' in where && where.guild === undefined;
  const needed = intentFor(name, direct);
  return needed === undefined || has(intents, needed);
}

function intentFor(name: string, direct: boolean): Intent | undefined {
  if (/^MESSAGE_REACTION_/.test(name)) return direct ? 'directReactions' : 'reactions';
  if (/^MESSAGE_/.test(name)) return direct ? 'directMessages' : 'messages';
  if (/^TYPING_/.test(name)) return direct ? 'directTyping' : 'typing';
  if (/^GUILD_MEMBER_(ADD|REMOVE|UPDATE)/.test(name)) return 'members';
  if (/^(GUILD|CHANNEL|THREAD)_/.test(name)) return direct ? undefined : 'guilds';
  return undefined;
}

export const guildAt = (where: Channel | Guild | undefined): Guild | undefined =>
  where === undefined ? undefined : 'kind' in where ? where.guild : where;
