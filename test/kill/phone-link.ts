// What a person does with a phone while the real program waits to be linked to WhatsApp: looks for the code, scans or types it.
// Used by places.ts and linking.ts.
import { callControl } from '../../src/cli/control-client.ts';
import type { LinkState } from '../../src/core/link.ts';
import type { Phone } from '../twins/whatsapp/phone.ts';
import { pass } from './moments.ts';

/** So long somebody looks at a screen on which nothing happens. */
const patienceMs = 60_000;

export type Offered = Extract<LinkState, { kind: 'qr' | 'code' | 'linked' }>;

export interface Looking {
  /** Asks for a code for this number, digits only; default: a QR code. */
  readonly number?: string | undefined;
  /** Ends the look. */
  readonly signal?: AbortSignal;
}

/**
 * What the program shows, once it is something to act on.
 * @param home its state folder
 * @returns undefined when nothing came in a minute
 */
export async function offered(home: string, { number, signal }: Looking = {}): Promise<Offered | undefined> {
  const wanted = (state: LinkState | undefined): state is Offered =>
    state?.kind === 'linked' || state?.kind === (number === undefined ? 'qr' : 'code');
  const end = performance.now() + patienceMs;
  const ask = { account: 'default', ...(number === undefined ? {} : { phone: number }) };
  while (performance.now() < end && signal?.aborted !== true) {
    // A process that starts, or is being killed, does not answer.
    const reply = await callControl(home, 'link.begin', ask);
    const state = reply.kind === 'answered' ? reply.value.state : undefined;
    if (wanted(state)) return state;
    await pass(50);
  }
  return undefined;
}

/** Scans or types what is offered. @returns false when the program went away, or has already been linked */
export async function agrees(phone: Phone, what: Offered | undefined): Promise<boolean> {
  if (what === undefined || what.kind === 'linked') return false;
  const agreed = what.kind === 'qr' ? phone.scan(what.qr) : phone.enterCode(what.code);
  return agreed.then(
    () => true,
    () => false,
  );
}
