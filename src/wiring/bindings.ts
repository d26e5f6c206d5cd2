// What commands can do with bindings, with all that asks of the other rooms. Made by engine.ts.
import { threadBindingSettings } from '../bindings/expiry.ts';
import { bindingServices } from '../bindings/focus.ts';
import type { BindingServices } from '../core/services.ts';
import { adapterFor } from '../delivery/account.ts';
import { resolveTarget } from '../runs/targets.ts';
import { startedSessions } from './acp/targets.ts';
import type { Engine } from './engine.ts';

/** @param changed a binding may end earlier than it would have */
export function bindingsOf(engine: Engine, changed: () => void): BindingServices {
  const { stores, parts, delivery, acp } = engine;
  return bindingServices({
    bindings: delivery.bindings,
    settings: (route) => threadBindingSettings(parts.config(), route),
    adapter: (route) => adapterFor(delivery.adapters, route),
    session: (key) => stores.sessions.get(key),
    sessionById: (id) => stores.sessions.byId(id),
    findRun: (place, token) => engine.runs.find(place, token),
    findAnywhere: (token) => resolveTarget(token, { runs: stores.registry.newest(1_000), numbers: [] }),
    findOther: async (place, token) => {
      const [found, ...more] = startedSessions(acp, place, token);
      return found === undefined || more.length > 0 ? undefined : stores.sessions.get(found.record.key);
    },
    label: (session) => acp.label(session.key) ?? session.agentId,
    work: (session) => acp.work(session),
    tell: delivery.tell,
    changed,
  });
}
