// What goes wrong on demand: each fault hits so many times and is gone. Planned through disconnects.ts, asked where it hits.

export class Faults {
  #upgrades = { status: 0, left: 0 };
  #logins = { reason: '', left: 0 };
  #nacks = { error: '', left: 0 };
  #swallows = 0;
  #corruptions = 0;

  refuseUpgrades(status: number, times: number): void {
    this.#upgrades = { status, left: times };
  }

  failLogins(reason: number, times: number): void {
    this.#logins = { reason: String(reason), left: times };
  }

  nack(error: number, times: number): void {
    this.#nacks = { error: String(error), left: times };
  }

  swallowAcks(times: number): void {
    this.#swallows = times;
  }

  corrupt(times: number): void {
    this.#corruptions = times;
  }

  /** @returns the HTTP status to refuse with */
  takeUpgrade(): number | undefined {
    return this.#upgrades.left-- > 0 ? this.#upgrades.status : undefined;
  }

  /** @returns the reason to fail with */
  takeLogin(): string | undefined {
    return this.#logins.left-- > 0 ? this.#logins.reason : undefined;
  }

  /** @returns the error to answer a message with, which is then not delivered */
  takeNack(): string | undefined {
    return this.#nacks.left-- > 0 ? this.#nacks.error : undefined;
  }

  takeSwallow(): boolean {
    return this.#swallows-- > 0;
  }

  takeCorruption(): boolean {
    return this.#corruptions-- > 0;
  }
}
