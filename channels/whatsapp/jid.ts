// WhatsApp's addresses («jids») in one form: people by number or by LID, groups, and everything that is no chat. Pure; used by
// identity.ts, inbound.ts and whatever else here reads an address.
import type { Route } from '../../src/core/route.ts';

export type Jid =
  /** A person by phone number, digits only. */
  | { readonly kind: 'pn'; readonly user: string }
  /** A person by LID, the id that hides the number, digits only. */
  | { readonly kind: 'lid'; readonly user: string }
  | { readonly kind: 'group'; readonly user: string }
  /** Status updates, broadcast lists, newsletters, bots, the server itself. */
  | { readonly kind: 'other' };

const kinds: Readonly<Record<string, 'pn' | 'lid' | 'group'>> = {
  's.whatsapp.net': 'pn',
  // Numbers that a company keeps at a provider, and what the oldest clients still write.
  hosted: 'pn',
  'c.us': 'pn',
  lid: 'lid',
  'hosted.lid': 'lid',
  'g.us': 'group',
};
const servers = { pn: 's.whatsapp.net', lid: 'lid', group: 'g.us' } as const;

/** Device and agent (`user_agent:device@server`) are left out: a person is the same on all devices. */
export function readJid(jid: string | null | undefined): Jid {
  const [, user = '', server = ''] = /^([\d-]{1,40})(?:_\d+)?(?::\d+)?@([a-z.]+)$/i.exec(jid ?? '') ?? [];
  const kind = kinds[server.toLowerCase()];
  if (kind === undefined || user === '') return { kind: 'other' };
  // Ids of old groups hold a dash: creator and time.
  if (kind !== 'group' && !/^\d{1,20}$/.test(user)) return { kind: 'other' };
  return { kind, user };
}

export function writeJid({ kind, user }: Exclude<Jid, { kind: 'other' }>): string {
  return `${user}@${servers[kind]}`;
}

/** The address of a chat without device; undefined: it is no chat of ours. */
export function plainJid(jid: string | null | undefined): string | undefined {
  const read = readJid(jid);
  return read.kind === 'other' ? undefined : writeJid(read);
}

export function isGroupJid(jid: string): boolean {
  return readJid(jid).kind === 'group';
}

export function chatRoute(chat: string, account: string): Route {
  return { channel: 'whatsapp', account, chat };
}

/** Whose account is linked. Bare digits. */
export interface Me {
  readonly pn: string;
  readonly lid?: string | undefined;
  readonly name?: string | undefined;
}

export function isMe(jid: string | null | undefined, me: Me): boolean {
  const read = readJid(jid);
  return (read.kind === 'pn' && read.user === me.pn) || (read.kind === 'lid' && read.user === me.lid);
}
