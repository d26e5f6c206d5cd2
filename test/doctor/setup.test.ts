import { describe, expect, test } from 'vitest';
import { readConfigText } from '../../src/infra/config-text.ts';
import { readEnv } from '../../src/infra/env.ts';
import { noon } from '../fakes/builders.ts';
import { about, problems, someFacts, someSettings } from './facts.ts';

const config = someFacts().config;

describe('the config', () => {
  test('is in use', () => {
    expect(about('config', someFacts())).toEqual([
      'pass config: /srv/switchyard.json5, loaded 2026-01-01T11:59:00Z (1m ago), is in use.',
    ]);
  });

  test('need not exist', () => {
    expect(about('config', someFacts({ config: { ...config, exists: false } }))[0]).toContain(
      'everything is at its default',
    );
  });

  test('is newer than what is in use: both times are named, and that a new chat changes nothing', () => {
    const changed = { ...config, changedAt: noon - 10_000 };
    expect(problems(someFacts({ config: changed }))).toEqual([
      'warn config: the file changed 2026-01-01T11:59:50Z (10s ago), what is in use was loaded 2026-01-01T11:59:00Z (1m ago); a new chat does not reload it.\nSend the process SIGHUP, or save the file again; `switchyard logs` says what it read.',
    ]);
  });

  test('is always fresh while nothing runs', () => {
    expect(problems(someFacts({ running: false, config: { ...config, changedAt: noon - 10_000 } }))).toEqual([]);
  });

  test('has faults: each is a failure of its own, and the first says what is in use instead', () => {
    const faulty = {
      ...config,
      error: 'unknown field a; did you mean b?\nunknown field c',
      inUse: 'The old one is in use.',
    };
    expect(problems(someFacts({ config: faulty })).map((text) => text.split('\n')[0])).toEqual([
      'fail config: /srv/switchyard.json5 is not in use: unknown field a; did you mean b? The old one is in use.',
      'fail config: unknown field c.',
    ]);
  });

  test('that misses a variable needs more than a change of the file: the process reads .env at start', () => {
    const read = readConfigText(
      `{ gatway: {}, agents: { list: [{ id: 'main', name: '\${WHO}' }] } }`,
      readEnv({}, '/srv'),
    );
    const error = read.ok ? '' : read.faults.join('\n');
    expect(problems(someFacts({ config: { ...config, error } }))).toEqual([
      `fail config: /srv/switchyard.json5 is not in use: agents.list[0].name uses \${WHO}, but the environment variable WHO is not set (.env is read at start: restart Switchyard after a change there).\nSet it, for example in .env, which is read at start: a running process needs a restart.`,
      expect.stringContaining('a running process takes it over by itself.'),
    ]);
  });

  test('with faults and nothing good in use keeps the rest of the checks going', () => {
    const faulty = { ...config, error: 'not valid JSON5' };
    const found = someFacts({ config: faulty, settings: undefined, store: { ...someFacts().store, writable: false } });
    expect(problems(found).map((text) => text.split(':')[0])).toEqual(['fail config', 'fail store']);
    expect(about('spawn-tool', found)).toEqual([]);
  });

  test('names a .env that could not be read', () => {
    expect(problems(someFacts({ config: { ...config, envWarning: '.env could not be read: EACCES' } }))[0]).toContain(
      'warn config: .env could not be read: EACCES.',
    );
  });
});

describe('the owner', () => {
  const on = someSettings({ acp: { ...someSettings().acp, enabled: true, defaultAgent: 'claude', harnesses: [] } });

  test('is there', () => {
    expect(about('owner', someFacts({ settings: on }))).toEqual(['pass owner: telegram:1.']);
  });

  test('is missing while coding agents are on: a failure', () => {
    expect(problems(someFacts({ owner: undefined, settings: on }))[0]).toContain(
      'fail owner: coding agents are on, and there is no owner to ask or to start them.\nSet commands.ownerAllowFrom',
    );
  });

  test('may be missing while they are off', () => {
    expect(problems(someFacts({ owner: undefined }))).toEqual([]);
  });
});

describe('coding agents', () => {
  const acp = { ...someSettings().acp, enabled: true, defaultAgent: 'claude' };
  const of = (change: Partial<typeof acp & { harnesses: unknown }>) =>
    someFacts({ settings: someSettings({ acp: { ...acp, ...change } as typeof acp }) });

  test('are off', () => {
    expect(about('acp', someFacts())).toEqual(['pass acp: off (acp.enabled).']);
  });

  test('are ready', () => {
    expect(about('acp', of({ harnesses: [{ id: 'claude' }] }))).toEqual(['pass acp: claude: ready.']);
  });

  test('that are broken fail with their code and what to do', () => {
    const fault = {
      code: 'ACP_BACKEND_MISSING',
      message: 'codex-acp is not installed',
      next: ['npm i -g it', '/acp doctor'],
    };
    expect(problems(of({ harnesses: [{ id: 'claude' }, { id: 'codex', fault }] }))).toEqual([
      'fail acp: codex: ACP error (ACP_BACKEND_MISSING): codex-acp is not installed\nnpm i -g it · /acp doctor',
    ]);
  });

  test('that are on, with none that may be started, are a warning', () => {
    const nobody = { ...someSettings().acp, enabled: true, harnesses: [] };
    expect(problems(someFacts({ settings: someSettings({ acp: nobody }) }))[0]).toContain(
      'warn acp: coding agents are on, and none may be started.',
    );
  });
});
