// Linking a device by QR code: references go out, the phone scans one, signs the device's identity, and the device signs
// back. Asked by session.ts; the phone's side of a typed code is in link-code.ts.
import { createHmac, randomBytes } from 'node:crypto';
import { Curve, type proto as Proto, proto } from '@whiskeysockets/baileys';
import { verifySignature } from 'libsignal/src/curve.js';
import { DeviceKeys } from './device-keys.ts';
import { jidOf } from './jids.ts';
import { type Line, streamError } from './line.ts';
import { Mailbox } from './mailbox.ts';
import { bytes, child, type Node, node, server } from './nodes.ts';
import { given, signalKey } from './noise.ts';
import type { Device, World } from './world.ts';

export interface RefOptions {
  /** How many references a connection gets. */
  readonly refs: number;
  /** Milliseconds the first one and each further one are good for. */
  readonly refMs: { readonly first: number; readonly next: number };
}

/** A device that waits to be linked. */
export interface Offer {
  readonly line: Line;
  readonly registration: Proto.ClientPayload.IDevicePairingRegistrationData;
  readonly refs: readonly { readonly ref: string; readonly until: number }[];
  /** Waits for the device's signature. */
  signing: Signing | undefined;
}

interface Signing {
  readonly id: string;
  readonly number: number;
  readonly details: Uint8Array;
  done(device: Device): void;
  failed(error: Error): void;
}

const mostDevices = 4;

export class Pairing {
  readonly #world: World;
  readonly #options: RefOptions;
  readonly #offers = new Map<Line, Offer>();
  #lastNumber = 0;

  constructor(world: World, options: RefOptions) {
    this.#world = world;
    this.#options = options;
  }

  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  offer(line: Line, registration: Proto.ClientPayload.IDevicePairingRegistrationData): void {
    const { refs: count, refMs } = this.#options;
    const now = this.#world.clock.now();
    const refs = Array.from({ length: count }, (_, index) => ({
      ref: `2@${randomBytes(24).toString('base64url')}`,
      until: now + refMs.first + index * refMs.next,
    }));
    this.#offers.set(line, { line, registration, refs, signing: undefined });
    const id = String(this.#world.next());
    const elements = refs.map(({ ref }) => node('ref', {}, Buffer.from(ref)));
    line.send(node('iq', { from: server, type: 'set', id, xmlns: 'md' }, [node('pair-device', {}, elements)]));
  }

  closed(line: Line): void {
    this.#offers.get(line)?.signing?.failed(new Error('twin: the device hung up before it was linked'));
    this.#offers.delete(line);
  }

  /** The phone reads a QR code. @returns the linked device; throws when the code is not, or no longer, good */
  async scan(qr: string): Promise<Device> {
    const [ref = '', noiseKey = '', identity = '', advSecret = ''] = (qr.split('#')[1] ?? '').split(',');
    const offer = this.offers.find(({ refs }) => refs.some((each) => each.ref === ref));
    const until = offer?.refs.find((each) => each.ref === ref)?.until ?? 0;
    if (offer === undefined || this.#world.clock.now() > until)
      throw new Error('twin: could not link the device: the code has expired');
    if (!offer.line.noiseKey.equals(Buffer.from(noiseKey, 'base64'))) throw new Error('twin: the code has another key');
    if (!identityOf(offer).equals(Buffer.from(identity, 'base64')))
      throw new Error('twin: the code has another identity');
    return this.link(offer, Buffer.from(advSecret, 'base64'));
  }

  /** The phone vouches for the device. @param advSecret the secret only the two of them share */
  async link(offer: Offer, advSecret: Uint8Array): Promise<Device> {
    const { owner, devices } = this.#world;
    if (devices.size >= mostDevices) throw new Error('twin: four devices are linked already');
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    const details = proto.ADVDeviceIdentity.encode({
      ...{ rawId: number, keyIndex: number, timestamp: Number(this.#world.seconds()) },
      ...{ accountType: proto.ADVEncryptionType.E2EE, deviceType: proto.ADVEncryptionType.E2EE },
    }).finish();
    const accountSignature = Curve.sign(
      owner.party.identity.private,
      Buffer.concat([Buffer.from([6, 0]), details, identityOf(offer)]),
    );
    const accountSignatureKey = owner.party.identity.public;
    const signed = proto.ADVSignedDeviceIdentity.encode({ details, accountSignatureKey, accountSignature }).finish();
    const hmac = createHmac('sha256', advSecret).update(signed).digest();
    const id = String(this.#world.next());
    offer.line.send(
      node('iq', { from: server, type: 'set', id, t: this.#world.seconds(), xmlns: 'md' }, [
        node('pair-success', {}, [
          node('device-identity', {}, proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()),
          node('device', { jid: jidOf(owner, 'pn', number), lid: jidOf(owner, 'lid', number) }),
          node('platform', { name: 'android' }),
        ]),
      ]),
    );
    return new Promise((done, failed) => {
      offer.signing = { id, number, details, done, failed };
    });
  }

  /** @returns true when the stanza was the answer of a device that is being linked */
  heard(line: Line, stanza: Node): boolean {
    const offer = this.#offers.get(line);
    const sign = child(stanza, 'pair-device-sign');
    if (offer?.signing === undefined || sign === undefined || stanza.attrs.id !== offer.signing.id) return false;
    const { signing } = offer;
    try {
      signing.done(this.#accept(offer, signing, bytes(sign, 'device-identity')));
    } catch (error) {
      signing.failed(error instanceof Error ? error : new Error(String(error)));
    }
    offer.signing = undefined;
    line.end(streamError('515'));
    return true;
  }

  /** Checks the device's signature and takes it among the linked ones. */
  #accept(offer: Offer, { number, details }: Signing, answer: Buffer): Device {
    const { deviceSignature } = proto.ADVSignedDeviceIdentity.decode(answer);
    const identity = identityOf(offer);
    const account = Buffer.from(this.#world.owner.party.identity.public);
    const said = Buffer.concat([Buffer.from([6, 1]), details, identity, account]);
    if (!verifySignature(signalKey(identity), said, Buffer.from(given(deviceSignature, 'no signature'))))
      throw new Error('twin: the device signed wrongly');
    const { eRegid, eSkeyId, eSkeyVal, eSkeySig } = offer.registration;
    const device: Device = {
      number,
      noiseKey: offer.line.noiseKey,
      keys: new DeviceKeys(identity, Buffer.from(given(eRegid, 'no registration id')).readUInt32BE(), {
        keyId: Buffer.from(given(eSkeyId, 'no key id')).readUIntBE(0, 3),
        publicKey: Buffer.from(given(eSkeyVal, 'no signed key')),
        signature: Buffer.from(given(eSkeySig, 'no signature of the signed key')),
      }),
      mailbox: new Mailbox(),
      told: false,
      line: undefined,
    };
    this.#world.link(device);
    return device;
  }
}

export const identityOf = ({ registration }: Offer): Buffer =>
  Buffer.from(given(registration.eIdent, 'a device without identity'));
