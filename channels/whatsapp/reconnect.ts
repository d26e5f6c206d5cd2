// What the end of a connection means, and how long to wait for the next one. Pure; called by connection.ts.
import { assertNever } from '../../src/core/result.ts';
import type { Over } from './socket.ts';

/** How a connection ended. */
export interface Ending {
  /** By the library or the server; undefined: it does not say. */
  readonly code: number | undefined;
  /** The line broke, or never came about: the code is none of the server's. */
  readonly transport: boolean;
  readonly message: string;
}

export type Step =
  /** At once, with what was stored. */
  | { readonly kind: 'again' }
  /** After a pause that grows. */
  | { readonly kind: 'later'; readonly what: string }
  /** All QR codes of this connection went by. */
  | { readonly kind: 'expired' }
  /** The phone has removed us: credentials are worthless. */
  | { readonly kind: 'logged-out' }
  | { readonly kind: 'conflict' }
  /** No further attempt helps. `what` says why and what to do. */
  | { readonly kind: 'failed'; readonly what: string };

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** A connection that held this long has shown that it works: pauses begin small again. */
export const steadyMs = 60_000;
/** So many connections show QR codes that nobody asked for, or that nobody scans. */
export const qrRounds = 3;

export function endingOf(error: unknown): Ending {
  const message = error instanceof Error ? error.message : '';
  const output = isRecord(error) ? error.output : undefined;
  const code = isRecord(output) && typeof output.statusCode === 'number' ? output.statusCode : undefined;
  return { code, transport: message.startsWith('WebSocket Error'), message };
}

/** @param showedQr a QR code was shown on this connection, and no phone has scanned it */
export function stepAfter({ code, transport }: Ending, showedQr: boolean): Step {
  if (transport) return { kind: 'later', what: 'WhatsApp cannot be reached' };
  switch (code) {
    case 515:
      return { kind: 'again' };
    case 408:
      return showedQr ? { kind: 'expired' } : { kind: 'later', what: 'WhatsApp does not answer' };
    case 440:
      return { kind: 'conflict' };
    case 401:
      return { kind: 'logged-out' };
    case 402:
      return { kind: 'failed', what: banWords('for some time') };
    case 403:
    case 406:
      return { kind: 'failed', what: banWords('altogether') };
    case 411:
      return {
        kind: 'failed',
        what: 'This WhatsApp account does not allow linked devices. Update WhatsApp on the phone, open Linked devices there, then restart.',
      };
    case 405:
    case 409:
      return {
        kind: 'failed',
        what: 'WhatsApp does not accept this version any more. Update Switchyard (`git pull`, `npm ci`), then restart it.',
      };
    case 503:
      return { kind: 'later', what: 'WhatsApp is not available' };
    default:
      return { kind: 'later', what: 'The connection to WhatsApp broke' };
  }
}

function banWords(how: string): string {
  return `WhatsApp has locked this account ${how}. Open WhatsApp on the phone: it says why and how to object. Nothing is tried any more.`;
}

/** @param showedQr as of `stepAfter` */
export function stepOf(over: Over, showedQr: boolean): Step {
  switch (over.kind) {
    case 'closed':
      return stepAfter(endingOf(over.error), showedQr);
    case 'stuck':
      return { kind: 'later', what: 'WhatsApp does not answer' };
    case 'stopped':
      return { kind: 'again' };
    default:
      return assertNever(over);
  }
}

/** @param chance in [0, 1): programs that failed together must not come back together */
export function pauseMs(failures: number, chance: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 10) * (0.8 + chance * 0.4));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
