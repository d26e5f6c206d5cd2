// How agents use sessions_spawn since the process started: a model that only talks of sub-agents looks like a fault of ours.
// Told by the end of each turn of a person; read by the doctor.

export interface SpawnTurn {
  readonly agentId: string;
  /** `provider/model`. */
  readonly model: string;
  /** It called the tool, whether or not that was allowed. */
  readonly called: boolean;
  /** It spoke of starting sub-agents, or of not being able to. */
  readonly claimed: boolean;
}

export interface SpawnHabitView {
  readonly agentId: string;
  /** Of the latest turn. */
  readonly model: string;
  /** Turns in a row without a call, the latest one among them. */
  readonly turns: number;
  readonly claims: number;
  readonly everCalled: boolean;
}

export class SpawnHabits {
  readonly #byAgent = new Map<string, SpawnHabitView>();

  /** A turn of a person in which the tool was offered has ended well. */
  record({ agentId, model, called, claimed }: SpawnTurn): void {
    const known = this.#byAgent.get(agentId);
    // Another model starts with a clean record.
    const before = known?.model === model ? known : undefined;
    this.#byAgent.set(agentId, {
      ...{ agentId, model },
      turns: called ? 0 : (before?.turns ?? 0) + 1,
      claims: called ? 0 : (before?.claims ?? 0) + (claimed ? 1 : 0),
      everCalled: called || before?.everCalled === true,
    });
  }

  all(): readonly SpawnHabitView[] {
    return [...this.#byAgent.values()];
  }
}
