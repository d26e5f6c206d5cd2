// What commands can do with runs. Implements RunServices of src/core/services.ts on the registry and the engines beside it.
import type { CommandPlace } from '../core/command.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { RunList, RunServices, RunView, StopReport } from '../core/services.ts';
import { addUsage, noUsage, type Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Messages } from './messages.ts';
import type { Numbers } from './numbers.ts';
import type { RunRegistry } from './registry.ts';
import { isStale, type Spawner } from './spawn.ts';
import type { Stopper } from './stop.ts';
import { resolveTarget } from './targets.ts';

/** Ended runs stay in the list for this long, undelivered ones longer. */
const recentMs = 30 * 60_000;
/** Runs a target may be resolved among; older ones need their full id. */
const reachable = 1_000;

export interface RunServicesDeps {
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly numbers: Numbers;
  readonly spawner: Spawner;
  readonly stopper: Stopper;
  readonly messages: Messages;
  readonly clock: Clock;
  /** Whether a session is bound to a conversation. */
  readonly bound: (session: string) => Promise<boolean>;
}

export function runServices(deps: RunServicesDeps): RunServices {
  const { registry, numbers, clock } = deps;
  const view = (run: Run, number: number): RunView => ({
    run,
    number,
    activeChildren: registry.activeChildren(run.child).length,
  });

  async function numbered(place: CommandPlace, runs: readonly Run[]): Promise<readonly RunView[]> {
    const views: RunView[] = [];
    for (const run of runs) views.push(view(run, await numbers.of(place.route, run.id)));
    return views;
  }

  async function list(place: CommandPlace): Promise<RunList> {
    const shown = registry.shownBelow(place.session.key, clock.now() - recentMs).map((row) => row.run);
    const active = shown.filter((run) => !isTerminal(run.state.status));
    const recent = shown.filter((run) => isTerminal(run.state.status));
    const ordered = [...active, ...recent];
    await numbers.show(
      place.route,
      ordered.map((run) => run.id),
    );
    const views = ordered.map((run, index) => view(run, index + 1));
    const usage = shown.reduce((sum, run) => addUsage(sum, run.usage), noUsage);
    return {
      active: views.slice(0, active.length),
      recent: views.slice(active.length),
      total: { runs: shown.length, usage },
    };
  }

  async function find(place: CommandPlace, token: string): Promise<Result<RunView>> {
    const scope = {
      runs: registry.newestBelow(place.session.key, reachable),
      numbers: await numbers.list(place.route),
      sessionIdOf: (run: Run) => run.childSessionId,
    };
    const found = resolveTarget(token, scope);
    const run = found.ok ? found.value : ownersRun(place, token);
    if (run === undefined) return found.ok ? refuse('target_unknown', '', '') : found;
    return ok(view(run, await numbers.of(place.route, run.id)));
  }

  /** The owner may name any run by session key or id, also one of another conversation. */
  function ownersRun(place: CommandPlace, token: string): Run | undefined {
    if (place.caller.class !== 'owner') return undefined;
    const key = token.trim();
    if (key.startsWith('agent:')) return registry.byChild(key);
    if (!/^[0-9a-f-]{4,}$/i.test(key)) return undefined;
    const matches = registry.byIdPrefix(key.toLowerCase());
    return matches.length === 1 ? matches[0] : undefined;
  }

  async function target(run: Run): Promise<Result<Session>> {
    const session = await deps.sessions.get(run.child);
    if (session !== undefined) return ok(session);
    return refuse(
      'archived',
      `${run.label} is archived.`,
      'Its transcript is kept; start a new run with /subagents spawn.',
    );
  }

  const from = (place: CommandPlace): string => place.caller.name;

  return {
    list,
    find,
    async roster(place) {
      const runs = registry.newestBelow(place.session.key, reachable).toReversed();
      const kept: Run[] = [];
      for (const run of runs) {
        if (!isTerminal(run.state.status) || (await deps.bound(run.child))) kept.push(run);
      }
      return numbered(place, kept);
    },
    newest: (place, count) => numbered(place, registry.newestBelow(place.session.key, count)),
    children: async (run) => registry.children(run.child),
    spawn: (place, request) =>
      deps.spawner.spawn({
        request: { ...request, mode: 'run' },
        caller: place.session,
        askedBy: 'person',
        turn: place.commandId,
        tree: place.commandId,
        key: place.commandId,
        origin: place.route,
      }),
    kill: (place, runs) => deps.stopper.stopRuns(runs ?? registry.activeBelow(place.session.key), { cause: 'user' }),
    stop: (place): Promise<StopReport> => deps.stopper.stopSession(place.session.key, { cause: 'user' }),
    async send(place, run, text) {
      const session = await target(run);
      if (!session.ok) return session;
      return deps.messages.send({
        target: session.value,
        label: run.label,
        text,
        from: from(place),
        key: place.commandId,
        route: place.route,
      });
    },
    async steer(place, run, text) {
      const session = await target(run);
      if (!session.ok) return session;
      return deps.messages.steer({
        target: session.value,
        label: run.label,
        text,
        from: from(place),
        key: place.commandId,
        route: place.route,
      });
    },
    steerSession: (place, text) =>
      deps.messages.steer({
        target: place.session,
        label: place.session.agentId,
        text,
        from: from(place),
        key: place.commandId,
        route: place.route,
        inPlace: true,
      }),
    undelivered: async (place) => registry.undeliveredBelow(place.session.key),
  };
}

/** Runs that count nowhere because nothing was heard of them for too long. */
export function staleRuns(registry: RunRegistry, now: number): readonly Run[] {
  return registry.active().filter((run) => isStale(run, now));
}
