// "Plain messages here go to that session." Stored by src/bindings, read by inbound, delivery and commands.
import { z } from 'zod';
import { routeSchema } from './route.ts';

export const bindingSchema = z.object({
  route: routeSchema,
  session: z.string(),
  agentId: z.string(),
  label: z.string(),
  /** `<channel>:<id>` of the person, or `agent:<id>` for an automatic binding. */
  boundBy: z.string(),
  boundAt: z.number(),
  lastMessageAt: z.number(),
  /** 0 = off. Idle counts from the last message either way, max age from `boundAt`. */
  idleMs: z.number().nonnegative(),
  maxAgeMs: z.number().nonnegative(),
});
export type Binding = z.infer<typeof bindingSchema>;
