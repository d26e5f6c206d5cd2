// Does a bot token work, and whose is it: asked of Telegram and Discord. Called by ask-channels.ts.
import { z } from 'zod';
import type { Server } from './plan.ts';
import { getJson, type Net, type Probed } from './probe.ts';

export interface Bot {
  /** Its name on the platform. */
  readonly name: string;
  /** What the person should know or do besides. */
  readonly hints: readonly string[];
}

const telegramBot = z.object({ ok: z.literal(true), result: z.object({ username: z.string() }) });

/** @param apiRoot undefined: Telegram's own (core.telegram.org/bots/api#getme) */
export async function probeTelegram(net: Net, token: string, apiRoot: string | undefined): Promise<Probed<Bot>> {
  const root = (apiRoot ?? 'https://api.telegram.org').replace(/\/+$/, '');
  const answer = await getJson(net, { url: `${root}/bot${token}/getMe`, who: 'Telegram' });
  if (answer.kind === 'unreachable') return answer;
  const { status, body } = answer;
  if (status === 401 || status === 404)
    return refused('Telegram does not know this token. Copy it again from @BotFather (/mybots › API Token).');
  const bot = telegramBot.safeParse(body);
  if (!bot.success) return strange('Telegram', status);
  return { kind: 'works', value: { name: bot.data.result.username, hints: [] } };
}

const discordUser = z.object({ id: z.string(), username: z.string() });
const application = z.object({ id: z.string(), flags: z.int().optional() });
const guilds = z.array(z.object({ id: z.string(), name: z.string() }));

/**
 * Message Content Intent, granted or within reach of a bot in few servers
 * (docs.discord.com/developers/resources/application#application-object-application-flags).
 */
const readsContent = (1 << 18) | (1 << 19);

export interface DiscordBot extends Bot {
  /** Brings the bot into a server. */
  readonly invite: string;
}

export interface DiscordAsked {
  readonly token: string;
  /** Undefined: Discord's own. */
  readonly apiUrl: string | undefined;
  /** Sub-agents speak under their own names, which needs one more right. */
  readonly personas: boolean;
}

export async function probeDiscord(net: Net, asked: DiscordAsked): Promise<Probed<DiscordBot>> {
  const me = await discord(net, asked, '/users/@me');
  if (me.kind !== 'works') return me;
  const own = await discord(net, asked, '/applications/@me');
  if (own.kind !== 'works') return own;
  const [user, app] = [discordUser.safeParse(me.value), application.safeParse(own.value)];
  if (!user.success || !app.success) return strange('Discord', 200);
  const { inviteLink } = await import('../../../channels/discord/invite.ts');
  const hints = ((app.data.flags ?? 0) & readsContent) === 0 ? [intentHint] : [];
  return { kind: 'works', value: { name: user.data.username, hints, invite: inviteLink(app.data.id, asked.personas) } };
}

const intentHint =
  'On the Bot page of the developer portal, switch on «Message Content Intent»: without it Discord does not let the bot in.';

/** Servers the bot is in, at most 200. */
export async function discordServers(net: Net, asked: DiscordAsked): Promise<Probed<readonly Server[]>> {
  const answer = await discord(net, asked, '/users/@me/guilds');
  if (answer.kind !== 'works') return answer;
  const found = guilds.safeParse(answer.value);
  return found.success ? { kind: 'works', value: found.data } : strange('Discord', 200);
}

/** docs.discord.com/developers/reference#user-agent: calls without this form are turned away. */
const userAgent = 'DiscordBot (switchyard, 1)';

async function discord(net: Net, { token, apiUrl }: DiscordAsked, path: string): Promise<Probed<unknown>> {
  const { cleanApiUrl } = await import('../../../channels/discord/api.ts');
  const url = `${cleanApiUrl(apiUrl ?? 'https://discord.com/api')}/v10${path}`;
  const headers = { authorization: `Bot ${token}`, 'user-agent': userAgent };
  const answer = await getJson(net, { url, headers, who: 'Discord' });
  if (answer.kind === 'unreachable') return answer;
  if (answer.status === 401)
    return refused('Discord does not know this token. On the Bot page of the developer portal, press «Reset Token».');
  return answer.status === 200 ? { kind: 'works', value: answer.body } : strange('Discord', answer.status);
}

const refused = (what: string): { readonly kind: 'refused'; readonly what: string } => ({ kind: 'refused', what });

/** Neither yes nor no: a proxy in between, an outage. */
const strange = (who: string, status: number): { readonly kind: 'unreachable'; readonly what: string } => ({
  kind: 'unreachable',
  what: `${who} gave an answer that says nothing about the token (status ${status}).`,
});
