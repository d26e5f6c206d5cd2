// What is kept of a harness session over restarts: where it works, which session of the harness it is, what was set on it
// and allowed in it. Used by sessions.ts and what that is made of.
import { z } from 'zod';
import { routeSchema } from '../core/route.ts';
import type { KeyedStore } from '../infra/keyed-store.ts';
import { permissionModes } from './permissions.ts';
import { progressLevels } from './progress.ts';

export const acpRecordSchema = z.object({
  /** Key of our session. */
  key: z.string(),
  /** Id of our session's memory; a reset gives it a new one, and with it a new session of the harness. */
  memory: z.string().optional(),
  harness: z.string(),
  /** Absolute. */
  cwd: z.string(),
  /** Where the program came from at the last start. */
  source: z.enum(['config', 'PATH', 'node_modules', 'npx']).optional(),
  /** Id of the harness's session; absent until it has one. */
  acpSessionId: z.string().optional(),
  /** A person named the id: it is continued or refused, never replaced. */
  given: z.boolean().optional(),
  /** False: it was never told anything, so there is nothing in it to be continued. */
  prompted: z.boolean().optional(),
  /** When the harness made its session, unix ms. */
  acpCreatedAt: z.number().optional(),
  createdAt: z.number(),
  lastUsed: z.number(),
  /** Set for this session; absent: as configured. */
  permissionMode: z.enum(permissionModes).optional(),
  mode: z.string().optional(),
  model: z.string().optional(),
  options: z.record(z.string(), z.union([z.string(), z.boolean()])),
  /** Seconds one turn may take; absent: as configured. */
  timeoutSeconds: z.number().nonnegative().optional(),
  /** How much is shown while it works; absent: `brief`. */
  progress: z.enum(progressLevels).optional(),
  /** A person started it with /acp spawn. */
  started: z
    .object({
      label: z.string(),
      /** `<channel>:<id>`. */
      by: z.string(),
      /** Where it was asked for, and the session of that chat. */
      route: routeSchema,
      scope: z.string(),
      /** It is closed after its first answer. */
      oneshot: z.boolean(),
    })
    .optional(),
  /** Grant keys allowed for this session. */
  granted: z.array(z.string()),
  /** US dollars the harness has reported for its session so far. */
  costSeen: z.number().nonnegative().optional(),
});
export type AcpRecord = z.infer<typeof acpRecordSchema>;
/** Who started a session, where, and what it is called. */
export type Started = NonNullable<AcpRecord['started']>;

export type AcpRecordStore = Pick<KeyedStore<AcpRecord>, 'get' | 'set' | 'delete' | 'entries'>;

/** A session is forgotten: the next turn begins a new one in the same place. */
export function forgotten(record: AcpRecord): AcpRecord {
  const { acpSessionId: _id, acpCreatedAt: _born, given: _given, costSeen: _cost, ...rest } = record;
  return { ...rest, granted: [] };
}
