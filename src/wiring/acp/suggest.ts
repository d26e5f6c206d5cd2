// What may be typed for a coding agent, and for a session in one. Used by suggest.ts of the wiring.
import type { Suggestion } from '../../core/channel.ts';
import { chatKey } from '../../inbound/router.ts';
import { allowedHarnesses } from '../../runs/policy.ts';
import type { Engine } from '../engine.ts';
import { routing } from '../receiver.ts';
import type { Asker } from '../suggest.ts';

export function codingAgents({ parts, acp }: Engine): readonly Suggestion[] {
  const facts = acp.facts();
  const backed = parts
    .agents()
    .list()
    .filter(({ runtime }) => runtime.type === 'acp')
    .map(({ id }) => id);
  const allowed = allowedHarnesses({ acp: facts, harnesses: facts.harnesses });
  return [...new Set([...backed, ...allowed])].map((id) => ({ value: id, label: id }));
}

/** Those of this conversation; whoever looks for others types their key. */
export function codingSessions({ parts, acp, stores }: Engine, asker: Asker): readonly Suggestion[] {
  const { key } = chatKey(routing(parts, stores), asker);
  return acp.sessions.all().flatMap((session) => {
    const { record } = session;
    const scope = record.started?.scope ?? stores.registry.scopeOf(record.key);
    const label = acp.label(record.key);
    if (scope !== key || label === undefined) return [];
    return [{ value: label, label: `${label} (${record.harness}, ${session.state()})` }];
  });
}
