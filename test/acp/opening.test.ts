// How a coding agent is brought up: told to ask first, set as wished, and every way in which that fails explained.
import { afterEach, expect, test } from 'vitest';
import { AcpError, acpErrorText } from '../../src/acp/errors.ts';
import type { HarnessSession } from '../../src/acp/session.ts';
import {
  resetSettings,
  setFolder,
  setMode,
  setModel,
  setOption,
  setPermissions,
  setTimeLimit,
} from '../../src/acp/settings.ts';
import { until } from '../fakes/wait.ts';
import { AcpWorld, type WorldOptions } from './world.ts';

let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  await world.close();
});

/** Time an agent has to answer `initialize`. */
const initMs = 60_000;
const key = 'agent:twin:acp:1';
const spawn = async (): Promise<HarnessSession> =>
  (await world.sessions.spawn({ key, harness: world.harness, cwd: world.cwd })).session;

/** What a person would read of what this threw. */
async function words(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof AcpError ? acpErrorText(error.fault) : String(error);
  }
}

test('the asking mode is set before the first prompt, and again after every start', async () => {
  open({ harness: 'claude', twin: { resume: true } });
  await world.say('say one');
  await world.say('crash');
  await world.say('say two');
  const order = world.log().flatMap(({ what }) => (what === 'mode' || what === 'prompt' ? [what] : []));
  expect(order).toEqual(['mode', 'prompt', 'prompt', 'mode', 'prompt']);
  expect(world.logged('mode', 'mode')).toEqual(['default', 'default']);
});

test('where modes are options the asking mode is one', async () => {
  open({ harness: 'claude', twin: { modes: 'options' } });
  await spawn();
  expect(world.log().filter(({ what }) => what === 'option')).toMatchObject([{ option: 'mode', value: 'default' }]);
});

test.each(['none', 'refused'] as const)('without an asking mode (%s) nothing is prompted', async (modes) => {
  open({ harness: 'claude', twin: { modes } });
  const { outcome } = await world.say('say one');
  expect(outcome).toMatchObject({ kind: 'error', code: 'ACP_SESSION_INIT_FAILED' });
  expect(outcome).toMatchObject({ message: expect.stringContaining('could not be told to ask') });
  expect(world.heard()).toEqual([]);
});

test('where everything is approved the agent stays in its own mode', async () => {
  open({ harness: 'claude', twin: { modes: 'none' }, acp: { permissionMode: 'approve-all' } });
  expect((await world.say('say fine')).text).toBe('fine');
});

test('an agent that cannot ask needs approve-all', async () => {
  open({ harness: 'pi' });
  const said = await words(spawn);
  expect(said).toContain('ACP error (ACP_INVALID_RUNTIME_OPTION): pi has no way to ask');
  // Its failed start left no session for /acp permissions.
  expect(said).toMatch(/\nnext: switchyard config set acp\.permissionMode approve-all$/);
  const session = await world.sessions.obtain({ key, harness: 'pi', cwd: world.cwd });
  expect(await setPermissions(world.deps, session, 'approve-all')).toBe('approve-all');
  expect(await words(() => setPermissions(world.deps, session, 'deny-all'))).toContain('pi has no way to ask');
  expect(await words(() => setPermissions(world.deps, session, 'maybe'))).toContain('Valid: approve-reads');
});

test.each<[string, WorldOptions, readonly string[]]>([
  [
    'ends at once',
    { twin: { init: 'exit' } },
    ['ACP_SESSION_INIT_FAILED', 'exit code 3', 'cannot find my licence [redacted]', 'next: /acp spawn twin'],
  ],
  [
    'needs a login',
    { twin: { init: 'login' } },
    ['ACP_BACKEND_UNAVAILABLE', 'is not logged in', 'next: log in with twin'],
  ],
  [
    'never answers',
    { twin: { init: 'hang' } },
    ['ACP_SESSION_INIT_FAILED', 'did not answer initialize within 60 s', 'next: /acp doctor twin'],
  ],
])('an agent that %s is explained, and nothing of it is left', async (_name, options, parts) => {
  open(options);
  const telling = words(spawn);
  if (options.twin?.init === 'hang') await until(() => world.clock.fire(initMs) === 1, 'the wait for its answer');
  const said = await telling;
  for (const part of parts) expect(said).toContain(part);
  expect(world.records.map.size).toBe(0);
  await until(() => world.processes.map.size === 0, 'the records of processes to go');
  expect(await world.close()).toBe(0);
});

test('a program that is not there, an unknown name, and a folder that does not exist are named', async () => {
  open();
  const of = (harness: string, cwd = world.cwd) => words(() => world.sessions.spawn({ key, harness, cwd }));
  expect(await of('codex')).toBe(
    [
      'ACP error (ACP_BACKEND_MISSING): codex-acp is not installed.',
      'next: npm i -g @agentclientprotocol/codex-acp',
      'next: codex login, or set OPENAI_API_KEY',
      'next: /acp doctor',
    ].join('\n'),
  );
  expect(await of('nobody')).toContain('no coding agent is named nobody. Known: claude, codex');
  expect(await of('twin', '/nowhere')).toContain('the working folder /nowhere does not exist');
  world.settings = { ...world.settings, enabled: false };
  expect(await of('twin')).toContain('next: switchyard config set acp.enabled true');
});

test('a session made elsewhere is continued, or refused but never replaced', async () => {
  open({ twin: { resume: true, load: true } });
  await world.say('say one');
  const id = world.records.map.get(key)?.acpSessionId;
  const elsewhere = { key: 'agent:twin:acp:2', harness: 'twin', cwd: world.cwd };
  const { live } = await world.sessions.spawn({ ...elsewhere, resumeId: id });
  expect(live).toMatchObject({ began: 'resumed', acpSessionId: id });
  const other = { ...elsewhere, key: 'agent:twin:acp:3', resumeId: 'unheard-of' };
  const said = await words(() => world.sessions.spawn(other));
  expect(said).toContain('could not continue its session unheard-of: no such session.');
  expect(await world.sessions.find(other.key)).toBeUndefined();
});

test('what is set is checked against what the agent has, and holds after a new start', async () => {
  open({ twin: { resume: true } });
  const session = await spawn();
  expect(await setMode(session, 'PLAN')).toBe('plan');
  expect(await setModel(session, 'large')).toBe('large');
  expect(await words(() => setMode(session, 'fly'))).toContain('Valid: default, plan, bypassPermissions');
  expect(await words(() => setModel(session, 'huge'))).toContain('Valid: small, large');
  expect(await words(() => setOption(session, 'colour', 'red'))).toContain('ACP_BACKEND_UNSUPPORTED_CONTROL');
  await world.say('say one');
  await session.stop();
  await world.say('say two');
  expect(world.logged('mode', 'mode')).toEqual(['plan', 'plan']);
  expect(world.logged('option', 'value')).toEqual(['large', 'large']);
  await resetSettings(session, undefined);
  await world.say('say three');
  expect(world.logged('mode', 'mode')).toHaveLength(2);
});

test('what the agent refuses to set is said as such, not as a failed start', async () => {
  open({ twin: { modes: 'refused' } });
  const session = await spawn();
  expect(await words(() => setMode(session, 'plan'))).toBe(
    'ACP error (ACP_INVALID_RUNTIME_OPTION): twin did not take plan: mode is locked.\nnext: /acp status shows what can be set',
  );
});

test('what was set and is gone meanwhile is said with the way to take it back', async () => {
  open();
  const session = await spawn();
  await session.save({ model: 'huge' });
  await session.stop();
  expect(await words(() => session.open())).toMatch(
    /huge is no model of twin\. Valid: small, large\.\nnext: .*\/acp reset-options$/,
  );
});

test('a mode that acts unasked needs approve-all', async () => {
  open({ harness: 'claude' });
  const session = await spawn();
  expect(await words(() => setMode(session, 'bypassPermissions'))).toContain(
    'mode bypassPermissions acts without asking',
  );
  await setPermissions(world.deps, session, 'approve-all');
  expect(await setMode(session, 'bypassPermissions')).toBe('bypassPermissions');
  // It does not outlive the permissions it needs: the session would never start again.
  await setPermissions(world.deps, session, 'approve-reads');
  expect((await world.say('say fine')).text).toBe('fine');
  expect(world.logged('mode', 'mode').at(-1)).toBe('default');
});

test('a mode that is an option is no way round that', async () => {
  open({ harness: 'claude', twin: { modes: 'options' } });
  const session = await spawn();
  expect(await words(() => setOption(session, 'mode', 'auto'))).toContain('mode auto acts without asking');
  await setPermissions(world.deps, session, 'approve-all');
  expect(await setOption(session, 'mode', 'auto')).toBe('auto');
  await setPermissions(world.deps, session, 'approve-reads');
  expect((await world.say('say fine')).text).toBe('fine');
  expect(world.logged('option', 'value').at(-1)).toBe('default');
});

test('folder and time limit are checked too', async () => {
  open();
  const session = await spawn();
  expect(await words(() => setFolder(session, 'here'))).toContain('is no absolute path');
  expect(await words(() => setFolder(session, '/nowhere'))).toContain('does not exist');
  await session.save({ granted: ['a command'] });
  expect(await setFolder(session, world.folder)).toBe(world.folder);
  expect(session.record.granted).toEqual([]);
  expect(await words(() => setTimeLimit(session, 'soon'))).toContain('soon is no number of seconds');
  expect(await setTimeLimit(session, '30')).toBe(30);
  await world.say('say x');
  expect(world.logged('started', 'cwd')).toEqual([world.cwd, world.folder]);
});
