// Whose work a session does: the person who started it, as far as that is known. Used by approvals.ts, and by
// session-tools.ts where agents start runs.
import type { HarnessSessions } from '../acp/sessions.ts';
import type { MailItem } from '../agents/mailbox.ts';
import type { Run } from '../core/run.ts';
import type { Session, SessionKey } from '../core/session.ts';

export interface StarterParts {
  readonly stores: {
    readonly registry: { readonly byChild: (session: SessionKey) => Pick<Run, 'startedBy'> | undefined };
    readonly sessions: { readonly get: (session: SessionKey) => Promise<Pick<Session, 'lastPerson'> | undefined> };
  };
  readonly layer: {
    readonly turns: {
      readonly active: (
        session: SessionKey,
      ) => { readonly items: readonly Pick<MailItem, 'person' | 'from'>[] } | undefined;
    };
  };
}

/** Frozen at the start of a run; of a chat it is whoever its turn answers. */
export function startedBy({ stores, layer }: StarterParts, session: SessionKey): Run['startedBy'] {
  const run = stores.registry.byChild(session);
  if (run?.startedBy !== undefined) return run.startedBy;
  const asked = layer.turns.active(session)?.items.find((item) => item.person !== undefined);
  return asked?.person === undefined ? undefined : { id: asked.person, name: asked.from ?? '' };
}

/** As `startedBy`; a session somebody started by hand is theirs, and else a direct chat is whose it is. */
export async function starterOf(
  parts: StarterParts & { readonly acp: { readonly sessions: Pick<HarnessSessions, 'known'> } },
  session: SessionKey,
): Promise<Run['startedBy']> {
  const [person, by] = [startedBy(parts, session), parts.acp.sessions.known(session)?.record.started?.by];
  if (by !== undefined) return person?.id === by ? person : { id: by, name: '' };
  if (person !== undefined) return person;
  const last = (await parts.stores.sessions.get(session))?.lastPerson;
  return last === undefined ? undefined : { id: last, name: '' };
}
