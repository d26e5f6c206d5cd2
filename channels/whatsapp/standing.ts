// How the connection stands, and the one sentence people get about it. Pure; used by connection.ts.
import type { WASocket } from '@whiskeysockets/baileys';
import type { ChannelHealth } from '../../src/core/channel.ts';
import { elapsed } from '../../src/core/format.ts';
import { maskedNumber } from '../../src/core/link.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Words } from './words.ts';

export type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'connecting'; readonly since: number }
  /** A code waits for a phone. */
  | { readonly kind: 'scan' }
  | { readonly kind: 'open'; readonly since: number; readonly socket: WASocket }
  | { readonly kind: 'trouble'; readonly since: number; readonly what: string }
  | { readonly kind: 'unlinked' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'failed'; readonly what: string }
  | { readonly kind: 'stopped' };

export interface StandingFacts {
  readonly now: number;
  readonly words: Words;
  /** Phone number we are linked to, digits only. */
  readonly number: string | undefined;
  /** The phone has removed us, and no other link was made. */
  readonly loggedOut: boolean;
}

export function healthOf(state: State, { now, words, number, loggedOut }: StandingFacts): ChannelHealth {
  switch (state.kind) {
    case 'new':
      return { state: 'stopped', detail: 'Not started.' };
    case 'connecting':
      return { state: 'connecting', detail: `Connecting for ${elapsed(now - state.since)}.` };
    case 'scan':
      return { state: 'disconnected', detail: loggedOut ? words.loggedOut : words.scan };
    case 'open':
      // What the socket is, not what was heard of it last.
      if (!state.socket.ws.isOpen) return { state: 'disconnected', detail: 'The connection broke; trying again.' };
      return {
        state: 'connected',
        detail: `${maskedNumber(number ?? '')}, connected for ${elapsed(now - state.since)}.`,
      };
    case 'trouble':
      return { state: 'disconnected', detail: `${state.what} for ${elapsed(now - state.since)}; trying again.` };
    case 'unlinked':
      return { state: 'disconnected', detail: loggedOut ? words.loggedOut : words.unlinked };
    case 'conflict':
      return { state: 'conflict', detail: words.conflict };
    case 'failed':
      return { state: 'failed', detail: state.what };
    case 'stopped':
      return { state: 'stopped', detail: 'Stopped.' };
    default:
      return assertNever(state);
  }
}
