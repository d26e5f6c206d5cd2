// What is known of groups: their members, without which nothing can be encrypted for them, and whether we are in. Asked for once
// and dropped when WhatsApp tells of a change. Made by adapter.ts, which attaches it to each connection.
import type { BaileysEventMap, GroupMetadata, WASocket } from '@whiskeysockets/baileys';
import type { ChannelEvents } from '../../src/core/channel.ts';
import type { Log } from '../../src/infra/log.ts';
import { causeOf } from './faults.ts';
import type { Identity } from './identity.ts';
import { chatRoute, isMe, type Me, plainJid } from './jid.ts';

export interface GroupsOptions {
  readonly account: string;
  readonly me: () => Me | undefined;
  readonly identity: Identity;
  readonly events: () => ChannelEvents | undefined;
  /** A chat is the same as another one from now on. */
  readonly learn: (one: string | null | undefined, other: string | null | undefined) => void;
  readonly log: Log;
}

type GroupSocket = Pick<WASocket, 'ev' | 'groupMetadata'>;

export class Groups {
  readonly #options: GroupsOptions;
  readonly #known = new Map<string, Promise<GroupMetadata | undefined>>();
  #socket: GroupSocket | undefined;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** A new connection: what changed while there was none is told to nobody. */
  attach(socket: GroupSocket): void {
    this.#socket = socket;
    this.#known.clear();
    const { ev } = socket;
    ev.on('groups.update', (updates) => {
      for (const { id } of updates) this.#forget(id);
    });
    ev.on('groups.upsert', (groups) => {
      for (const group of groups) this.#forget(group.id);
    });
    ev.on('group-participants.update', (change) => this.#changed(change));
  }

  /** Undefined when WhatsApp does not tell: the library then asks itself, and says why not. */
  metadata(jid: string): Promise<GroupMetadata | undefined> {
    const id = plainJid(jid) ?? jid;
    const known = this.#known.get(id) ?? this.#ask(id);
    this.#known.set(id, known);
    return known;
  }

  async #ask(id: string): Promise<GroupMetadata | undefined> {
    const socket = this.#socket;
    try {
      const group = await socket?.groupMetadata(id);
      for (const { id: one, lid, phoneNumber } of group?.participants ?? [])
        this.#options.learn(one, phoneNumber ?? lid);
      return group;
    } catch (error) {
      this.#forget(id);
      this.#options.log.debug({ cause: causeOf(error), chat: id, code: 'whatsapp_group' }, 'no members of a group');
      return undefined;
    }
  }

  #forget(id: string | undefined): void {
    if (id !== undefined) this.#known.delete(plainJid(id) ?? id);
  }

  #changed({ id, participants, action }: BaileysEventMap['group-participants.update']): void {
    this.#forget(id);
    const { account, events, me, identity, learn, log } = this.#options;
    const own = me();
    const chat = identity.canonical(id);
    for (const { id: one, lid, phoneNumber } of participants) learn(one, phoneNumber ?? lid);
    if (own === undefined || chat === undefined) return;
    const us = participants.some(({ id: one, lid, phoneNumber }) =>
      [one, lid, phoneNumber].some((jid) => isMe(jid, own)),
    );
    if (!us) return;
    const route = chatRoute(chat, account);
    if (action === 'remove') {
      log.info(
        { chat, code: 'whatsapp_membership' },
        'this number was removed from a group: nothing is heard there any more',
      );
      void events()?.gone(route, 'this number was removed from the group');
    } else if (action === 'add') {
      log.info({ chat, code: 'whatsapp_membership' }, 'this number was added to a group');
      events()?.opened(route);
    }
  }
}
