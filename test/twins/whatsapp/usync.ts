// Who is on WhatsApp, with which devices and which LID. Asked by queries.ts.
import { isAddressOf, jidOf, parse } from './jids.ts';
import { bytesOf, child, children, type Node, node } from './nodes.ts';
import type { Human, World } from './world.ts';

export function usync(world: World, stanza: Node): readonly Node[] {
  const body = child(stanza, 'usync');
  const wanted = child(body, 'query');
  const users = new Map<string, Node>();
  for (const user of children(child(body, 'list'), 'user')) {
    const { jid, human } = whom(world, user);
    if (!users.has(jid)) users.set(jid, answer({ world, wanted, jid, human }));
  }
  const { context, mode, sid } = body?.attrs ?? {};
  const attrs = { context, mode, sid, index: '0', last: 'true' };
  return [node('usync', attrs, [node('result', {}, []), node('list', {}, [...users.values()])])];
}

/** By address, or by a phone number with a plus in front. */
function whom(world: World, user: Node): { readonly jid: string; readonly human: Human | undefined } {
  const phone = bytesOf(child(user, 'contact')).toString().replace('+', '');
  const jid = user.attrs.jid ?? `${phone}@s.whatsapp.net`;
  return { jid, human: world.at(jid) };
}

interface Asked {
  readonly world: World;
  readonly wanted: Node | undefined;
  readonly jid: string;
  readonly human: Human | undefined;
}

function answer({ world, wanted, jid, human }: Asked): Node {
  const about: Node[] = [];
  if (child(wanted, 'contact')) about.push(node('contact', { type: human === undefined ? 'out' : 'in' }));
  if (child(wanted, 'devices') && human !== undefined) about.push(devices(world, human));
  if (child(wanted, 'lid') && human?.discreet === false && parse(jid).form === 'pn')
    about.push(node('lid', { val: jidOf(human, 'lid') }));
  return node('user', { jid }, about);
}

function devices(world: World, human: Human): Node {
  const linked = isAddressOf(world.owner, jidOf(human, 'pn')) ? [...world.devices.keys()] : [];
  const list = [
    node('device', { id: '0' }),
    ...linked.map((number) => node('device', { id: String(number), 'key-index': String(number) })),
  ];
  return node('devices', {}, [node('device-list', {}, list), node('key-index-list', { ts: world.seconds() })]);
}
