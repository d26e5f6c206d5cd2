// A whole engine on real time with the scripted coding agent as a harness, and views of what the agent received.
// Used by the stories of coding agents.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/infra/clock.ts';
import { childEnv } from '../../../src/infra/env.ts';
import { ProcessGroups } from '../../../src/tools/process-groups.ts';
import { type HarnessHost, realPath } from '../../../src/wiring/acp/host.ts';
import type { FakeChannelOptions } from '../../fakes/channel.ts';
import { seededIds } from '../../fakes/ids.ts';
import { until } from '../../fakes/wait.ts';
import type { TwinLine, TwinOptions } from '../../twins/acp-agent.ts';
import { openWorld, type World } from '../world.ts';

const twinPath = join(import.meta.dirname, '..', '..', 'twins', 'acp-agent.ts');

export interface CodingOptions {
  readonly twin?: Omit<TwinOptions, 'folder'>;
  /** Added to the `acp` part of the config. */
  readonly acp?: object;
  /** Added to the config. */
  readonly config?: object;
  readonly channel?: FakeChannelOptions;
}

export interface CodingWorld extends World {
  readonly folder: string;
  /** Where the agent works. */
  readonly cwd: string;
  log(): readonly TwinLine[];
  /** Texts it was prompted with. */
  heard(): readonly unknown[];
  /** Resolves once it received this many of these. */
  received(what: string, times?: number): Promise<void>;
  /** Lets one that starts slowly go on. */
  go(): void;
  /** Process ids of all agents that live. */
  living(): readonly number[];
  /** Messages in the owner's chat, all that were ever said. */
  said(): readonly string[];
}

export async function openCoding(options: CodingOptions = {}): Promise<CodingWorld> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'switchyard-coding-')));
  const cwd = join(folder, 'work');
  mkdirSync(cwd);
  const groups = new ProcessGroups({ clock: systemClock, ids: seededIds(), instance: folder });
  const harnesses: HarnessHost = {
    groups,
    lookup: () => ({ path: '', bins: [], isProgram: existsSync }),
    childEnv: (names, add) => childEnv(names, add, { PATH: '', DISCORD_TOKEN: 'secret' }),
    realPath,
    readFile: (path) => readFile(path),
  };
  const env = { ACP_TWIN: JSON.stringify({ folder: join(folder, 'twin'), ...options.twin }) };
  const agents = { twin: { command: process.execPath, args: [twinPath], env } };
  const acp = { enabled: true, defaultAgent: 'twin', cwd, agents, ...options.acp };
  const world = await openWorld({
    ...{ harnesses, time: systemClock, config: { acp, ...options.config } },
    ...(options.channel === undefined ? {} : { channel: options.channel }),
  });
  const log = (): readonly TwinLine[] => {
    const path = join(folder, 'twin', 'log.jsonl');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as TwinLine);
  };
  const extra = {
    ...{ folder, cwd, log },
    heard: () => log().flatMap((line) => (line.what === 'prompt' ? [line.text] : [])),
    received: (what: string, times = 1) =>
      until(() => log().filter((line) => line.what === what).length >= times, `${what} in the log of the agent`),
    go() {
      mkdirSync(join(folder, 'twin'), { recursive: true });
      writeFileSync(join(folder, 'twin', 'go'), '');
    },
    living: () => groups.live().flatMap((group) => group.members()),
    said: () => world.channel.texts(),
    async close() {
      await world.close();
      const left = extra.living().length;
      await groups.killAll();
      rmSync(folder, { recursive: true, force: true });
      if (left > 0) throw new Error(`${left} processes of coding agents were left`);
    },
  };
  // Getters of the world stay alive: its engine changes with a restart.
  return Object.create(world, Object.getOwnPropertyDescriptors(extra)) as CodingWorld;
}
