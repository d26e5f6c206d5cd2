// What a channel hands in and what it is asked to send, in our own words. Used by channels, inbound and delivery.
import { z } from 'zod';
import { routeSchema } from './route.ts';

const attachmentSchema = z.object({
  kind: z.enum(['image', 'audio', 'video', 'file']),
  /** Absolute path of the stored copy. */
  path: z.string(),
  mediaType: z.string(),
  name: z.string(),
  bytes: z.number().int().nonnegative(),
});
export type Attachment = z.infer<typeof attachmentSchema>;

export const inboundSchema = z.object({
  /** The platform's message id, unique per account and chat; the dedupe key. */
  id: z.string().min(1),
  route: routeSchema,
  /** `id` is canonical for the channel (a WhatsApp number rather than a LID once both are known). */
  sender: z.object({ id: z.string().min(1), name: z.string() }),
  chat: z.enum(['direct', 'group']),
  /** The guild or community the chat belongs to, where the platform has them; group rules may name it. */
  space: z.string().min(1).optional(),
  text: z.string(),
  /** Addressed to the bot: a mention, a reply to it, a native command. Always true in direct chats. */
  mentionsBot: z.boolean(),
  /** A platform-native slash command: it gets an answer even where text commands of strangers stay silent. */
  native: z.boolean().optional(),
  /** Platform message id this message quotes. */
  replyTo: z.string().optional(),
  attachments: z.array(attachmentSchema),
  /** Unix time in milliseconds, by the platform's clock where it has one. */
  sentAt: z.number(),
});
export type InboundMessage = z.infer<typeof inboundSchema>;

const choiceSchema = z.object({ label: z.string(), id: z.string() });
export const outboundSchema = z.object({
  /** Markdown; the channel renders it or sends it as plain text. */
  text: z.string(),
  /** Buttons, where the channel has them. `id` is opaque and comes back as the text of a native inbound message. */
  choices: z.array(choiceSchema).optional(),
  /** Platform message id to quote. */
  replyTo: z.string().optional(),
  /** Shown only to the person who asked, where the platform can. */
  private: z.boolean().optional(),
});
export type OutboundMessage = z.infer<typeof outboundSchema>;

/** What is known after a send. `unknown` causes are logged, never shown. */
export type Receipt =
  | { readonly status: 'sent'; readonly messageIds: readonly string[] }
  /** Surely not delivered; try again after `afterMs`. */
  | { readonly status: 'retry'; readonly afterMs: number; readonly cause: unknown }
  /** May have been delivered: the request was written, the answer never came. */
  | { readonly status: 'ambiguous'; readonly cause: unknown }
  /** Will never work (blocked, chat gone, no rights). */
  | { readonly status: 'refused'; readonly cause: unknown };

/** Outgoing order under pressure: approvals before finals before replies before progress. Lower goes first. */
export const priorities = { approval: 0, final: 1, reply: 2, progress: 3 } as const;
export type Priority = keyof typeof priorities;
