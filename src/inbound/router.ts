// Which session a message belongs to: the bound one, else the chat's own. Opens the chat's session on first contact.
// Called by receive.ts.

import type { Bindings } from '../bindings/bindings.ts';
import type { InboundMessage } from '../core/message.ts';
import { type DmScope, directKey, groupKey, type Session, type SessionKey } from '../core/session.ts';
import { distrusted, type Sessions } from '../sessions/sessions.ts';
import { personOf } from './access.ts';

export interface RouterDeps {
  readonly sessions: Pick<Sessions, 'get' | 'open' | 'update' | 'rememberRoute'>;
  readonly bindings: Pick<Bindings, 'at'>;
  readonly agentFor: (message: InboundMessage) => string;
  readonly dmScope: () => DmScope;
}

export type Routed =
  | { readonly kind: 'session'; readonly chatSession: Session; readonly session: Session; readonly bound: boolean }
  /** The conversation is bound to a session that is gone: nothing else may answer here. */
  | { readonly kind: 'dead'; readonly chatSession: Session; readonly label: string; readonly session: SessionKey };

/** `owner`: the sender is the owner. */
export async function routeMessage(deps: RouterDeps, message: InboundMessage, owner: boolean): Promise<Routed> {
  const chatSession = await openChat(deps, message, owner);
  const binding = await deps.bindings.at(message.route);
  if (binding === undefined) return { kind: 'session', chatSession, session: chatSession, bound: false };
  const session = await deps.sessions.get(binding.session);
  if (session === undefined) return { kind: 'dead', chatSession, label: binding.label, session: binding.session };
  return { kind: 'session', chatSession, session: await withTrust(deps, session, owner), bound: true };
}

async function openChat(deps: RouterDeps, message: InboundMessage, owner: boolean): Promise<Session> {
  const agentId = deps.agentFor(message);
  const direct = message.chat === 'direct';
  const key = direct
    ? directKey(agentId, message.route, message.sender.id, deps.dmScope())
    : groupKey(agentId, message.route);
  const ownerOnly = owner && direct;
  const opened = await deps.sessions.open(key, {
    ...{ kind: 'chat', agentId, depth: 0, role: 'main', controlScope: key, ownerOnly },
  });
  const session = await withTrust(deps, opened, ownerOnly);
  const person = personOf(message);
  // Several people may share a direct session (dmScope main): what is meant for one must not follow another.
  const moves = !direct || deps.dmScope() !== 'main' || owner || (session.lastPerson ?? person) === person;
  if (!moves) return session;
  return (await deps.sessions.rememberRoute(session, message.route, direct ? person : undefined)) ?? session;
}

/** In a shared session one message by somebody else is enough: it is no longer the owner's alone. */
async function withTrust(deps: RouterDeps, session: Session, trusted: boolean): Promise<Session> {
  if (!session.ownerOnly || trusted) return session;
  return (await deps.sessions.update(session.key, distrusted)) ?? session;
}
