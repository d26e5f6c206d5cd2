// What was seen of one simulation from outside the engine: a journal of plain lines, and facts the invariants ask about.
// Written by world.ts, platform.ts and agents.ts.
import { createHash } from 'node:crypto';
import { startOfTime } from './timeline.ts';

/** One execution of a turn by the runtime; after a crash the same message begins another one. */
export interface TurnSeen {
  /** `A<n>`: stands in every text it says. */
  readonly name: string;
  readonly id: string;
  readonly life: number;
  readonly session: string;
  /** Of the transcript. */
  readonly sessionId: string;
  readonly kind: 'chat' | 'subagent' | 'acp';
  readonly startedAt: number;
  /** Tokens of messages and tasks it took in, in order. */
  readonly tokens: string[];
  /** What its history holds at the start: ids of turns that answered, and their calls as `<turn>/<call>`. */
  readonly knows: ReadonlySet<string>;
  /** Calls, of which its history says that they were never begun. */
  readonly denied: ReadonlySet<string>;
  /** It makes two calls in one step, where others make one. */
  readonly pairs: boolean;
  /** Ids of the calls it began. */
  readonly begun: string[];
  /** First characters of the ids of runs whose completion it took in. */
  readonly runs: string[];
  /** It answered NO_REPLY, ANNOUNCE_SKIP or nothing. */
  quiet: boolean;
  /** It answers although it was aborted. */
  stubborn: boolean;
  /** Why its signal was aborted, and when. */
  aborted: { readonly by: string; readonly at: number } | undefined;
  endedAt: number | undefined;
  outcome: string | undefined;
}

/** The agent's side of the account: what a call used, and whether the engine lived to be told. */
export interface CallSeen {
  readonly life: number;
  readonly session: string;
  readonly tokens: number;
  /** The engine asked for more afterwards: it has stored this. */
  stored: boolean;
}

/** A message of a person, or a repeat of it, as handed to the engine. */
export interface HandedIn {
  readonly id: string;
  readonly token: string | undefined;
  readonly chat: string;
  readonly text: string;
  accepted: boolean;
}

export class Sighting {
  readonly lines: string[] = [];
  readonly turns: TurnSeen[] = [];
  readonly calls: CallSeen[] = [];
  readonly inbound: HandedIn[] = [];
  /** When the process began to end, or was killed. Unix milliseconds. */
  readonly ends: number[] = [];
  /** Sends the engine asked platforms for. */
  sends = 0;
  /** Errors the engine logged, for whoever reads a failing seed. */
  readonly errors: string[] = [];
  /** Broken rules that show only while it runs. */
  readonly broken: { readonly rule: string; readonly detail: string }[] = [];
  /** Highest number of turns at once in each lane. */
  readonly widest = { main: 0, subagent: 0 };
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds since the start. */
  time(): number {
    return this.#now() - startOfTime;
  }

  line(text: string): void {
    this.lines.push(`${this.time()} ${text}`);
  }

  /** The same plan gives the same one. */
  hash(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex');
  }
}
