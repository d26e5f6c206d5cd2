// Who was let in without the config, and who asks to be. Stored by src/inbound/pairing.ts, shown by commands and the CLI.
import { z } from 'zod';
import { routeSchema } from './route.ts';

/** Who let somebody in: at the command line by code or by a link made there, or the owner in a chat. */
export const approverSchema = z.discriminatedUnion('via', [
  z.object({ via: z.literal('cli') }),
  z.object({ via: z.literal('link') }),
  /** `person`: `<channel>:<id>`. */
  z.object({ via: z.literal('chat'), person: z.string() }),
]);
export type Approver = z.infer<typeof approverSchema>;

const personSchema = z.object({
  /** `<channel>:<id>` */
  id: z.string().min(1),
  /** Safe to show: without control characters and markup. */
  name: z.string(),
  /** Their direct chat. */
  route: routeSchema,
});

/** Somebody who may talk to the bot until that is revoked. */
export const pairedPersonSchema = z.object({
  ...personSchema.shape,
  /** Unix time in milliseconds. */
  since: z.number(),
  by: approverSchema,
});
export type PairedPerson = z.infer<typeof pairedPersonSchema>;

/** Somebody who wrote and waits for an answer. */
export const pairingRequestSchema = z.object({
  ...personSchema.shape,
  code: z.string().min(1),
  /** Unix time in milliseconds; the code is valid for `pairingMs` from here. */
  at: z.number(),
});
export type PairingRequest = z.infer<typeof pairingRequestSchema>;

/** How long a code and a link are valid, and how long a person who asked gets no second answer. */
export const pairingMs = 60 * 60_000;

export interface PairingView {
  readonly pending: readonly PairingRequest[];
  readonly people: readonly (PairedPerson & { readonly owner: boolean })[];
}

/** What became of an approval. */
export interface Approved {
  readonly person: PairedPerson;
  /** The first person approved at the command line while the config names no owner. */
  readonly becameOwner: boolean;
  /** Where to tell them. */
  readonly route: PairedPerson['route'];
}

/** What became of a revocation. */
export interface Revoked {
  readonly person: PairedPerson;
  /** There is no owner by pairing any more. */
  readonly wasOwner: boolean;
  /** Config key that lets them in all the same. */
  readonly still?: string | undefined;
  /** Whether they get a new code when they write again; `later`: an hour after they last asked. */
  readonly asksAgain: 'now' | 'later' | 'never';
}
