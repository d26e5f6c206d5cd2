// A certificate for 127.0.0.1 that vouches for itself, made anew each time so that no key lies in the repository. Used by
// media.ts.
import { generateKeyPairSync, sign } from 'node:crypto';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, time: 0x17, sequence: 0x30, set: 0x31 };

/** One DER element. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}

const oid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'));
const [ecdsaWithSha256, commonName, subjectAltName] = [oid('2a8648ce3d040302'), oid('550403'), oid('551d11')];

export function loopbackCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(tags.sequence, ecdsaWithSha256);
  const attribute = der(tags.sequence, commonName, der(tags.utf8, Buffer.from('loopback')));
  const name = der(tags.sequence, der(tags.set, attribute));
  const time = (text: string): Buffer => der(tags.time, Buffer.from(text));
  const address = der(tags.sequence, der(0x87, Buffer.from([127, 0, 0, 1])));
  const extension = der(tags.sequence, subjectAltName, der(tags.octets, address));
  const body = der(
    tags.sequence,
    der(0xa0, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.from([1])),
    ...[algorithm, name, der(tags.sequence, time('200101000000Z'), time('491231235959Z')), name],
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(tags.sequence, extension)),
  );
  const signature = der(tags.bits, Buffer.from([0]), sign('sha256', body, privateKey));
  const whole = der(tags.sequence, body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
