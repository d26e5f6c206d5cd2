// What people write: a step of the plan as the message a platform hands in. Used by world.ts.
import type { InboundMessage, RemoteFile } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Chat, Step } from './plan.ts';

export interface Place {
  readonly route: Route;
  readonly chat: Chat;
}

/** The chat with this number: several of one kind on a platform are different chats. */
export function placeOf(chat: Chat, number: number): Place {
  const id = chat.kind === 'direct' ? `ann${number}` : `g${number}`;
  return { chat, route: { channel: chat.platform, account: 'default', chat: id } };
}

type Said = Exclude<Step, { readonly do: 'repeat' | 'restart' }>;

export interface Saying {
  readonly step: Said;
  readonly place: Place;
  /** The platform's id of the message. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly newestThread: Route | undefined;
}

export function messageOf({ step, place, id, at, newestThread }: Saying): InboundMessage {
  const { route, chat } = place;
  const person = step.do === 'say' && step.by === 'bo' && chat.kind === 'group' ? 'bo' : route.chat;
  const owner = person === 'bo' ? 'bo' : 'ann';
  return {
    id,
    route: step.do === 'say in thread' ? (newestThread ?? route) : route,
    sender: { id: chat.kind === 'direct' ? route.chat : owner, name: owner },
    chat: chat.kind,
    text: textOf(step),
    mentionsBot: true,
    attachments: [],
    sentAt: at,
    ...(step.do === 'say' && step.fileMs !== undefined ? { files: [fileOf(step.fileMs)] } : {}),
  };
}

/** Its `ref` says how long it takes. */
function fileOf(ms: number): RemoteFile {
  return { kind: 'file', ref: String(ms), name: 'plan.pdf', mediaType: 'application/pdf' };
}

function textOf(step: Said): string {
  switch (step.do) {
    case 'say':
    case 'say in thread':
      return `please do ${step.token}`;
    case 'spawn':
      return `/subagents spawn main ${step.token}`;
    case 'steer':
      return `/steer mind ${step.token}`;
    case 'send':
      return `/subagents send ${step.target} also ${step.token}`;
    case 'kill':
      return `/subagents kill ${step.target}`;
    case 'focus':
      return `/focus ${step.target}`;
    case 'list':
      return '/subagents list';
    case 'stop':
    case 'unfocus':
    case 'new':
      return `/${step.do}`;
  }
}
