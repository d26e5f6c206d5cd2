// The doctor of coding agents: each is really started and greeted, and its verdict says what to do.
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { installSteps, listSessions, probeHarness } from '../../src/acp/doctor.ts';
import { doctorLines } from '../../src/acp/doctor-text.ts';
import { acpFault } from '../../src/acp/errors.ts';
import { until } from '../fakes/wait.ts';
import { AcpWorld, type WorldOptions } from './world.ts';

/** Time an agent has to answer `initialize`. */
const initMs = 60_000;

let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  await world.close();
});

async function report(...names: readonly string[]): Promise<readonly string[]> {
  const harnesses = [];
  for (const name of names) harnesses.push(await probeHarness(world.deps, name));
  const lines = doctorLines({
    ...{ settings: world.settings, stats: world.stats.view(), sessions: world.sessions.counts(), harnesses },
  });
  return lines.map((line) => line.replaceAll(process.execPath, 'node').replaceAll(/\d+ ms/g, '9 ms'));
}

test('a healthy one is shown with its program, version and abilities', async () => {
  open({ twin: { load: true, steering: 'on' }, harness: 'claude' });
  const lines = await report('claude');
  expect(lines.slice(0, 10)).toEqual([
    'acpEnabled: yes',
    'defaultAgent: n/a',
    'allowedAgents: (none)',
    'permissionMode: approve-reads',
    'activeSessions: 0',
    'activeTurns: 0',
    'queueDepth: 0',
    'turnLatencyMs: avg=0, max=0',
    'turnCounts: completed=0, failed=0',
    'errorCodes: (none)',
  ]);
  expect(lines[10]).toMatch(/^claude: node .*acp-agent\.ts \(config\), twin 1\.2\.3, initialize 9 ms, session 9 ms$/);
  expect(lines.slice(11)).toEqual(['  login: ok · load: yes · steer: yes · asks: mode default', 'healthy: yes']);
});

test('it sends no prompt and leaves no process and no folder', async () => {
  open();
  await report('twin');
  expect(world.heard()).toEqual([]);
  expect(world.groups.live().flatMap((group) => group.members())).toEqual([]);
  expect(existsSync(String(world.logged('new', 'cwd')[0]))).toBe(false);
});

test.each<[string, WorldOptions, readonly string[]]>([
  ['needs a login', { twin: { init: 'login' } }, ['  login: needed', 'ACP_BACKEND_UNAVAILABLE', 'is not logged in']],
  ['ends at once', { twin: { init: 'exit' } }, ['ACP_BACKEND_UNAVAILABLE', 'exit code 3', 'cannot find my licence']],
  ['hangs', { twin: { init: 'hang' } }, ['did not answer initialize within 60 s']],
  [
    'cannot be told to ask',
    { twin: { modes: 'none' }, harness: 'claude' },
    ['asks: cannot be set', 'could not be told'],
  ],
])('one that %s is not healthy', async (_name, options, parts) => {
  open(options);
  const reporting = report(world.harness);
  if (options.twin?.init === 'hang') await until(() => world.clock.fire(initMs) === 1, 'the wait for its answer');
  const text = (await reporting).join('\n');
  expect(text).toContain('healthy: no');
  expect(text).toContain('\nnext: ');
  for (const part of parts) expect(text).toContain(part);
});

test('a session that fails for another reason says nothing about the login', async () => {
  open({ twin: {}, harness: 'claude' });
  const health = await probeHarness(world.deps, 'claude');
  const fault = acpFault.initFailed('claude', 'it did not answer session/new within 60 s.');
  const harnesses = [{ ...health, steps: health.steps.slice(0, 1), fault }];
  const facts = { settings: world.settings, stats: world.stats.view(), sessions: world.sessions.counts(), harnesses };
  expect(doctorLines(facts).find((line) => line.includes('login: '))).toMatch(/^ {2}login: n\/a · /);
});

test('a missing program leads, and is looked for although all is switched off', async () => {
  open({ acp: { enabled: false } });
  expect((await report('twin', 'codex')).slice(-8)).toEqual([
    'codex: program not found',
    'healthy: no',
    'ACP error (ACP_BACKEND_MISSING): codex-acp is not installed.',
    'next: npm i -g @agentclientprotocol/codex-acp',
    'next: codex login, or set OPENAI_API_KEY',
    'next: /acp doctor',
    'ACP error (ACP_DISPATCH_DISABLED): external coding agents are switched off.',
    'next: switchyard config set acp.enabled true',
  ]);
});

test('turns and errors are counted', async () => {
  open();
  await world.say('say x');
  await world.say('fail y');
  const lines = await report();
  expect(lines).toContain('turnCounts: completed=1, failed=1');
  expect(lines).toContain('errorCodes: ACP_TURN_FAILED=1');
  expect(lines).toContain('activeSessions: 1');
});

test('sessions made elsewhere are listed, and installing is explained', async () => {
  open();
  expect(await listSessions(world.deps, 'twin', world.cwd)).toEqual([
    { id: 'elsewhere', cwd: '/srv/shop', title: 'Fix the tax', updatedAt: undefined },
  ]);
  expect(installSteps(world.deps, 'claude-code')).toEqual([
    'npm i -g @agentclientprotocol/claude-agent-acp',
    'claude login, or set ANTHROPIC_API_KEY',
    '/acp doctor claude',
  ]);
});
