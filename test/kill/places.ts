// Where somebody talks to the bot while it is killed: a loopback platform, what it is told there, and what is seen of the
// answers. Used by all.ts.
import { discordTwin } from '../twins/discord/twin.ts';
import { telegramTwin } from '../twins/telegram/twin.ts';
import { whatsappTwin } from '../twins/whatsapp/twin.ts';
import { agrees, offered } from './phone-link.ts';

export const placeNames = ['discord', 'telegram', 'whatsapp'] as const;
export type PlaceName = (typeof placeNames)[number];

export interface KillPlace {
  /** `channels` and `commands` of the config file. */
  readonly config: object;
  /** The platform recognises a repeated message: whatever happens exactly one copy is seen. */
  readonly recognises: boolean;
  /** What a new process needs before anything can be said. @param home its state folder */
  enter?(home: string): Promise<void>;
  says(text: string): Promise<void>;
  /** Texts of the bot, oldest first. */
  shown(): readonly string[];
  /** What an honest platform minds. */
  violations(): readonly string[];
  close(): Promise<void>;
}

export async function openPlace(name: PlaceName): Promise<KillPlace> {
  switch (name) {
    case 'discord':
      return openDiscord();
    case 'telegram':
      return openTelegram();
    case 'whatsapp':
      return openWhatsapp();
  }
}

async function openDiscord(): Promise<KillPlace> {
  const twin = await discordTwin({ identifyMs: 0 });
  const ann = twin.person('Ann');
  const guild = twin.guild({ name: 'Lab', members: [ann] });
  const general = guild.channel('general');
  const groups = { [guild.id]: { requireMention: false } };
  return {
    config: {
      channels: { discord: { token: twin.token, apiUrl: twin.url, groups } },
      commands: { ownerAllowFrom: [`discord:${ann.id}`] },
    },
    recognises: true,
    says: async (text) => void (await ann.says(text, { in: general })),
    shown: () => twin.shown(general),
    violations: () => twin.violations.map(({ detail }) => detail),
    close: () => twin.close(),
  };
}

async function openTelegram(): Promise<KillPlace> {
  const twin = await telegramTwin({ token: '4242424242:AAtwinTokenOfTheRightLength_0123456789' });
  const ann = twin.person(7, 'Ann');
  return {
    config: {
      channels: { telegram: { token: twin.token, apiRoot: twin.url } },
      commands: { ownerAllowFrom: ['telegram:7'] },
    },
    recognises: false,
    says: async (text) => void (await ann.says(text)),
    shown: () => twin.shown(ann),
    violations: () => [],
    close: () => twin.close(),
  };
}

async function openWhatsapp(): Promise<KillPlace> {
  const twin = await whatsappTwin({ firstKeys: 'few' });
  const phone = twin.phone();
  return {
    config: { channels: { whatsapp: { enabled: true, wsUrl: twin.url } } },
    recognises: true,
    enter: async (home) => void (await agrees(phone, await offered(home))),
    says: async (text) => void (await phone.says(text)),
    shown: () => twin.shown(phone).map(({ text }) => text),
    // A new process does not know what the one before has just sent.
    violations: () => twin.violations.filter(({ kind }) => kind !== 'too fast').map(({ detail }) => detail),
    close: () => twin.close(),
  };
}
