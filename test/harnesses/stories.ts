// What every real coding agent has to do, in this order, in one session. Told by all.ts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandRuns } from '../acp/processes.ts';
import type { Played } from '../agents/kit.ts';
import { until } from '../fakes/wait.ts';
import type { HarnessWorld, Turn } from './world.ts';

export interface Story {
  readonly name: string;
  /** Throws where it goes otherwise; answers what is worth a note. */
  readonly tell: (world: HarnessWorld) => Promise<string | undefined>;
}

const patienceMs = 60_000;
/** Waits for ever; some agents refuse to run a long sleep. */
const longCommand = 'tail -F switchyard-story.txt';

export const stories: readonly Story[] = [
  {
    name: 'the doctor finds it healthy',
    tell: async (world) => {
      const { fault, steps, asks } = await world.doctor();
      must(fault === undefined, `${fault?.code}: ${fault?.message}`);
      return `${steps.map(({ name, ms }) => `${name} ${ms} ms`).join(', ')}; asks ${asks}`;
    },
  },
  {
    name: 'a turn with text',
    tell: async (world) => mustSay(await world.say('[[say kiwi]]'), 'kiwi'),
  },
  {
    name: 'the second turn knows the first',
    tell: async (world) => mustSay(await world.say('[[recall]]'), 'you said: kiwi'),
  },
  {
    name: 'a command is asked for, and runs once allowed',
    tell: async (world) => {
      const asked = world.questions.length;
      const played = await world.say('[[run touch allowed.txt]]');
      mustSay(played, 'finished');
      const question = world.questions[asked];
      must(world.questions.length === asked + 1, `${world.questions.length - asked} questions`);
      must(question?.preview.includes('touch allowed.txt') === true, `the person saw ${question?.preview}`);
      must(existsSync(join(world.cwd, 'allowed.txt')), 'the command did not run');
      return `asked as ${question?.kind}`;
    },
  },
  {
    name: 'a denied command does not run, and the session goes on',
    tell: async (world) => {
      world.answer = 'deny';
      const { outcome } = await world.say('[[run touch denied.txt]]');
      world.answer = 'once';
      must(!existsSync(join(world.cwd, 'denied.txt')), 'the command ran');
      mustSay(await world.say('[[say plum]]'), 'plum');
      return outcome.kind === 'error' ? `the turn ended with ${outcome.code}` : `the turn ended with ${outcome.kind}`;
    },
  },
  {
    name: 'a text steers the running turn',
    tell: async (world) => {
      const turn = await held(world, 'once');
      const outcome = await world.steer('[[say mango]]');
      must(outcome !== 'no-turn', 'nothing was steered');
      world.model.release();
      mustSay(await turn.played, 'mango');
      return outcome;
    },
  },
  {
    name: 'a text steers while a question is open',
    tell: async (world) => {
      world.answer = undefined;
      const asked = world.questions.length;
      const turn = world.start('[[run touch open.txt]]');
      await until(() => world.questions.length > asked, 'a question', patienceMs);
      const outcome = await Promise.race([world.steer('[[say peach]]'), later(30_000)]);
      must(outcome !== undefined && outcome !== 'no-turn', `it answered ${outcome}`);
      if (outcome === 'steered') turn.stop();
      const { outcome: end } = await turn.played;
      world.answer = 'once';
      must(!existsSync(join(world.cwd, 'open.txt')), 'the command ran');
      must(outcome === 'steered' || (end.kind === 'success' && end.text.includes('peach')), JSON.stringify(end));
      return outcome;
    },
  },
  {
    name: 'a cancelled turn ends, and the session goes on',
    tell: async (world) => {
      const turn = await held(world, 'twice');
      const began = performance.now();
      turn.stop();
      const { outcome } = await turn.played;
      const took = Math.round(performance.now() - began);
      must(outcome.kind === 'stopped', JSON.stringify(outcome));
      mustSay(await world.say('[[say fig]]'), 'fig');
      return `after ${took} ms`;
    },
  },
  {
    name: 'killed in a turn: the turn says so, the next one knows all',
    tell: async (world) => {
      const turn = await held(world, 'thrice');
      const pid = world.harness.live?.connection.process.pid;
      must(pid !== undefined, 'it has no process');
      process.kill(pid ?? 0, 'SIGKILL');
      const { outcome } = await turn.played;
      must(outcome.kind === 'error' && outcome.code === 'ACP_TURN_FAILED', JSON.stringify(outcome));
      mustSay(await world.say('[[recall]]'), 'kiwi');
      return world.harness.live?.began;
    },
  },
  {
    name: 'ended while a command of it runs: no process is left behind',
    tell: async (world) => {
      const turn = world.start(`[[run ${longCommand}]]`);
      await until(() => commandRuns(longCommand), 'its command to run', patienceMs);
      const began = performance.now();
      const left = await world.endProcesses();
      const took = Math.round(performance.now() - began);
      const { outcome } = await turn.played;
      must(left === 0 && !commandRuns(longCommand), `${left} processes are left, or its command still runs`);
      must(outcome.kind === 'error', JSON.stringify(outcome));
      return `after ${took} ms`;
    },
  },
];

/** A turn that has begun to answer and waits. */
async function held(world: HarnessWorld, which: string): Promise<Turn> {
  const turn = world.start(`[[hold ${which}]]`);
  // Some agents tell the text only once it is complete: that the model was asked is all they show.
  await until(() => world.model.held() > 0, 'the model to be asked', patienceMs);
  return turn;
}

function later(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}

function mustSay({ outcome }: Played, text: string): undefined {
  must(outcome.kind === 'success' && outcome.text.includes(text), `wanted "${text}", got ${JSON.stringify(outcome)}`);
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
