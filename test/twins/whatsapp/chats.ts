// What a chat shows: messages with their edits, reactions and deletions applied. Held by world.ts, read through view.ts.
import { normalizeMessageContent, proto } from '@whiskeysockets/baileys';
import type { Violations } from './violations.ts';

const kinds = proto.Message.ProtocolMessage.Type;

/** Phones take edits for about so long. */
const editableMs = 15 * 60_000;

export interface Entry {
  readonly id: string;
  readonly from: string;
  /** Sent by a linked device. */
  readonly mine: boolean;
  /** The sender's address in this chat. */
  readonly author: string;
  /** As it is now. */
  content: proto.IMessage;
  readonly original: proto.IMessage;
  edits: number;
  revoked: boolean;
  /** Who reacted with what. */
  readonly reactions: Map<string, string>;
  /** How often it arrived under its id. */
  times: number;
  readonly at: number;
}

export type Said = Pick<Entry, 'id' | 'from' | 'mine' | 'author' | 'content' | 'at'>;

export class Chat {
  readonly name: string;
  readonly entries: Entry[] = [];
  /** Somebody wrote to the account here. */
  opened = false;
  /** A linked device is shown as typing. */
  typing = false;
  /** When linked devices wrote here, in unix milliseconds. */
  readonly written: number[] = [];
  /** Ids of what linked devices sent, reactions and edits included, with what stood in them. */
  readonly #sent = new Map<string, Uint8Array>();
  readonly #violations: Violations;

  constructor(name: string, violations: Violations) {
    this.name = name;
    this.#violations = violations;
  }

  entry(id: string | null | undefined): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** @returns true when a message of this id is new here */
  add(said: Said): boolean {
    const content = normalizeMessageContent(said.content) ?? {};
    if (said.mine && !this.#isNew(said.id, content)) return false;
    if (!said.mine) this.opened = true;
    if (content.reactionMessage) this.#react(said, content.reactionMessage);
    else if (content.protocolMessage) this.#change(said, content.protocolMessage);
    else
      this.entries.push({
        ...{ ...said, content, original: content, edits: 0, revoked: false },
        ...{ reactions: new Map(), times: 1 },
      });
    return true;
  }

  /** Phones show one message per id: a second one is dropped, and noted when it says something else. */
  #isNew(id: string, content: proto.IMessage): boolean {
    const said = essence(content);
    const before = this.#sent.get(id);
    if (before === undefined) {
      this.#sent.set(id, said);
      return true;
    }
    const entry = this.entry(id);
    if (entry !== undefined) entry.times += 1;
    if (!Buffer.from(before).equals(said)) this.#violations.note('id reused', `${id} in ${this.name}`);
    return false;
  }

  #react(said: Said, { key, text }: proto.Message.IReactionMessage): void {
    const target = this.entry(key?.id);
    if (text) target?.reactions.set(said.from, text);
    else target?.reactions.delete(said.from);
  }

  #change(said: Said, { type, key, editedMessage }: proto.Message.IProtocolMessage): void {
    if (type !== kinds.MESSAGE_EDIT && type !== kinds.REVOKE) return;
    const target = this.entry(key?.id);
    const why = refusal(said, target);
    if (target === undefined || why !== undefined) {
      if (said.mine) this.#violations.note('edit not possible', `${key?.id} in ${this.name}: ${why}`);
      return;
    }
    if (type === kinds.REVOKE) {
      target.revoked = true;
      return;
    }
    target.content = normalizeMessageContent(editedMessage) ?? {};
    target.edits += 1;
  }
}

function refusal(said: Said, target: Entry | undefined): string | undefined {
  if (target === undefined) return 'there is no such message';
  if (target.from !== said.from) return 'it is of somebody else';
  return said.at - target.at > editableMs ? 'it is too old' : undefined;
}

const made = ['mediaKey', 'mediaKeyTimestamp', 'url', 'directPath', 'fileEncSha256'] as const;

/** What a message says, without what is made anew for each sending: secrets, and where and how a file lies on the host. */
function essence(content: proto.IMessage): Uint8Array {
  const { messageContextInfo: _context, senderKeyDistributionMessage: _keys, ...rest } = content;
  const said = Object.entries(rest).map(([kind, value]) => [kind, isFile(value) ? without(value, made) : value]);
  return proto.Message.encode(Object.fromEntries(said)).finish();
}

const isFile = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && 'mediaKey' in value;

const without = (fields: Readonly<Record<string, unknown>>, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
