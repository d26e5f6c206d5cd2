// One end of Signal encryption: the identity, keys, sessions and sender keys of a person or of the owner's phone. Addresses
// are those of the linked devices, `account.<device>`. Each human in world.ts has one.
import { Curve, generateRegistrationId, proto, signedKeyPair } from '@whiskeysockets/baileys';
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from '@whiskeysockets/baileys/lib/Signal/Group/index.js';
import { ProtocolAddress, SessionBuilder, SessionCipher, type SessionRecord } from 'libsignal';
import { bigEndian, type Node, node } from './nodes.ts';
import { given, signalKey } from './noise.ts';

export type Bundle = Omit<Parameters<SessionBuilder['initOutgoing']>[0], 'preKey'> & {
  readonly preKey?: { readonly keyId: number; readonly publicKey: Uint8Array };
};

export interface Sealed {
  readonly type: 'pkmsg' | 'msg' | 'skmsg';
  readonly body: Buffer;
}

/** What a session record holds beyond its typings. */
interface Session {
  readonly indexInfo: { closed: number; readonly baseKey: Buffer };
}

const addressOf = (device: number): ProtocolAddress => new ProtocolAddress('account', device);

export class SignalParty {
  readonly identity = Curve.generateKeyPair();
  readonly registrationId = generateRegistrationId();
  readonly #signed = signedKeyPair(this.identity, 1);
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #oneTime = new Map<number, { readonly private: Uint8Array; readonly public: Uint8Array }>();
  readonly #senderKeys = new Map<string, SenderKeyRecord>();
  #nextKey = 1;

  /** The elements of a key bundle with a fresh one-time key, as the server hands it out and a retry carries it. */
  bundle(): readonly Node[] {
    const id = this.#nextKey++;
    const pair = Curve.generateKeyPair();
    this.#oneTime.set(id, pair);
    return [
      node('type', {}, Buffer.from([5])),
      node('identity', {}, this.identity.public),
      node('skey', {}, [
        node('id', {}, bigEndian(this.#signed.keyId, 3)),
        node('value', {}, this.#signed.keyPair.public),
        node('signature', {}, this.#signed.signature),
      ]),
      node('key', {}, [node('id', {}, bigEndian(id, 3)), node('value', {}, pair.public)]),
    ];
  }

  registration(): Node {
    return node('registration', {}, bigEndian(this.registrationId, 4));
  }

  knows(device: number): boolean {
    return this.#sessions.get(addressOf(device).toString())?.haveOpenSession() ?? false;
  }

  /** Starts a session, in place of one there may be. */
  async meet(device: number, bundle: Bundle): Promise<void> {
    const address = addressOf(device);
    this.#retire(address.toString());
    // The library takes a bundle without a one-time key; its typings do not.
    const whole = bundle as Parameters<SessionBuilder['initOutgoing']>[0];
    await new SessionBuilder(this.#storage, address).initOutgoing(whole);
  }

  async seal(device: number, plain: Uint8Array): Promise<Sealed> {
    const { type, body } = await new SessionCipher(this.#storage, addressOf(device)).encrypt(Buffer.from(plain));
    return { type: type === 3 ? 'pkmsg' : 'msg', body: Buffer.from(body, 'binary') };
  }

  async open(device: number, type: string, body: Uint8Array): Promise<Uint8Array> {
    const address = addressOf(device);
    const cipher = new SessionCipher(this.#storage, address);
    const data = Buffer.from(body);
    if (type === 'msg') return cipher.decryptWhisperMessage(data);
    const { baseKey } = proto.PreKeySignalMessage.decode(data.subarray(1));
    this.#retire(address.toString(), Buffer.from(given(baseKey, 'a pkmsg without a base key')));
    return cipher.decryptPreKeyWhisperMessage(data);
  }

  /** What others need to open what this end seals for the group from here on. */
  async distribution(group: string): Promise<Buffer> {
    const message = await new GroupSessionBuilder(this.#storage).create(new SenderKeyName(group, mine));
    return Buffer.from(message.serialize());
  }

  /** Seals for a group, once there is a distribution. */
  async sealGroup(group: string, plain: Uint8Array): Promise<Sealed> {
    const body = await new GroupCipher(this.#storage, new SenderKeyName(group, mine)).encrypt(plain);
    return { type: 'skmsg', body: Buffer.from(body) };
  }

  async openGroup(group: string, device: number, body: Uint8Array): Promise<Uint8Array> {
    const name = new SenderKeyName(group, { id: 'account', deviceId: device, toString: () => `account.${device}` });
    return new GroupCipher(this.#storage, name).decrypt(body);
  }

  async learnGroup(group: string, device: number, distribution: Uint8Array): Promise<void> {
    const name = new SenderKeyName(group, { id: 'account', deviceId: device, toString: () => `account.${device}` });
    const message = new SenderKeyDistributionMessage(null, null, null, null, distribution);
    await new GroupSessionBuilder(this.#storage).process(name, message);
  }

  /** Closes open sessions quietly; the library would write whole sessions to the console. */
  #retire(address: string, unless?: Buffer): void {
    const record = this.#sessions.get(address);
    if (record === undefined) return;
    const { sessions } = record as unknown as { readonly sessions: Readonly<Record<string, Session>> };
    const all = Object.values(sessions);
    if (unless !== undefined && all.some(({ indexInfo }) => indexInfo.baseKey.equals(unless))) return;
    for (const { indexInfo } of all) if (indexInfo.closed === -1) indexInfo.closed = 1;
  }

  readonly #storage = {
    loadSession: async (id: string) => this.#sessions.get(id),
    storeSession: async (id: string, record: SessionRecord) => void this.#sessions.set(id, record),
    isTrustedIdentity: () => true,
    loadPreKey: async (id: number | string) => {
      const pair = this.#oneTime.get(Number(id));
      return pair === undefined ? undefined : toSignal(pair);
    },
    removePreKey: (id: number) => void this.#oneTime.delete(id),
    loadSignedPreKey: () => toSignal(this.#signed.keyPair),
    getOurRegistrationId: () => this.registrationId,
    getOurIdentity: () => toSignal(this.identity),
    loadSenderKey: async (name: SenderKeyName) => this.#senderKeys.get(name.toString()) ?? new SenderKeyRecord(),
    storeSenderKey: async (name: SenderKeyName, record: SenderKeyRecord) =>
      void this.#senderKeys.set(name.toString(), record),
  };
}

const mine = { id: 'me', deviceId: 0, toString: () => 'me.0' };

const toSignal = (pair: { readonly private: Uint8Array; readonly public: Uint8Array }) => ({
  privKey: Buffer.from(pair.private),
  pubKey: signalKey(pair.public),
});
