// Where somebody talks to the bot while it is killed: a loopback platform, rooms on it, what is said there, and what is seen of
// the answers. Used by the programs that kill.
import { discordTwin } from '../twins/discord/twin.ts';
import { telegramTwin } from '../twins/telegram/twin.ts';
import { whatsappTwin } from '../twins/whatsapp/twin.ts';
import { agrees, offered } from './phone-link.ts';

export const placeNames = ['discord', 'telegram', 'whatsapp'] as const;
export type PlaceName = (typeof placeNames)[number];

export interface Said {
  readonly text: string;
  readonly at: number;
}

/** A chat in which somebody may speak to the bot. */
export interface Room {
  /** In the keys of its routes. */
  readonly chat: string;
  says(text: string): Promise<void>;
  /** Texts of the bot here and in what belongs to it, oldest first. */
  shown(): readonly string[];
  /** The same, each with the moment in which it was written, Unix ms. */
  said(): readonly Said[];
  /** How many threads hang on it. */
  threads(): number;
}

export interface KillPlace {
  /** For the config file: `channels`, and who owns the bot. */
  readonly config: { readonly channels: object; readonly owners: readonly string[] };
  /** What a new process needs before anything can be said. @param home its state folder */
  enter?(home: string): Promise<void>;
  /** A new room, in which nothing was said yet. */
  room(name: string): Room;
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
  const groups = { [guild.id]: { requireMention: false } };
  return {
    config: {
      channels: { discord: { token: twin.token, apiUrl: twin.url, groups } },
      owners: [`discord:${ann.id}`],
    },
    room: (name) => {
      const channel = guild.channel(name);
      const threads = () => guild.threads.filter(({ parent }) => parent === channel.id);
      return {
        chat: channel.id,
        says: async (text) => void (await ann.says(text, { in: channel })),
        ...speech(() => [channel, ...threads()].flatMap((place) => twin.messages(place)).filter(({ mine }) => mine)),
        threads: () => threads().length,
      };
    },
    // Each trial is two starts within seconds, and each start asks where the gateway is.
    violations: () =>
      twin.violations.map(({ detail }) => detail).filter((each) => !each.startsWith('GET /gateway/bot')),
    close: () => twin.close(),
  };
}

async function openTelegram(): Promise<KillPlace> {
  const twin = await telegramTwin({ token: '4242424242:AAtwinTokenOfTheRightLength_0123456789' });
  twin.privacy(false);
  const ann = twin.person(7, 'Ann');
  let rooms = 0;
  return {
    config: {
      channels: {
        telegram: { token: twin.token, apiRoot: twin.url, groupPolicy: 'open', requireMention: false },
      },
      owners: ['telegram:7'],
    },
    room: (title) => {
      rooms += 1;
      const group = twin.group(-1_001_000_000_000 - rooms, { title, members: [ann] });
      return {
        chat: String(group.id),
        says: async (text) => void (await ann.says(text, { in: group })),
        ...speech(() => twin.messages(group).filter(({ mine }) => mine)),
        threads: () => 0,
      };
    },
    violations: () => [],
    close: () => twin.close(),
  };
}

async function openWhatsapp(): Promise<KillPlace> {
  const twin = await whatsappTwin({ firstKeys: 'few' });
  const phone = twin.phone();
  return {
    config: {
      channels: { whatsapp: { enabled: true, wsUrl: twin.url, dmPolicy: 'open', allowFrom: ['*'] } },
      owners: [],
    },
    enter: async (home) => void (await agrees(phone, await offered(home))),
    room: (name) => {
      const person = twin.person(name);
      return {
        chat: person.human.pn,
        says: async (text) => void (await person.says(text)),
        ...speech(() => twin.shown(person)),
        threads: () => 0,
      };
    },
    violations: () => twin.violations.map(({ detail }) => detail),
    close: () => twin.close(),
  };
}

function speech(said: () => readonly Said[]): Pick<Room, 'shown' | 'said'> {
  return { shown: () => said().map(({ text }) => text), said };
}
