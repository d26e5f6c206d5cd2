// Ids of people as the config may spell them, and as the channels do. Pure; used wherever lists of people are read.
import type { InboundMessage } from './message.ts';
import type { ChannelId, Route } from './route.ts';

/** On WhatsApp a number may be written as people do: `+49 151 234-56`, `0049151…`, `49151…@s.whatsapp.net`. */
const phoneNumber = /^\+?[\d\s().\-/\u00A0]+$/;

/** The one form of an id: lower case; on WhatsApp the digits of the number, or `<digits>@lid`. */
export function personId(channel: ChannelId, id: string): string {
  const plain = id.trim().toLowerCase();
  if (channel !== 'whatsapp') return plain;
  const [, user = plain, server] = /^([^@]*?)(?::\d+)?@(.*)$/.exec(plain) ?? [];
  if (server === 'lid') return `${user}@lid`;
  if (server !== undefined && server !== 's.whatsapp.net' && server !== 'c.us') return plain;
  return phoneNumber.test(user) ? user.replaceAll(/\D/g, '').replace(/^00/, '') : plain;
}

export function samePerson(channel: ChannelId, one: string, other: string): boolean {
  return personId(channel, one) === personId(channel, other);
}

/** Every id this sender is known by, the present one first. */
export function idsOf({ id, aka = [] }: Pick<InboundMessage['sender'], 'id' | 'aka'>): readonly string[] {
  return [id, ...aka];
}

/** Whether a list with entries like `<channel>:<id>` names this sender. */
export function names(entries: readonly string[], route: Route, sender: InboundMessage['sender']): boolean {
  const { channel } = route;
  const prefix = `${channel}:`;
  return entries.some((entry) => {
    if (!entry.toLowerCase().startsWith(prefix)) return false;
    return idsOf(sender).some((id) => samePerson(channel, entry.slice(prefix.length), id));
  });
}
