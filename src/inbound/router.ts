// Which session a message belongs to: the bound one, else that of the run it quotes, else the chat's own. Opens the chat's
// session on first contact. Called by receive.ts.

import type { Bindings } from '../bindings/bindings.ts';
import { quotedGone, sessionGone } from '../core/errors.ts';
import type { InboundMessage } from '../core/message.ts';
import type { Refusal } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { type DmScope, directKey, groupKey, type Session, type SessionKey } from '../core/session.ts';
import { distrusted, type Sessions } from '../sessions/sessions.ts';
import { personOf } from './access.ts';

export interface RouterDeps {
  readonly sessions: Pick<Sessions, 'get' | 'open' | 'update' | 'rememberRoute'>;
  readonly bindings: Pick<Bindings, 'at'>;
  readonly agentFor: (message: Pick<InboundMessage, 'route' | 'sender'>) => string;
  readonly dmScope: () => DmScope;
  /** The run that spoke the message with this platform id; undefined: nobody we know of, or the chat's own agent. */
  readonly quoted: (route: Route, messageId: string) => QuotedRun | undefined;
  /** The route a chat had before the platform moved it; a chat's memory stays under that. */
  readonly firstRoute: (route: Route) => Route;
}

export interface QuotedRun {
  readonly session: SessionKey;
  /** Session at the top of its tree. */
  readonly scope: SessionKey;
  readonly label: string;
}

export type Routed =
  | {
      readonly kind: 'session';
      readonly chatSession: Session;
      readonly session: Session;
      readonly why: 'bound' | 'quoted' | 'own';
    }
  /** The session that is meant is gone: nothing else may answer here. */
  | {
      readonly kind: 'dead';
      readonly chatSession: Session;
      readonly label: string;
      readonly why: 'bound' | 'quoted';
      readonly refusal: Refusal;
    };

export interface Asking {
  /** The sender is the owner. */
  readonly owner: boolean;
  /** Commands act on the current session, whatever they quote. */
  readonly command: boolean;
}

export async function routeMessage(deps: RouterDeps, message: InboundMessage, asking: Asking): Promise<Routed> {
  const { owner } = asking;
  const chatSession = await openChat(deps, message, owner);
  const binding = await deps.bindings.at(message.route);
  const quoted =
    binding === undefined && !asking.command ? quotedRun(deps, message, { chatSession, owner }) : undefined;
  const meant = binding ?? quoted;
  if (meant === undefined) return { kind: 'session', chatSession, session: chatSession, why: 'own' };
  const why = binding === undefined ? 'quoted' : 'bound';
  const session = await deps.sessions.get(meant.session);
  if (session !== undefined)
    return { kind: 'session', chatSession, session: await withTrust(deps, session, owner), why };
  const refusal = why === 'bound' ? sessionGone(meant.label) : quotedGone(meant.label);
  return { kind: 'dead', chatSession, label: meant.label, why, refusal };
}

/** People reach only what descends from their own chat; the owner reaches every run. */
function quotedRun(
  deps: RouterDeps,
  { route, replyTo }: InboundMessage,
  { chatSession, owner }: { readonly chatSession: Session; readonly owner: boolean },
): QuotedRun | undefined {
  const quoted = replyTo === undefined ? undefined : deps.quoted(route, replyTo);
  return quoted !== undefined && (owner || quoted.scope === chatSession.key) ? quoted : undefined;
}

/** The session of a chat, whether or not there is one yet. */
export function chatKey(
  deps: Pick<RouterDeps, 'agentFor' | 'dmScope' | 'firstRoute'>,
  message: Pick<InboundMessage, 'route' | 'sender' | 'chat'>,
): { readonly agentId: string; readonly key: SessionKey } {
  const { route, sender, chat } = message;
  const agentId = deps.agentFor(message);
  return {
    agentId,
    key:
      chat === 'direct'
        ? directKey(agentId, route, sender.id, deps.dmScope())
        : groupKey(agentId, deps.firstRoute(route)),
  };
}

async function openChat(deps: RouterDeps, message: InboundMessage, owner: boolean): Promise<Session> {
  const { agentId, key } = chatKey(deps, message);
  const direct = message.chat === 'direct';
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
