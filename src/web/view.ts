// What the status page shows, as it goes over the wire: plain values, times in Unix milliseconds, words for people where the
// page has nothing to compute. Made by snapshot.ts and its neighbours; the browser files in src/web/page read it.
import type { ChannelId } from '../core/route.ts';

/** One event of the stream: the sections that changed. The first one of a connection holds them all. */
export type Sections = {
  readonly process: ProcessView;
  readonly lanes: readonly LaneRow[];
  readonly channels: readonly ChannelRow[];
  readonly links: readonly LinkRow[];
  readonly people: readonly PersonRow[];
  readonly questions: readonly QuestionRow[];
  readonly work: readonly SessionRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly bindings: readonly BindingRow[];
};

export interface ProcessView {
  readonly version: string;
  readonly startedAt: number;
  readonly generation: number;
  readonly model: string;
  /** Why it is not healthy, one sentence each; empty: it is. */
  readonly troubles: readonly string[];
  /** Tokens and cost of today, all agents together, in words. */
  readonly today: Spent;
}

export interface Spent {
  readonly tokens: string;
  readonly cost: string;
}

export interface LaneRow {
  readonly name: string;
  readonly active: number;
  readonly width: number;
  readonly waiting: number;
}

export interface ChannelRow {
  readonly id: string;
  readonly state: string;
  /** A sentence; empty where the state says it all. */
  readonly detail: string;
}

/** Linking a phone to an account. */
export type LinkRow = { readonly account: string } & (
  | { readonly state: 'connecting' | 'scanned' | 'expired' }
  /** `path`: the dark squares as SVG path data in a square of `size` units; `until`: how long it can be scanned. */
  | { readonly state: 'qr'; readonly size: number; readonly path: string; readonly until: number }
  | { readonly state: 'code'; readonly code: string }
  | { readonly state: 'linked'; readonly number: string }
  | { readonly state: 'trouble' | 'ended'; readonly what: string }
);

/** Somebody who wrote and waits to be let in. */
export interface PersonRow {
  readonly channel: ChannelId;
  /** What they were told; the owner compares it. */
  readonly code: string;
  readonly name: string;
  /** `<channel>:<id>` */
  readonly id: string;
  /** When the code stops being valid. */
  readonly expires: number;
  /** Nobody is the owner yet: whoever is let in first becomes it. */
  readonly becomesOwner: boolean;
}

/** An agent asks whether it may do something. */
export interface QuestionRow {
  readonly id: string;
  readonly code: string;
  readonly asker: string;
  readonly title: string;
  /** What would be done, as the chat shows it. */
  readonly preview: string;
  readonly place: string;
  readonly at: number;
  readonly expires?: number | undefined;
  readonly sessionOffered: boolean;
}

/** A session at the top, and the runs below it in order of acceptance. */
export interface SessionRow {
  readonly key: string;
  readonly place: string;
  /** Of a session in a coding agent. */
  readonly label?: string | undefined;
  readonly agent: string;
  /** The turn under way. */
  readonly turn?: { readonly startedAt: number; readonly asks: boolean } | undefined;
  /** Messages that wait for a turn. */
  readonly waiting: number;
  readonly spent: Spent;
  readonly runs: readonly RunRow[];
}

/** What the state of a run means at a glance. */
export type Tone = 'idle' | 'busy' | 'asks' | 'good' | 'bad';

export interface RunRow {
  readonly id: string;
  /** The run above it, where that is shown too. */
  readonly parent?: string | undefined;
  readonly label: string;
  readonly task: string;
  readonly agent: string;
  readonly model: string;
  readonly state: string;
  readonly tone: Tone;
  readonly active: boolean;
  readonly acceptedAt: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  readonly deliveredAt?: number | undefined;
  /** The state of the delivery, where it is owed, failed, or not wanted. */
  readonly delivery?: string | undefined;
  readonly spent: Spent;
  /** Why it ended, unless well. */
  readonly error?: string | undefined;
}

export interface DeliveryRow {
  /** Of the outgoing message; absent where none was made of the result yet. */
  readonly key?: string | undefined;
  /** The run whose result it is. */
  readonly run?: string | undefined;
  readonly what: string;
  readonly place: string;
  readonly state: string;
  readonly tone: Tone;
  readonly attempts: number;
  readonly at: number;
  /** When it is tried again. */
  readonly nextAt?: number | undefined;
  readonly reason?: string | undefined;
  /** It can be sent again and given up. */
  readonly open: boolean;
}

export interface BindingRow {
  readonly place: string;
  readonly label: string;
  readonly agent: string;
  readonly by: string;
  /** When it ends by itself if nothing is said. */
  readonly endsAt?: number | undefined;
}

/** One line of the log. */
export interface LogRow {
  /** Grows by one with every line. */
  readonly n: number;
  readonly level: string;
  readonly text: string;
}
