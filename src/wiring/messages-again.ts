// An outgoing message that did not arrive: sent again or given up, with the runs whose result it is. Used by channel-events.ts and
// control.ts, and by src/web/actions.ts for the buttons of the status page.
import { ok, type Result, refuse } from '../core/result.ts';
import { setDelivery } from '../runs/end-run.ts';
import type { Engine } from './engine.ts';

type Parts = Pick<Engine, 'delivery' | 'stores' | 'parts'>;

/** The runs whose result it is are on their way again. @returns false for an unknown or delivered message */
export async function sendAgain({ delivery, stores, parts }: Parts, key: string): Promise<boolean> {
  const archiveMinutes = parts.config().agents.defaults.subagents.archiveAfterMinutes;
  return delivery.outbox.retry(key, (sql, { runs }) => {
    for (const id of runs) {
      const attempts = stores.registry.get(id, sql)?.delivery.attempts ?? 0;
      const sending = { state: 'sending', attempts } as const;
      setDelivery(sql, stores.registry, id, { delivery: sending, now: parts.clock.now(), archiveMinutes });
    }
  });
}

/** @param key of the message. Refused: `nothing_owed`. */
export async function retryMessage(parts: Parts, key: string): Promise<Result<null>> {
  return (await sendAgain(parts, key)) ? ok(null) : arrived;
}

/** For good. @param key of the message. Refused: `nothing_owed`. */
export async function dismissMessage({ delivery }: Parts, key: string): Promise<Result<null>> {
  return (await delivery.outbox.dismiss(key)) ? ok(null) : arrived;
}

const arrived = refuse('nothing_owed', 'This message has arrived, or was given up before.', '');
