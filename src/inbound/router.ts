// Which session a message belongs to: the bound one, else that of the run it quotes, else the chat's own. Where one chat holds
// everything, naming a run (`#3 …`) or quoting it comes before what is bound. Opens the chat's session on first contact.
// Called by receive.ts.
import type { Bindings } from '../bindings/bindings.ts';
import { nothingSaid, quotedGone, runOutOfReach, sessionGone } from '../core/errors.ts';
import type { InboundMessage } from '../core/message.ts';
import { idsOf } from '../core/person.ts';
import type { Refusal, Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { type DmScope, directKey, groupKey, type Session, type SessionKey } from '../core/session.ts';
import { type Addressed, addressed } from '../core/tag.ts';
import { distrusted, type Sessions } from '../sessions/sessions.ts';
import { personOf } from './access.ts';

export interface RouterDeps {
  readonly sessions: Pick<Sessions, 'get' | 'open' | 'update' | 'rememberRoute'>;
  readonly bindings: Pick<Bindings, 'at'>;
  readonly agentFor: (message: Pick<InboundMessage, 'route' | 'sender'>) => string;
  readonly dmScope: () => DmScope;
  /** The run that spoke the message with this platform id; undefined: nobody we know of, or the chat's own agent. */
  readonly quoted: (route: Route, messageId: string) => QuotedRun | undefined;
  /** Why what this person says may not reach a session. */
  readonly closedTo: (session: Session, owner: boolean) => Refusal | undefined;
  /** Runs are told apart by their tags at this place: one may be named by its number. */
  readonly tags: (route: Route) => boolean;
  /** The run with this number there; refused in words where there is none. */
  readonly numbered: (route: Route, number: number) => Promise<Result<QuotedRun>>;
  /** The id under which a person's direct session is remembered. */
  readonly home: (route: Route, person: string) => string;
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
      readonly why: 'bound' | 'quoted' | 'named' | 'own';
      /** What is said to it, where that is not the whole text. */
      readonly text?: string;
    }
  /** The session that is meant is gone, unknown, or closed to the sender: nothing else may answer here. */
  | {
      readonly kind: 'dead';
      readonly chatSession: Session;
      readonly label: string;
      readonly why: 'bound' | 'quoted' | 'named' | 'own';
      readonly refusal: Refusal;
    };

export interface Asking {
  /** The sender is the owner. */
  readonly owner: boolean;
  /** Commands act on the current session, whatever they quote. */
  readonly command: boolean;
}

export async function routeMessage(deps: RouterDeps, message: InboundMessage, asking: Asking): Promise<Routed> {
  const routed = await findSession(deps, message, asking);
  // Commands say for themselves who may use them.
  if (asking.command || routed.kind === 'dead') return routed;
  const { session, chatSession, why } = routed;
  const refusal = deps.closedTo(session, asking.owner);
  return refusal === undefined ? routed : { kind: 'dead', chatSession, label: session.agentId, why, refusal };
}

async function findSession(deps: RouterDeps, message: InboundMessage, asking: Asking): Promise<Routed> {
  const { owner, command } = asking;
  const chatSession = await openChat(deps, message, owner);
  const tags = deps.tags(message.route);
  const named = tags && !command ? addressed(message.text) : undefined;
  if (named !== undefined) return toNamed(deps, message, { named, chatSession, owner });
  const binding = await deps.bindings.at(message.route);
  const asks = !command && (binding === undefined || tags);
  const quoted = asks ? quotedRun(deps, message, { chatSession, owner }) : undefined;
  const meant = quoted ?? binding;
  if (meant === undefined) return { kind: 'session', chatSession, session: chatSession, why: 'own' };
  const why = quoted === undefined ? 'bound' : 'quoted';
  const session = await deps.sessions.get(meant.session);
  if (session !== undefined)
    return { kind: 'session', chatSession, session: await withTrust(deps, session, owner), why };
  const refusal = why === 'bound' ? sessionGone(meant.label) : quotedGone(meant.label);
  return { kind: 'dead', chatSession, label: meant.label, why, refusal };
}

/** `#3 and then?`: the same rules as for a quote. */
async function toNamed(
  deps: RouterDeps,
  message: InboundMessage,
  { named, chatSession, owner }: { readonly named: Addressed; readonly chatSession: Session; readonly owner: boolean },
): Promise<Routed> {
  const found = await deps.numbered(message.route, named.number);
  const label = found.ok ? found.value.label : `#${named.number}`;
  const dead = (refusal: Refusal): Routed => ({ kind: 'dead', chatSession, label, why: 'named', refusal });
  if (!found.ok) return dead(found.refusal);
  if (!owner && found.value.scope !== chatSession.key) return dead(runOutOfReach(named.number));
  const session = await deps.sessions.get(found.value.session);
  if (session === undefined) return dead(quotedGone(label));
  const files = message.attachments.length + (message.files?.length ?? 0);
  if (named.text === '' && files === 0) return dead(nothingSaid(named.number, label));
  return {
    kind: 'session',
    chatSession,
    session: await withTrust(deps, session, owner),
    why: 'named',
    text: named.text,
  };
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
  deps: Pick<RouterDeps, 'agentFor' | 'dmScope' | 'firstRoute' | 'home'>,
  message: Pick<InboundMessage, 'route' | 'sender' | 'chat'>,
): { readonly agentId: string; readonly key: SessionKey } {
  const { route, sender, chat } = message;
  const agentId = deps.agentFor(message);
  return {
    agentId,
    key:
      chat === 'direct'
        ? directKey(agentId, route, deps.home(route, sender.id), deps.dmScope())
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
  const last = session.lastPerson ?? person;
  const same = idsOf(message.sender).some((id) => last === `${message.route.channel}:${id}`);
  const moves = !direct || deps.dmScope() !== 'main' || owner || same;
  if (!moves) return session;
  return (await deps.sessions.rememberRoute(session, message.route, direct ? person : undefined)) ?? session;
}

/** In a shared session one message by somebody else is enough: it is no longer the owner's alone. */
async function withTrust(deps: RouterDeps, session: Session, trusted: boolean): Promise<Session> {
  if (!session.ownerOnly || trusted) return session;
  return (await deps.sessions.update(session.key, distrusted)) ?? session;
}
