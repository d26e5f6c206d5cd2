// Linking an account of ours to a person's phone, step by step: what the command line shows and what a channel tells. Used by
// channels that log in as a further device of somebody's account, the wiring and the CLI.
import { z } from 'zod';
import type { Result } from './result.ts';

export type LinkState =
  | { readonly kind: 'connecting' }
  /** Waits for a scan. `qr` is the code's text, a credential: never logged. It lasts until `until`, Unix ms. */
  | { readonly kind: 'qr'; readonly qr: string; readonly until: number }
  /** Waits for this code, 8 letters and digits, to be typed on the phone. Never logged. */
  | { readonly kind: 'code'; readonly code: string }
  /** The phone agreed; the login is under way. */
  | { readonly kind: 'scanned' }
  /** `number`: digits only. */
  | { readonly kind: 'linked'; readonly number: string }
  /** Nobody scanned in time; nothing goes on before it is asked for again. */
  | { readonly kind: 'expired' }
  /** Goes on by itself. `what` is a sentence. */
  | { readonly kind: 'trouble'; readonly what: string }
  /** Does not go on by itself. `what` says why and what to do. */
  | { readonly kind: 'ended'; readonly what: string };

export interface LinkView {
  /** Grows with every change. */
  readonly seq: number;
  readonly state: LinkState;
  /** Where the QR code lies as a picture, while there is one. */
  readonly picture?: string | undefined;
}

export const linkAskSchema = z.strictObject({
  /** Link by a code for this number, digits only, instead of a QR code. */
  phone: z.string().optional(),
  /** Give up the link there is, and make a new one. */
  again: z.boolean().optional(),
});
export type LinkAsk = z.infer<typeof linkAskSchema>;

export interface AccountLink {
  /**
   * Asks for a link. An account that has one answers `linked` at once, unless `again` is set.
   * Refused: `bad_number`.
   */
  begin(ask: LinkAsk): Promise<Result<LinkView>>;
  view(): LinkView;
  /** Resolves with the first view newer than `after`, at once where there is one; with the present one when `signal` aborts. */
  changed(after: number, signal?: AbortSignal): Promise<LinkView>;
}

/** itu.int E.164: country codes of one and two digits; all others have three. */
const shortCodes = /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** A number for people, most of it hidden: `+49 151 … 17`. */
export function maskedNumber(digits: string): string {
  const country = shortCodes.exec(digits)?.[0] ?? digits.slice(0, 3);
  const rest = digits.slice(country.length);
  return `+${country} ${rest.slice(0, 3)} … ${rest.slice(-2)}`;
}

/** A phone number as its digits; undefined: none in the international form, with or without `+` and gaps. */
export function numberDigits(text: string): string | undefined {
  const digits = text.replace(/[\s().+/-]/g, '').replace(/^00/, '');
  return /^[1-9]\d{6,14}$/.test(digits) ? digits : undefined;
}
