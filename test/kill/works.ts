// What the program is doing when it is killed: what somebody asks for, and what they must see of it in the end, exactly once each.
// Used by named.ts, random.ts and again.ts.
import { twinHarness } from '../flows/acp/harness-config.ts';
import { pass } from './moments.ts';
import type { PlaceName, Room } from './places.ts';

export interface Wanted {
  readonly what: string;
  readonly fits: (text: string) => boolean;
}

export interface Work {
  readonly name: string;
  /** Default: everywhere. */
  readonly on?: readonly PlaceName[];
  /** What has to be there before. */
  readonly before?: { readonly says: (token: string) => string; readonly shows: RegExp };
  /** Says what there is to say; the program may be gone meanwhile. @param token a word of its own for each time */
  readonly asks: (room: Room, token: string) => Promise<void>;
  /** What somebody answers to what is shown; each answer is said once. */
  readonly answers?: (shown: readonly string[]) => readonly string[];
  readonly wanted: (token: string) => readonly Wanted[];
  /** Threads there are in the end; default: 0. */
  readonly threads?: number;
  /** The start after a kill has much to take up: it is killed itself, too. */
  readonly again?: true;
  /** A random kill comes at any moment up to this one, in milliseconds after the message. */
  readonly withinMs: number;
}

const says =
  (text: (token: string) => string): Work['asks'] =>
  (room, token) =>
    room.says(text(token));

const contains = (what: string, ...parts: readonly (string | RegExp)[]): Wanted => ({
  what,
  fits: (text) => parts.every((part) => (typeof part === 'string' ? text.includes(part) : part.test(text))),
});

export const works: readonly Work[] = [
  {
    name: 'a message to the agent',
    again: true,
    asks: says((token) => `say ${token}`),
    wanted: (token) => [contains('the answer', token)],
    withinMs: 900,
  },
  {
    name: 'a command',
    asks: says((token) => `/subagents kill ${token}`),
    wanted: (token) => [contains('the answer', token)],
    withinMs: 900,
  },
  {
    name: 'a run in the background',
    asks: says((token) => `/subagents spawn main say ${token}`),
    wanted: (token) => [
      contains('that it has started', /✅ main (started|queued)/),
      contains('its result', token, /: completed/),
    ],
    withinMs: 1_700,
  },
  {
    name: "an agent's own sub-agent",
    again: true,
    asks: says((token) => `delegate: say ${token}`),
    wanted: () => [
      contains('that it has started', /Started 1 sub-agent/),
      // «It …» would say how it ended without a result.
      contains('its result', /(?<!when it )(?:is|are) back\. (?!It )/),
    ],
    withinMs: 2_000,
  },
  {
    name: 'a message into a running turn',
    again: true,
    asks: async (room, token) => {
      await room.says(`wait 1 seconds and say first${token}`);
      await pass(500);
      await room.says(`say second${token}`);
    },
    wanted: (token) => [contains('the first answer', `first${token}`), contains('the second answer', `second${token}`)],
    withinMs: 2_500,
  },
  {
    name: 'a question of a coding agent',
    again: true,
    asks: says((token) => `/acp spawn --mode oneshot -- run echo ${token}`),
    answers: (shown) =>
      shown.flatMap((text) => /\(code (\w+)\):/.exec(text)?.[1] ?? []).map((code) => `/approve ${code}`),
    wanted: () => [
      contains('that it is ready', /is ready/),
      contains('how it ended', /ran echo|heard:|interrupted|cut it off/),
    ],
    withinMs: 2_500,
  },
  {
    name: 'a thread for a sub-agent',
    on: ['discord'],
    before: { says: (token) => `/subagents spawn main say ${token}`, shows: /: completed/ },
    asks: says(() => '/focus 1'),
    wanted: () => [
      contains('where it is', /is active in thread/),
      contains('the welcome in the thread', /is active here/),
    ],
    threads: 1,
    withinMs: 1_500,
  },
];

/** The scripted coding agent that the works need, for everybody. @param folder where it works and keeps its history */
export function codingAgent(folder: string): object {
  const { acp, ...rest } = twinHarness(folder, { load: true }) as { readonly acp: object };
  return { ...rest, acp: { ...acp, control: 'allowed' } };
}
