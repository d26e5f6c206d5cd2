// Named places at which the process can lose its power: counted as they are passed, and one of them deadly. Used by
// program.ts, where they are passed, and by all that name one.

/** The `nth` time, from 1, that a place of this name is passed. */
export interface Point {
  readonly name: string;
  readonly nth: number;
}

export const pointText = ({ name, nth }: Point): string => `${name}:${nth}`;

/** @param text `<name>:<nth>`; names hold spaces, but no colon followed by digits alone at the end */
export function readPoint(text: string): Point | undefined {
  const [, name, nth] = /^(.+):(\d+)$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, nth: Number(nth) };
}

/** At most so many of them, at even distances. @param phase from 0, beginning with the first, to below 1, later ones */
export function spread(points: readonly Point[], atMost: number, phase: number): readonly Point[] {
  if (points.length <= atMost) return points;
  const step = points.length / atMost;
  const places = Array.from({ length: atMost }, (_, index) => Math.floor((index + phase) * step));
  return points.filter((_point, index) => places.includes(index));
}

export class Failpoints {
  readonly #die: () => void;
  #counts = new Map<string, number>();
  #passed: Point[] = [];
  #armed: Point | undefined;

  /** @param die ends the process at once, without a word */
  constructor(die: () => void) {
    this.#die = die;
  }

  /** Counts anew from here on; without a point nothing happens but the counting. */
  arm(point: Point | undefined): void {
    this.#counts = new Map();
    this.#passed = [];
    this.#armed = point;
  }

  reached(name: string): void {
    const nth = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, nth);
    this.#passed.push({ name, nth });
    if (this.#armed?.name === name && this.#armed.nth === nth) this.#die();
  }

  /** In order, since it was armed. */
  get passed(): readonly Point[] {
    return this.#passed;
  }
}
