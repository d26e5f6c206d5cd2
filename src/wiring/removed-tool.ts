// What a call of a tool is answered with that tool policy took from the session. Used by app.ts for the native loop.
import type { Profiles } from '../agents/profile.ts';
import { sessionTools } from '../agents/tool-policy.ts';
import { spawnRefusal } from '../core/errors.ts';
import type { Session } from '../core/session.ts';
import type { Log } from '../infra/log.ts';

/** Our own session tools are explained, with the key to set; undefined: a name nobody knows. */
export function removedTool(
  { profiles, log }: { readonly profiles: Pick<Profiles, 'removal'>; readonly log: Log },
  name: string,
  session: Session,
): string | undefined {
  const known = sessionTools.find((tool) => tool === name);
  if (known === undefined) return undefined;
  const removed = profiles.removal(session, { name: known, group: 'session' });
  if (removed === undefined) return undefined;
  const refusal = spawnRefusal.toolUnavailable(known, removed.stage, removed.fix);
  log.error({ session: session.key, tool: known, code: refusal.code, reason: refusal.message }, 'tool call refused');
  return JSON.stringify({ status: 'refused', ...refusal });
}
