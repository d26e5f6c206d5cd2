// Failures the library leaves lying: it answers the server in places where nobody waits for the outcome, and a line that breaks
// just then would end the whole process. Its own are logged; everybody else's still end it. Used by socket.ts and auth.ts.
import type { Log } from '../../src/infra/log.ts';
import { causeOf } from './faults.ts';

/** Our store failed while the library used it: its stack names none of the library's files. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** What only the library uses. */
const itsOwn = /[\\/]node_modules[\\/](?:libsignal|whatsapp-rust-bridge|protobufjs|@whiskeysockets[\\/]baileys)[\\/]/;

type Target = Pick<NodeJS.EventEmitter, 'on' | 'listenerCount'>;

/** Whoever opened the latest socket hears of them. */
const logs = new WeakMap<Target, { log: Log }>();

/** There is no setting for it, so the process is listened to, once. */
export function catchStray(log: Log, target: Target = process): void {
  const known = logs.get(target);
  if (known !== undefined) {
    known.log = log;
    return;
  }
  const hearer = { log };
  logs.set(target, hearer);
  target.on('unhandledRejection', (reason: unknown) => {
    if (isItsOwn(reason)) {
      // The connection is watched: what this broke shows there.
      const fields = { cause: causeOf(reason), code: 'whatsapp_stray' };
      hearer.log.warn(fields, "a step of WhatsApp's library failed where nobody waited for it");
    } else if (target.listenerCount('unhandledRejection') === 1) throw reason;
  });
}

function isItsOwn(reason: unknown): boolean {
  return reason instanceof KeysUnavailable || (reason instanceof Error && itsOwn.test(reason.stack ?? ''));
}
