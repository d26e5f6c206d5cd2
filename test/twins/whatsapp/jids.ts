// Addresses: a person has a phone number and a LID, and either may stand in front of the @. Used all over the twin.
import { jidDecode, jidEncode } from '@whiskeysockets/baileys';

export type Form = 'lid' | 'pn';

/** The parts before the @. */
export interface Numbers {
  readonly pn: string;
  readonly lid: string;
}

/** @param device 0 is the phone itself and does not show */
export function jidOf(who: Numbers, form: Form, device = 0): string {
  return form === 'lid' ? jidEncode(who.lid, 'lid', device) : jidEncode(who.pn, 's.whatsapp.net', device);
}

export const other = (form: Form): Form => (form === 'lid' ? 'pn' : 'lid');

/** What an address says; `form` is missing for groups and the server. */
export function parse(jid: string | undefined): { user: string; device: number; form: Form | undefined } {
  const found = jidDecode(jid);
  const form = found?.server === 'lid' ? 'lid' : found?.server === 's.whatsapp.net' ? 'pn' : undefined;
  return { user: found?.user ?? '', device: found?.device ?? 0, form };
}

export function isAddressOf(who: Numbers, jid: string | undefined): boolean {
  const { user, form } = parse(jid);
  return form !== undefined && user === who[form];
}
