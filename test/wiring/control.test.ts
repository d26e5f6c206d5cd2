// What the command line may do about a result that was delivered, given up, or never owed.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { controlHandlers } from '../../src/wiring/control.ts';
import { hang } from '../fakes/script.ts';
import { delegate, delivers } from '../flows/endings.ts';
import { openWorld, type World } from '../flows/world.ts';

let here: World;
beforeEach(async () => {
  here = await openWorld({ config: { announce: { mode: { agentRuns: 'direct' } } } });
});
afterEach(() => here.close());

const control = () => controlHandlers({ engine: here.engine } as never);

/** A run that answered with this text, once it is settled. */
async function answered(text: string, delivery: Run['delivery']['state']): Promise<Run> {
  here.agent.once(/^research$/, text);
  await delegate(here, 'research');
  return delivers(here, 'research', delivery);
}

async function stopped(): Promise<Run> {
  here.agent.once(/^research$/, [hang()]);
  await delegate(here, 'research');
  await here.until(() => here.run('research').state.status === 'running', 'the run to start');
  await here.ask('/stop', /Stopped/i);
  return delivers(here, 'research', 'skipped');
}

const refused = (message: string) => ({
  ok: false,
  refusal: { code: 'nothing_owed', message, fix: expect.stringMatching(/./) },
});

describe('tasks retry', () => {
  it.each([
    ['NO_REPLY', 'silent', 'research is silent (the run answered NO_REPLY); there is nothing to deliver.'],
    ['ANNOUNCE_SKIP', 'skipped', 'research is skipped (the run answered ANNOUNCE_SKIP); there is nothing to deliver.'],
  ] as const)('says that a run which answered %s owes nothing', async (text, state, message) => {
    const run = await answered(text, state);
    expect(await control()['tasks.retry']({ id: run.id })).toMatchObject(refused(message));
    expect(here.run('research').delivery).toEqual(run.delivery);
  });

  it('says that a run which was stopped owes nothing', async () => {
    const run = await stopped();
    expect(await control()['tasks.retry']({ id: run.id })).toMatchObject(
      refused(
        'research is skipped (stopped by user; the command that stopped it said so); there is nothing to deliver.',
      ),
    );
    expect(here.run('research').delivery).toEqual(run.delivery);
  });

  it('delivers after all what was dismissed', async () => {
    here.channel.judge(({ text }) => (text.includes('A is 1') ? 'refused' : undefined));
    const run = await answered('A is 1', 'undelivered');
    expect(await control()['tasks.dismiss']({ id: run.id })).toMatchObject({ ok: true });
    expect(here.run('research').delivery.state).toBe('skipped');
    here.channel.judge(undefined);
    expect(await control()['tasks.retry']({ id: run.id })).toMatchObject({ ok: true });
    await delivers(here, 'research', 'delivered');
  });
});

describe('tasks dismiss', () => {
  it.each([
    ['A is 1', 'delivered'],
    ['NO_REPLY', 'silent'],
    ['ANNOUNCE_SKIP', 'skipped'],
  ] as const)('says that there is nothing to give up after %s (%s)', async (text, state) => {
    const run = await answered(text, state);
    expect(await control()['tasks.dismiss']({ id: run.id })).toMatchObject(
      refused(`research is ${state}; there is nothing to give up.`),
    );
    expect(here.run('research').delivery).toEqual(run.delivery);
  });

  it('says so to whoever gives the same result up twice', async () => {
    here.channel.judge(({ text }) => (text.includes('A is 1') ? 'refused' : undefined));
    const run = await answered('A is 1', 'undelivered');
    expect(await control()['tasks.dismiss']({ id: run.id })).toMatchObject({
      ok: true,
      value: { delivery: { state: 'skipped' } },
    });
    expect(await control()['tasks.dismiss']({ id: run.id })).toMatchObject(
      refused('research is skipped; there is nothing to give up.'),
    );
  });
});
