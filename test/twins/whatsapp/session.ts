// What happens on a connection after the handshake: linking, or login and then stanzas of every kind. Made by twin.ts, told
// by the lines.
import { encodeBigEndian, type proto } from '@whiskeysockets/baileys';
import { isAddressOf, jidOf, parse } from './jids.ts';
import { type Line, type Listener, replaced } from './line.ts';
import type { LinkCodes } from './link-code.ts';
import { inside, type Node, node, server } from './nodes.ts';
import type { Outgoing } from './outgoing.ts';
import type { Pairing } from './pairing.ts';
import type { Queries } from './queries.ts';
import type { Receipts } from './receipts.ts';
import type { Device, World } from './world.ts';

interface Parts {
  readonly world: World;
  readonly pairing: Pairing;
  readonly codes: LinkCodes;
  readonly queries: Queries;
  readonly outgoing: Outgoing;
  readonly receipts: Receipts;
}

export class Session implements Listener {
  /** Logins that succeeded. */
  logins = 0;
  readonly #parts: Parts;
  readonly #devices = new Map<Line, Device>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  greeted(line: Line): void {
    const { devicePairingData } = line.payload;
    const reason = this.#parts.world.faults.takeLogin();
    if (reason !== undefined) line.end(node('failure', { reason }));
    else if (devicePairingData) this.#parts.pairing.offer(line, devicePairingData);
    else this.#login(line);
  }

  closed(line: Line): void {
    this.#parts.pairing.closed(line);
    this.#parts.codes.closed(line);
    const device = this.#devices.get(line);
    device?.mailbox.leave(line);
    if (device?.line === line) device.line = undefined;
    this.#devices.delete(line);
  }

  failed(_line: Line, error: unknown): void {
    this.#parts.world.violations.note('nonsense', String(error));
  }

  async heard(line: Line, stanza: Node): Promise<void> {
    const device = this.#devices.get(line);
    if (device === undefined) {
      if (!this.#parts.pairing.heard(line, stanza)) await this.#parts.codes.heard(line, stanza);
      return;
    }
    const { queries, outgoing, receipts } = this.#parts;
    const hear: Readonly<Record<string, () => void | Promise<void>>> = {
      iq: () => queries.answer(device, line, stanza),
      message: () => outgoing.take(device, line, stanza),
      receipt: () => receipts.take(device, line, stanza),
      ack: () => device.mailbox.settle(stanza.attrs.class ?? '', stanza.attrs.id),
      presence: () => this.#presence(stanza),
      chatstate: () => this.#typing(stanza),
    };
    await hear[stanza.tag]?.();
  }

  #login(line: Line): void {
    const { world } = this.#parts;
    const device = this.#known(line.payload);
    if (device === undefined || !device.noiseKey.equals(line.noiseKey)) {
      line.end(node('failure', { reason: '401', location: 'cln' }));
      return;
    }
    device.line?.end(replaced());
    device.line = line;
    this.#devices.set(line, device);
    this.logins += 1;
    const routing = node('routing_info', {}, Buffer.from(encodeBigEndian(device.number, 4)));
    line.send(node('ib', { from: server }, [node('edge_routing', {}, [routing])]));
    line.send(node('success', { t: world.seconds(), lid: jidOf(world.owner, 'lid', device.number), location: 'cln' }));
  }

  #known({ username, device }: proto.IClientPayload): Device | undefined {
    const { world } = this.#parts;
    if (world.devices.size === 0 || String(username) !== world.owner.pn) return undefined;
    return world.devices.get(device ?? 0);
  }

  /** Online for all to see: the owner's phone falls silent. */
  #presence({ attrs }: Node): void {
    if (attrs.type === 'available') this.#parts.world.violations.note('available', 'the device says it is online');
  }

  #typing(stanza: Node): void {
    const { world } = this.#parts;
    const { from, to } = stanza.attrs;
    if (!isAddressOf(world.owner, from)) throw new Error(`twin: ${parse(from).user} types in the account's name`);
    const chat = world.chatAt(to);
    if (chat !== undefined) chat.typing = inside(stanza)[0]?.tag === 'composing';
  }
}
