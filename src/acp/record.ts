// What is kept of a harness session over restarts: where it works, which session of the harness it is, what was set on it
// and allowed in it. Used by sessions.ts and what that is made of.
import { z } from 'zod';
import type { KeyedStore } from '../infra/keyed-store.ts';
import { permissionModes } from './permissions.ts';

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
  /** Grant keys allowed for this session. */
  granted: z.array(z.string()),
  /** US dollars the harness has reported for its session so far. */
  costSeen: z.number().nonnegative().optional(),
});
export type AcpRecord = z.infer<typeof acpRecordSchema>;

export type AcpRecordStore = Pick<KeyedStore<AcpRecord>, 'get' | 'set' | 'delete' | 'entries'>;

/** A session is forgotten: the next turn begins a new one in the same place. */
export function forgotten(record: AcpRecord): AcpRecord {
  const { acpSessionId: _id, acpCreatedAt: _born, given: _given, costSeen: _cost, ...rest } = record;
  return { ...rest, granted: [] };
}
