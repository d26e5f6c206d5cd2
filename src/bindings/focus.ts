// What commands can do with bindings: focus, unfocus, expiry. Implements BindingServices of src/core/services.ts.
import { type ChannelAdapter, opensThreads } from '../core/channel.ts';
import type { CommandPlace } from '../core/command.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { type Route, sameRoute } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import type { BindingServices } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Bindings } from './bindings.ts';
import type { BindingSettings } from './expiry.ts';
import { type Intro, introText, threadName } from './texts.ts';

export interface FocusDeps {
  readonly bindings: Bindings;
  readonly settings: (route: Route) => BindingSettings;
  readonly adapter: (route: Route) => ChannelAdapter | undefined;
  readonly session: (key: SessionKey) => Promise<Session | undefined>;
  readonly sessionById: (id: string) => Promise<Session | undefined>;
  /** Resolves a token in the caller's scope. */
  readonly findRun: (place: CommandPlace, token: string) => Promise<Result<{ readonly run: Run }>>;
  /** Resolves a token among the runs of every conversation: only for the owner. */
  readonly findAnywhere: (token: string) => Result<Run>;
  /** A session that belongs to no run, by the name people gave it. */
  readonly findOther: (place: CommandPlace, token: string) => Promise<Session | undefined>;
  /** What a session is called. */
  readonly label: (session: Session) => string;
  /** Of a coding agent: where it works and what it may do unasked. */
  readonly work: (session: Session) => Intro['acp'];
  /** Says in a place who answers there, in order with the answers. */
  readonly tell: (key: string, route: Route, text: string) => Promise<void>;
  /** A binding may end earlier than it would have. */
  readonly changed: () => void;
}

export function bindingServices(deps: FocusDeps): BindingServices {
  const { bindings } = deps;
  return {
    enabled: (route) => deps.settings(route).enabled,
    at: (route) => bindings.at(route),
    of: (session) => bindings.of(session),
    findTarget: (call, token) => findTarget(deps, call, token),
    async focus(call, target, here) {
      if (target.key === call.chatSession.key) return refusal.ownSession(call);
      const label = deps.label(target);
      const route = await choosePlace(deps, call, { target, label, here });
      if (!route.ok) return route;
      const request = { route: route.value, session: target.key, agentId: target.agentId, label, by: call.caller };
      const bound = await bindings.bind(request);
      if (!bound.ok) return bound;
      const { binding, farewells } = bound.value;
      for (const { key, route: place, text } of farewells) await deps.tell(key, place, text);
      if ((await deps.session(target.key)) === undefined) {
        // Archived in the moment before it was bound.
        await bindings.dropFor(target.key);
        return refusal.archived(label);
      }
      // In its own place the command's reply introduces the session.
      if (!sameRoute(binding.route, call.route)) {
        await deps.tell(
          `intro:${binding.session}:${binding.boundAt}`,
          binding.route,
          introText({ binding, acp: deps.work(target) }),
        );
      }
      deps.changed();
      return ok(binding);
    },
    async unfocus(call) {
      const ended = await bindings.unbind(call.route, call.caller);
      return ended.ok ? ok({ farewell: ended.value.farewell.text, agentId: call.chatSession.agentId }) : ended;
    },
    async setExpiry(call, change) {
      const stored = await bindings.setExpiry(call.route, call.caller, change);
      deps.changed();
      return stored;
    },
  };
}

/** In the caller's scope; for the owner also any session by key or id, and any run by its label. */
async function findTarget(deps: FocusDeps, call: CommandPlace, token: string): Promise<Result<Session>> {
  const near = await deps.findRun(call, token);
  if (near.ok) return live(deps, near.value.run);
  const other = await deps.findOther(call, token);
  if (other !== undefined) return ok(other);
  // Of several candidates none is better than the others, so wider scope does not help.
  if (call.caller.class !== 'owner' || near.refusal.code === 'target_ambiguous') return near;
  const session = (await deps.session(token)) ?? (await deps.sessionById(token.toLowerCase()));
  if (session !== undefined) return ok(session);
  const far = deps.findAnywhere(token);
  if (far.ok) return live(deps, far.value);
  return far.refusal.code === 'target_ambiguous' ? far : near;
}

async function live(deps: FocusDeps, run: Run): Promise<Result<Session>> {
  const session = await deps.session(run.child);
  return session === undefined ? refusal.archived(run.label) : ok(session);
}

/** Where to bind: here, or in a new thread where this place has them. Nothing is opened that could not be bound. */
async function choosePlace(
  deps: FocusDeps,
  call: CommandPlace,
  { target, label, here }: { readonly target: Session; readonly label: string; readonly here: boolean },
): Promise<Result<Route>> {
  const adapter = deps.adapter(call.route);
  const inside = call.chat === 'direct' || call.route.thread !== undefined;
  if (here || inside || adapter?.openThread === undefined || !opensThreads(adapter, call.route)) return ok(call.route);
  const refused = await deps.bindings.refusal({ parent: call.route, session: target.key, by: call.caller });
  if (refused !== undefined) return { ok: false, refusal: refused };
  try {
    return ok(await adapter.openThread(call.route, threadName(label), call.messageId));
  } catch (error) {
    return refusal.noThread(error instanceof Error ? error.message : String(error));
  }
}

const refusal = {
  ownSession: ({ bound }: CommandPlace) =>
    bound
      ? refuse('own_session', "That is this conversation's own session.", '/unfocus goes back to it.')
      : refuse('own_session', 'That is the session that answers here anyway.', 'Name a sub-agent; /agents lists them.'),
  archived: (label: string) =>
    refuse('archived', `${label} is archived and can no longer answer.`, 'Start a new run with /subagents spawn.'),
  noThread: (why: string) =>
    refuse(
      'thread_failed',
      `No thread could be opened: ${why.replace(/[.\s]+$/, '')}.`,
      'Give the bot the right to open threads here, or use --bind here.',
    ),
} as const;
