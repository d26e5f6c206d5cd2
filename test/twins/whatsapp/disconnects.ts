// The ways in which a connection, a login or a message goes wrong, at a word. Part of what twin.ts shows.
import type { Faults } from './faults.ts';
import { type Line, removed, replaced, streamError } from './line.ts';
import { node } from './nodes.ts';
import type { World } from './world.ts';

export class Disconnects {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #lines: ReadonlySet<Line>;

  /** @param lines all that stand, those without a login as well */
  constructor(world: World, lines: ReadonlySet<Line>) {
    this.#world = world;
    this.#faults = world.faults;
    this.#lines = lines;
  }

  /** Every connection breaks. */
  drop(): void {
    for (const line of this.#lines) line.drop();
  }

  /** The server ends the stream in order. */
  end(): void {
    for (const line of this.#lines) line.end(node('xmlstreamend'));
  }

  /** @param code 503: the service is unavailable; 515: connect anew */
  streamError(code: number): void {
    for (const line of this.#lines) line.end(streamError(String(code)));
  }

  /** Somebody else uses the same device. */
  conflict(): void {
    for (const line of this.#lines) line.end(replaced());
  }

  /** The owner removed the device; it cannot log in any more. */
  deviceRemoved(): void {
    for (const device of [...this.#world.devices.values()]) this.#world.unlink(device, removed());
  }

  /** Half-open: connections stand, nothing comes and nothing goes. */
  silence(): void {
    for (const line of this.#lines) line.silent = true;
  }

  /** The next upgrades are answered with this HTTP status. */
  refuseUpgrades(status: number, times = 1): void {
    this.#faults.refuseUpgrades(status, times);
  }

  /** The next logins, or attempts to link, fail for this reason: 401, 403, 405, 411, 503. */
  failLogins(reason: number, times = 1): void {
    this.#faults.failLogins(reason, times);
  }

  /** The next messages are refused with this error and not delivered: 463 restricted, 479 not understood. */
  nack(error: number, times = 1): void {
    this.#faults.nack(error, times);
  }

  /** The next messages are delivered, and neither acknowledged nor confirmed by a receipt. */
  swallowAcks(times = 1): void {
    this.#faults.swallowAcks(times);
  }

  /** The next letters to a device are damaged on the way. */
  corrupt(times = 1): void {
    this.#faults.corrupt(times);
  }
}
