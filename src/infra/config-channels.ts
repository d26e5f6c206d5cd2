// The part of the config that says where people reach us: channels, their accounts and access rules.
// Used by config.ts and access.ts.
import { z } from 'zod';
import { isLoopback } from '../core/loopback.ts';
import { plainName } from './config-tools.ts';
import { readAtStart } from './env.ts';

const idList = z.array(z.string().min(1));
const hours = z.number().nonnegative();
const dmPolicy = z.enum(['pairing', 'allowlist', 'open', 'disabled']);

/** An address with the `secure` protocol, or with the `plain` one on this machine, where nobody listens in. */
function platformUrl(secure: string, plain: string): z.ZodString {
  return z.string().refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined) return false;
    return url.protocol === `${secure}:` || (url.protocol === `${plain}:` && isLoopback(url.hostname));
  }, `use a ${secure}:// address; ${plain}:// works only to this machine (localhost, 127.0.0.1)`);
}

const bindingRules = {
  enabled: z.boolean().describe('Whether conversations can be bound to sessions (/focus, thread: true).'),
  idleHours: hours.describe('Hours without a message after which a binding ends; 0 = never.'),
  maxAgeHours: hours.describe('Hours after which a binding ends in any case; 0 = never.'),
  spawnSessions: z.boolean().describe('Whether agents may open threads for what they start.'),
  defaultSpawnContext: z
    .enum(['isolated', 'fork'])
    .describe('What a thread-bound child starts with: `fork` a copy of the conversation, `isolated` nothing.'),
};

export const threadBindingsSchema = z.strictObject({
  enabled: bindingRules.enabled.default(true),
  idleHours: bindingRules.idleHours.default(24),
  maxAgeHours: bindingRules.maxAgeHours.default(0),
  spawnSessions: bindingRules.spawnSessions.default(true),
  defaultSpawnContext: bindingRules.defaultSpawnContext.default('fork'),
});

const group = z.strictObject({
  requireMention: z.boolean().optional().describe('Whether the bot must be mentioned here. Unset: as in the channel.'),
  allowFrom: idList.optional().describe('Only these people are heard here. Unset: everybody in the group.'),
  allowBots: z.boolean().optional().describe('Whether other bots are heard here. Unset: as in the channel.'),
});

const rules = {
  allowFrom: idList.describe('People who may talk to the bot: plain platform ids, or `*` for everybody.'),
  groupPolicy: z
    .enum(['allowlist', 'open', 'disabled'])
    .describe('Which groups are served: the listed ones, all, or none.'),
  groups: z
    .record(z.string().min(1), group)
    .describe(
      'Served groups by chat id (Telegram or WhatsApp group, Discord channel or guild), each with its own rules; `{}` = listed.',
    ),
  requireMention: z
    .boolean()
    .describe('Whether text in groups must mention the bot or reply to it. Commands need no mention.'),
  allowBots: z.boolean().describe('Whether messages of other bots are heard.'),
};

const enabled = z
  .boolean()
  .optional()
  .describe('Whether the channel connects. Unset: yes once a token is set (WhatsApp: no).');
const dmRule =
  'Who may write in direct chats: `pairing` after approval, `allowlist` only allowFrom, `open` everybody (needs "*" in allowFrom), `disabled` nobody.';

const overrides = {
  threadBindings: z.strictObject(bindingRules).partial().prefault({}).describe('Stronger than session.threadBindings.'),
  tools: z
    .strictObject({
      allow: z.array(z.string().min(1)).optional().describe('Only these tools are offered in chats here.'),
      deny: z.array(z.string().min(1)).optional().describe('These tools are never offered in chats here.'),
    })
    .prefault({})
    .describe('Tool lists for chats here.'),
};

function channelFields<P extends z.infer<typeof dmPolicy>>(policy: P) {
  return {
    enabled,
    dmPolicy: dmPolicy.default(policy).describe(dmRule),
    allowFrom: rules.allowFrom.default([]),
    groupPolicy: rules.groupPolicy.default('allowlist'),
    groups: rules.groups.default({}),
    requireMention: rules.requireMention.default(true),
    allowBots: rules.allowBots.default(false),
    ...overrides,
  };
}

/** An account says only what differs from its channel. */
const accountFields = {
  enabled: z
    .boolean()
    .exactOptional()
    .describe('Whether this account connects. Unset: yes once its token is set (WhatsApp: as the channel).'),
  dmPolicy: dmPolicy.exactOptional().describe(dmRule),
  allowFrom: rules.allowFrom.exactOptional(),
  groupPolicy: rules.groupPolicy.exactOptional(),
  groups: rules.groups.exactOptional(),
  requireMention: rules.requireMention.exactOptional(),
  allowBots: rules.allowBots.exactOptional(),
  ...overrides,
};

const token = z.string().min(1).optional();
/** docs.discord.com/developers/resources/channel#channel-object: the times Discord knows. */
const autoArchiveMinutes = z
  .literal([60, 1440, 4320, 10_080])
  .describe('Minutes without a message after which Discord puts a thread away; writing there brings it back.');
const personas = z
  .boolean()
  .describe('Whether a sub-agent speaks under its own name in its thread; needs the right Manage Webhooks.');
const discordFields = {
  token: token.describe('Bot token. Environment: DISCORD_TOKEN.'),
  apiUrl: platformUrl('https', 'http')
    .optional()
    .describe('Base address of the Discord API. Environment: DISCORD_API_URL.'),
  devGuild: z
    .string()
    .regex(/^\d{17,20}$/, 'use the id of a server, 17 to 20 digits')
    .exactOptional()
    .describe('Server in which alone the native commands are offered, at once; for work on them. Unset: everywhere.'),
  autoArchiveMinutes: autoArchiveMinutes.exactOptional(),
  personas: personas.exactOptional(),
};
/** core.telegram.org/bots/api#setwebhook: the address, and what may be in a secret. */
const webhook = z
  .strictObject({
    url: platformUrl('https', 'http').describe('Public https address that leads to host and port below.'),
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address the bot listens on. A proxy or tunnel in front of it makes it public.'),
    port: z.int().min(0).max(65_535).default(8443).describe('Port the bot listens on.'),
    secret: z
      .string()
      .regex(/^[A-Za-z0-9_-]{16,256}$/, 'use 16 to 256 letters, digits, _ or -')
      .describe('Sent by Telegram with every update; anything without it is refused.'),
  })
  .optional()
  .describe('Lets Telegram call the bot instead of being polled.');
const telegramFields = {
  token: token.describe('Bot token from BotFather. Environment: TELEGRAM_TOKEN.'),
  apiRoot: platformUrl('https', 'http')
    .optional()
    .describe('Address of the Bot API server. Environment: TELEGRAM_API_ROOT.'),
  webhook,
};
const whatsappFields = {
  wsUrl: platformUrl('wss', 'ws')
    .optional()
    .describe('Address of the WhatsApp web socket. Environment: WHATSAPP_WS_URL.'),
};

const moreAccounts =
  'More accounts by name; each holds what differs from the channel. The channel itself is the account `default`.';

/** Each field belongs to one platform; the schemas admit it only there. */
interface Own {
  readonly token?: string | undefined;
  readonly autoArchiveMinutes?: z.infer<typeof autoArchiveMinutes>;
  readonly devGuild?: string;
  readonly personas?: boolean;
  readonly apiUrl?: string | undefined;
  readonly apiRoot?: string | undefined;
  readonly webhook?: z.infer<typeof webhook>;
  readonly wsUrl?: string | undefined;
}
type Base = z.infer<z.ZodObject<ReturnType<typeof channelFields>>>;
type Changes = z.infer<z.ZodObject<typeof accountFields>> & Own;

/** One account with every setting decided. */
export type AccountConfig = Omit<Base, 'enabled'> & Own & { readonly enabled: boolean };
/** The settings of the account `default`, and all accounts by name, `default` among them. */
export type ChannelConfig = AccountConfig & { readonly accounts: Readonly<Record<string, AccountConfig>> };

/** Decides `enabled` and completes every account from its channel. Tokens and webhooks are never shared between accounts. */
function fill(
  value: Base & Own & { accounts: Record<string, Changes> },
  switchedOnBy: 'token' | 'enabled',
): ChannelConfig {
  const { accounts, token: ownToken, webhook: ownWebhook, enabled: ownEnabled, ...shared } = value;
  const own = {
    ...(ownToken === undefined ? {} : { token: ownToken }),
    ...(ownWebhook === undefined ? {} : { webhook: ownWebhook }),
  };
  const complete = (account: Changes): AccountConfig => ({
    ...shared,
    ...account,
    threadBindings: { ...shared.threadBindings, ...account.threadBindings },
    tools: { ...shared.tools, ...account.tools },
    enabled:
      ownEnabled !== false &&
      (account.enabled ?? (switchedOnBy === 'token' ? account.token !== undefined : ownEnabled === true)),
  });
  const main = complete({ ...shared, ...own, ...accounts.default });
  const others = Object.entries(accounts).filter(([name]) => name !== 'default');
  return {
    ...main,
    accounts: { default: main, ...Object.fromEntries(others.map(([name, account]) => [name, complete(account)])) },
  };
}

type Access = Pick<AccountConfig, 'dmPolicy' | 'allowFrom'>;

/** Contradictions between policy and list. On WhatsApp an empty allowlist means the own number. */
function accessFault(account: Access, ownNumberCounts: boolean): string | undefined {
  if (account.dmPolicy === 'open' && !account.allowFrom.includes('*'))
    return 'it needs "*" in allowFrom, to say that everybody is meant';
  if (account.dmPolicy === 'allowlist' && account.allowFrom.length === 0 && !ownNumberCounts)
    return 'it needs at least one id in allowFrom';
  return undefined;
}

function checkAccess(channel: ChannelConfig, context: z.RefinementCtx, ownNumberCounts: boolean): void {
  for (const [name, account] of Object.entries(channel.accounts)) {
    const message = accessFault(account, ownNumberCounts);
    const path = name === 'default' ? ['dmPolicy'] : ['accounts', name, 'dmPolicy'];
    if (message !== undefined) context.addIssue({ code: 'custom', path, message });
  }
}

/** Switched on by name, yet there is nothing to connect with: said at once instead of a silent channel. */
function checkToken(value: Base & Own & { accounts: Record<string, Changes> }, context: z.RefinementCtx): void {
  const message = `is true, but there is no token: set token here or in the environment ${readAtStart}`;
  const say = (path: string[]): void => context.addIssue({ code: 'custom', path, message });
  const none =
    value.token === undefined && Object.values(value.accounts).every((account) => account.token === undefined);
  if (value.enabled === true && none) say(['enabled']);
  for (const [name, account] of Object.entries(value.accounts)) {
    if (account.enabled === true && account.token === undefined && name !== 'default')
      say(['accounts', name, 'enabled']);
  }
}

/** Two accounts with one token would take each other's messages, and answer them twice. */
function checkOwnTokens(channel: ChannelConfig, context: z.RefinementCtx): void {
  const taken = new Map<string, string>();
  for (const [name, { token: own, enabled: on }] of Object.entries(channel.accounts)) {
    if (!on || own === undefined) continue;
    const other = taken.get(own);
    const message = `is the token of the account ${other} too: each account needs a bot of its own`;
    if (other !== undefined) context.addIssue({ code: 'custom', path: ['accounts', name, 'token'], message });
    taken.set(own, name);
  }
}

const discord = z
  .strictObject({
    ...channelFields('pairing'),
    ...discordFields,
    autoArchiveMinutes: autoArchiveMinutes.default(1440),
    personas: personas.default(false),
    accounts: z
      .record(plainName, z.strictObject({ ...accountFields, ...discordFields }))
      .default({})
      .describe(moreAccounts),
  })
  .superRefine(checkToken)
  .transform((value) => fill(value, 'token'))
  .superRefine((value, context) => checkAccess(value, context, false))
  .superRefine(checkOwnTokens);

const telegram = z
  .strictObject({
    ...channelFields('pairing'),
    ...telegramFields,
    accounts: z
      .record(plainName, z.strictObject({ ...accountFields, ...telegramFields }))
      .default({})
      .describe(moreAccounts),
  })
  .superRefine(checkToken)
  .transform((value) => fill(value, 'token'))
  .superRefine((value, context) => checkAccess(value, context, false))
  .superRefine(checkOwnTokens);

const whatsapp = z
  .strictObject({
    ...channelFields('allowlist'),
    ...whatsappFields,
    accounts: z
      .record(plainName, z.strictObject({ ...accountFields, ...whatsappFields }))
      .default({})
      .describe(moreAccounts),
  })
  .transform((value) => fill(value, 'enabled'))
  .superRefine((value, context) => checkAccess(value, context, true));

export const channelsSchema = z.strictObject({
  discord: discord.prefault({}).describe('Discord bot.'),
  telegram: telegram.prefault({}).describe('Telegram bot.'),
  whatsapp: whatsapp.prefault({}).describe('WhatsApp linked device.'),
});
