// What a channel hands in and what it is asked to send, in our own words. Used by channels, inbound and delivery.
import { z } from 'zod';
import { type Route, routeSchema } from './route.ts';

const attachmentSchema = z.object({
  kind: z.enum(['image', 'audio', 'video', 'file']),
  /** Absolute path of the stored copy. */
  path: z.string(),
  mediaType: z.string(),
  name: z.string(),
  bytes: z.number().int().nonnegative(),
});
export type Attachment = z.infer<typeof attachmentSchema>;

const remoteFileSchema = z.object({
  kind: attachmentSchema.shape.kind,
  /** What the adapter's `fetch` needs to get it; opaque to everybody else. */
  ref: z.string().min(1),
  /** As its sender called it, or made up by the channel. No safe path. */
  name: z.string(),
  mediaType: z.string(),
  /** Size as the platform says; absent where it does not. */
  bytes: z.number().int().nonnegative().optional(),
});
/** A file that is still on the platform. It is fetched only for people who are heard. */
export type RemoteFile = z.infer<typeof remoteFileSchema>;

export const inboundSchema = z.object({
  /** The platform's message id, unique per account and chat; the dedupe key. */
  id: z.string().min(1),
  route: routeSchema,
  /** `id` is canonical for the channel (a WhatsApp number rather than a LID once both are known). */
  sender: z.object({
    id: z.string().min(1),
    name: z.string(),
    /** Other ids of the same person on that platform, e.g. a WhatsApp LID beside the number: lists may name any. */
    aka: z.array(z.string().min(1)).optional(),
    /** Another bot. */
    bot: z.boolean().optional(),
    /** Somebody who writes in the name of a group or channel: no person, so no rights. */
    anonymous: z.boolean().optional(),
  }),
  chat: z.enum(['direct', 'group']),
  /** The guild or community the chat belongs to, where the platform has them; group rules may name it. */
  space: z.string().min(1).optional(),
  text: z.string(),
  /** Addressed to the bot: a mention, a reply to it, a native command. Always true in direct chats. */
  mentionsBot: z.boolean(),
  /** A platform-native slash command: it gets an answer even where text commands of strangers stay silent. */
  native: z.boolean().optional(),
  /** What the channel needs to show the answer with this message; opaque to everybody else. */
  answerTo: z.string().min(1).optional(),
  /** Platform message id this message quotes. */
  replyTo: z.string().optional(),
  /** What the quoted message says, and who said it, as far as the platform tells. */
  quote: z.object({ text: z.string(), from: z.string() }).optional(),
  attachments: z.array(attachmentSchema),
  /** Files to be fetched; they become attachments. */
  files: z.array(remoteFileSchema).optional(),
  /** Messages sent together as one album share this id. */
  album: z.string().min(1).optional(),
  /** What it holds that no agent can read, for a sentence: `a sticker`. */
  unsupported: z.string().min(1).optional(),
  /** It waited on the platform while we were not connected: strangers get no answer to it. */
  backlog: z.boolean().optional(),
  /** Unix time in milliseconds, by the platform's clock where it has one. */
  sentAt: z.number(),
});
export type InboundMessage = z.infer<typeof inboundSchema>;

/** Somebody pressed a button of ours. What it means is stored here, under `choice`. */
export interface Press {
  /** The platform's id of this press; a repeated one is the same press. */
  readonly id: string;
  readonly route: Route;
  readonly sender: InboundMessage['sender'];
  readonly chat: InboundMessage['chat'];
  readonly space?: string | undefined;
  /** Id of the choice. Anybody may have made it up. */
  readonly choice: string;
  /** What the presser was asked for and wrote, where the choice asks. */
  readonly text?: string | undefined;
  /** As of a message. */
  readonly answerTo?: string | undefined;
  /** Platform id of the message with the button. */
  readonly messageId?: string | undefined;
  /** Unix time in milliseconds. */
  readonly at: number;
}

/** Somebody put a sign, e.g. 👍, on a message of ours, or another one in place of theirs. Taking one away is no reaction. */
export interface Reaction {
  /** The platform's id of this reaction; a repeated one is the same. */
  readonly id: string;
  readonly route: Route;
  readonly sender: InboundMessage['sender'];
  readonly chat: InboundMessage['chat'];
  readonly space?: string | undefined;
  /** Platform id of the message it is on. */
  readonly messageId: string;
  readonly emoji: string;
  /** As of a message. */
  readonly backlog?: boolean | undefined;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export interface PressAnswer {
  /** For the presser alone, one short sentence; absent: what follows speaks for itself. */
  readonly text?: string | undefined;
  /** The question is decided: its buttons go. */
  readonly decided: boolean;
}

/** To a press of a button that means nothing any more. */
export const outOfDate: PressAnswer = {
  text: 'this button is out of date; type the command for a fresh one',
  decided: false,
};

const asksSchema = z.object({ label: z.string() });
/** What a person is asked for when they press a button, e.g. `What should it do?`, at most 45 characters. */
export type ChoiceAsks = z.infer<typeof asksSchema>;

const choiceSchema = z.object({
  label: z.string(),
  id: z.string(),
  asks: asksSchema.optional(),
  /** Picks it where the channel shows menus in place of buttons (see menu.ts). */
  number: z.number().int().positive().optional(),
  /** The reaction that picks it there. */
  thumb: z.enum(['yes', 'no']).optional(),
});

/** Longest text beside a file, in UTF-16 units: what every platform with files takes (Telegram's captions: 1,024). */
export const captionText = 1_000;

export const outboundSchema = z.object({
  /** Markdown; the channel renders it or sends it as plain text. */
  text: z.string(),
  /** Buttons, where the channel has them, or lines of a menu. `id` is opaque, at most 32 characters, and comes back in a `Press`. */
  choices: z.array(choiceSchema).optional(),
  /** Last line of `text` that stays visible when the whole text goes as a file. */
  foot: z.string().optional(),
  /** Platform message id to quote. */
  replyTo: z.string().optional(),
  /** Shown only to the person who asked, where the platform can. */
  private: z.boolean().optional(),
  /**
   * Label of the sub-agent that speaks, in the conversation that is its own: platforms that can, show it as the author. What
   * a platform shows so, it cannot recognise as a repeat: never on the result of a run. An edit names it again.
   */
  speaker: z.string().optional(),
  /** Stands in front of each of its parts, see tag.ts. */
  tag: z.string().optional(),
  /** An earlier process may have sent it at this time (Unix ms) or later, and did not live to know. Set by delivery. */
  sentSince: z.number().optional(),
  /** It fills in something that stands in the chat already, and so keeps no order with what is sent there. */
  placed: z.boolean().optional(),
  /** Goes along as a file, where `can.documents`; `text` is then no longer than `captionText`. */
  document: z.object({ name: z.string(), text: z.string() }).optional(),
  /** `answerTo` of the native command or press it answers: the platform shows it with that. */
  answers: z.string().optional(),
  /** Platform id of whoever asked natively: a private message can find them elsewhere. */
  asker: z.string().optional(),
});
export type OutboundMessage = z.infer<typeof outboundSchema>;

/** What is known after a send. `unknown` causes are logged, never shown. */
export type Receipt =
  | { readonly status: 'sent'; readonly messageIds: readonly string[] }
  /** Surely not delivered; try again after `afterMs`. */
  | {
      readonly status: 'retry';
      readonly afterMs: number;
      readonly cause: unknown;
      /** The platform asked for silence: in this chat, or from the whole account. Nothing else is sent there before. */
      readonly silence?: 'chat' | 'account' | undefined;
    }
  /** May have been delivered: the request was written, the answer never came. */
  | { readonly status: 'ambiguous'; readonly cause: unknown }
  /** Will never work (blocked, chat gone, no rights). */
  | {
      readonly status: 'refused';
      readonly cause: unknown;
      /** Why, for people: `the person has blocked the bot`. */
      readonly reason?: string | undefined;
      /** The whole chat is closed to us, until something comes from there again. */
      readonly closed?: boolean | undefined;
      /** The place is fine; it is this message that is not taken, there or anywhere. */
      readonly only?: 'this' | undefined;
    };

/** Outgoing order under pressure: approvals before finals before replies before progress. Lower goes first. */
export const priorities = { approval: 0, final: 1, reply: 2, progress: 3 } as const;
export type Priority = keyof typeof priorities;
