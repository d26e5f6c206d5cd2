// What kinds of plan there are: each theme draws some things more often, so that rare meetings come up in few seeds. Used by
// plan.ts and acts.ts.
import type { Settings } from './plan.ts';
import type { Random } from './random.ts';

/** How likely each kind of step is, relative to the others. */
export interface StepWeights {
  readonly say: number;
  readonly inThread: number;
  readonly repeat: number;
  readonly spawn: number;
  readonly steer: number;
  readonly send: number;
  readonly kill: number;
  readonly focus: number;
  readonly unfocus: number;
  readonly stop: number;
  readonly fresh: number;
  readonly list: number;
  readonly restart: number;
}

/** How likely each way of going on is. */
export interface ActWeights {
  readonly wait: number;
  readonly spawn: number;
  readonly long: number;
  readonly fail: number;
  readonly hang: number;
  readonly quiet: number;
  readonly yield: number;
}

export interface Theme {
  readonly name: string;
  readonly steps: StepWeights;
  readonly acts: ActWeights;
  /** Most steps, and the longest time between first and last, in milliseconds. */
  readonly most: number;
  readonly withinMs: readonly [number, ...number[]];
  /** Steps come in bursts of this length, once a minute, as the sweep does. */
  readonly burstMs?: number;
  /** Most chats. */
  readonly chats: number;
  readonly trouble: readonly [number, ...number[]];
  /** Kinds of points at which the process is killed, where it is not any of them. */
  readonly crashes: readonly [string, ...string[]];
  /** What is set, where that is not drawn. */
  readonly settings?: Partial<Settings>;
  /** How many lives are killed, where that is not drawn. */
  readonly lives?: number;
  /** How often a message brings a file, 0 to 1. */
  readonly files: number;
}

const steps: StepWeights = {
  ...{ say: 14, inThread: 1, repeat: 2, spawn: 4, steer: 2, send: 2, kill: 2 },
  ...{ focus: 2, unfocus: 1, stop: 2, fresh: 1, list: 1, restart: 1 },
};
const acts: ActWeights = { wait: 4, spawn: 4, long: 2, fail: 1, hang: 1.5, quiet: 2, yield: 8 };
const mixed: Theme = {
  ...{ name: 'mixed', steps, acts, most: 14, chats: 4, files: 0.05 },
  crashes: ['before a commit', 'after a commit', 'before a send', 'after a send', 'a turn'],
  ...{ withinMs: [2_000, 15_000, 90_000, 900_000], trouble: [0, 0.1, 0.3] },
};

const themes: readonly (readonly [number, Theme])[] = [
  [4, mixed],
  /** Much to send, and platforms that do not take it well. */
  [
    2,
    {
      ...mixed,
      name: 'sending',
      crashes: ['before a send', 'after a send', 'after a commit'],
      acts: { ...acts, long: 12, hang: 0.2 },
      most: 6,
      chats: 2,
      trouble: [0.1, 0.5],
    },
  ],
  /** Conversations bound to runs, in places of their own. */
  [
    2,
    {
      ...mixed,
      name: 'bound',
      steps: { ...steps, inThread: 8, spawn: 8, focus: 8, unfocus: 2, kill: 3 },
      acts: { ...acts, long: 6 },
      chats: 1,
      trouble: [0.1, 0.4],
      withinMs: [4_000, 15_000],
    },
  ],
  /** More messages than turns. */
  [
    2,
    {
      ...mixed,
      name: 'queue',
      files: 0.2,
      steps: { ...steps, say: 40, steer: 6 },
      acts: { ...acts, spawn: 1 },
      chats: 1,
      withinMs: [300, 3_000, 10_000],
    },
  ],
  /** Deep trees that are stopped, killed, cut off. */
  [
    3,
    {
      ...mixed,
      name: 'trees',
      crashes: ['after a commit', 'after a commit', 'a turn'],
      steps: { ...steps, spawn: 14, kill: 6, stop: 4 },
      acts: { ...acts, spawn: 10, fail: 3, hang: 4 },
      most: 6,
      chats: 1,
      withinMs: [300, 3_000, 10_000],
    },
  ],
  /** Ends of the process that find work under way. */
  [1, { ...mixed, name: 'ends', steps: { ...steps, restart: 10 }, acts: { ...acts, hang: 6 }, most: 8 }],
  /** A process that is killed again as soon as it works. */
  [
    1,
    {
      ...mixed,
      ...{ name: 'restless', lives: 6, crashes: ['a turn', 'a turn', 'after a commit'], most: 4, chats: 1 },
      ...{ steps: { ...steps, spawn: 10 }, withinMs: [300, 3_000] },
    },
  ],
];

/** Runs whose children end before them, after them, without a word, or are left alone, and few other things. */
const families: Theme = {
  ...mixed,
  ...{ name: 'families', crashes: ['after a commit'], most: 3, chats: 1, trouble: [0], withinMs: [300, 3_000, 10_000] },
  steps: { ...steps, say: 6, spawn: 14, kill: 8, stop: 2 },
  acts: { ...acts, spawn: 12, fail: 8, quiet: 8, hang: 4, yield: 2, long: 0.5 },
};

/** Messages and files for turns that fail before they have read them. */
const rush: Theme = {
  ...mixed,
  ...{ name: 'rush', most: 8, chats: 1, trouble: [0], withinMs: [300, 3_000, 8_000], files: 0.35 },
  settings: { mode: 'steer', cap: 20, drop: 'summarize' },
  steps: { ...steps, say: 60, spawn: 1 },
  acts: { ...acts, wait: 16, spawn: 0.5, fail: 14 },
};

/** What is said to runs that have ended, in the moment in which their sessions are put away. */
const late: Theme = {
  ...mixed,
  ...{ name: 'late', most: 12, chats: 1, trouble: [0], withinMs: [190_000], burstMs: 20 },
  crashes: ['before an archiving', 'after a commit'],
  settings: { archiveMinutes: 1, treeTokens: 0, userRuns: 'direct' },
  steps: { ...steps, say: 1, spawn: 12, send: 40, stop: 0.2, fresh: 0.2, kill: 0.2, restart: 0.2, focus: 0.5 },
  acts: { ...acts, wait: 1, spawn: 0.5, hang: 0.1, yield: 1 },
};

/** Of ten seeds one is about each of these. */
export function themeFor(seed: number, chance: Random): Theme {
  const drawn = themeOf(chance);
  switch (seed % 10) {
    case 0:
      return families;
    case 5:
      return rush;
    case 7:
      return late;
    default:
      return drawn;
  }
}

function themeOf(chance: Random): Theme {
  return chance.weighted(themes);
}
