// What people read while a WhatsApp account is linked, step by step. Used by pair-whatsapp.ts and start.ts.
import { type LinkView, maskedNumber } from '../core/link.ts';
import { assertNever } from '../core/result.ts';
import { drawQr } from './qr.ts';

export interface LinkPlace {
  /** Account name in the config. */
  readonly account: string;
  readonly coloured: boolean;
  readonly now: number;
}

export const pairCommand = (account: string): string =>
  `npx switchyard pair whatsapp${account === 'default' ? '' : ` --account ${account}`}`;

/** One step for people. The QR code is part of it. */
export async function linkText({ state, picture }: LinkView, place: LinkPlace): Promise<string> {
  switch (state.kind) {
    case 'connecting':
      return 'Connecting to WhatsApp …';
    case 'qr': {
      const seconds = Math.max(1, Math.ceil((state.until - place.now) / 1_000));
      return [
        `Scan with WhatsApp › Linked devices › Link a device   (this code lasts ${seconds} s, then a new one appears here)`,
        await drawQr(state.qr, place.coloured),
        ...(picture === undefined ? [] : [`Also as a picture: ${picture}`]),
        `No camera at hand? ${pairCommand(place.account)} --phone <your number>`,
      ].join('\n');
    }
    case 'code':
      return [
        `Code: ${spacedCode(state.code)}   (it lasts about 2 minutes, then a new one appears here)`,
        'On the phone: WhatsApp › Linked devices › Link a device › Link with phone number instead. Type the code there.',
      ].join('\n');
    case 'scanned':
      return 'Scanned. Logging in …';
    case 'linked':
      return `Linked as ${maskedNumber(state.number)}.`;
    case 'expired':
      return `Nobody scanned the code in time. For a new one: ${pairCommand(place.account)}`;
    case 'trouble':
    case 'ended':
      return state.what;
    default:
      return assertNever(state);
  }
}

/** As phones show it: `ABCD-EFGH`. */
export function spacedCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** The same step for programs, one line. */
export function linkEvent({ state, picture }: LinkView): Readonly<Record<string, unknown>> {
  const { kind, ...facts } = state;
  const code = state.kind === 'code' ? { code: spacedCode(state.code) } : {};
  return { event: kind, ...facts, ...code, ...(picture === undefined ? {} : { picture }) };
}
