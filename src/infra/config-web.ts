// Config keys of the status page, and the rule that it is never open to a network without a token. Read by config.ts.
import { z } from 'zod';
import { isLoopback } from '../core/loopback.ts';

export const webSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether the status page is served, with `/healthz` and `/metrics`.'),
    host: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, 'use a host name or an address, without scheme and port')
      .default('127.0.0.1')
      .describe('Address it listens on. Anything but this machine needs a token of yours.'),
    port: z.int().min(0).max(65_535).default(8787).describe('Port it listens on; 0 = any free one.'),
    url: z
      .url({ protocol: /^https?$/, hostname: /./ })
      .refine(
        (url) => !URL.canParse(url) || new URL(url).pathname === '/',
        'leave the path out: the page is at the top',
      )
      .optional()
      .describe('Address people open it at, where a proxy or tunnel leads to it. Unset: made of host and port.'),
    token: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,256}$/, 'use 16 to 256 letters, digits, _ or -')
      .optional()
      .describe(
        'Secret that opens it; a new one signs everybody out. Unset: one is made and kept in the state folder. Environment: SWITCHYARD_WEB_TOKEN.',
      ),
  })
  .superRefine(({ enabled, host, token }, context) => {
    if (!enabled || isLoopback(host) || token !== undefined) return;
    const message = `is needed because the status page would be open to the network at ${host}: set web.token, or SWITCHYARD_WEB_TOKEN in .env, or leave web.host out`;
    context.addIssue({ code: 'custom', path: ['token'], message });
  });
export type WebConfig = z.infer<typeof webSchema>;
