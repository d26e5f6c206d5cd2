// What one simulation is about, as plain data: who writes what and when, what the agents do about it, when the process is
// killed. Made from a seed; made smaller by shrink.ts; carried out by world.ts.
import { makeActs } from './acts.ts';
import type { Crash } from './life.ts';
import { type Random, random } from './random.ts';

/** What an agent does with one message or task, step by step; afterwards it answers, unless the last step says otherwise. */
export type Act =
  | { readonly do: 'wait'; readonly ms: number }
  /** A tool call that changes nothing. */
  | { readonly do: 'tool' }
  /** A text before it goes on. */
  | { readonly do: 'say' }
  | { readonly do: 'spawn'; readonly acts: readonly Act[] }
  | { readonly do: 'yield' }
  /** Of its own children, the newest. */
  | { readonly do: 'kill' }
  | { readonly do: 'steer' }
  /** An answer of several messages' length. */
  | { readonly do: 'long' }
  /** NO_REPLY, or of a run ANNOUNCE_SKIP. */
  | { readonly do: 'quiet' }
  | { readonly do: 'nothing' }
  | { readonly do: 'fail' }
  /** Until it is aborted; `deaf`: not even then. */
  | { readonly do: 'hang'; readonly deaf: boolean };

export const platformNames = ['telegram', 'discord', 'whatsapp'] as const;
export type PlatformName = (typeof platformNames)[number];

export interface Chat {
  readonly platform: PlatformName;
  readonly kind: 'direct' | 'group';
}

interface At {
  /** Milliseconds after the start. */
  readonly at: number;
  /** Number of the chat. */
  readonly chat: number;
}

/** `token` is unique: texts carry it, and so do answers. */
export type Step = At &
  (
    | { readonly do: 'say'; readonly token: string; readonly acts: readonly Act[]; readonly by: 'ann' | 'bo' }
    /** In the newest thread of the chat, where it has one. */
    | { readonly do: 'say in thread'; readonly token: string; readonly acts: readonly Act[] }
    /** The platform hands the newest messages of this chat in once more. */
    | { readonly do: 'repeat' }
    | { readonly do: 'spawn'; readonly token: string; readonly acts: readonly Act[] }
    | { readonly do: 'steer' | 'send'; readonly token: string; readonly target: string }
    | { readonly do: 'kill' | 'focus'; readonly target: string }
    | { readonly do: 'stop' | 'unfocus' | 'new' | 'list' }
    /** A stop of the process as by SIGTERM, and a new start. */
    | { readonly do: 'restart' }
  );

export interface Settings {
  readonly mode: 'steer' | 'followup' | 'collect' | 'interrupt';
  readonly cap: number;
  readonly drop: 'summarize' | 'old' | 'new';
  /** Seconds; 0 = none. */
  readonly runTimeout: number;
  /** Tokens of one tree; 0 = no limit. */
  readonly treeTokens: number;
  readonly agentRuns: 'agent' | 'direct';
  readonly userRuns: 'direct' | 'agent';
  readonly archiveMinutes: number;
}

export interface Plan {
  readonly seed: number;
  readonly settings: Settings;
  readonly chats: readonly Chat[];
  /** By time. */
  readonly steps: readonly Step[];
  /** One for each life, in order; undefined: that life is not killed. */
  readonly crashes: readonly (Crash | undefined)[];
  /** How often a platform does something else than taking a message and saying so, 0 to 1. */
  readonly trouble: number;
}

export function makePlan(seed: number): Plan {
  const chance = random(seed, 'plan');
  const chats = makeChats(chance);
  const lastMs = chance.weighted([
    [3, 2_000],
    [3, 15_000],
    [2, 90_000],
    [1, 900_000],
  ]);
  const count = chance.int(
    1,
    chance.weighted([
      [3, 3],
      [3, 8],
      [2, 14],
    ]),
  );
  const at = Array.from({ length: count }, () => chance.int(0, lastMs)).sort((a, b) => a - b);
  const steps = at.map((time, index) => makeStep(chance, { at: time, chat: chance.int(0, chats.length - 1) }, index));
  const lives = chance.weighted([
    [2, 0],
    [4, 1],
    [3, 2],
    [1, 4],
  ]);
  const crashes = Array.from({ length: lives }, () => makeCrash(chance));
  return { seed, settings: makeSettings(chance), chats, steps, crashes, trouble: chance.pick([0, 0.1, 0.3]) };
}

function makeChats(chance: Random): readonly Chat[] {
  return Array.from(
    {
      length: chance.weighted([
        [4, 1],
        [3, 2],
        [1, 4],
      ]),
    },
    () => ({
      platform: chance.pick(platformNames),
      kind: chance.weighted([
        [2, 'direct'],
        [1, 'group'],
      ]),
    }),
  );
}

function makeSettings(chance: Random): Settings {
  return {
    mode: chance.weighted([
      [4, 'steer'],
      [2, 'followup'],
      [1, 'collect'],
      [1, 'interrupt'],
    ]),
    ...chance.weighted<Pick<Settings, 'cap' | 'drop'>>([
      [4, { cap: 20, drop: 'summarize' }],
      [1, { cap: 2, drop: 'summarize' }],
      [1, { cap: 2, drop: 'old' }],
      [1, { cap: 2, drop: 'new' }],
    ]),
    runTimeout: chance.weighted([
      [4, 0],
      [1, 5],
      [1, 40],
    ]),
    treeTokens: chance.weighted([
      [5, 0],
      [1, 60],
      [1, 200],
    ]),
    agentRuns: chance.weighted([
      [4, 'agent'],
      [1, 'direct'],
    ]),
    userRuns: chance.weighted([
      [4, 'direct'],
      [1, 'agent'],
    ]),
    archiveMinutes: chance.weighted([
      [4, 60],
      [1, 1],
    ]),
  };
}

/** Early points are as interesting as late ones, of which there are more. */
function makeCrash(chance: Random): Crash {
  const most = chance.pick([12, 60, 250]);
  const downMs = chance.weighted([
    [3, 20],
    [2, 2_000],
    [1, 70_000],
    [1, 400_000],
  ]);
  return { point: chance.int(1, most), downMs };
}

function makeStep(chance: Random, at: At, index: number): Step {
  const token = (kind: 'm' | 'p' | 'q'): string => `${kind}${index}`;
  const target = (): string => chance.pick(['1', '1', '2', 'all']);
  return chance.weighted<() => Step>([
    [14, () => ({ ...at, do: 'say', token: token('m'), acts: makeActs(chance, 0), by: chance.pick(['ann', 'bo']) })],
    [1, () => ({ ...at, do: 'say in thread', token: token('m'), acts: makeActs(chance, 0) })],
    [2, () => ({ ...at, do: 'repeat' })],
    [4, () => ({ ...at, do: 'spawn', token: token('p'), acts: makeActs(chance, 1) })],
    [2, () => ({ ...at, do: 'steer', token: token('q'), target: '' })],
    [2, () => ({ ...at, do: 'send', token: token('q'), target: chance.pick(['1', '2']) })],
    [2, () => ({ ...at, do: 'kill', target: target() })],
    [2, () => ({ ...at, do: 'focus', target: chance.pick(['1', '2']) })],
    [1, () => ({ ...at, do: 'unfocus' })],
    [2, () => ({ ...at, do: 'stop' })],
    [1, () => ({ ...at, do: 'new' })],
    [1, () => ({ ...at, do: 'list' })],
    [1, () => ({ ...at, do: 'restart' })],
  ])();
}
