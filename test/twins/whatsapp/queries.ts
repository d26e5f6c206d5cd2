// Answers to what a logged-in device asks (`iq`): keys, who has which devices, groups, settings. Asked by session.ts.
import { groupNode } from './group-node.ts';
import type { Line } from './line.ts';
import type { MediaHost } from './media.ts';
import { bytesOf, child, children, inside, type Node, node, server } from './nodes.ts';
import { usync } from './usync.ts';
import type { Device, World } from './world.ts';

/** What is asked: the stanza, its first element, and by whom. */
interface Question {
  readonly stanza: Node;
  readonly body: Node;
  readonly device: Device;
  readonly line: Line;
}

type Answer = readonly Node[];

export interface QueryParts {
  readonly media: MediaHost;
  /** How many keys a new device is made to upload. */
  readonly firstKeys: 'many' | 'few';
  /** Told of a device that has begun to listen. */
  listening(device: Device): void;
}

export class Queries {
  /** What was asked, as `encrypt count`, oldest first. */
  readonly asked: string[] = [];
  readonly #world: World;
  readonly #media: MediaHost;
  readonly #few: boolean;

  readonly #listening: (device: Device) => void;

  constructor(world: World, { media, firstKeys, listening }: QueryParts) {
    this.#world = world;
    this.#media = media;
    this.#few = firstKeys === 'few';
    this.#listening = listening;
  }

  answer(device: Device, line: Line, stanza: Node): void {
    const { id, xmlns = '', to, type } = stanza.attrs;
    if (type === 'result' || type === 'error') return;
    const body = inside(stanza)[0] ?? node('nothing');
    this.asked.push(`${xmlns} ${body.tag}`);
    const answer = this.#table[xmlns];
    if (answer === undefined) this.#world.violations.note('unknown query', `${xmlns} ${body.tag}`);
    const content = answer?.({ stanza, body, device, line }) ?? [];
    const failed = content.some(({ tag }) => tag === 'error');
    line.send(node('iq', { id, from: to ?? server, type: failed ? 'error' : 'result' }, [...content]));
    // The queue is let go once the device has said that it listens.
    if (xmlns === 'passive' && body.tag === 'active') {
      device.mailbox.listen(line);
      this.#listening(device);
    }
  }

  readonly #table: Readonly<Record<string, (question: Question) => Answer | undefined>> = {
    encrypt: (question) => this.#keys(question),
    passive: () => [],
    usync: ({ stanza }) => usync(this.#world, stanza),
    'w:g2': ({ stanza, body }) => this.#groups(stanza, body),
    'w:p': () => [],
    'w:m': () => [node('media_conn', { auth: 'twin', ttl: '3600' }, [node('host', { hostname: this.#media.host })])],
    abt: () => [node('props', { protocol: '1', hash: 'twin' }, [])],
    blocklist: () => [node('list', {}, [])],
    privacy: ({ body }) => (body.tag === 'tokens' ? [] : [node('privacy', {}, privacy())]),
    'w:profile:picture': () => [node('error', { code: '404', text: 'item-not-found' })],
    'w:sync:app:state': ({ body }) => [node('sync', {}, children(body, 'collection').map(collection))],
    md: ({ body, device }) => {
      if (body.tag === 'remove-companion-device') this.#world.unlink(device);
      return [];
    },
    ...Object.fromEntries(
      ['w:stats', 'urn:xmpp:whatsapp:dirty', 'status', 'w:biz', 'w:mex'].map((name) => [name, () => []]),
    ),
  };

  #keys({ stanza, body, device }: Question): Answer {
    // Told of none, a device uploads 812; told of few, five.
    const least = this.#few ? 1 : 0;
    if (body.tag === 'count') return [node('count', { value: String(Math.max(device.keys.count, least)) })];
    if (body.tag === 'digest') return [node('digest', {}, [])];
    if (body.tag === 'key')
      return [
        node(
          'list',
          {},
          children(body, 'user').map(({ attrs }) => this.#bundle(attrs.jid)),
        ),
      ];
    try {
      if (body.tag === 'rotate') device.keys.rotate(child(body, 'skey'));
      else device.keys.add(stanza);
      return [];
    } catch (error) {
      this.#world.violations.note('bad keys', String(error));
      return [node('error', { code: '406', text: 'not-acceptable' })];
    }
  }

  #bundle(jid: string | undefined): Node {
    const device = this.#world.deviceAt(jid);
    if (device !== undefined) return node('user', { jid }, [...device.keys.bundle()]);
    const human = this.#world.at(jid);
    if (human === undefined) return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })]);
    return node('user', { jid }, [human.party.registration(), ...human.party.bundle()]);
  }

  #groups({ attrs }: Node, body: Node): Answer {
    if (body.tag === 'participating') {
      const all = [...this.#world.groups.values()].map((room) => groupNode(this.#world, room));
      return [node('groups', {}, all)];
    }
    const room = this.#world.groups.get(attrs.to ?? '');
    if (room === undefined) return [node('error', { code: '404', text: 'item-not-found' })];
    if (body.tag === 'subject') room.subject = bytesOf(body).toString();
    return body.tag === 'query' ? [groupNode(this.#world, room)] : [];
  }
}

const privacy = (): Node[] => [node('category', { name: 'readreceipts', value: 'all' })];

const collection = ({ attrs }: Node): Node =>
  node('collection', { name: attrs.name, version: attrs.version, type: 'result' }, []);
