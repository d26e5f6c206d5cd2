// A busy process to look at: a tree of runs at work, a coding agent that asks, a message that did not arrive, a bound chat.
// Used by the stories.

import { systemClock } from '../../src/infra/clock.ts';
import { createLog } from '../../src/infra/log.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { call, say, spend } from '../fakes/script.ts';
import { openPage, type TestPage } from '../fakes/status-page.ts';
import { type CodingWorld, openCoding } from '../flows/acp/world.ts';

export interface Stage {
  readonly world: CodingWorld;
  readonly page: TestPage;
  /** Lets a run end that works until then. */
  finish(label: string): void;
  /** Messages with this text reach their chat from now on. */
  mend(): void;
  close(): Promise<void>;
}

const price = 0.000_003;

export async function openStage(): Promise<Stage> {
  const world = await openCoding({
    config: { agents: { defaults: { subagents: { maxSpawnDepth: 2, maxConcurrent: 4 } } } },
    acp: { permissionTimeoutSeconds: 900 },
    channel: { can: { threads: false } },
  });
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const works = (label: string, words: string, tokens: number): void => {
    const end = Promise.withResolvers<void>();
    ends.set(label, end);
    world.agent.once(new RegExp(`^${label}\\b`), async function* () {
      yield spend(tokens, Math.round(tokens / 9), tokens * price);
      await end.promise;
      yield say(words);
    });
  };
  const spawn = (label: string, task: string) => call('sessions_spawn', { task: `${label}: ${task}`, label });
  world.agent.once(/^compare/, [
    spawn('sources', 'find what has been written about zone valves since 2019, and weigh it'),
    spawn('prices', 'what do the three makers ask for one, with delivery?'),
    say('Two of them are on it.'),
  ]);
  world.agent.once(/^sources\b/, [
    spend(18_240, 1_130, 0.07),
    spawn('archive', 'papers and standards'),
    spawn('forums', 'what installers say'),
    say('waiting'),
  ]);
  works('archive', 'Four papers, one standard.', 41_200);
  works('forums', 'Mostly praise.', 9_800);
  works('prices', 'Between 61 and 88 euros.', 3_400);
  let broken = true;
  world.channel.judge(({ text }) =>
    broken && /weekly figures/.test(text) ? { refused: 'the chat is full', only: 'this' } : undefined,
  );
  await world.ask('/acp spawn --label shop --bind here', /is ready/);
  await world.ask('/unfocus', /./);
  world.agent.once(/^weekly/, [say('Here are the weekly figures: 12 orders, 3 of them late.')]);
  await world.say('weekly');
  await world.until(() => world.engine.delivery.outbox.stats().undelivered === 1, 'the message that is refused');
  await world.say('compare zone valves');
  await world.until(() => world.runs().filter(({ state }) => state.status === 'running').length === 3, 'three at work');
  const home = world.engine.parts.home;
  const logs = createLog({ level: 'info', clock: systemClock, file: statePaths(home).log });
  logs.log.info({ generation: 1 }, 'started');
  logs.log.warn({ chat: 'console:default:ann', token: 'sk-ant-api03-abcdefghijklmnop1234' }, 'a message was refused');
  const page = await openPage(world, { log: logs.log });
  return {
    ...{ world, page },
    finish: (label) => ends.get(label)?.resolve(),
    mend: () => {
      broken = false;
    },
    async close() {
      for (const { resolve } of ends.values()) resolve();
      await page.close();
      await world.close();
      logs.close();
    },
  };
}
