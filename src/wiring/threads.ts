// Opens a thread for a run and binds it before the run says anything. Used by the spawn engine.
import { introText, threadName } from '../bindings/texts.ts';
import { spawnRefusal } from '../core/errors.ts';
import { ok, type Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { adapterFor } from '../delivery/account.ts';
import type { SpawnDeps } from '../runs/spawn.ts';
import type { AcpLayer } from './acp/layer.ts';
import type { DeliveryLayer } from './delivery.ts';

/** Unbinds a run that was refused after its thread had been opened. */
export function closeRunThread(delivery: DeliveryLayer): SpawnDeps['closeThread'] {
  return async (child) => {
    const farewell = await delivery.bindings.dropFor(child);
    if (farewell !== undefined) delivery.notify(farewell.key, farewell.route, farewell.text);
  };
}

export function openRunThread(delivery: DeliveryLayer, acp: Pick<AcpLayer, 'intro'>): SpawnDeps['openThread'] {
  return async ({ origin, messageId }, { label, child, agentId }): Promise<Result<Route>> => {
    const adapter = adapterFor(delivery.adapters, origin);
    if (adapter?.openThread === undefined) return { ok: false, refusal: spawnRefusal.threadRequired() };
    let route: Route;
    try {
      // A thread that is there already is taken over instead of nesting one in it.
      route = origin.thread === undefined ? await adapter.openThread(origin, threadName(label), messageId) : origin;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return {
        ok: false,
        refusal: spawnRefusal.threadBindingInvalid(why, 'Give the bot the right to open threads here.'),
      };
    }
    // Not the owner's right: a thread that a person gave to another session stays theirs.
    const by = { id: `agent:${agentId}`, class: 'allowed' } as const;
    const bound = await delivery.bindings.bind({ route, session: child, agentId, label, by });
    if (!bound.ok)
      return { ok: false, refusal: spawnRefusal.threadBindingInvalid(bound.refusal.message, bound.refusal.fix) };
    const { binding, farewells } = bound.value;
    for (const { key, route: place, text } of farewells) await delivery.tell(key, place, text);
    await delivery.tell(
      `intro:${child}:${binding.boundAt}`,
      route,
      introText({ binding, acp: acp.intro(child, agentId) }),
    );
    return ok(route);
  };
}
