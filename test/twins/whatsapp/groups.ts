// A group: people come and go, it is renamed, its messages disappear. Made by twin.ts; what happens reaches the linked devices
// as notifications.
import type { Chat } from './chats.ts';
import { participant } from './group-node.ts';
import { jidOf, other } from './jids.ts';
import type { Mail } from './mail.ts';
import { type Node, node } from './nodes.ts';
import type { Person } from './people.ts';
import type { GroupRoom, Human, World } from './world.ts';

export class Group {
  readonly room: GroupRoom;
  readonly #world: World;
  readonly #mail: Mail;

  constructor(world: World, mail: Mail, room: GroupRoom) {
    this.#world = world;
    this.#mail = mail;
    this.room = room;
  }

  get jid(): string {
    return this.room.jid;
  }

  get chat(): Chat {
    return this.room.chat;
  }

  async adds(person: Person): Promise<void> {
    this.room.members.add(person.human);
    await this.#tell('add', { child: participant(this.room, person.human) });
  }

  async removes(person: Person): Promise<void> {
    this.room.members.delete(person.human);
    await this.#tell('remove', { child: participant(this.room, person.human) });
  }

  async renames(subject: string): Promise<void> {
    this.room.subject = subject;
    await this.#tell('subject', { attrs: { subject } });
  }

  /** @param seconds after which messages disappear; 0: they stay */
  async disappearing(seconds: number): Promise<void> {
    this.room.expiration = seconds;
    await this.#tell(seconds === 0 ? 'not_ephemeral' : 'ephemeral', { attrs: { expiration: String(seconds) } });
  }

  #tell(tag: string, how: { readonly child?: Node; readonly attrs?: Record<string, string> }): Promise<void> {
    const { form } = this.room;
    const by: Human = [...this.room.members][0] ?? this.#world.owner;
    const attrs = {
      ...{ id: String(this.#world.next()), from: this.jid, type: 'w:gp2', t: this.#world.seconds() },
      ...{ participant: jidOf(by, form), [`participant_${other(form)}`]: jidOf(by, other(form)) },
      addressing_mode: form,
    };
    return this.#mail.notify(
      node('notification', attrs, [node(tag, how.attrs, how.child === undefined ? [] : [how.child])]),
    );
  }
}
