// Which channels there shall be, their tokens, tried out at once, and how WhatsApp is linked. Called by setup.ts.
import type { PlatformId } from '../../../channels/index.ts';
import { askWhatsapp, type Linking } from './ask-whatsapp.ts';
import { channelSlot, type SecretPlace, secretPlace } from './current.ts';
import type { Dialogue } from './dialogue.ts';
import type { Answers, Server } from './plan.ts';
import type { Net, Probed } from './probe.ts';
import {
  type Bot,
  type DiscordAsked,
  type DiscordBot,
  discordServers,
  probeDiscord,
  probeTelegram,
} from './probe-channels.ts';

export interface ChannelAnswers extends Pick<Answers, 'channels' | 'telegram' | 'discord' | 'whatsapp'> {
  /** Absent: the phone is not linked now. */
  readonly link?: Linking;
}

export async function askChannels(dialogue: Dialogue): Promise<ChannelAnswers> {
  const { prompts, current } = dialogue;
  const wanted = await prompts.pick<PlatformId>({
    message: 'Where do you want to talk to your agents?',
    options: [
      { value: 'telegram', label: 'Telegram', hint: 'a bot of yours' },
      { value: 'discord', label: 'Discord', hint: 'a bot in your server' },
      { value: 'whatsapp', label: 'WhatsApp', hint: 'linked to a number' },
    ],
    initial: current.on,
  });
  if (wanted.length === 0) prompts.say('None: `npm start` opens a chat in the terminal.');
  const telegram = wanted.includes('telegram') ? await askTelegram(dialogue) : undefined;
  const discord = wanted.includes('discord') ? await askDiscord(dialogue) : undefined;
  const whatsapp = wanted.includes('whatsapp') ? await askWhatsapp(dialogue) : undefined;
  const without: Readonly<Record<PlatformId, boolean>> = {
    telegram: telegram === 'without',
    discord: discord === 'without',
    whatsapp: false,
  };
  return {
    channels: wanted.filter((id) => !without[id]),
    ...(telegram === undefined || telegram === 'without' || telegram.token === undefined
      ? {}
      : { telegram: { token: telegram.token, ...named(telegram.bot) } }),
    ...(discord === undefined || discord === 'without' ? {} : { discord }),
    ...whatsapp,
  };
}

const named = (bot: Bot | undefined): { readonly bot?: string } => (bot === undefined ? {} : { bot: bot.name });

async function askTelegram(dialogue: Dialogue): Promise<Tried<Bot> | 'without'> {
  const { apiRoot } = dialogue.current.config.channels.telegram.accounts.default ?? {};
  return askToken(dialogue, {
    who: 'Telegram',
    message: 'Token of your bot (from @BotFather)',
    place: secretPlace(dialogue.current, channelSlot(dialogue.current.raw, 'telegram')),
    others: otherAccounts(dialogue, 'telegram'),
    fault: (text) => (/^\d+:[\w-]+$/.test(text) ? undefined : 'A token looks like 123456:ABC-DEF…'),
    probe: (net, token) => probeTelegram(net, token, apiRoot),
    name: (bot) => `@${bot.name}`,
  });
}

async function askDiscord(dialogue: Dialogue): Promise<Answers['discord'] | 'without'> {
  const { current } = dialogue;
  const { apiUrl, personas = false } = current.config.channels.discord.accounts.default ?? {};
  const place = secretPlace(current, channelSlot(current.raw, 'discord'));
  const tried = await askToken<DiscordBot>(dialogue, {
    who: 'Discord',
    message: 'Token of your bot (developer portal › Bot)',
    place,
    others: otherAccounts(dialogue, 'discord'),
    fault: (text) => (/^\S{10,}$/.test(text) ? undefined : 'A token has no spaces and is some 70 characters long.'),
    probe: (net, token) => probeDiscord(net, { token, apiUrl, personas }),
    name: (bot) => bot.name,
  });
  if (tried === 'without') return 'without';
  const token = tried.token === undefined ? {} : { token: tried.token };
  const inUse = tried.token ?? place.value;
  if (tried.bot === undefined || inUse === undefined) return token;
  const servers = await askServers(dialogue, { token: inUse, apiUrl, personas }, tried.bot.invite);
  return { ...token, bot: tried.bot.name, servers };
}

/** The invitation, and which of the servers the bot is in are served. */
async function askServers(dialogue: Dialogue, asked: DiscordAsked, invite: string): Promise<readonly Server[]> {
  const { prompts, current } = dialogue;
  const listed = Object.keys(current.config.channels.discord.groups);
  prompts.say(`This address brings the bot into a server of yours:\n${invite}`);
  for (;;) {
    const next = await prompts.choose({
      message: 'Is it in your server?',
      options: [
        { value: 'look', label: 'Yes: choose the servers it answers in' },
        { value: 'later', label: listed.length > 0 ? 'Leave the servers as they are' : 'Later' },
      ],
      initial: listed.length > 0 ? 'later' : 'look',
    });
    if (next === 'later') return [];
    const found = await prompts.during('Asking Discord …', (signal) => discordServers(netOf(dialogue, signal), asked));
    if (found.kind !== 'works') prompts.warn(found.what);
    else if (found.value.length === 0)
      prompts.warn('It is in no server yet. Open the address above in a browser first.');
    else return chooseServers(dialogue, found.value);
  }
}

async function chooseServers({ prompts, current }: Dialogue, found: readonly Server[]): Promise<readonly Server[]> {
  const { groups } = current.config.channels.discord;
  const fresh = found.filter(({ id }) => groups[id] === undefined);
  if (fresh.length === 0) {
    prompts.say('It answers in all of its servers already.');
    return [];
  }
  const chosen = await prompts.pick({
    message: 'Where may it answer?',
    options: fresh.map(({ id, name }) => ({ value: id, label: name })),
    initial: fresh.length === 1 ? fresh.map(({ id }) => id) : [],
  });
  return fresh.filter(({ id }) => chosen.includes(id));
}

interface TokenQuestion<B> {
  readonly who: string;
  readonly message: string;
  readonly place: SecretPlace;
  /** Accounts beside this one that are on. */
  readonly others: readonly string[];
  readonly fault: (text: string) => string | undefined;
  readonly probe: (net: Net, token: string) => Promise<Probed<B>>;
  readonly name: (bot: B) => string;
}

interface Tried<B> {
  /** Absent: the one that is set stays. */
  readonly token?: string;
  /** Absent: nobody could be asked. */
  readonly bot?: B;
}

type Next = 'keep' | 'retry' | 'paste' | 'untested' | 'leave' | 'without';

/** Until a token works, or the person takes it untested, or does without the channel. */
async function askToken<B extends Bot>(dialogue: Dialogue, question: TokenQuestion<B>): Promise<Tried<B> | 'without'> {
  const { prompts } = dialogue;
  const { who, place, message, fault } = question;
  const set = place.value;
  if (set === undefined && question.others.length > 0 && (await isEnough(dialogue, question))) return {};
  let token = set !== undefined && (await keeps(dialogue, question)) ? set : undefined;
  for (;;) {
    token ??= await prompts.secret({ message, fault });
    const tried = token;
    const mine: Tried<B> = tried === set ? {} : { token: tried };
    const probed = await prompts.during(`Asking ${who} …`, (signal) => question.probe(netOf(dialogue, signal), tried));
    if (probed.kind === 'works') {
      prompts.say(`${question.name(probed.value)} answers.`);
      for (const hint of probed.value.hints) prompts.warn(hint);
      return { ...mine, bot: probed.value };
    }
    prompts.warn(probed.what);
    const next = await prompts.choose<Next>({
      message: 'What now?',
      options: [
        ...(probed.kind === 'unreachable' ? [{ value: 'retry', label: 'Ask again' } as const] : []),
        { value: 'paste', label: 'Paste another token' },
        ...(probed.kind === 'unreachable' ? [{ value: 'untested', label: 'Take it untested' } as const] : []),
        ...(mine.token === undefined || set === undefined
          ? []
          : [{ value: 'leave', label: 'Leave the one that was set' } as const]),
        { value: 'without', label: `Do without ${who}` },
      ],
      initial: probed.kind === 'unreachable' ? 'retry' : 'paste',
    });
    if (next === 'without') return 'without';
    if (next === 'untested') return mine;
    if (next === 'leave') return {};
    if (next === 'paste') token = undefined;
  }
}

function otherAccounts({ current: { config } }: Dialogue, id: 'telegram' | 'discord'): readonly string[] {
  const accounts = Object.entries(config.channels[id].accounts);
  return accounts.flatMap(([name, { enabled }]) => (name !== 'default' && enabled ? [name] : []));
}

/** Whoever named all accounts wants no nameless one beside them, only because the setup is run again. */
async function isEnough<B>({ prompts }: Dialogue, { who, others }: TokenQuestion<B>): Promise<boolean> {
  const next = await prompts.choose({
    message: `${who}: accounts are set up (${others.join(', ')}).`,
    options: [
      { value: 'keep', label: 'Leave it at that' },
      { value: 'paste', label: 'Add a bot without a name of its own' },
    ],
    initial: 'keep',
  });
  return next === 'keep';
}

async function keeps<B>({ prompts }: Dialogue, { who, place }: TokenQuestion<B>): Promise<boolean> {
  const where = place.kind === 'literal' ? 'in the config file' : place.variable;
  const next = await prompts.choose<Next>({
    message: `${who}: a token is set (${where}).`,
    options: [
      { value: 'keep', label: 'Keep it' },
      { value: 'paste', label: 'Paste another one' },
    ],
    initial: 'keep',
  });
  return next === 'keep';
}

function netOf({ fetch, clock }: Dialogue, signal: AbortSignal): Net {
  return { fetch, clock, signal };
}
