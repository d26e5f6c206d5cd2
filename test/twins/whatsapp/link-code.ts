// Linking a device by a code typed into the phone: both wrap a key with the code, and agree on a secret over these keys.
// Told by session.ts what devices say; the phone types through phone.ts.
import { hkdfSync, randomBytes } from 'node:crypto';
import { aesDecryptCTR, aesDecryptGCM, aesEncryptCTR, Curve, derivePairingCodeKey } from '@whiskeysockets/baileys';
import type { Line } from './line.ts';
import { bytes, child, type Node, node, server } from './nodes.ts';
import { given } from './noise.ts';
import { identityOf, type Pairing } from './pairing.ts';
import type { Device, World } from './world.ts';

const tag = 'link_code_companion_reg';
const nothing = Buffer.alloc(0);

interface Request {
  readonly line: Line;
  readonly ref: string;
  /** The device's key, wrapped with the code. */
  readonly wrapped: Buffer;
  /** Set while the phone waits for the device's last word. */
  finish: ((bundle: Buffer) => void) | undefined;
  failed: ((error: Error) => void) | undefined;
}

export class LinkCodes {
  /** How often devices asked to be linked by a code. */
  asked = 0;
  readonly #world: World;
  readonly #pairing: Pairing;
  readonly #requests = new Map<Line, Request>();

  constructor(world: World, pairing: Pairing) {
    this.#world = world;
    this.#pairing = pairing;
  }

  closed(line: Line): void {
    this.#requests.get(line)?.failed?.(new Error('twin: the device hung up before it was linked'));
    this.#requests.delete(line);
  }

  heard(line: Line, stanza: Node): void {
    const body = child(stanza, tag);
    if (stanza.tag !== 'iq' || body === undefined) return;
    const answer = (content: Node[]): void =>
      line.send(node('iq', { id: stanza.attrs.id, from: server, type: 'result' }, content));
    if (body.attrs.stage === 'companion_hello') {
      const ref = `3@${randomBytes(12).toString('base64url')}`;
      const wrapped = bytes(body, 'link_code_pairing_wrapped_companion_ephemeral_pub');
      this.asked += 1;
      this.#requests.set(line, { line, ref, wrapped, finish: undefined, failed: undefined });
      answer([node(tag, { stage: 'companion_hello' }, [node('link_code_pairing_ref', {}, Buffer.from(ref))])]);
    } else if (body.attrs.stage === 'companion_finish') {
      answer([]);
      this.#requests.get(line)?.finish?.(bytes(body, 'link_code_pairing_wrapped_key_bundle'));
    }
  }

  /** The phone's owner types the code. @returns the linked device; throws when no device asked or the code is another */
  async enter(code: string): Promise<Device> {
    const request = [...this.#requests.values()].at(-1);
    if (request === undefined) throw new Error('twin: no device asked for a code');
    const { identity } = this.#world.owner.party;
    const ephemeral = Curve.generateKeyPair();
    // Before anything is waited for: the device may hang up meanwhile.
    const finished = new Promise<Buffer>((finish, failed) => {
      request.finish = finish;
      request.failed = failed;
    });
    finished.catch(() => undefined);
    const theirs = await unwrap(code, request.wrapped);
    const attrs = { id: String(this.#world.next()), from: server, type: tag, t: this.#world.seconds() };
    const hello = [
      node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, await wrap(code, ephemeral.public)),
      node('primary_identity_pub', {}, identity.public),
      node('link_code_pairing_ref', {}, Buffer.from(request.ref)),
    ];
    request.line.send(node('notification', attrs, [node(tag, { stage: 'primary_hello' }, hello)]));
    const shared = Curve.sharedKey(ephemeral.private, theirs);
    const { device, random } = opened(await finished, shared);
    const offer = given(
      this.#pairing.offers.find((each) => each.line === request.line),
      'the device is gone',
    );
    if (!identityOf(offer).equals(device)) throw new Error('twin: the device has another identity');
    const secret = Buffer.concat([shared, Curve.sharedKey(identity.private, device), random]);
    return this.#pairing.link(offer, Buffer.from(hkdfSync('sha256', secret, nothing, 'adv_secret', 32)));
  }
}

/** Salt, IV and the key, sealed with the code. */
async function wrap(code: string, key: Uint8Array): Promise<Buffer> {
  const [salt, iv] = [randomBytes(32), randomBytes(16)];
  return Buffer.concat([salt, iv, aesEncryptCTR(key, await derivePairingCodeKey(code, salt), iv)]);
}

async function unwrap(code: string, wrapped: Buffer): Promise<Buffer> {
  const [salt, iv] = [wrapped.subarray(0, 32), wrapped.subarray(32, 48)];
  return aesDecryptCTR(wrapped.subarray(48, 80), await derivePairingCodeKey(code, salt), iv);
}

/** The device's last word: its identity, the phone's, and a random part. Only the right code leads to the same key. */
function opened(sealed: Buffer, shared: Buffer): { readonly device: Buffer; readonly random: Buffer } {
  const [salt, iv] = [sealed.subarray(0, 32), sealed.subarray(32, 44)];
  const key = Buffer.from(hkdfSync('sha256', shared, salt, 'link_code_pairing_key_bundle_encryption_key', 32));
  try {
    const plain = aesDecryptGCM(sealed.subarray(44), key, iv, nothing);
    return { device: plain.subarray(0, 32), random: plain.subarray(64, 96) };
  } catch {
    throw new Error('twin: could not link the device: the code is wrong');
  }
}
