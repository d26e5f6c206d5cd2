// The server's side of the Noise XX handshake and of the encrypted transport after it. Used by line.ts.
import { createHash, hkdfSync } from 'node:crypto';
import { aesDecryptGCM, aesEncryptGCM, Curve, generateSignalPubKey, proto } from '@whiskeysockets/baileys';
import { opening } from './frames.ts';

const mode = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
const nothing = Buffer.alloc(0);

/** Who the server is: its static key and the chain of certificates that vouches for it, up to a root of its own. */
export interface ServerIdentity {
  readonly keys: { readonly private: Uint8Array; readonly public: Uint8Array };
  readonly chain: Uint8Array;
}

export function serverIdentity(): ServerIdentity {
  const [root, middle, keys] = [Curve.generateKeyPair(), Curve.generateKeyPair(), Curve.generateKeyPair()];
  const { Details } = proto.CertChain.NoiseCertificate;
  const intermediate = Details.encode({ serial: 1, issuerSerial: 0, key: middle.public }).finish();
  const leaf = Details.encode({ serial: 2, issuerSerial: 1, key: keys.public }).finish();
  const chain = proto.CertChain.encode({
    intermediate: { details: intermediate, signature: Curve.sign(root.private, intermediate) },
    leaf: { details: leaf, signature: Curve.sign(middle.private, leaf) },
  }).finish();
  return { keys, chain };
}

export class NoiseServer {
  readonly #identity: ServerIdentity;
  readonly #ephemeral = Curve.generateKeyPair();
  #hash: Buffer = mode;
  #salt: Buffer = mode;
  #key: Buffer = mode;
  #counter = 0;
  #transport: { readonly read: Buffer; readonly write: Buffer; reads: number; writes: number } | undefined;

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
    this.#authenticate(opening);
  }

  /** Step 1: the client's hello in, the server's hello out. */
  greet(message: Uint8Array): Uint8Array {
    const { clientHello } = proto.HandshakeMessage.decode(message);
    const theirs = given(clientHello?.ephemeral, 'a hello without a key');
    this.#authenticate(theirs);
    this.#authenticate(this.#ephemeral.public);
    this.#mix(Curve.sharedKey(this.#ephemeral.private, theirs));
    const { keys, chain } = this.#identity;
    const sealed = this.#seal(keys.public);
    this.#mix(Curve.sharedKey(keys.private, theirs));
    return proto.HandshakeMessage.encode({
      serverHello: { ephemeral: this.#ephemeral.public, static: sealed, payload: this.#seal(chain) },
    }).finish();
  }

  /** Step 2: the client's static key and what it says about itself. From here on the transport is encrypted. */
  finish(message: Uint8Array): { readonly noiseKey: Buffer; readonly payload: proto.ClientPayload } {
    const { clientFinish } = proto.HandshakeMessage.decode(message);
    const noiseKey = this.#unseal(given(clientFinish?.static, 'a finish without a key'));
    this.#mix(Curve.sharedKey(this.#ephemeral.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#unseal(given(clientFinish?.payload, 'a finish without payload')));
    // The client writes with the first key.
    const [read, write] = this.#derive(nothing);
    this.#transport = { read, write, reads: 0, writes: 0 };
    return { noiseKey, payload };
  }

  encrypt(plain: Uint8Array): Buffer {
    const transport = given(this.#transport, 'no transport yet');
    return aesEncryptGCM(plain, transport.write, nonce(transport.writes++), nothing);
  }

  decrypt(sealed: Uint8Array): Buffer {
    const transport = given(this.#transport, 'no transport yet');
    return aesDecryptGCM(sealed, transport.read, nonce(transport.reads++), nothing);
  }

  #authenticate(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #seal(plain: Uint8Array): Buffer {
    const sealed = aesEncryptGCM(plain, this.#key, nonce(this.#counter++), this.#hash);
    this.#authenticate(sealed);
    return sealed;
  }

  #unseal(sealed: Uint8Array): Buffer {
    const plain = aesDecryptGCM(sealed, this.#key, nonce(this.#counter++), this.#hash);
    this.#authenticate(sealed);
    return plain;
  }

  #mix(secret: Uint8Array): void {
    [this.#salt, this.#key] = this.#derive(secret);
    this.#counter = 0;
  }

  #derive(secret: Uint8Array): [Buffer, Buffer] {
    const both = Buffer.from(hkdfSync('sha256', secret, this.#salt, nothing, 64));
    return [both.subarray(0, 32), both.subarray(32)];
  }
}

/** As the Signal library wants a public key: 33 bytes with a leading 05, in a Buffer. */
export const signalKey = (key: Uint8Array): Buffer => Buffer.from(generateSignalPubKey(key));

/** Eight zero bytes and the counter. */
function nonce(counter: number): Uint8Array {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

export function given<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`twin: ${what}`);
  return value;
}
