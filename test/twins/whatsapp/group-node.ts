// A group as the server describes it to a device. Asked by queries.ts and groups.ts.
import { jidOf, other } from './jids.ts';
import { type Node, node } from './nodes.ts';
import type { GroupRoom, Human, World } from './world.ts';

export function groupNode(world: World, room: GroupRoom): Node {
  const everyone = [...room.members, world.owner];
  const attrs = {
    ...{ id: room.jid.split('@')[0], subject: room.subject, addressing_mode: room.form },
    ...{ creation: world.seconds(room.created), s_t: world.seconds(room.created), size: String(everyone.length) },
    creator: jidOf(everyone[0] ?? world.owner, room.form),
  };
  const timer = room.expiration > 0 ? [node('ephemeral', { expiration: String(room.expiration) })] : [];
  return node('group', attrs, [...everyone.map((human) => participant(room, human)), ...timer]);
}

/** In a group by LID the number is told beside it, and the other way round. */
export function participant(room: GroupRoom, human: Human): Node {
  const alt = human.discreet ? undefined : jidOf(human, other(room.form));
  return node('participant', { jid: jidOf(human, room.form), [room.form === 'lid' ? 'phone_number' : 'lid']: alt });
}
