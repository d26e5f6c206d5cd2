// What a coding agent is doing, as one message per turn that is changed while it works. Made by layer.ts; told by the runtime.
import { noProgress, type ProgressLevel, type ProgressView, progressText } from '../../acp/progress.ts';
import { elapsed } from '../../core/format.ts';
import type { Route } from '../../core/route.ts';
import type { Session } from '../../core/session.ts';
import type { Updates } from '../../delivery/updates.ts';
import type { Clock, Timer } from '../../infra/clock.ts';

export interface HarnessProgressDeps {
  readonly clock: Clock;
  readonly updates: Pick<Updates, 'update' | 'finish'>;
  readonly level: (session: Session) => ProgressLevel;
  /** Where the turn is followed, and as whose; undefined: nowhere. */
  readonly place: (
    session: Session,
  ) => Promise<{ readonly route: Route; readonly label: string | undefined } | undefined>;
  /** The person saw something of the turn. */
  readonly shown: (turn: string) => void;
}

interface Work {
  readonly turn: string;
  readonly session: Session;
  readonly since: number;
  view: ProgressView;
  /** Steps done in prompts of the turn that are over. */
  before: number;
  timer: Timer | undefined;
  visible: boolean;
  over: boolean;
}

/** A quick turn needs no progress. */
const firstMs = 2_000;
/** The times in it grow also while nothing happens. */
const againMs = 10_000;

export class HarnessProgress {
  readonly #deps: HarnessProgressDeps;
  readonly #works = new Map<string, Work>();

  constructor(deps: HarnessProgressDeps) {
    this.#deps = deps;
  }

  /** What is done has changed. */
  show(session: Session, turn: string, view: ProgressView): void {
    const work = this.#works.get(turn) ?? this.#begin(session, turn);
    // The end of one prompt of the turn; another may follow.
    if (view === noProgress) work.before += work.view.done;
    work.view = view;
    if (work.visible) this.#draw(work);
  }

  /** The turn is over. */
  ended(turn: string): void {
    const work = this.#works.get(turn);
    if (work === undefined) return;
    this.#works.delete(turn);
    work.over = true;
    work.timer?.cancel();
    const done = work.before + work.view.done;
    const steps = done === 0 ? '' : ` · ${done} ${done === 1 ? 'step' : 'steps'}`;
    const text = `ℹ️ worked for ${elapsed(this.#deps.clock.now() - work.since)}${steps}`;
    this.#deps.updates.finish(keyOf(work), { text });
  }

  get size(): number {
    return this.#works.size;
  }

  #begin(session: Session, turn: string): Work {
    const made: Work = {
      ...{ turn, session, since: this.#deps.clock.now(), view: noProgress, before: 0 },
      ...{ timer: undefined, visible: false, over: false },
    };
    this.#works.set(turn, made);
    this.#arm(made, firstMs);
    return made;
  }

  #arm(work: Work, ms: number): void {
    work.timer = this.#deps.clock.after(ms, () => {
      work.visible = true;
      this.#draw(work);
      this.#arm(work, againMs);
    });
  }

  #draw(work: Work): void {
    const text = progressText(work.view, this.#deps.level(work.session), this.#deps.clock.now());
    if (text === undefined) return;
    void this.#deps.place(work.session).then((place) => {
      if (place === undefined || work.over) return;
      const named = place.label === undefined ? text : `[${place.label}] ${text}`;
      this.#deps.updates.update(keyOf(work), place.route, { text: named });
      this.#deps.shown(work.turn);
    });
  }
}

function keyOf({ turn }: Work): string {
  return `acp-progress:${turn}`;
}
