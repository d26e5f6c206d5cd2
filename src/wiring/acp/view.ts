// How a session in a coding agent stands, as plain data for commands. Part of the services of /acp.
import { type Controls, modelOption, modesOf } from '../../acp/controls.ts';
import { acpErrorText } from '../../acp/errors.ts';
import type { Live } from '../../acp/open.ts';
import type { AcpView } from '../../core/acp.ts';
import type { Session } from '../../core/session.ts';
import type { Engine } from '../engine.ts';

export type ViewParts = Pick<Engine, 'acp' | 'stores' | 'layer' | 'delivery'>;

export async function viewOf(engine: ViewParts, session: Session): Promise<AcpView> {
  const { acp, stores, layer, delivery } = engine;
  const harness = await acp.obtain(session);
  const { record, live } = harness;
  const run = stores.registry.byChild(session.key);
  const settings = acp.open.settings();
  const busy = layer.turns.active(session.key) !== undefined;
  const state = harness.state();
  return {
    session: session.key,
    label: acp.label(session.key) ?? session.agentId,
    scope: session.controlScope,
    agent: session.agentId,
    harness: record.harness,
    harnessSession: record.acpSessionId,
    mode:
      run !== undefined
        ? run.mode === 'session'
          ? 'persistent'
          : 'run'
        : record.started?.oneshot === true
          ? 'oneshot'
          : 'persistent',
    state: busy && (state === 'idle' || state === 'error') ? 'running' : state,
    cwd: record.cwd,
    permissions: harness.permissionMode(),
    timeoutSeconds: record.timeoutSeconds ?? settings.turnTimeoutSeconds,
    progress: record.progress ?? 'brief',
    options: harness.controls === undefined ? [] : optionsOf(harness.controls),
    can: live === undefined ? undefined : abilitiesOf(live),
    memory: live?.connection.process.memory(),
    waiting: layer.turns.waiting(session.key).length,
    lastUsed: record.lastUsed,
    lastError: harness.lastError === undefined ? undefined : acpErrorText(harness.lastError),
    bound: (await delivery.bindings.of(session.key))?.route,
  };
}

function optionsOf(controls: Controls): AcpView['options'] {
  const [modes, model] = [modesOf(controls), modelOption(controls)];
  const others = controls.options.filter((option) => option !== model && option.category !== 'mode');
  return [
    ...(modes === undefined ? [] : [option('mode', modes.current, modes.choices)]),
    ...(model === undefined ? [] : [option('model', String(model.value), model.choices)]),
    ...others.map(({ id, value, choices }) =>
      typeof value === 'boolean'
        ? { name: id, value: value ? 'on' : 'off', choices: ['on', 'off'] }
        : option(id, value, choices),
    ),
  ];
}

function option(name: string, value: string, choices: readonly { readonly id: string }[]): AcpView['options'][number] {
  return { name, value, choices: choices.map(({ id }) => id) };
}

function abilitiesOf({ abilities }: Live): readonly string[] {
  const { load, resume, list, close, steer, images } = abilities;
  const all = { resume: load || resume, steer, images, list, close };
  return Object.entries(all).flatMap(([name, has]) => (has ? [name] : []));
}
