// What commands can do with runs. Implements RunServices of src/core/services.ts on the registry and the engines beside it.
import type { CommandPlace } from '../core/command.ts';
import { ok, type Refusal, type Result, refuse } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run, type RunDelivery } from '../core/run.ts';
import type { RunList, RunServices, RunView } from '../core/services.ts';
import { addUsage, noUsage, type Session, type SessionKey, type Usage } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Messages } from './messages.ts';
import type { Numbers } from './numbers.ts';
import type { RunRegistry } from './registry.ts';
import type { Spawner } from './spawn.ts';
import type { Stopper } from './stop.ts';
import { ambiguous, matchTarget, notFound } from './targets.ts';

/** Ended runs stay in the list for this long, undelivered ones longer. */
const recentMs = 30 * 60_000;
/** Runs a target may be resolved among; older ones need their full id. */
const reachable = 1_000;

export interface RunServicesDeps {
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'get' | 'byId'>;
  readonly numbers: Numbers;
  /** What runs say at this place carries their number: it stays theirs, also where a list is shown. */
  readonly tagged: (place: Route) => boolean;
  readonly spawner: Spawner;
  readonly stopper: Stopper;
  readonly messages: Messages;
  readonly clock: Clock;
  /** Whether a session is bound to a conversation. */
  readonly bound: (session: SessionKey) => Promise<boolean>;
  /** The session's turn under way, with what it has used so far. */
  readonly active: (session: SessionKey) => { readonly usage: Usage } | undefined;
  /** Whether the session waits for a person to allow something. */
  readonly awaited: (session: SessionKey) => boolean;
  /** How the message that carries a run's result fares. */
  readonly sending: (
    runId: string,
  ) => { readonly attempts: number; readonly nextAt: number; readonly reason: string | undefined } | undefined;
}

export function runServices(deps: RunServicesDeps): RunServices {
  const { registry, numbers, clock } = deps;
  const now = (run: Run): Omit<RunView, 'number'> => ({
    // The record gets a turn's usage at its end; people see it grow.
    run: {
      ...run,
      usage: addUsage(run.usage, deps.active(run.child)?.usage ?? noUsage),
      delivery: run.delivery.state === 'sending' ? underway(run.delivery, deps.sending(run.id)) : run.delivery,
    },
    activeChildren: registry.activeChildren(run.child).length,
    awaited: deps.awaited(run.child),
  });
  const view = (run: Run, number: number): RunView => ({ ...now(run), number });

  async function numbered(place: CommandPlace, runs: readonly Run[]): Promise<readonly RunView[]> {
    const views: RunView[] = [];
    for (const run of runs) views.push(view(run, await numbers.of(place.route, run.id)));
    return views;
  }

  /** The run this conversation is bound to. */
  const own = (place: CommandPlace): readonly Run[] => {
    const run = place.bound ? registry.byChild(place.session.key) : undefined;
    return run === undefined ? [] : [run];
  };

  async function list(place: CommandPlace): Promise<RunList> {
    const below = registry.shownBelow(place.session.key, clock.now() - recentMs).map((row) => row.run);
    const shown = [...own(place), ...below];
    const active = shown.filter((run) => !isTerminal(run.state.status));
    const recent = shown.filter((run) => isTerminal(run.state.status));
    const ordered = [...active, ...recent];
    const ids = ordered.map((run) => run.id);
    // A list with nothing in it gives no number a new meaning, nor does one that is looked at again, nor any where old
    // messages go on showing the numbers.
    const kept = place.refresh === true || deps.tagged(place.route);
    if (!kept && ids.length > 0) await numbers.show(place.route, ids);
    const views = kept ? await numbered(place, ordered) : ordered.map((run, index) => view(run, index + 1));
    const usage = views.reduce((sum, each) => addUsage(sum, each.run.usage), noUsage);
    return {
      active: views.slice(0, active.length),
      recent: views.slice(active.length),
      total: { runs: shown.length, usage },
    };
  }

  async function find(place: CommandPlace, token: string): Promise<Result<RunView>> {
    const known = await numbers.list(place.route);
    // What a run started is newer than the run itself.
    const runs = [...registry.newestBelow(place.session.key, reachable), ...own(place)];
    const near = matchTarget(token, { runs, numbers: known });
    const owner = place.caller.class === 'owner';
    const found =
      near.length === 0 && owner ? matchTarget(token, { runs: await far(token, known), numbers: known }) : near;
    const [run, ...others] = found;
    if (run === undefined) return { ok: false, refusal: unreached(place, notFound(token, known)) };
    if (others.length === 0) return ok(view(run, await numbers.of(place.route, run.id)));
    const views = await numbered(place, found);
    const named = views.map((each) => ({ number: each.number, runId: each.run.id }));
    return { ok: false, refusal: ambiguous(token, found, named) };
  }

  /** Runs of any conversation that a number shown here, a session key, a session id or a run id may mean. */
  async function far(token: string, known: readonly { readonly runId: string }[]): Promise<readonly Run[]> {
    const word = token.trim();
    if (word.toLowerCase() === 'last') return [];
    const key = (await deps.sessions.byId(word.toLowerCase()))?.key ?? word;
    const exact = [registry.byChild(key), ...known.map((entry) => registry.get(entry.runId))];
    const byId = /^[0-9a-f-]{4,}$/i.test(word) ? registry.byIdPrefix(word.toLowerCase()) : [];
    return [...new Map([...exact, ...byId].flatMap((run) => (run === undefined ? [] : [[run.id, run]]))).values()];
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

  return {
    list,
    find,
    async roster(place) {
      const runs = [...own(place), ...registry.newestBelow(place.session.key, reachable).toReversed()];
      const kept: Run[] = [];
      for (const run of runs) {
        if (!isTerminal(run.state.status) || (await deps.bound(run.child))) kept.push(run);
      }
      return numbered(place, kept);
    },
    number: (place, run) => numbers.of(place.route, run.id),
    newest: (place, count) =>
      numbered(place, [...own(place), ...registry.newestBelow(place.session.key, count)].slice(0, count)),
    children: async (run) => registry.children(run.child),
    spawn: (place, request) =>
      deps.spawner.spawn({
        request: { ...request, mode: 'run' },
        caller: place.session,
        askedBy: 'person',
        startedBy: { id: place.caller.id, name: place.caller.name },
        turn: place.commandId,
        tree: place.commandId,
        key: place.commandId,
        origin: place.route,
        messageId: place.messageId,
      }),
    kill: (place, runs) => deps.stopper.kill(runs ?? registry.activeBelow(place.session.key)),
    stop: (place) => deps.stopper.stopSession(place.session.key, { cause: 'user' }),
    async send(place, run, text, reply) {
      const session = await target(run);
      if (!session.ok) return session;
      return deps.messages.send({ ...said(place, text), target: session.value, label: run.label, reply });
    },
    async steer(place, run, text) {
      const session = await target(run);
      return session.ok
        ? deps.messages.steer({ ...said(place, text), target: session.value, label: run.label })
        : session;
    },
    steerSession: (place, text) =>
      deps.messages.steer({
        ...said(place, text),
        target: place.session,
        label: place.session.agentId,
        inPlace: true,
      }),
    undelivered: async (place) => registry.undeliveredBelow(place.session.key),
    async current(place) {
      const run = registry.byChild(place.session.key);
      return {
        run: run === undefined ? undefined : now(run),
        busy: deps.active(place.session.key) !== undefined,
        awaited: deps.awaited(place.session.key),
      };
    },
  };
}

/** The record learns of a message only at its end; people see how it fares. */
function underway(delivery: RunDelivery, row: ReturnType<RunServicesDeps['sending']>): RunDelivery {
  if (row === undefined || row.attempts === 0) return delivery;
  const { attempts, nextAt, reason } = row;
  return { ...delivery, attempts: delivery.attempts + attempts, nextAt, ...(reason === undefined ? {} : { reason }) };
}

function said({ caller, commandId, route, acted }: CommandPlace, text: string) {
  return { text, from: caller.name, trusted: caller.class === 'owner', key: commandId, route, acted };
}

/** In a bound conversation only what the bound session started is in reach, which is not what people expect. */
function unreached(place: CommandPlace, refusal: Refusal): Refusal {
  if (!place.bound) return refusal;
  return {
    ...refusal,
    fix: `${refusal.fix} Here only runs of the bound session can be named; /unfocus to reach others.`,
  };
}
