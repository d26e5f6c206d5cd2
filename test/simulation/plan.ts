// What one simulation is about, as plain data: who writes what and when, what the agents do about it, when the process is
// killed. Made from a seed; made smaller by shrink.ts; carried out by world.ts.
import { type Draw, makeActs } from './acts.ts';
import type { Crash } from './life.ts';
import { type Random, random } from './random.ts';
import { type Theme, themeFor } from './themes.ts';

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
  | { readonly do: 'hang'; readonly until: 'aborted' | 'aborted, then answers' | 'never' };

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
    | {
        readonly do: 'say';
        readonly token: string;
        readonly acts: readonly Act[];
        readonly by: 'ann' | 'bo';
        /** It brings a file, which takes this long and then turns out to be too large. */
        readonly fileMs: number | undefined;
      }
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
  readonly theme: string;
  readonly settings: Settings;
  readonly chats: readonly Chat[];
  /** By time. */
  readonly steps: readonly Step[];
  /** One for each life, in order; undefined: that life is not killed. */
  readonly crashes: readonly (Crash | undefined)[];
  /** The machine crashes, and not only the process: what was not flushed may be lost. */
  readonly power: boolean;
  /** How often a platform does something else than taking a message and saying so, 0 to 1. */
  readonly trouble: number;
}

const minuteMs = 60_000;
/** Of all plans. */
const powerFailures = 0.3;
/** Of those with crashes. */
const away = 0.05;
const awayMs = 67 * minuteMs;

export function makePlan(seed: number): Plan {
  const chance = random(seed, 'plan');
  const theme = themeFor(seed, chance);
  const chats = makeChats(chance, theme);
  const lastMs = chance.pick(theme.withinMs);
  const count = chance.int(1, chance.pick([3, Math.ceil(theme.most / 2), theme.most]));
  const time = (): number => inBurst(chance.int(0, lastMs), theme);
  const times = Array.from({ length: count }, time).sort((a, b) => a - b);
  const draw = { chance, weights: theme.acts };
  const steps = times.map((at, index) => makeStep(draw, theme, { at, chat: chance.int(0, chats.length - 1), index }));
  const drawn = chance.weighted([
    [2, 0],
    [4, 1],
    [3, 2],
    [1, 4],
  ]);
  const lives = theme.lives ?? drawn;
  const crashes = stayAway(
    seed,
    Array.from({ length: lives }, () => makeCrash(chance, theme)),
  );
  const trouble = chance.pick(theme.trouble);
  return {
    seed,
    theme: theme.name,
    settings: { ...makeSettings(chance), ...theme.settings },
    chats,
    steps,
    crashes,
    power: random(seed, 'power').chance(powerFailures),
    trouble,
  };
}

function inBurst(at: number, { burstMs }: Theme): number {
  return burstMs === undefined ? at : at - (at % minuteMs) + (at % burstMs);
}

function makeChats(chance: Random, { chats, name }: Theme): readonly Chat[] {
  const count = Math.min(chats, chance.pick([1, 1, 2, 4]));
  return Array.from({ length: count }, () => ({
    platform:
      name === 'bound' ? chance.pick(['discord', 'discord', 'telegram', 'whatsapp']) : chance.pick(platformNames),
    kind: chance.chance(name === 'bound' ? 0.7 : 0.35) ? 'group' : 'direct',
  }));
}

function makeSettings(chance: Random): Settings {
  return {
    mode: chance.pick(['steer', 'steer', 'steer', 'followup', 'followup', 'collect', 'interrupt']),
    ...chance.pick<Pick<Settings, 'cap' | 'drop'>>([
      { cap: 20, drop: 'summarize' },
      { cap: 20, drop: 'summarize' },
      { cap: 20, drop: 'summarize' },
      { cap: 2, drop: 'summarize' },
      { cap: 2, drop: 'old' },
      { cap: 2, drop: 'new' },
    ]),
    runTimeout: chance.pick([0, 0, 0, 5, 40]),
    treeTokens: chance.pick([0, 0, 0, 0, 20, 80]),
    agentRuns: chance.pick(['agent', 'agent', 'agent', 'direct']),
    userRuns: chance.pick(['direct', 'direct', 'direct', 'agent']),
    archiveMinutes: chance.pick([60, 60, 1]),
  };
}

/** Early points are as interesting as late ones, of which there are more. */
function makeCrash(chance: Random, { crashes, lives }: Theme): Crash {
  const downMs = lives === undefined ? chance.pick([20, 20, 2_000, 2_000, 70_000, 400_000]) : 20;
  if (lives === undefined && chance.chance(0.5))
    return { at: 'any', point: chance.int(1, chance.pick([12, 60, 250])), downMs };
  const at = chance.pick(crashes);
  return { at, point: chance.int(1, chance.pick(lives === undefined ? [3, 10, 30] : [3])), downMs };
}

/** Now and then the machine stays off for so long that what is written meanwhile is too old to be acted on. */
function stayAway(seed: number, crashes: readonly Crash[]): readonly Crash[] {
  const chance = random(seed, 'away');
  const which = crashes.length === 0 || !chance.chance(away) ? undefined : chance.int(0, crashes.length - 1);
  return crashes.map((crash, index) => (index === which ? { ...crash, downMs: awayMs } : crash));
}

interface StepAt extends At {
  readonly index: number;
}

function makeStep(draw: Draw, { steps, files }: Theme, { index, ...at }: StepAt): Step {
  const { chance } = draw;
  const token = (kind: 'm' | 'p' | 'q'): string => `${kind}${index}`;
  const one = (): string => chance.pick(['1', '1', '2']);
  return chance.weighted<() => Step>([
    [
      steps.say,
      () => {
        const fileMs = chance.chance(files) ? chance.pick([50, 4_000]) : undefined;
        const [acts, by] = [makeActs(draw, 0), chance.pick(['ann', 'bo'] as const)];
        return { ...at, do: 'say', token: token('m'), acts, by, fileMs };
      },
    ],
    [steps.inThread, () => ({ ...at, do: 'say in thread', token: token('m'), acts: makeActs(draw, 0) })],
    [steps.repeat, () => ({ ...at, do: 'repeat' })],
    [steps.spawn, () => ({ ...at, do: 'spawn', token: token('p'), acts: makeActs(draw, 1) })],
    [steps.steer, () => ({ ...at, do: 'steer', token: token('q'), target: '' })],
    [steps.send, () => ({ ...at, do: 'send', token: token('q'), target: one() })],
    [steps.kill, () => ({ ...at, do: 'kill', target: chance.pick([one(), 'all']) })],
    [steps.focus, () => ({ ...at, do: 'focus', target: one() })],
    [steps.unfocus, () => ({ ...at, do: 'unfocus' })],
    [steps.stop, () => ({ ...at, do: 'stop' })],
    [steps.fresh, () => ({ ...at, do: 'new' })],
    [steps.list, () => ({ ...at, do: 'list' })],
    [steps.restart, () => ({ ...at, do: 'restart' })],
  ])();
}
