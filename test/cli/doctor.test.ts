import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoctorReport, PrelaunchReport, SpawnTestReport } from '../../src/core/doctor.ts';
import { readEnv } from '../../src/infra/env.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';

let home: string;
let cli: FakeCli;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'doctor-'));
  cli = fakeCli(home, { env: readEnv({ SWITCHYARD_HOME: home, OLLAMA_HOST: '127.0.0.1:1' }, home) });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const answered = (value: unknown): unknown => ({ kind: 'answered', value });
const refused = { kind: 'refused', refusal: { code: 'starting', message: 'It is starting.', fix: 'Try again.' } };

const report = (...findings: DoctorReport['findings']): DoctorReport => ({ findings, repaired: [], running: true });
const fine = { id: 'agents', title: 'agents', status: 'pass', fact: '1 agent.' } as const;
const note = { ...fine, id: 'models', title: 'models', fact: 'The demo.', fix: 'Set a key.' } as const;
const warning = { ...note, id: 'secrets', title: 'secret files', status: 'warn', fact: '.env is open.' } as const;
const failure = { ...note, id: 'store', title: 'store', status: 'fail', fact: 'It is full.' } as const;

describe('switchyard doctor', () => {
  it('ends with exit 0 when nothing is left to do; a tip is none', async () => {
    cli.answers.doctor = answered(report(fine, note));
    expect(await cli.run('doctor')).toBe(0);
    expect(cli.out).toEqual([
      'Doctor:\n-----\n✅ agents: 1 agent.\nℹ️ models: The demo.\n  tip: Set a key.\ndoctor: ok',
    ]);
    expect(cli.calls).toEqual([{ verb: 'doctor', params: { fix: false } }]);
  });

  it.each([
    [[warning], 'doctor: 1 warning'],
    [[warning, warning], 'doctor: 2 warnings'],
    [[warning, failure], 'doctor: 1 failed, 1 warning'],
  ] as const)('ends with exit 1 and the counts when something remains', async (findings, last) => {
    cli.answers.doctor = answered(report(fine, ...findings));
    expect(await cli.run('doctor')).toBe(1);
    expect(cli.out[0]?.split('\n').at(-1)).toBe(last);
  });

  it('shows the worst first', async () => {
    cli.answers.doctor = answered(report(fine, warning, failure));
    await cli.run('doctor');
    expect(cli.out[0]?.split('\n').filter((line) => !line.startsWith(' '))).toEqual([
      'Doctor:',
      '-----',
      '⚠️ fail: store: It is full.',
      '⚠️ warn: secret files: .env is open.',
      '✅ agents: 1 agent.',
      'doctor: 1 failed, 1 warning',
    ]);
  });

  it('asks for repairs, and lists them before what is left', async () => {
    cli.answers.doctor = answered({ ...report(fine), repaired: ['✅ closed .env.'] });
    expect(await cli.run('doctor', '--fix')).toBe(0);
    expect(cli.calls).toEqual([{ verb: 'doctor', params: { fix: true } }]);
    expect(cli.out[0]?.split('\n').slice(0, 4)).toEqual(['Repaired:', '-----', '✅ closed .env.', '']);
  });

  it('prints JSON with the verdict in it', async () => {
    cli.answers.doctor = answered(report(warning));
    expect(await cli.run('doctor', '--json')).toBe(1);
    expect(JSON.parse(cli.out[0] ?? '')).toEqual({ ok: false, running: true, repaired: [], findings: [warning] });
  });

  it('looks by itself beside a process that does not answer, says so, and ends with exit 1', async () => {
    cli.answers.doctor = refused;
    expect(await cli.run('doctor')).toBe(1);
    expect(cli.err).toEqual(['It is starting. Try again.']);
    expect(cli.out[0]).toContain('✅ agents: 1 agent;');
  });

  it('hands nothing to the terminal that it would obey', async () => {
    cli.answers.doctor = answered(report({ ...warning, fact: 'label \u001b[2Jgone' }));
    await cli.run('doctor');
    expect(cli.out[0]).not.toContain('\u001b');
  });
});

describe('looking closer', () => {
  const launch: PrelaunchReport = {
    agentId: 'main',
    items: [{ title: 'tool', status: 'pass', fact: 'offered.' }],
    reminders: ['cost: $5 a tree.'],
  };
  const tested: SpawnTestReport = {
    ...{ agentId: 'main', model: 'demo/demo' },
    steps: [{ name: 'file', task: 'Read it.', passed: false, fact: '«no»' }],
    verdict: { kind: 'access', text: 'access: it does not read.' },
  };

  it('before a launch: exit 0 when all passed, 1 when not', async () => {
    cli.answers['doctor.prelaunch'] = answered(launch);
    expect(await cli.run('doctor', '--prelaunch', '--agent', 'main')).toBe(0);
    expect(cli.calls).toEqual([{ verb: 'doctor.prelaunch', params: { agent: 'main' } }]);
    const items = [{ title: 'tool', status: 'fail', fact: 'gone.', fix: 'Bring it back.' }];
    cli.answers['doctor.prelaunch'] = answered({ ...launch, items });
    expect(await cli.run('doctor', '--prelaunch')).toBe(1);
    expect(cli.out[1]).toContain('⚠️ fail: tool: gone.\n  fix: Bring it back.\nRemember:\n-----\nℹ️ cost: $5 a tree.');
  });

  it('by a spawn test: exit 0 only when all is good; it needs a process', async () => {
    cli.answers['doctor.spawn-test'] = answered(tested);
    expect(await cli.run('doctor', '--spawn-test')).toBe(1);
    expect(cli.out).toEqual(['Spawn test of main (demo/demo):\n-----\n⚠️ Read it. → «no»\n⚠️ access: it does not read.']);
    const good = { kind: 'operational', text: 'operational.' } as const;
    cli.answers['doctor.spawn-test'] = answered({ ...tested, verdict: good });
    expect(await cli.run('doctor', '--spawn-test')).toBe(0);
    delete cli.answers['doctor.spawn-test'];
    expect(await cli.run('doctor', '--spawn-test')).toBe(2);
  });

  it.each(['--prelaunch', '--topology', '--spawn-test'])('is refused with what the process says (%s)', async (flag) => {
    for (const verb of ['doctor.prelaunch', 'doctor.topology', 'doctor.spawn-test'] as const)
      cli.answers[verb] = refused;
    expect(await cli.run('doctor', flag)).toBe(1);
    expect(cli.err).toEqual(['It is starting. Try again.']);
  });
});
