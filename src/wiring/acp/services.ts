// What commands can ask of coding agents. Implements AcpServices of src/core/acp.ts on the engine.
import { installSteps, listSessions } from '../../acp/doctor.ts';
import { doctorLines } from '../../acp/doctor-text.ts';
import { AcpError, acpFault, acpRefusal, faultOf } from '../../acp/errors.ts';
import { canonical } from '../../acp/harnesses.ts';
import { progressLevels } from '../../acp/progress.ts';
import type { HarnessSession } from '../../acp/session.ts';
import {
  resetSettings,
  setFolder,
  setMode,
  setModel,
  setOption,
  setPermissions,
  setTimeLimit,
} from '../../acp/settings.ts';
import type { AcpServices, AcpSetting, AcpView } from '../../core/acp.ts';
import type { CommandPlace } from '../../core/command.ts';
import { assertNever, ok, type Result } from '../../core/result.ts';
import { isTerminal } from '../../core/run.ts';
import type { Session } from '../../core/session.ts';
import type { Engine } from '../engine.ts';
import { notController } from './control.ts';
import { dropSession } from './drop.ts';
import { harnessOf, unusable } from './facts.ts';
import { probeAll, toCheck } from './health.ts';
import { spawnHarness } from './spawn.ts';
import { findTarget, inReach } from './targets.ts';
import { viewOf } from './view.ts';

export function acpServices(engine: Engine): AcpServices {
  const { acp, stores, layer, delivery, parts } = engine;

  /** A refusal where this person may not, or the session is gone; else what `act` brings, its faults as refusals. */
  async function on<T>(
    place: CommandPlace,
    target: Pick<AcpView, 'session' | 'label' | 'harness'>,
    act: (session: Session) => Promise<T>,
  ): Promise<Result<T>> {
    const refusal = notController(engine, place.caller);
    if (refusal !== undefined) return { ok: false, refusal };
    const session = await stores.sessions.get(target.session);
    if (session === undefined)
      return { ok: false, refusal: acpRefusal(acpFault.noSession(`${target.label} is closed.`)) };
    return await faultless(target.harness, () => act(session));
  }

  const steer: AcpServices['steer'] = async (place, target, text) => {
    const put = await on(place, target, async (session) => {
      const bound = (await delivery.bindings.of(session.key))?.route;
      const { caller, commandId, acted } = place;
      if (session.kind === 'acp') await stores.sessions.rememberRoute(session, place.route, caller.id);
      return layer.messages.steer({
        ...{ target: session, label: target.label, text, from: caller.name, trusted: caller.class === 'owner' },
        ...{ key: commandId, acted, route: bound ?? place.route },
        inPlace: bound !== undefined || session.key === place.chatSession.key,
      });
    });
    return put.ok ? put.value : put;
  };

  return {
    spawn: (place, ask) => spawnHarness(engine, place, ask, steer),
    async find(place, token) {
      const found = await findTarget(engine, place, token);
      return found.ok ? ok(await viewOf(engine, found.value)) : found;
    },
    async list(place) {
      const views: AcpView[] = [];
      for (const { record } of await acp.sessions.views()) {
        const session = await stores.sessions.get(record.key);
        if (session !== undefined && inReach(place, session)) views.push(await viewOf(engine, session));
      }
      return views;
    },
    elsewhere: async (place, agent) => {
      const refusal = notController(engine, place.caller);
      if (refusal !== undefined) return { ok: false, refusal };
      const named = agent ?? acp.open.settings().defaultAgent ?? 'claude';
      const harness = harnessOf(parts.agents(), named);
      const fault = unusable(acp.open, harness);
      if (fault !== undefined) return { ok: false, refusal: acpRefusal(fault) };
      const { workspace } = parts.agents().default();
      return faultless(harness, async () => ({
        agent: parts.agents().get(named)?.id ?? canonical(named),
        sessions: await listSessions(acp.open, harness, acp.open.settings().cwd ?? workspace),
      }));
    },
    steer,
    cancel: (place, target) =>
      on(place, target, async ({ key }) => {
        const run = stores.registry.byChild(key);
        if (run !== undefined && !isTerminal(run.state.status)) {
          await layer.stopper.stopRuns([run], { cause: 'user' });
          return true;
        }
        const turn = layer.turns.abort(key, 'user');
        await turn?.ended;
        return turn !== undefined;
      }),
    close: (place, target) => on(place, target, (session) => close(engine, session)),
    set: (place, target, setting, value) =>
      on(place, target, async (session) => set(engine, await acp.obtain(session), setting, value)),
    resetOptions: (place, target) =>
      on(place, target, async (session) => {
        const harness = await acp.obtain(session);
        await resetSettings(harness, acp.configuredModel(session));
        return await viewOf(engine, session);
      }),
    install(agent) {
      const harness = canonical(harnessOf(parts.agents(), agent ?? acp.open.settings().defaultAgent ?? 'claude'));
      try {
        return ok({ harness, steps: installSteps(acp.open, harness) });
      } catch (error) {
        return { ok: false, refusal: acpRefusal(faultOf(error, (said) => acpFault.unhealthy(harness, said))) };
      }
    },
    async doctor(agent) {
      const harnesses = await probeAll(
        engine,
        agent === undefined ? toCheck(engine) : [harnessOf(parts.agents(), agent)],
      );
      const stats = acp.stats.view();
      return doctorLines({ settings: acp.open.settings(), stats, sessions: acp.sessions.counts(), harnesses });
    },
  };
}

async function faultless<T>(harness: string, act: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await act());
  } catch (error) {
    return { ok: false, refusal: acpRefusal(faultOf(error, (message) => acpFault.initFailed(harness, message))) };
  }
}

/** A run's record and a chat's session stay; what a person started is gone with it. */
async function close(engine: Engine, session: Session): Promise<{ readonly unbound: boolean }> {
  const { acp, stores, layer, delivery } = engine;
  const unbound = (await delivery.bindings.of(session.key)) !== undefined;
  const run = stores.registry.byChild(session.key);
  if (run !== undefined) {
    await layer.stopper.kill([run]);
    await acp.sessions.forget(session.key);
  } else if (session.kind === 'chat') {
    await layer.stopper.stopSession(session.key, { cause: 'user' });
    await acp.sessions.forget(session.key);
  } else await dropSession(engine, session);
  return { unbound };
}

async function set({ acp }: Engine, harness: HarnessSession, setting: AcpSetting, value: string): Promise<string> {
  switch (setting.kind) {
    case 'permissions':
      return await setPermissions(acp.open, harness, value);
    case 'cwd':
      return await setFolder(harness, value);
    case 'timeout':
      return String(await setTimeLimit(harness, value));
    case 'mode':
      return await opened(acp, harness, () => setMode(harness, value));
    case 'model':
      return await opened(acp, harness, () => setModel(harness, value));
    case 'option': {
      if (setting.name !== 'progress')
        return await opened(acp, harness, async () => String(await setOption(harness, setting.name, value)));
      const level = progressLevels.find((each) => each === value);
      if (level === undefined) throw new AcpError(acpFault.badValue('level of progress', value, progressLevels));
      await harness.save({ progress: level });
      return level;
    }
    default:
      return assertNever(setting);
  }
}

/** Some things are set on the harness itself, which has to run for it. */
async function opened<T>(acp: Engine['acp'], harness: HarnessSession, act: () => Promise<T>): Promise<T> {
  await acp.sessions.acquire(harness, { refuse: true });
  try {
    return await act();
  } finally {
    acp.sessions.release(harness);
  }
}
