// A life's connection to a platform: slow, failing and losing answers as chance has it. Used by world.ts.
import type { Capabilities, ChannelAdapter } from '../../src/core/channel.ts';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import { parentRoute, type Route, routeKey } from '../../src/core/route.ts';
import { type Life, never } from './life.ts';
import type { PlatformName } from './plan.ts';
import type { Platform } from './platform.ts';
import type { Random } from './random.ts';
import type { Sighting } from './record.ts';
import type { Timeline } from './timeline.ts';

export interface AdapterParts {
  readonly platform: Platform;
  readonly life: Life;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly seen: Sighting;
  /** How often something goes wrong, 0 to 1, at the time of asking. */
  readonly trouble: () => number;
}

const everything = { edits: true, typing: true, signs: false };
const abilities: Readonly<Record<PlatformName, Capabilities>> = {
  telegram: { ...everything, threads: false, buttons: true, idempotentSend: false, maxText: 600 },
  discord: { ...everything, threads: true, buttons: true, idempotentSend: true, maxText: 500 },
  whatsapp: {
    ...everything,
    threads: false,
    buttons: false,
    menus: true,
    tags: true,
    idempotentSend: true,
    maxText: 700,
  },
};

/** What becomes of one send. */
type Fate =
  | { readonly kind: 'fine'; readonly ms: number }
  /** It arrives; that it did is not heard. */
  | { readonly kind: 'answer lost'; readonly ms: number }
  | { readonly kind: 'request lost'; readonly ms: number }
  | { readonly kind: 'later'; readonly afterMs: number; readonly silence: 'chat' | 'account' | undefined }
  | { readonly kind: 'refused' };

export function adapter(parts: AdapterParts): ChannelAdapter {
  const { platform, life } = parts;
  const can = abilities[platform.name];
  /** Of Discord: keys that may have arrived. Before it repeats one it looks. */
  const doubtful = new Set<string>();
  let connected = false;
  return {
    id: platform.name,
    account: 'default',
    can,
    async start(events) {
      connected = true;
      platform.connect(life, events);
    },
    async deliver(route, message, key) {
      if (life.point('before a send')) return never();
      parts.seen.sends += 1;
      if (message.sentSince !== undefined) doubtful.add(key);
      if (platform.name === 'discord' && doubtful.has(key)) {
        await pause(parts, parts.random.int(1, 30));
        const found = platform.find(key);
        if (found !== undefined) return { status: 'sent', messageIds: [found] };
      }
      const receipt = await send(parts, { route, message, key });
      if (receipt.status === 'ambiguous') doubtful.add(key);
      return life.alive() ? receipt : never();
    },
    async fetch(file) {
      if (life.point('before a file')) return never();
      await pause(parts, Number(file.ref));
      return life.point('after a file') ? never() : { kind: 'too-large' };
    },
    async edit(_route, messageId, message) {
      if (life.point('before an edit')) return never();
      await pause(parts, 5);
      const shown = platform.shown.find((each) => each.id === messageId);
      if (shown !== undefined) shown.text = message.text;
      if (life.point('after an edit')) return never();
      return shown === undefined
        ? { status: 'refused', cause: 'no such message' }
        : { status: 'sent', messageIds: [messageId] };
    },
    ...(can.threads
      ? {
          opensThreads: (parent: Route) => parent.thread === undefined && parent.chat.startsWith('g'),
          reaches: async () => 'there' as const,
          openThread: (parent: Route, name: string) => openThread(parts, parent, name),
        }
      : {}),
    health: () => ({ state: connected ? 'connected' : 'connecting', detail: '' }),
    async stop() {
      connected = false;
      platform.disconnect(life);
    },
  };
}

/** Ends with the life, like everything that waits in it. */
async function pause({ life, timeline }: AdapterParts, ms: number): Promise<void> {
  await new Promise<void>((resolve) => timeline.after(ms, resolve));
  if (!life.alive()) await never();
}

interface Send {
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly key: string;
}

/** What is on its way arrives whether the process lives to hear of it or not. */
async function send(parts: AdapterParts, { route, message, key }: Send): Promise<Receipt> {
  const { platform, life, timeline, seen } = parts;
  const fate = fateOf(parts, route, key);
  if (fate.kind !== 'fine') seen.line(`L${life.number} ${platform.name} ${key}: ${fate.kind}`);
  switch (fate.kind) {
    case 'refused':
      await pause(parts, 10);
      return { status: 'refused', cause: 'scripted', reason: 'it was deleted' };
    case 'later': {
      const { afterMs, silence } = fate;
      await pause(parts, 10);
      return { status: 'retry', afterMs, cause: 'scripted', ...(silence === undefined ? {} : { silence }) };
    }
    case 'request lost':
      await pause(parts, fate.ms);
      return { status: 'ambiguous', cause: 'scripted' };
    case 'fine':
    case 'answer lost': {
      const id = await new Promise<string>((resolve) =>
        timeline.after(fate.ms, () => resolve(platform.apply(route, message, key))),
      );
      if (life.point('after a send')) return never();
      await pause(parts, 1);
      return fate.kind === 'fine' ? { status: 'sent', messageIds: [id] } : { status: 'ambiguous', cause: 'scripted' };
    }
  }
}

function fateOf({ random, trouble }: AdapterParts, route: Route, key: string): Fate {
  const ms = random.weighted([
    [6, 1],
    [6, 30],
    [1, 900],
  ]);
  if (!random.chance(trouble())) return { kind: 'fine', ms };
  return random.weighted<Fate>([
    [4, { kind: 'answer lost', ms }],
    [4, { kind: 'request lost', ms }],
    [
      4,
      {
        kind: 'later',
        afterMs: random.pick([0, 500, 5_000, 40_000]),
        silence: random.pick([undefined, 'chat', 'account']),
      },
    ],
    // Longer than anybody waits for an answer.
    [0.5, { kind: 'fine', ms: 125_000 }],
    [refusals(route, key), { kind: 'refused' }],
  ]);
}

/** Threads are deleted, also in the middle of what is said there. */
function refusals(route: Route, key: string): number {
  if (route.thread === undefined) return 0.2;
  return key.endsWith(':0') ? 1 : 12;
}

async function openThread(parts: AdapterParts, parent: Route, name: string): Promise<Route> {
  const { life, platform, seen } = parts;
  if (life.point('before a thread')) return never();
  await pause(parts, 20);
  const route = { ...parentRoute(parent), thread: `t${platform.threads.length + 1}` };
  platform.threads.push(route);
  seen.line(`${platform.name} opens ${routeKey(route)} for ${name}`);
  if (life.point('after a thread')) return never();
  return route;
}
