// Which coding agents are known and where their programs are found.
import { describe, expect, test } from 'vitest';
import { findHarness, harnessIds } from '../../src/acp/harnesses.ts';
import { type Lookup, resolveProgram } from '../../src/acp/resolve.ts';

const none = {};

function lookup(programs: readonly string[], over: Partial<Lookup> = {}): Lookup {
  return {
    ...{ path: '/usr/bin:/opt/bin', bins: ['/app/node_modules/.bin'], allowNpx: false },
    isProgram: (path) => programs.includes(path),
    ...over,
  };
}

function found(name: string, programs: readonly string[], over: Partial<Lookup> = {}, agents = none): unknown {
  const harness = findHarness(name, agents);
  if (harness === undefined) return 'unknown';
  const result = resolveProgram(harness, lookup(programs, over));
  return result.ok ? [result.program.source, ...result.program.argv] : result.fault.code;
}

test('aliases mean the same agent, and an added one is listed', () => {
  expect(findHarness('Claude-Code', none)?.id).toBe('claude');
  expect(findHarness('factorydroid', none)?.id).toBe('droid');
  const agents = { mine: { command: 'my-agent', env: {} }, 'claude-code': { env: { A: 'b' } } };
  expect(harnessIds(agents).filter((id) => id === 'claude' || id === 'mine')).toEqual(['claude', 'mine']);
  expect(findHarness('claude', agents)).toMatchObject({ env: { A: 'b' }, configured: undefined });
  expect(findHarness('nobody', none)).toBeUndefined();
});

describe('a program is taken from', () => {
  test('the config before everything else', () => {
    const agents = { codex: { command: 'my-codex', args: ['--fast'], env: {} } };
    expect(found('codex', ['/opt/bin/my-codex', '/usr/bin/codex-acp'], {}, agents)).toEqual([
      ...['config', '/opt/bin/my-codex', '--fast'],
    ]);
    expect(found('codex', ['/usr/bin/codex-acp'], {}, agents)).toBe('ACP_BACKEND_MISSING');
  });

  test('the config, with only other arguments for the known program', () => {
    const agents = { gemini: { args: ['--acp', '--debug'], env: {} } };
    expect(found('gemini', ['/usr/bin/gemini'], {}, agents)).toEqual(['config', '/usr/bin/gemini', '--acp', '--debug']);
  });

  test('the PATH, then node_modules, then npx where that is allowed', () => {
    const bundled = '/app/node_modules/.bin/codex-acp';
    expect(found('codex', ['/opt/bin/codex-acp', bundled])).toEqual(['PATH', '/opt/bin/codex-acp']);
    expect(found('codex', [bundled])).toEqual(['node_modules', bundled]);
    expect(found('codex', ['/usr/bin/npx'])).toBe('ACP_BACKEND_MISSING');
    expect(found('codex', ['/usr/bin/npx'], { allowNpx: true })).toEqual([
      ...['npx', '/usr/bin/npx', '-y', '@agentclientprotocol/codex-acp'],
    ]);
    expect(found('cursor', ['/usr/bin/npx'], { allowNpx: true })).toBe('ACP_BACKEND_MISSING');
  });

  test('nowhere while a program it needs beside it is missing', () => {
    expect(found('pi', ['/usr/bin/pi-acp'])).toBe('ACP_BACKEND_MISSING');
    expect(found('pi', ['/usr/bin/pi-acp', '/usr/bin/pi'])).toEqual(['PATH', '/usr/bin/pi-acp']);
  });
});
