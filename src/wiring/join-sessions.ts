// Two direct sessions of one person become one: runs of the one are the other's, and its transcript is kept as that of an ended
// session. Used by persons.ts.
import type { SessionKey } from '../core/session.ts';
import { distrusted } from '../sessions/sessions.ts';
import type { Engine } from './engine.ts';

/**
 * Whether it is done; not while the session that ends still has something to say or to take in: that comes out in the same
 * chat, and nothing new begins there.
 */
export async function joinSessions(
  { stores, layer, delivery }: Pick<Engine, 'stores' | 'layer' | 'delivery'>,
  left: SessionKey,
  kept: SessionKey,
): Promise<boolean> {
  const { sessions, registry, database } = stores;
  const ending = left === kept ? undefined : await sessions.get(left);
  if (ending === undefined) return true;
  const target = await sessions.open(kept, { ...seedOf(ending), controlScope: kept });
  const { turns, scheduler } = layer;
  const busy = turns.active(left) !== undefined || turns.waiting(left).length > 0 || turns.holding(left);
  if (busy || scheduler.busy(left) || registry.owedBelow(left).length > 0) return false;
  const children = await database.write((sql) => {
    stores.inbox.readdress(sql, left, kept);
    return registry.readdress(sql, left, kept);
  });
  for (const child of children)
    await sessions.update(child, (session) => ({
      ...session,
      ...(session.requester === left ? { requester: kept } : {}),
      ...(session.controlScope === left ? { controlScope: kept } : {}),
    }));
  if (!ending.ownerOnly && target.ownerOnly) await sessions.update(kept, distrusted);
  const bound = await delivery.bindings.of(left);
  if (bound !== undefined) await delivery.bindings.handOver(left, kept);
  await scheduler.between(left, () => sessions.archive(left));
  return true;
}

function seedOf({ kind, agentId, depth, role, ownerOnly }: Parameters<typeof distrusted>[0]) {
  return { kind, agentId, depth, role, ownerOnly };
}
