// What makes us a linked device: credentials and Signal keys, kept so that no crash tears them and nothing replaces them
// silently. Made by adapter.ts and wiring/whatsapp.ts for the connection.
import {
  type AuthenticationCreds,
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  makeCacheableSignalKeyStore,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
} from '@whiskeysockets/baileys';
import type { Log } from '../../src/infra/log.ts';
import type { Me } from './jid.ts';
import { libraryLog } from './library-log.ts';
import { KeysUnavailable } from './stray.ts';

/** Texts of one account by key, on disk. */
export interface AuthMemory {
  get(key: string): string | undefined;
  /** Those whose keys begin so. */
  all(prefix: string): ReadonlyMap<string, string>;
  /** All of it or nothing; on disk once resolved. Undefined deletes. */
  write(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
  clear(): Promise<void>;
}

export type Stored =
  | { readonly kind: 'none' }
  | { readonly kind: 'creds'; readonly creds: AuthenticationCreds }
  /** Something is there that cannot be understood: never replaced without being asked to. */
  | { readonly kind: 'unreadable'; readonly cause: unknown };

export type Opened =
  | { readonly kind: 'state'; readonly state: AuthenticationState }
  | Extract<Stored, { kind: 'unreadable' }>;

const credsKey = 'creds';
const beforeKey = 'creds-before';

interface Identity {
  readonly state: AuthenticationState;
  /** Given up: what its last socket still wants to store must not mix with what comes after. */
  retired: boolean;
}

export class Auth {
  readonly #memory: AuthMemory;
  readonly #log: Log;
  #identity: Identity | undefined;
  /** Credentials still to be written, whole. */
  #unsaved: string | undefined;
  #saving: Promise<void> = Promise.resolve();
  #clearing = false;

  constructor(memory: AuthMemory, log: Log) {
    this.#memory = memory;
    this.#log = log;
  }

  /** Who we are logged in as; undefined while the account is not linked. */
  me(): Me | undefined {
    const creds = this.#creds();
    return creds === undefined || !isLinked(creds) ? undefined : meOf(creds);
  }

  /** What to connect with, made anew where nothing is stored. The same state until `clear`. */
  async open(): Promise<Opened> {
    const creds = this.#identity?.state.creds;
    if (this.#identity !== undefined && creds !== undefined && !isHalfDone(creds))
      return { kind: 'state', state: this.#identity.state };
    const stored = creds === undefined ? this.#read() : ({ kind: 'none' } as const);
    if (stored.kind === 'unreadable') return stored;
    if (stored.kind === 'creds' && !isHalfDone(stored.creds)) return this.#adopt(stored.creds);
    // Keys without credentials belong to nobody, and a login with the rest of an unfinished attempt would be refused.
    await this.clear();
    return this.#adopt(initAuthCreds());
  }

  /** Stores the credentials as they are now; one save after another. */
  save(): void {
    if (this.#identity === undefined) return;
    this.#unsaved = encode(this.#identity.state.creds);
    this.#saving = this.#saving.then(() => this.#write());
  }

  /** Resolves once what is known is on disk. Rejects when it cannot be written; it is kept then, and tried again. */
  async flush(): Promise<void> {
    await this.#saving;
    if (this.#unsaved === undefined) return;
    this.#saving = this.#write();
    await this.#saving;
    if (this.#unsaved !== undefined) throw new Error('the credentials could not be written');
  }

  /** Forgets the identity: the next `open` makes a new one. */
  async clear(): Promise<void> {
    if (this.#identity !== undefined) this.#identity.retired = true;
    this.#identity = undefined;
    this.#clearing = true;
    try {
      await this.#saving;
      // What could not be written stays unsaved.
      this.#unsaved = undefined;
      await this.#memory.clear();
    } finally {
      this.#clearing = false;
    }
  }

  /** `clear` for whoever can try again: whether it is gone from the disk, too. The log has the reason why not. */
  async forgotten(which: string): Promise<boolean> {
    try {
      await this.clear();
      return true;
    } catch (err) {
      this.#log.error({ err, code: 'whatsapp_save' }, `${which} could not be forgotten yet`);
      return false;
    }
  }

  #creds(): AuthenticationCreds | undefined {
    if (this.#identity !== undefined) return this.#identity.state.creds;
    // Still stored, and nobody's any more.
    if (this.#clearing) return undefined;
    const stored = this.#read();
    if (stored.kind !== 'creds') return undefined;
    // Asked with every message: read once.
    if (isLinked(stored.creds)) this.#adopt(stored.creds);
    return stored.creds;
  }

  #read(): Stored {
    const text = this.#memory.get(credsKey);
    if (text === undefined) return { kind: 'none' };
    try {
      const creds: unknown = decode(text);
      if (isCreds(creds)) return { kind: 'creds', creds };
      return { kind: 'unreadable', cause: 'parts are missing' };
    } catch {
      // The parser's own words quote what it read.
      return { kind: 'unreadable', cause: 'it is no JSON' };
    }
  }

  async #write(): Promise<void> {
    const text = this.#unsaved;
    if (text === undefined) return;
    this.#unsaved = undefined;
    const before = this.#memory.get(credsKey);
    if (before === text) return;
    try {
      await this.#memory.write(
        new Map([[credsKey, text], ...(before === undefined ? [] : [[beforeKey, before] as const])]),
      );
    } catch (err) {
      this.#unsaved ??= text;
      this.#log.error({ err, code: 'whatsapp_save' }, 'the credentials of WhatsApp could not be stored; tried again');
    }
  }

  #adopt(creds: AuthenticationCreds): Opened {
    const keys = makeCacheableSignalKeyStore(
      {
        get: (type, ids) => kept(async () => this.#keys(type, ids)),
        set: (data) =>
          kept(async () => {
            if (!identity.retired) await this.#memory.write(changesOf(data));
          }),
      },
      libraryLog(this.#log),
    );
    const identity: Identity = { state: { creds, keys }, retired: false };
    this.#identity = identity;
    return { kind: 'state', state: identity.state };
  }

  #keys<T extends keyof SignalDataTypeMap>(type: T, ids: readonly string[]): { [id: string]: SignalDataTypeMap[T] } {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const id of ids) {
      const text = this.#memory.get(keyOf(type, id));
      if (text === undefined) continue;
      try {
        found[id] = revive(type, decode(text)) as SignalDataTypeMap[T];
      } catch {
        // The protocol agrees on a new one by itself, which an unreadable one would keep it from.
        this.#log.warn({ type, code: 'whatsapp_key' }, 'a stored key of WhatsApp cannot be read and counts as missing');
      }
    }
    return found;
  }
}

/** Whether a phone has agreed to the link. */
export function isLinked({ me, account }: AuthenticationCreds): boolean {
  return me !== undefined && account !== undefined;
}

/** A phone code was asked for and never typed: it names an account that knows nothing of us. */
function isHalfDone({ me, registered, account }: AuthenticationCreds): boolean {
  return me !== undefined && !registered && account === undefined;
}

function meOf({ me }: AuthenticationCreds): Me | undefined {
  if (me === undefined) return undefined;
  const lid = me.lid === undefined ? undefined : bare(me.lid);
  return { pn: bare(me.id), lid, name: me.name };
}

/** `4915…:12@s.whatsapp.net` -> `4915…` */
function bare(jid: string): string {
  return jid.replace(/[:@].*$/, '');
}

/** The library does not always wait for what it asks of the store. */
async function kept<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KeysUnavailable('the keys of WhatsApp could not be read or stored', { cause });
  }
}

const keyOf = (type: string, id: string): string => `${type}:${id}`;

function changesOf(data: SignalDataSet): ReadonlyMap<string, string | undefined> {
  return new Map(
    Object.entries(data).flatMap(([type, byId]) =>
      Object.entries(byId ?? {}).map(([id, value]) => [keyOf(type, id), value ? encode(value) : undefined] as const),
    ),
  );
}

function revive(type: keyof SignalDataTypeMap, value: unknown): unknown {
  return type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value as object) : value;
}

function encode(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer);
}

function decode(text: string): unknown {
  return JSON.parse(text, BufferJSON.reviver);
}

/** Whether everything that no login works without is there. */
function isCreds(value: unknown): value is AuthenticationCreds {
  if (typeof value !== 'object' || value === null) return false;
  const creds = value as Partial<AuthenticationCreds>;
  return (
    [creds.noiseKey, creds.pairingEphemeralKeyPair, creds.signedIdentityKey, creds.signedPreKey?.keyPair].every(
      (pair) => pair !== undefined && isKey(pair.public) && isKey(pair.private),
    ) &&
    typeof creds.registrationId === 'number' &&
    typeof creds.advSecretKey === 'string' &&
    typeof creds.nextPreKeyId === 'number' &&
    (creds.me === undefined || typeof creds.me.id === 'string')
  );
}

function isKey(value: unknown): boolean {
  return value instanceof Uint8Array && value.length >= 32;
}
