// A scheduler on a virtual clock, with what it reported. Used by the tests of this folder and of /new.
import type { LaneName, LateResult, WaitWarning } from '../../src/lanes/job.ts';
import { Scheduler, type Ticket } from '../../src/lanes/scheduler.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

export interface LaneWorld {
  readonly clock: VirtualClock;
  readonly scheduler: Scheduler;
  readonly warnings: WaitWarning[];
  readonly late: LateResult[];
  lane(name: LaneName): { readonly active: number; readonly waiting: number; readonly width: number } | undefined;
}

/** Generation 3, width 4 for `main` and 8 for `subagent`, time starts at 0. */
export function laneWorld(): LaneWorld {
  const clock = virtualClock(0);
  const warnings: WaitWarning[] = [];
  const late: LateResult[] = [];
  const scheduler = new Scheduler({
    clock,
    generation: 3,
    widths: { main: 4, subagent: 8 },
    onWait: (warning) => warnings.push(warning),
    onLate: (result) => late.push(result),
  });
  const lane = (name: LaneName) => scheduler.stats().lanes.find((each) => each.name === name);
  return { clock, scheduler, warnings, late, lane };
}

const never = new AbortController().signal;

/** A ticket of a chat session that nobody aborts. */
export function ticket(session: string, more: Partial<Ticket> = {}): Ticket {
  return { session, lane: 'main', signal: never, ...more };
}

/** Work that never ends, whatever its signal says. */
export function wedged(): Promise<never> {
  return new Promise(() => undefined);
}
