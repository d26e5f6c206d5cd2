// What commands can do with bindings: focus, unfocus, expiry. Implements BindingServices of src/core/services.ts.
import type { ChannelAdapter } from '../core/channel.ts';
import type { CommandPlace } from '../core/command.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { type Route, sameRoute } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import type { BindingServices } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Bindings, Farewell } from './bindings.ts';
import type { BindingSettings } from './expiry.ts';
import { introText, threadName } from './texts.ts';

export interface FocusDeps {
  readonly bindings: Bindings;
  readonly settings: (route: Route) => BindingSettings;
  readonly adapter: (route: Route) => ChannelAdapter | undefined;
  readonly session: (key: SessionKey) => Promise<Session | undefined>;
  readonly sessionById: (id: string) => Promise<Session | undefined>;
  readonly findRun: (place: CommandPlace, token: string) => Promise<Result<{ readonly run: Run }>>;
  readonly runOf: (session: SessionKey) => Run | undefined;
  readonly send: (key: string, route: Route, text: string) => Promise<void>;
}

export function bindingServices(deps: FocusDeps): BindingServices {
  const { bindings } = deps;
  const labelOf = (session: Session): string => deps.runOf(session.key)?.label ?? session.agentId;
  const say = (farewells: readonly Farewell[], here: Route): Promise<unknown> =>
    // The command's own reply speaks in this place.
    Promise.all(
      farewells
        .filter((each) => !sameRoute(each.route, here))
        .map((each) => deps.send(each.key, each.route, each.text)),
    );

  async function place(call: CommandPlace, label: string, here: boolean): Promise<Result<Route>> {
    const adapter = deps.adapter(call.route);
    const opens = !here && call.route.thread === undefined && adapter?.can.threads === true && call.chat === 'group';
    if (!opens || adapter?.openThread === undefined) return ok(call.route);
    try {
      return ok(await adapter.openThread(call.route, threadName(label)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return refuse(
        'thread_failed',
        `No thread could be opened: ${why}.`,
        'Give the bot that right, or use --bind here.',
      );
    }
  }

  return {
    enabled: (route) => deps.settings(route).enabled,
    at: (route) => bindings.at(route),
    of: (session) => bindings.of(session),
    async findTarget(call, token) {
      const found = await deps.findRun(call, token);
      if (found.ok) return live(await deps.session(found.value.run.child), found.value.run.label);
      const owner = call.caller.class === 'owner';
      const session = owner ? ((await deps.session(token)) ?? (await deps.sessionById(token))) : undefined;
      return session === undefined ? found : ok(session);
    },
    async focus(call, target, here) {
      if (target.key === call.chatSession.key) {
        return refuse(
          'own_session',
          'That is the session that answers here anyway.',
          'Name a sub-agent; /agents lists them.',
        );
      }
      const route = await place(call, labelOf(target), here);
      if (!route.ok) return route;
      const label = labelOf(target);
      const by = { id: call.caller.id, class: call.caller.class };
      const bound = await bindings.bind({
        route: route.value,
        session: target.key,
        agentId: target.agentId,
        label,
        by,
      });
      if (!bound.ok) return bound;
      const { binding, farewells } = bound.value;
      await say(farewells, call.route);
      if (!sameRoute(binding.route, call.route)) {
        await deps.send(`intro:${binding.session}:${binding.boundAt}`, binding.route, introText({ binding }));
      }
      return ok(binding);
    },
    async unfocus(call) {
      const ended = await bindings.unbind(call.route, call.caller);
      return ended.ok ? ok({ binding: ended.value.binding, agentId: call.chatSession.agentId }) : ended;
    },
    setExpiry: (call, change) => bindings.setExpiry(call.route, call.caller, change),
  };
}

function live(session: Session | undefined, label: string): Result<Session> {
  if (session !== undefined) return ok(session);
  return refuse('archived', `${label} is archived and can no longer answer.`, 'Start a new run with /subagents spawn.');
}
