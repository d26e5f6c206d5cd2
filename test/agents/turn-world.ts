// The turn engine on real lanes and a virtual clock, with a scripted agent and everything around it in memory.

import type { Placed } from '../../src/agents/active.ts';
import type { MailItem } from '../../src/agents/mailbox.ts';
import type { ActiveTurn, TurnResult } from '../../src/agents/turn-types.ts';
import { Turns } from '../../src/agents/turns.ts';
import type { Entry } from '../../src/core/agent.ts';
import type { QueueSettings, Session } from '../../src/core/session.ts';
import { silentLog } from '../../src/infra/log.ts';
import { Scheduler } from '../../src/lanes/scheduler.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { scriptedRuntime } from '../fakes/scripted-runtime.ts';
import { aSession } from './kit.ts';
import { itemMaker } from './mail-items.ts';

export interface TurnWorldOptions {
  readonly queue?: Partial<QueueSettings>;
  /** Milliseconds it takes to record a turn. */
  readonly settleMs?: number;
  readonly sessions?: readonly Session[];
  /** Brings a written entry of a transcript onto the disk; default: it is there at once. */
  readonly flush?: (entries: readonly Entry[]) => Promise<void>;
  /** Records a turn; default: it is only listed. */
  readonly settle?: (result: TurnResult) => Promise<void>;
}

export function turnWorld(options: TurnWorldOptions = {}) {
  const clock = virtualClock(0);
  const sessions = new Map((options.sessions ?? [aSession()]).map((session) => [session.key, session]));
  const agent = scriptedRuntime({ clock });
  const settled: TurnResult[] = [];
  /** What each turn took when it started, by turn id. */
  const batches = new Map<string, readonly string[]>();
  const dropped: { readonly id: string; readonly why: string }[] = [];
  const typing = new Set<string>();
  const transcripts = new Map<string, Entry[]>();
  const scheduler = new Scheduler({
    ...{ clock, generation: 1, widths: { main: 4, subagent: 8 } },
    onWait: () => undefined,
    onLate: () => undefined,
  });
  const failing = { settle: false, session: false };
  const turns = new Turns({
    ...{ clock, ids: seededIds(), log: silentLog, scheduler },
    sessions: {
      get: async (key) => {
        if (failing.session) throw new Error('the store is broken');
        return sessions.get(key);
      },
      recordTurn: async (key) => sessions.get(key),
    },
    transcripts: {
      append: async (id, entries) => {
        const list = [entries].flat() as readonly Entry[];
        transcripts.set(id, [...(transcripts.get(id) ?? []), ...list]);
        await options.flush?.(list);
      },
      read: async (id) => transcripts.get(id) ?? [],
    },
    profile: async () => ({
      ...{ runtime: agent, system: '', model: 'scripted/one', thinking: 'off', contextTokens: 1000, tools: [] },
    }),
    queue: () => ({ mode: 'steer', debounceMs: 500, cap: 20, drop: 'summarize', ...options.queue }),
    limits: () => ({ startMs: 60_000, warnMs: 600_000, abortMs: 1_800_000 }),
    canInject: () => true,
    injectable: () => undefined,
    hooks: {
      started: async (turn) =>
        void batches.set(
          turn.id,
          turn.items.map((item) => item.id),
        ),
      recall: () => undefined,
      alive: () => undefined,
      settle: async (result) => {
        if (options.settleMs !== undefined) await clock.sleep(options.settleMs);
        if (failing.settle) throw new Error('the store is broken');
        await options.settle?.(result);
        settled.push(result);
      },
      refuseCall: async () => undefined,
      spend: async () => undefined,
      dropped: (_session, items, why) => dropped.push(...items.map(({ id }) => ({ id, why }))),
      stalled: () => undefined,
    },
    signs: {
      queued: (items) => items.forEach((item) => void typing.add(item.id)),
      taken: (items) => items.forEach((item) => void typing.delete(item.id)),
      begin: (turn: ActiveTurn) => void typing.add(turn.id),
      tool: () => undefined,
      end: (turn: ActiveTurn) => void typing.delete(turn.id),
    },
  });
  const make = itemMaker();
  const session = (key?: string): Session => {
    const found = key === undefined ? [...sessions.values()][0] : sessions.get(key);
    if (found === undefined) throw new Error(`no session ${key}`);
    return found;
  };
  return {
    ...{ clock, agent, turns, scheduler, sessions, settled, batches, dropped, typing, failing, transcripts },
    session,
    /** Hands in a message, or another kind of item. */
    give(text: string, more: Partial<MailItem> = {}, key?: string): Placed & { readonly id: string } {
      const item = make(more.kind ?? 'message', text, { at: clock.now(), ...more });
      return { id: item.id, ...turns.offer(session(key), item) };
    },
    /** Texts of the turns that were recorded. */
    heard: (): string[] => settled.flatMap((result) => result.items.map((item) => item.text)),
  };
}
