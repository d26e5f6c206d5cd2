// Which session of a coding agent a person means: named, bound here, or the latest started here. Used by the services of /acp
// and by bindings.ts.
import { acpFault, acpRefusal } from '../../acp/errors.ts';
import type { HarnessSession } from '../../acp/session.ts';
import type { CommandPlace } from '../../core/command.ts';
import { ok, type Result, refuse } from '../../core/result.ts';
import { sameRoute } from '../../core/route.ts';
import type { Session } from '../../core/session.ts';
import type { Engine } from '../engine.ts';
import type { AcpLayer } from './layer.ts';

export type TargetParts = Pick<Engine, 'acp' | 'stores' | 'runs'>;

/** Sessions people started by themselves that this name fits and this person can reach: exactly, else by its beginning. */
export function startedSessions(
  acp: Pick<AcpLayer, 'sessions'>,
  place: CommandPlace,
  token: string,
): readonly HarnessSession[] {
  const wanted = token.trim().toLowerCase();
  const near = acp.sessions.all().filter(({ record }) => record.started?.scope === place.chatSession.controlScope);
  const far = place.caller.class === 'owner' ? acp.sessions.all().filter(({ record }) => record.started) : [];
  const named = (fits: (name: string) => boolean) => (session: HarnessSession) =>
    [session.record.started?.label ?? '', session.key, session.record.memory ?? ''].some((name) =>
      fits(name.toLowerCase()),
    );
  for (const fits of [(name: string) => name === wanted, (name: string) => wanted !== '' && name.startsWith(wanted)]) {
    for (const scope of [near, far]) {
      const found = scope.filter(named(fits));
      if (found.length > 0) return found;
    }
  }
  return [];
}

export async function findTarget(
  engine: TargetParts,
  place: CommandPlace,
  token: string | undefined,
): Promise<Result<Session>> {
  return token === undefined ? await unnamed(engine, place) : await named(engine, place, token);
}

/** What a person can see: everything as the owner, else what came from their own chat. */
export function inReach(place: CommandPlace, session: Session): boolean {
  return place.caller.class === 'owner' || session.controlScope === place.chatSession.controlScope;
}

async function unnamed({ acp, stores }: TargetParts, place: CommandPlace): Promise<Result<Session>> {
  if (acp.backs(place.session)) return ok(place.session);
  const started = acp.sessions.all().flatMap(({ record }) => {
    const run = stores.registry.byChild(record.key);
    const route = record.started?.route ?? run?.origin;
    return route !== undefined && sameRoute(stores.moves.current(route), place.route) ? [record.key] : [];
  });
  for (const key of started) {
    const session = await stores.sessions.get(key);
    if (session !== undefined && inReach(place, session)) return ok(session);
  }
  return { ok: false, refusal: acpRefusal(acpFault.noSession('no coding agent was started here.')) };
}

async function named(engine: TargetParts, place: CommandPlace, token: string): Promise<Result<Session>> {
  const { acp, stores, runs } = engine;
  const [first, ...more] = startedSessions(acp, place, token);
  if (first !== undefined && more.length > 0) {
    const names = [first, ...more].map(({ key, record }) => `${record.started?.label ?? ''} (${key})`);
    return refuse('target_ambiguous', `"${token}" may mean ${names.join(', ')}.`, 'Give more of the name, or the key.');
  }
  const known = first === undefined ? undefined : await stores.sessions.get(first.key);
  if (known !== undefined) return ok(known);
  const session = (await stores.sessions.get(token)) ?? (await stores.sessions.byId(token.toLowerCase()));
  if (session !== undefined && acp.backs(session) && inReach(place, session)) return ok(session);
  const run = await runs.find(place, token);
  if (!run.ok) return run;
  const child = run.value.run.runtime === 'acp' ? await stores.sessions.get(run.value.run.child) : undefined;
  if (child !== undefined) return ok(child);
  const what = `${run.value.run.label} is no session of a coding agent, or archived.`;
  return { ok: false, refusal: acpRefusal(acpFault.noSession(what)) };
}
