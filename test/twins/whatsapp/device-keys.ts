// The keys of one linked device as the server keeps them, for those who start a session with it. Made by pairing.ts.
import { verifySignature } from 'libsignal/src/curve.js';
import { bigEndian, bytes, child, children, type Node, node, uint } from './nodes.ts';
import { signalKey } from './noise.ts';
import type { Bundle } from './signal.ts';

interface OneTimeKey {
  readonly keyId: number;
  readonly publicKey: Buffer;
}

export interface SignedKey extends OneTimeKey {
  readonly signature: Buffer;
}

export class DeviceKeys {
  readonly identity: Buffer;
  registrationId: number;
  #signed: SignedKey;
  readonly #oneTime: OneTimeKey[] = [];
  /** One-time keys ever uploaded. */
  uploaded = 0;
  /** The device was told that they run out, and has not uploaded since. */
  warned = false;

  /** Throws when the signature is not of that identity. */
  constructor(identity: Buffer, registrationId: number, signed: SignedKey) {
    this.identity = identity;
    this.registrationId = registrationId;
    this.#signed = checked(identity, signed);
  }

  get count(): number {
    return this.#oneTime.length;
  }

  /** An upload: registration, identity, a list of one-time keys, and the signed key. */
  add(upload: Node): void {
    if (!bytes(upload, 'identity').equals(this.identity)) throw new Error('twin: keys of another identity');
    this.registrationId = uint(upload, 'registration');
    this.#signed = checked(this.identity, signedKey(child(upload, 'skey')));
    const keys = children(child(upload, 'list'), 'key').map((key) => ({
      keyId: uint(key, 'id'),
      publicKey: bytes(key, 'value'),
    }));
    this.#oneTime.push(...keys);
    this.uploaded += keys.length;
    this.warned = false;
  }

  rotate(skey: Node | undefined): void {
    this.#signed = checked(this.identity, signedKey(skey));
  }

  /** A bundle for a new session; uses a one-time key up while there are any. */
  take(): Bundle {
    const oneTime = this.#oneTime.shift();
    return {
      registrationId: this.registrationId,
      identityKey: signalKey(this.identity),
      signedPreKey: { ...this.#signed, publicKey: signalKey(this.#signed.publicKey) },
      ...(oneTime === undefined ? {} : { preKey: { keyId: oneTime.keyId, publicKey: signalKey(oneTime.publicKey) } }),
    };
  }

  /** The same as elements, for a client that asks. */
  bundle(): readonly Node[] {
    const oneTime = this.#oneTime.shift();
    const { keyId, publicKey, signature } = this.#signed;
    return [
      node('registration', {}, bigEndian(this.registrationId, 4)),
      node('type', {}, Buffer.from([5])),
      node('identity', {}, this.identity),
      node('skey', {}, [
        node('id', {}, bigEndian(keyId, 3)),
        node('value', {}, publicKey),
        node('signature', {}, signature),
      ]),
      ...(oneTime === undefined
        ? []
        : [node('key', {}, [node('id', {}, bigEndian(oneTime.keyId, 3)), node('value', {}, oneTime.publicKey)])]),
    ];
  }
}

export const signedKey = (skey: Node | undefined): SignedKey => ({
  keyId: uint(skey, 'id'),
  publicKey: bytes(skey, 'value'),
  signature: bytes(skey, 'signature'),
});

/** A bundle as a retry receipt carries it; undefined when it carries none. */
export function bundleIn(receipt: Node): Bundle | undefined {
  const keys = child(receipt, 'keys');
  if (keys === undefined) return undefined;
  const signed = signedKey(child(keys, 'skey'));
  const key = child(keys, 'key');
  return {
    registrationId: uint(receipt, 'registration'),
    identityKey: signalKey(bytes(keys, 'identity')),
    signedPreKey: { ...signed, publicKey: signalKey(signed.publicKey) },
    ...(key === undefined ? {} : { preKey: { keyId: uint(key, 'id'), publicKey: signalKey(bytes(key, 'value')) } }),
  };
}

function checked(identity: Buffer, signed: SignedKey): SignedKey {
  const { publicKey, signature } = signed;
  if (!verifySignature(signalKey(identity), signalKey(publicKey), signature))
    throw new Error('twin: the signed pre-key is not signed by the identity');
  return signed;
}
